// Lemma's recipe for Mastra, in real workerd: its own code unchanged (recipe/support_agent.ts), our
// provider in place of Node's, `observability` with the bridge as the only lines that current Mastra
// needs beside it. No LANGFUSE_* variable is set.
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Miniflare } from 'miniflare';
import { decodeProtobuf, plain, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { treeOf } from '../support/span_tree.ts';
import { bundleWorker, startWorker } from '../support/workerd.ts';

const get = (span: WireSpan, name: string): unknown => plain(span.attributes.get(name));

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const VARIABLES = { LEMMA_API_KEY: 'lma_test', LEMMA_PROJECT_ID: '0a1b2c3d-0000-4000-8000-0123456789ab' };

describe("Lemma's recipe in workerd", { timeout: 120_000 }, () => {
  let sink: Sink;
  let worker: Miniflare;
  let outdir: string;
  before(async () => {
    sink = await Sink.start();
    outdir = await bundleWorker(new URL('./recipe/', import.meta.url));
    worker = await startWorker(outdir, {
      LEMMA_BASE_URL: `${sink.origin}/ok/otel/v1/traces`,
      ...VARIABLES,
    });
  });
  after(async () => {
    await worker.dispose();
    await sink.close();
    await rm(outdir, { recursive: true });
  });

  const ask = async (thread: string): Promise<string> => {
    const body = JSON.stringify({ message: 'I forgot my password', thread });
    const response = await worker.dispatchFetch('http://worker/', { method: 'POST', body });
    return response.text();
  };

  it('one run is one trace, in one request: root, model and tool calls nested', async () => {
    assert.equal(await ask('thread-1'), 'Ask for a link.');
    assert.equal(sink.requests.length, 1, 'the flush was awaited, and there was one request');
    const [{ path, headers, body }] = sink.requests as [Sink['requests'][0]];
    assert.equal(path, '/ok/otel/v1/traces');
    assert.equal(headers.authorization, 'Bearer lma_test');
    assert.equal(headers['x-lemma-project-id'], '0a1b2c3d-0000-4000-8000-0123456789ab');
    const spans = decodeProtobuf(body);
    assert.deepEqual(treeOf(spans), [
      'support-agent',
      '  invoke_agent supportAgent',
      '    model_generation gpt-4o-mini',
      '      agent_step supportAgent',
      '        chat gpt-4o-mini',
      '        execute_tool search_docs',
      '      agent_step supportAgent',
      '        chat gpt-4o-mini',
    ]);
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);

    const root = spans.find(({ parentSpanId }) => parentSpanId === '') as WireSpan;
    assert.equal(get(root, 'langfuse.observation.input'), 'I forgot my password');
    assert.equal(get(root, 'langfuse.observation.output'), 'Ask for a link.');
    const [chat] = spans.filter(({ name }) => name === 'chat gpt-4o-mini') as [WireSpan];
    assert.equal(get(chat, 'gen_ai.request.model'), 'gpt-4o-mini');
    assert.equal(get(chat, 'gen_ai.usage.input_tokens'), 300);
    const tool = spans.find(({ name }) => name === 'execute_tool search_docs') as WireSpan;
    assert.equal(get(tool, 'ai.toolCall.args'), '{"query":"reset a password"}');
    assert.match(`${get(tool, 'ai.toolCall.result')}`, /How to reset a password/);
  });

  it('what is propagated reaches every span, each run\'s its own', async () => {
    const before = sink.requests.length;
    await Promise.all([ask('thread-2'), ask('thread-3')]);
    const traces = new Map<string, WireSpan[]>();
    for (const span of sink.requests.slice(before).flatMap(({ body }) => decodeProtobuf(body))) {
      traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
    }
    assert.equal(traces.size, 2);
    const sessions = [...traces.values()].map((spans) => {
      assert.equal(spans.length, 8);
      const [session, ...others] = new Set(spans.map((span) => get(span, 'session.id')));
      assert.deepEqual(others, []);
      for (const span of spans) {
        const ours = span.attributes.has('mastra.span.type');
        const [name, agent] = ours
          ? ['mastra.metadata.traceName', 'mastra.metadata.gen_ai.agent.name']
          : ['langfuse.trace.name', 'langfuse.trace.metadata.gen_ai.agent.name'];
        assert.equal(get(span, name as string), 'support-agent', span.name);
        assert.equal(get(span, agent as string), 'support-agent', span.name);
      }
      return session;
    });
    assert.deepEqual(sessions.sort(), ['thread-2', 'thread-3']);
  });
});

it("the recipe's own LangfuseSpanProcessor in workerd, with our exporter", { timeout: 120_000 }, async () => {
  // The recipe's files, those of recipe_processor/ in the place of theirs.
  const scratch = folder('../../build/test/recipe/');
  await rm(scratch, { recursive: true, force: true });
  await cp(folder('./recipe/'), `${scratch}recipe/`, { recursive: true });
  await cp(folder('./recipe_processor/'), `${scratch}recipe/`, { recursive: true });
  await cp(folder('./worker/model.ts'), `${scratch}worker/model.ts`);
  const outdir = await bundleWorker(pathToFileURL(`${scratch}recipe/`));
  const sink = await Sink.start();
  const worker = await startWorker(outdir, {
    LEMMA_BASE_URL: `${sink.origin}/ok/otel/v1/traces`,
    ...VARIABLES,
  });
  try {
    const body = JSON.stringify({ message: 'I forgot my password', thread: 'thread-1' });
    const response = await worker.dispatchFetch('http://worker/', { method: 'POST', body });
    assert.equal(await response.text(), 'Ask for a link.');
    assert.equal(sink.requests.length, 1, 'the flush was awaited, and there was one request');
    const spans = decodeProtobuf(sink.requests[0]!.body);
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
    // The processor keeps what speaks of models.
    const names = spans.map(({ name }) => name);
    for (const name of ['support-agent', 'chat gpt-4o-mini', 'execute_tool search_docs']) {
      assert.ok(names.includes(name), `${name}: ${names}`);
    }
    for (const span of spans) assert.equal(get(span, 'session.id'), 'thread-1', span.name);
  } finally {
    await worker.dispose();
    await sink.close();
    await rm(outdir, { recursive: true });
    await rm(scratch, { recursive: true });
  }
});
