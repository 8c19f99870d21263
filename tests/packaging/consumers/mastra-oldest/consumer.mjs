// The oldest Mastra that js/package.json allows, on Node. It has no spans of single model calls (one
// stands for all of a run) and tells of some of its own workflow's steps.
import assert from 'node:assert/strict';
import { decodeProtobuf } from '../../../support/otlp.ts';

const OLDEST_RUN = { spans: 11, calls: 1, tokens: 600n };

async function run(lab) {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.checkAnswers(await lab.exec('node', ['run.js'], { env }), OLDEST_RUN);
}

async function bridge(lab) {
  const first = lab.sink.requests.length;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  assert.match(await lab.exec('node', ['bridge.js'], { env }), /^answer It snows\.$/m);
  const bodies = lab.sink.requests.slice(first).map(({ body }) => decodeProtobuf(body));
  assert.equal(bodies.length, 1);
  const byId = new Map(bodies[0].map((span) => [span.spanId, span]));
  const above = (span) => (span ? [...above(byId.get(span.parentSpanId)), span.name] : []);
  const line = above(bodies[0].find(({ name }) => name === 'query'));
  assert.deepEqual([line[0], line[1], line.at(-2)], ['request', 'invoke_agent reporter', 'execute_tool weather']);
}

export default {
  packages: ['@mastra/core', '@mastra/observability'],
  rows: [
    { name: 'Node, the oldest Mastra supported', run },
    { name: 'Node, the oldest Mastra supported, with the bridge', run: bridge },
  ],
};
