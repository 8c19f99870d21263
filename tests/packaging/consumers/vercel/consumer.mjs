// Vercel without an account: functions by its own builder, as `vercel dev` serves them, and as they are
// deployed. Edge code runs in its edge runtime.
import assert from 'node:assert/strict';
import { decodeProtobuf, lint } from '../../../support/otlp.ts';
import { freePort, PLAYED, RUN } from '../../lib/lab.mjs';

const dev = (entrypoint, expected) => async (lab) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.serve('node', ['dev.mjs', `${port}`, entrypoint], { url, env });
  await lab.check(fetch, url, expected);
};

const built = (entrypoint, expected) => async (lab) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.checkAnswers(await lab.exec('node', ['built.mjs', entrypoint], { env }), expected);
};

/**
 * A streamed answer, as deployed, asked twice: when the platform stops, after what it was told to wait
 * for, each request's trace has arrived, whole, in one request.
 */
const traced = (entrypoint) => async (lab) => {
  const first = lab.sink.requests.length;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint, OTEL_SERVICE_NAME: 'packaging', VERCEL: '1' };
  const stdout = await lab.exec('node', ['built.mjs', entrypoint], { env });
  const ids = [...stdout.matchAll(/^answer (.*)$/gm)].map(([, json]) => JSON.parse(json).traceId);
  const bodies = lab.sink.requests.slice(first).map((request) => decodeProtobuf(request.body));
  assert.equal(ids.length, 2);
  assert.deepEqual(bodies.map(([span]) => span.traceId), ids);
  for (const spans of bodies) {
    assert.deepEqual(spans.flatMap(lint), []);
    const [root, work] = [...spans].sort((a, b) => b.kind - a.kind);
    assert.deepEqual([spans.length, root.name, root.kind, work.name], [2, 'GET', 2, 'work']);
    assert.equal(work.parentSpanId, root.spanId);
    assert.ok(root.end - root.start >= 60_000_000n, 'it ended with the last byte');
    assert.equal(root.resource.get('cloud.provider'), 'vercel');
    assert.equal(root.resource.get('service.name'), 'packaging');
  }
};

export default {
  packages: ['@vercel/node', 'edge-runtime', '@mastra/core'],
  rows: [
    { name: 'Vercel, Node function as deployed', run: built('api/node.js', RUN) },
    { name: 'Vercel, Edge function as deployed, edge-runtime', run: built('api/edge.js', PLAYED) },
    { name: 'Vercel, traced Node function as deployed', run: traced('api/traced-node.js') },
    { name: 'Vercel, traced Edge function as deployed', run: traced('api/traced-edge.js') },
    { name: 'Vercel, Node function in vercel dev', run: dev('api/node.js', RUN) },
    { name: 'Vercel, Edge function in vercel dev', run: dev('api/edge.js', PLAYED) },
    { name: 'Vercel, Routing Middleware in vercel dev', run: dev('middleware.js', PLAYED) },
  ],
};
