// Lemma's recipe where Mastra still honours `telemetry`: on 0.24, the last one that does, the recipe runs
// as it is written, with our provider in place of Node's. (Mastra's own spans go through OpenTelemetry's
// API there. On Mastra 1 and later: tests/runtime/recipe.test.ts, whose support_agent.ts this is.)
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeProtobuf, plain } from '../../../support/otlp.ts';

async function install(lab) {
  // For the exporter alone the package wants Mastra 1.
  await lab.exec('npm', ['install', '--legacy-peer-deps']);
  await lab.exec('npm', ['install', '--legacy-peer-deps', lab.tarball]);
  for (const file of ['support_agent.ts', 'index.ts', 'wrangler.jsonc']) {
    const source = fileURLToPath(new URL(`../../../runtime/recipe/${file}`, import.meta.url));
    await cp(source, join(lab.dir, file));
  }
}

const variables = (lab) => ({
  LEMMA_BASE_URL: `${lab.endpoint}/otel/v1/traces`,
  LEMMA_API_KEY: 'lma_test',
  LEMMA_PROJECT_ID: '0a1b2c3d-0000-4000-8000-0123456789ab',
});

async function inNode(lab) {
  const printed = await lab.exec('node', ['run.ts'], { env: variables(lab) });
  assert.match(printed, /^answer Ask for a link\.$/m);
  check(lab);
}

async function inWorker(lab) {
  lab.sink.requests.length = 0;
  await lab.exec('wrangler', ['deploy', '--dry-run', '--outdir', 'out']);
  const options = { flags: ['nodejs_compat'], bindings: variables(lab), date: '2026-04-01' };
  const worker = await lab.worker('out', options);
  const body = JSON.stringify({ message: 'I forgot my password', thread: 'thread-1' });
  const response = await worker('/', { method: 'POST', body });
  assert.equal(await response.text(), 'Ask for a link.');
  check(lab);
}

/** One trace in one request, with all that the recipe promises. */
function check(lab) {
  const bodies = lab.sink.requests.map(({ body }) => decodeProtobuf(body));
  const trace = bodies.filter((spans) => spans.some(({ name }) => name === 'support-agent'));
  assert.equal(trace.length, 1);
  const [spans] = trace;
  const { traceId } = spans[0];
  assert.equal(bodies.flat().filter((span) => span.traceId === traceId).length, spans.length, 'one request');
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const roots = spans.filter(({ parentSpanId }) => !byId.has(parentSpanId));
  assert.deepEqual(roots.map(({ name, parentSpanId }) => [name, parentSpanId]), [['support-agent', '']]);
  const get = (span, name) => plain(span.attributes.get(name));
  assert.equal(get(roots[0], 'langfuse.observation.input'), 'I forgot my password');
  assert.equal(get(roots[0], 'langfuse.observation.output'), 'Ask for a link.');
  for (const [name, count] of [
    ['agent.generate', 1],
    ['mastra.stream.aisdk.doStream', 1],
    ['mastra.stream.toolCall', 1],
    ['workflow.executionWorkflow.step.llm-execution', 2],
  ]) {
    assert.equal(spans.filter((span) => span.name === name).length, count, name);
  }
  for (const span of spans) {
    assert.equal(get(span, 'session.id'), 'thread-1', span.name);
    assert.equal(get(span, 'langfuse.trace.metadata.gen_ai.agent.name'), 'support-agent', span.name);
  }
}

export default {
  packages: ['@mastra/core', '@langfuse/tracing', 'wrangler'],
  slow: true,
  install,
  rows: [
    { name: "Lemma's recipe as it is written, on the last Mastra that honours `telemetry`: Node", run: inNode },
    { name: 'The same in a Worker', run: inWorker },
  ],
};
