// A run of real Mastra as a trace: its tree, the user's own spans and metadata, its trace id, and what
// becomes of it where it is not sampled (tests/support/office.ts). Titles name rows of the promises
// (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mastra } from '@mastra/core/mastra';
import { SpanType } from '@mastra/core/observability';
import { says } from '../support/expect.ts';
import {
  assertWhole,
  type Config,
  EITHER,
  generate,
  get,
  mastraOf,
  start,
  startOffice,
  type,
} from '../support/office.ts';

const { sink, ours, observe } = await startOffice();

test('rows 58, 70, 71: update, createChildSpan, end with output and metadata', async () => {
  const observed = await observe({}, generate(), async (_, context) => {
    const span = context!.tracingContext!.currentSpan!;
    span.update({ metadata: { apiStatusCode: 200, region: undefined, took: 1.5 } });
    const child = span.createChildSpan({
      type: SpanType.GENERIC,
      name: 'db: “select”',
      input: { sql: 'select 1' },
      metadata: { table: 't' },
    });
    child.update({ metadata: { rows: 0 } });
    child.end({ output: { rows: [] }, metadata: { cached: false } });
    return {};
  });
  const tool = observed.one('tool_call');
  assert.equal(get(tool, 'mastra.metadata.apiStatusCode'), 200);
  assert.equal(get(tool, 'mastra.metadata.took'), 1.5);
  assert.ok(!tool.attributes.has('mastra.metadata.region'));
  const child = observed.one('generic');
  assert.equal(child.parentSpanId, tool.spanId);
  assert.ok(says(get(child, 'mastra.generic.input'), { sql: 'select 1' }));
  assert.ok(says(get(child, 'mastra.generic.output'), { rows: [] }));
  assert.equal(get(child, 'mastra.metadata.table'), 't');
  assert.equal(get(child, 'mastra.metadata.rows'), 0);
  assert.equal(get(child, 'mastra.metadata.cached'), false);
});

test('row 72: error with metadata', async () => {
  const observed = await observe({}, start(), async (_, context) => {
    const child = context!.tracingContext!.currentSpan!.createChildSpan({
      type: SpanType.GENERIC,
      name: 'fetch',
    });
    child.error({ error: new RangeError('too far — “5”'), metadata: { attempt: 3 } });
    return {};
  });
  const child = observed.one('generic');
  assert.deepEqual(child.status, { code: 2, message: 'too far — “5”' });
  assert.equal(get(child, 'mastra.metadata.attempt'), 3);
  assert.equal(get(child, 'error.type'), 'RangeError');
});

test('rows 15, 17: one run is one trace: the generation and the tool below the agent', async () => {
  const observed = await observe({}, generate());
  assertWhole(observed);
  const [agent, generation] = [observed.one('agent_run'), observed.one('model_generation')];
  assert.deepEqual([agent.parentSpanId, agent.name], ['', 'invoke_agent clerk']);
  assert.equal(generation.parentSpanId, agent.spanId);
  assert.match(String(get(agent, 'mastra.agent_run.input')), /File this\./);
  assert.match(String(get(agent, 'mastra.agent_run.output')), /Filed\./);
  const tool = observed.one('tool_call');
  assert.deepEqual(
    ['tool.name', 'tool.call.arguments', 'tool.call.result'].map((n) => get(tool, `gen_ai.${n}`)),
    ['file', '{"n":1}', '{"done":true}'],
  );
  const calls = observed.wire.filter((span) => type(span) === 'model_inference');
  assert.deepEqual(observed.all('gen_ai.request.model', 'model_inference'), ['gpt-4o-mini', 'gpt-4o-mini']);
  assert.deepEqual(observed.all('gen_ai.usage.input_tokens', 'model_inference'), [300, 301]);
  const parents = new Map(observed.wire.map((span) => [span.spanId, span.parentSpanId]));
  for (const below of [tool, ...calls]) {
    assert.equal(parents.get(below.parentSpanId), generation.spanId, `${below.name}: by way of a step`);
  }
});

test('row 86: a run that is not sampled has no trace id, and nothing is sent', async () => {
  const options: unknown[] = [];
  const sampler = (given: unknown): boolean => (options.push(given), false);
  for (const sampling of [
    { type: 'never' },
    { type: 'ratio', probability: 0 },
    { type: 'custom', sampler },
  ]) {
    const mastra = mastraOf({ exporters: [ours('unsampled')], sampling } as Config, async () => ({}));
    const metadata = { plan: 'pro' };
    for (const [, run] of EITHER) {
      const result = (await run({ tracingOptions: { metadata } })(mastra)) as { traceId?: string };
      assert.equal(result.traceId, undefined, sampling.type);
    }
    await mastra.observability.flush();
  }
  assert.equal(options.length, 2, 'asked for each run');
  assert.match(JSON.stringify(options), /"plan":"pro"/);
  assert.deepEqual(sink.requests.filter(({ path }) => path.startsWith('/unsampled')), []);
});

for (const [what, tracingOptions] of [
  ['a trace id that is none', { traceId: 'not-hexadecimal', parentSpanId: 'b'.repeat(16) }],
  ['a trace id that is too long', { traceId: 'a'.repeat(33) }],
  ['a parent that is none', { parentSpanId: 'nope' }],
  ['a parent that is too long', { parentSpanId: 'a'.repeat(17) }],
] as const) {
  test(`row 93: ${what}: a new trace id, or no parent`, async () => {
    const { traceId: bad, parentSpanId }: { traceId?: string; parentSpanId?: string } = tracingOptions;
    const { error, warn } = console;
    console.error = console.warn = () => {}; // Mastra says so
    try {
      for (const [, run] of EITHER) {
        const given = crypto.randomUUID().replaceAll('-', '');
        let traceId: string | undefined;
        const observed = await observe({}, async (mastra) => {
          const options = { tracingOptions: { traceId: bad ?? given, parentSpanId } };
          ({ traceId } = (await run(options)(mastra)) as { traceId?: string });
        });
        assert.match(traceId ?? '', /^[0-9a-f]{32}$/);
        assert.equal(traceId === given, bad === undefined);
        assert.deepEqual([...new Set(observed.wire.map((span) => span.traceId))], [traceId]);
        const roots = observed.wire.filter((span) => span.parentSpanId === '');
        // A parent that is one stays, whatever became of the trace id.
        assert.equal(roots.length, bad && parentSpanId ? 0 : 1);
      }
    } finally {
      Object.assign(console, { error, warn });
    }
  });
}

test('rows 84, 85, 87: the trace id that runs return is the one that arrives', async () => {
  const ids: unknown[] = [];
  for (const [, run] of EITHER) {
    const note = async (mastra: Mastra): Promise<unknown> =>
      ids.push(((await run()(mastra)) as { traceId?: string }).traceId);
    const { wire } = await observe({}, note);
    assert.deepEqual([...new Set(wire.map((span) => span.traceId))], [ids.at(-1)]);
  }
});

test('row 26: no storage is needed', async () => {
  assertWhole(await observe({}, generate()));
});
