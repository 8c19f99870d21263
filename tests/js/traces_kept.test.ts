// What a kept trace holds: what left, as it left, and nothing that was withheld; its totals. Titles name
// rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as tick } from 'node:timers/promises';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type MastraSpan } from 'edgespan/mastra';
import { read, startKeeping } from '../support/traces.ts';
import { end, play, run, span, start } from './spans.ts';

const { sink, make } = await startKeeping();

describe('what is kept is what left', () => {
  test('off by default: nothing is kept, nothing is found, no handler for scores', async () => {
    const exporter = make({ keepTraces: undefined });
    const [root] = run(1);
    play(exporter, [root]);
    assert.equal(await exporter.getTrace(root.traceId), null);
    assert.deepEqual(await exporter.findTraces({ tags: [] }), []);
    assert.deepEqual(['onScoreEvent' in exporter, 'onFeedbackEvent' in exporter], [false, false]);
    await exporter.flush(); // exporters with equal settings share their accounts
  });

  test('without a destination that works: what would have left can be read', async () => {
    for (const destinations of [[otlp({ endpoint: undefined })], [], undefined as never]) {
      const customSpanFormatter = async (s: MastraSpan) => (await tick(5), { ...s, name: 'formatted' });
      const exporter = make({ destinations, customSpanFormatter });
      const spans = run(2);
      play(exporter, spans);
      const trace = await read(exporter, spans[0].traceId);
      assert.deepEqual(trace.spans.map((s) => s.id), spans.map((s) => s.id));
      assert.equal(trace.rootSpan.name, 'formatted');
      const { accepted, pending, dropped } = await exporter.flush();
      assert.deepEqual([accepted, pending, dropped], [0, 0, { disabled: 3 }], 'still counted');
      await exporter.shutdown();
      play(exporter, run(0));
      assert.equal((await exporter.findTraces()).length, 1, 'nothing is kept after it');
    }
  });

  test('a store that is none throws nothing, and is said once', async () => {
    const lines: string[] = [];
    const { warn } = console;
    console.warn = (line: string) => void lines.push(line);
    try {
      const make = () => new EdgespanExporter({ destinations, keepTraces: { count: 20 } as never });
      const destinations = [otlp({ endpoint: `${sink.origin}/ok/no-store` })];
      make();
      const exporter = make();
      const [root] = run(0);
      play(exporter, [root]);
      assert.equal(await exporter.getTrace(root.traceId), null);
      assert.equal((await exporter.flush()).accepted, 1);
    } finally {
      console.warn = warn;
    }
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0], /`keepTraces`/);
  });

  test('after formatters, with the envelope of the original', async () => {
    const customSpanFormatter = (s: MastraSpan): MastraSpan =>
      ({ ...s, id: '0', parentSpanId: undefined, name: 'formatted', input: 'shown' }) as MastraSpan;
    const exporter = make({ customSpanFormatter });
    const spans = run(1, { input: 'private' });
    play(exporter, spans);
    const trace = await read(exporter, spans[0].traceId);
    assert.doesNotMatch(JSON.stringify(trace), /private/);
    assert.deepEqual(trace.spans.map((s) => [s.name, s.input]), Array(2).fill(['formatted', 'shown']));
    assert.deepEqual(trace.spans.map((s) => s.id), spans.map((s) => s.id));
    assert.equal(trace.rootSpan.children.length, 1);
  });

  test("as the first destination got it: its own formatter's", async () => {
    const formatter = (input: string) => (s: MastraSpan) => ({ ...s, input }) as MastraSpan;
    const endpoint = `${sink.origin}/ok`;
    const exporter = make({
      destinations: ['first', 'second'].map((input) =>
        otlp({ endpoint, customSpanFormatter: formatter(input) }),
      ),
      customSpanFormatter: formatter('exporter'),
    });
    const [root] = run(0, { input: 'private' });
    play(exporter, [root]);
    assert.equal((await read(exporter, root.traceId)).rootSpan.input, 'first');
  });

  test('withheld where a formatter failed', async () => {
    const exporter = make({ customSpanFormatter: () => assert.fail('formatter') });
    const errorInfo = { message: 'private' };
    const names = { name: 'private', entityName: 'private' };
    const spans = run(1, { ...names, input: 'private', metadata: { a: 'private' }, errorInfo });
    play(exporter, spans);
    const trace = await read(exporter, spans[0].traceId);
    assert.doesNotMatch(JSON.stringify(trace), /private/);
    assert.deepEqual(trace.spans.map((s) => [s.name, s.withheld, s.errorInfo]), [
      ['agent_run', true, { message: '' }],
      ['generic', true, { message: '' }],
    ]);
  });

  test('reading waits for the formatters of a run that is over', async () => {
    const exporter = make({
      customSpanFormatter: async (s) => (await tick(20), { ...s, name: 'formatted' }),
    });
    const spans = run(2);
    start(exporter, ...spans);
    end(exporter, ...spans.slice(1));
    assert.equal(await exporter.getTrace(spans[0].traceId), null, 'its root has not ended');
    end(exporter, spans[0]);
    const trace = await read(exporter, spans[0].traceId);
    assert.deepEqual(trace.spans.map((s) => s.name), Array(3).fill('formatted'));
    assert.equal((await exporter.findTraces({ name: 'formatted' })).length, 1);
    assert.equal((await exporter.flush()).accepted, 3, 'and takes nothing from what is sent');
  });

  test('later changes of an object do not reach it, nor what a reader changes', async () => {
    const exporter = make();
    const input = { list: ['as it was'] };
    const [root] = run(0, { input });
    play(exporter, [root]);
    input.list[0] = 'changed';
    const read1 = await read(exporter, root.traceId);
    assert.deepEqual(read1.rootSpan.input, { list: ['as it was'] });
    (read1.rootSpan.input as typeof input).list[0] = 'changed';
    assert.deepEqual((await read(exporter, root.traceId)).rootSpan.input, { list: ['as it was'] });
  });

  test('cycles, big integers, Dates and hostile values', async () => {
    const exporter = make();
    const cycle: Record<string, unknown> = { twice: [{}, {}] };
    cycle.self = cycle;
    const hostile = { toJSON: () => assert.fail('toJSON') };
    const [root, bad] = run(1, { input: { cycle, big: 2n ** 60n, at: new Date(5), none: undefined } });
    play(exporter, [root, { ...bad, input: hostile } as MastraSpan]);
    const trace = await read(exporter, root.traceId);
    assert.deepEqual(trace.rootSpan.input, {
      cycle: { twice: [{}, {}], self: '[Circular]' },
      big: `${2n ** 60n}`,
      at: new Date(5),
    });
    assert.deepEqual(trace.spans.map((s) => s.withheld), [undefined, true]);
  });

  test('ids that form a circle form no endless tree', async () => {
    const exporter = make();
    const [root] = run(0);
    const { traceId } = root;
    const [a, b] = [span({ traceId }), span({ traceId })];
    const self = span({ traceId });
    play(exporter, [
      root,
      { ...a, parentSpanId: b.id },
      { ...b, parentSpanId: a.id },
      { ...self, parentSpanId: self.id },
    ]);
    const trace = await read(exporter, traceId);
    assert.equal(trace.spans.length, 4);
    assert.equal(trace.rootSpan.id, root.id);
    assert.doesNotThrow(() => JSON.stringify(trace));
  });

  test('a score where there is no Mastra stays in the trace', async () => {
    const exporter = make();
    const [root] = run(0, { metadata: { userId: 'u' } });
    play(exporter, [root]);
    await (await read(exporter, root.traceId)).rootSpan.addScore({ name: 'x', value: 1 });
    const [score] = (await read(exporter, root.traceId)).scores;
    assert.partialDeepStrictEqual(score, { scorerId: 'x', score: 1, spanId: root.id });
    assert.deepEqual([score.metadata, typeof score.scoreId], [{ userId: 'u' }, 'string']);
  });
});

describe('totals', () => {
  test('rows 129, 140: usage counts once, wherever it stands; costs by unit', async () => {
    const exporter = make();
    const [root] = run(0);
    const { traceId } = root;
    const usage = (inputTokens: number, outputTokens = 0) => ({ inputTokens, outputTokens });
    const below = (parent: MastraSpan, type: string, attributes?: Record<string, unknown>): MastraSpan =>
      span({ traceId, parentSpanId: parent.id, type, attributes });
    const cost = (estimatedCost: number, costUnit?: string) => ({ costContext: { estimatedCost, costUnit } });
    const generation = below(root, 'model_generation', { usage: usage(10, 5), ...cost(0.25, 'USD') });
    const step = below(generation, 'model_step', { usage: usage(10, 5) });
    const inference = below(step, 'model_inference', { usage: usage(10, 5), ...cost(0.25, 'USD') });
    // A tool below the step asks a model of its own, which broke off before its generation had a usage.
    const tool = below(step, 'tool_call');
    const inner = below(tool, 'model_generation', cost(2, 'credits'));
    const innerStep = below(inner, 'model_step', { usage: usage(100) });
    const innerInference = below(innerStep, 'model_inference', { usage: usage(100) });
    const embedding = below(root, 'rag_embedding', { usage: usage(1000), ...cost(0.5) });
    const hidden = below(root, 'processor_run', { internalUsage: usage(10_000, 1) });
    const rest = [generation, step, inference, tool, inner, innerStep, innerInference, embedding, hidden];
    play(exporter, [root, ...rest]);
    const trace = await read(exporter, traceId);
    assert.deepEqual(trace.usage, { inputTokens: 11_110, outputTokens: 6, totalTokens: 11_116 });
    assert.deepEqual(trace.costs, { USD: 0.75, credits: 2 });
    assert.equal(trace.duration, 5);
  });
});
