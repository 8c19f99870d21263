// Reading traces back: exporter.getTrace() and findTraces(), with real Mastra and by hand. What is kept
// is what left, bounded in traces and in bytes. Titles name rows of the promises
// (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type MastraSpan } from 'edgespan/mastra';
import { type RecordedSpan, type RecordedTrace, traceStore } from 'edgespan/traces';
import { z } from 'zod';
import { makeAgents, makeWorkflows } from '../runtime/worker/agents.ts';
import { scripted } from '../runtime/worker/model.ts';
import { Sink } from '../support/sink.ts';
import { end, play, run, span, start } from './spans.ts';

let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(async () => {
  await sink.close();
});

function make(options: Partial<EdgespanExporterOptions> = {}): EdgespanExporter {
  const destinations = [otlp({ endpoint: `${sink.origin}/ok` })];
  return new EdgespanExporter({
    destinations,
    keepTraces: traceStore(),
    logLevel: 'silent', // runs that nobody waits for may meet a closed sink
    ...options,
  });
}

async function read(exporter: EdgespanExporter, traceId: string | undefined): Promise<RecordedTrace> {
  const trace = await exporter.getTrace(traceId ?? '');
  assert.ok(trace, `no trace ${traceId}`);
  return trace;
}
const tick = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("with Mastra's own agents and workflows", () => {
  interface Heard {
    scores: unknown[];
    feedback: unknown[];
  }
  /** Mastra around an exporter, and one beside it that takes scores and feedback. */
  function mastraOf(exporter: EdgespanExporter) {
    const heard: Heard = { scores: [], feedback: [] };
    const other = {
      name: 'other',
      onTracingEvent() {},
      onScoreEvent: ({ score }: { score: unknown }) => void heard.scores.push(score),
      onFeedbackEvent: ({ feedback }: { feedback: unknown }) => void heard.feedback.push(feedback),
      exportTracingEvent: async () => {},
      flush: async () => {},
      shutdown: async () => {},
    };
    const text = new Agent({
      id: 'inner',
      name: 'inner',
      instructions: 'Answer.',
      model: scripted([{ text: 'Yes.' }]),
    });
    const question = z.object({ question: z.string() });
    const answer = z.object({ answer: z.string() });
    const ask = createStep({
      id: 'ask',
      inputSchema: question,
      outputSchema: answer,
      execute: async ({ inputData, tracingContext }) => {
        const result = await text.generate(inputData.question, { tracingContext });
        return { answer: result.text };
      },
    });
    const asking = createWorkflow({ id: 'asking', inputSchema: question, outputSchema: answer })
      .then(ask)
      .commit();
    const mastra = new Mastra({
      agents: makeAgents(),
      workflows: { ...makeWorkflows(), asking },
      logger: false,
      observability: new Observability({
        configs: { default: { serviceName: 'traces', exporters: [exporter, other] } },
      }),
    });
    return { mastra, heard };
  }

  test('rows 112-115, 127-129: an agent: root, tree, spans by id and type, duration, tokens', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const result = await mastra.getAgent('tools').generate('Snow in Zürich?', {
      tracingOptions: { metadata: { userId: 'user-123' } },
    });
    const trace = await read(exporter, result.traceId);

    const root = trace.rootSpan;
    assert.deepEqual(
      [root.type, root.entityType, root.entityId, root.parentSpanId, root.isRootSpan],
      ['agent_run', 'agent', 'tools', undefined, true],
    );
    assert.equal(root.attributes?.instructions, 'Answer about the weather in Zürich.');
    assert.deepEqual(root.attributes?.availableTools, ['weather', 'stations', 'broken']);
    assert.ok(root.startTime instanceof Date && root.endTime instanceof Date);
    assert.match(JSON.stringify(root.input), /Snow in Zürich/);
    assert.match(JSON.stringify(root.output), /It snows/);
    assert.equal(trace.spans[0], root);

    // The tree and the list hold the same objects, and the tree all of them.
    const walked: RecordedSpan[] = [];
    const walk = (s: RecordedSpan): void => {
      walked.push(s);
      for (const child of s.children) {
        assert.equal(child.parent, s);
        walk(child);
      }
    };
    walk(root);
    assert.deepEqual(walked.map((s) => s.id), trace.spans.map((s) => s.id));
    for (const s of trace.spans) assert.equal(trace.getSpan(s.id), s);
    assert.equal(trace.getSpan('span-id-123'), null);

    const tools = trace.spans.filter((s) => s.type === 'tool_call');
    assert.deepEqual(tools.map((s) => s.entityId), ['weather', 'stations', 'weather']);
    assert.deepEqual(
      [tools[0].attributes?.success, tools[0].attributes?.toolType, tools[0].input],
      [true, 'tool', { city: 'Zürich' }],
    );
    const model = trace.spans.find((s) => s.type === 'model_generation');
    const { usage, ...attributes } = model?.attributes ?? {};
    assert.equal(attributes.provider, 'openai');
    assert.equal(attributes.finishReason, 'stop');
    assert.equal(attributes.streaming, true);
    assert.equal(attributes.responseId, 'resp_2');
    assert.equal(attributes.responseModel, 'gpt-4o-mini-2024-07-18');
    assert.ok(attributes.completionStartTime instanceof Date, 'Dates in attributes stay Dates');
    assert.equal(usage.inputDetails.cacheRead, 3 * 128);

    assert.equal(trace.duration, root.endTime.getTime() - root.startTime.getTime());
    // Calls of 300, 301, 302 and 17, 18, 19 tokens; they stand on generation, steps and inferences.
    const { inputTokens, outputTokens } = { inputTokens: 903, outputTokens: 54 };
    assert.deepEqual([usage.inputTokens, usage.outputTokens], [inputTokens, outputTokens]);
    assert.deepEqual(trace.usage, { inputTokens, outputTokens, totalTokens: 957 });
    const everywhere = trace.spans.reduce((sum, s) => sum + (s.attributes?.usage?.inputTokens ?? 0), 0);
    assert.equal(everywhere, 3 * inputTokens);
  });

  test('rows 116, 129: a workflow with an agent inside: status, tokens of what lies below', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const started = await mastra.getWorkflow('asking').createRun();
    const result = await started.start({ inputData: { question: 'Snow?' } });
    const trace = await read(exporter, result.traceId);
    assert.deepEqual(
      [trace.rootSpan.type, trace.rootSpan.attributes?.status],
      ['workflow_run', 'success'],
    );
    const [step] = trace.rootSpan.children;
    assert.deepEqual([step.type, step.attributes?.status], ['workflow_step', 'success']);
    assert.deepEqual(step.output, { answer: 'Yes.' });
    assert.equal(step.children[0].type, 'agent_run');
    assert.deepEqual(trace.usage, { inputTokens: 300, outputTokens: 17, totalTokens: 317 });
  });

  test('rows 117, 118: metadata of the root, and traces by tags', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const agent = mastra.getAgent('text');
    const ids: (string | undefined)[] = [];
    for (const tags of [['production', 'eu'], ['staging'], ['production', 'us']]) {
      const metadata = { userId: `user-${ids.length}`, source: 'web-app' };
      ids.push((await agent.generate('Hello', { tracingOptions: { tags, metadata } })).traceId);
    }
    const of = async (...args: Parameters<EdgespanExporter['findTraces']>): Promise<unknown[]> =>
      (await exporter.findTraces(...args)).map((trace) => trace.traceId);
    assert.deepEqual(await of({ tags: ['production'] }), [ids[2], ids[0]], 'newest first');
    assert.deepEqual(await of({ tags: ['production', 'eu'] }), [ids[0]]);
    assert.deepEqual(await of({ tags: ['development'] }), []);
    assert.deepEqual(await of({ metadata: { userId: 'user-1' } }), [ids[1]]);
    assert.deepEqual(await of({ entityId: 'text', type: 'agent_run', limit: 2 }), [ids[2], ids[1]]);
    assert.deepEqual(await of({ type: 'workflow_run' }), []);
    assert.deepEqual(await of(), [ids[2], ids[1], ids[0]]);
    const trace = await read(exporter, ids[1]);
    assert.deepEqual(trace.rootSpan.tags, ['staging']);
    assert.equal(trace.rootSpan.metadata?.source, 'web-app');
  });

  test('row 113: the thread of a conversation', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const memory = { thread: 'thread-123', resource: 'user-123' };
    const result = await mastra.getAgent('text').generate('Hello', { memory });
    const { rootSpan } = await read(exporter, result.traceId);
    assert.equal(rootSpan.attributes?.conversationId, 'thread-123');
    assert.equal(rootSpan.metadata?.resourceId, 'user-123');
  });

  test('row 119: a key with a dot in it is what Mastra makes of it: kept as it left', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const metadata = { 'session.experimentId': 'exp-456' };
    const result = await mastra.getAgent('text').generate('Hello', { tracingOptions: { metadata } });
    const trace = await read(exporter, result.traceId);
    assert.equal(trace.rootSpan.metadata?.['session.experimentId'], 'exp-456');
  });

  test('row 120: what hideInput and hideOutput hide is not readable', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const result = await mastra.getAgent('tools').generate('My SSN is 123-45-6789', {
      tracingOptions: { hideInput: true, hideOutput: true },
    });
    const trace = await read(exporter, result.traceId);
    assert.ok(trace.spans.length > 10);
    assert.doesNotMatch(JSON.stringify(trace), /123-45-6789|It snows/);
  });

  test('rows 122, 123: a trace that another run continues, as a second root or below a span', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const agent = mastra.getAgent('text');
    const { traceId } = await agent.generate('Start');
    await agent.generate('Continue', { tracingOptions: { traceId } });
    let trace = await read(exporter, traceId);
    const roots = trace.spans.filter((s) => s.isRootSpan);
    assert.deepEqual([roots.length, trace.rootSpan], [2, roots[0]]);
    assert.match(JSON.stringify(trace.rootSpan.input), /Start/);
    assert.equal(trace.usage.inputTokens, 600);

    const parentSpanId = trace.rootSpan.id;
    await agent.generate('Below', { tracingOptions: { traceId, parentSpanId } });
    trace = await read(exporter, traceId);
    const below = trace.rootSpan.children.filter((s) => s.type === 'agent_run');
    assert.deepEqual(below.map((s) => s.externalParentSpanId), [parentSpanId]);
    assert.equal(trace.usage.inputTokens, 900);
  });

  test('rows 124-126: scores and feedback stand in the trace, and reach other exporters', async () => {
    const exporter = make();
    const { mastra, heard } = mastraOf(exporter);
    const result = await mastra.getAgent('tools').generate('Snow?', {
      tracingOptions: { tags: ['scored'], metadata: { userId: 'u-1' } },
    });
    const trace = await read(exporter, result.traceId);
    const tool = trace.spans.find((s) => s.type === 'tool_call');
    await trace.addScore({ name: 'accuracy', value: 0.95, comment: 'High accuracy response' });
    await tool?.addScore({ name: 'relevance', value: 0.8 });
    await trace.addScore({ scorerId: 'tone', score: 1, reason: 'polite', metadata: { by: 'ann' } });
    await trace.addFeedback({ value: 1, comment: 'Great response!' });
    await trace.addFeedback({ value: -1, comment: 'Incorrect information' });
    await trace.addFeedback({ feedbackType: 'rating', value: 4, feedbackUserId: 'u-1' });

    const { traceId } = trace;
    type Score = (typeof trace.scores)[number];
    const short = (s: Score) => [s.traceId, s.spanId, s.scorerId, s.score, s.reason];
    const scores = [
      [traceId, undefined, 'accuracy', 0.95, 'High accuracy response'],
      [traceId, tool?.id, 'relevance', 0.8, undefined],
      [traceId, undefined, 'tone', 1, 'polite'],
    ];
    type Feedback = (typeof trace.feedback)[number];
    const said = (f: Feedback) => [f.traceId, f.feedbackType, f.value, f.comment];
    const feedback = [
      [traceId, 'thumbs', 1, 'Great response!'],
      [traceId, 'thumbs', -1, 'Incorrect information'],
      [traceId, 'rating', 4, undefined],
    ];
    // On the object that was asked, in the ring, once each, and where Mastra sends them.
    const again = await read(exporter, traceId);
    for (const list of [trace.scores, again.scores, heard.scores as Score[]]) {
      assert.deepEqual(list.map(short), scores);
    }
    for (const list of [trace.feedback, again.feedback, heard.feedback as Feedback[]]) {
      assert.deepEqual(list.map(said), feedback);
    }
    assert.deepEqual(
      again.scores.map((s) => s.scoreId),
      (heard.scores as Score[]).map((s) => s.scoreId),
      "the kept ones are Mastra's own events",
    );
    assert.ok(again.scores.every((s) => s.timestamp instanceof Date));
    assert.deepEqual(again.scores[2].metadata, { ...trace.rootSpan.metadata, by: 'ann' });
    const { correlationContext } = again.scores[1] as unknown as Record<string, unknown>;
    assert.partialDeepStrictEqual(correlationContext, {
      tags: ['scored'],
      userId: 'u-1',
      entityId: 'weather',
      rootEntityId: 'tools',
    });
  });

  test("scores that others emit through Mastra stand in the trace's", async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const { traceId } = await mastra.getAgent('text').generate('Hello');
    const score = { scorerId: 'live', score: 0.5 };
    const correlationContext = { source: 'test' };
    await mastra.observability.addScore?.({ traceId, correlationContext, score });
    await mastra.observability.addScore?.({ traceId: 'f'.repeat(32), correlationContext, score });
    assert.deepEqual((await read(exporter, traceId)).scores.map((s) => s.scorerId), ['live']);
  });

  test('a streamed answer: there once its run has ended', async () => {
    const exporter = make();
    const { mastra } = mastraOf(exporter);
    const result = await mastra.getAgent('text').stream('Hello');
    assert.equal(await exporter.getTrace(result.traceId ?? ''), null);
    for await (const _ of result.textStream);
    for (let tries = 0; tries < 50 && !(await exporter.getTrace(result.traceId ?? '')); tries++) {
      await tick(5);
    }
    assert.match(JSON.stringify((await read(exporter, result.traceId)).rootSpan.output), /It snows/);
  });
});

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
    const below = (parent: MastraSpan, type: string, attributes?: object): MastraSpan =>
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

describe('bounds', () => {
  test('the oldest trace gives way, by count', async () => {
    const keepTraces = traceStore({ count: 3 });
    const exporter = make({ keepTraces });
    const runs = Array.from({ length: 5 }, () => run(2));
    for (const spans of runs) play(exporter, spans);
    const kept = await Promise.all(runs.map(([root]) => exporter.getTrace(root.traceId)));
    assert.deepEqual(kept.map((trace) => trace?.spans.length), [undefined, undefined, 3, 3, 3]);
    assert.equal(keepTraces.count, 3);
    keepTraces.clear();
    assert.deepEqual([keepTraces.count, keepTraces.bytes], [0, 0]);
  });

  test('by bytes; one that is too large takes only itself', async () => {
    const keepTraces = traceStore({ bytes: 100_000 });
    const exporter = make({ keepTraces });
    const runs = Array.from({ length: 20 }, () => run(1, { input: 'x'.repeat(10_000) }));
    for (const spans of runs) {
      play(exporter, spans);
      assert.ok(keepTraces.bytes <= 100_000);
    }
    assert.equal(keepTraces.count, 4);
    const large = run(30, { input: 'é'.repeat(4_000) });
    play(exporter, large);
    assert.equal(await exporter.getTrace(large[0].traceId), null);
    play(exporter, runs[0]);
    assert.equal((await read(exporter, runs[0][0].traceId)).spans.length, 2);
    assert.ok(keepTraces.bytes > 0 && keepTraces.bytes <= 100_000);
  });

  test('a run that gave way is not read in part', async () => {
    const exporter = make({ keepTraces: traceStore({ count: 1 }) });
    const [first, second] = [run(2), run(1)];
    start(exporter, ...first);
    end(exporter, first[1]);
    play(exporter, second);
    end(exporter, first[2], first[0]);
    assert.equal(await exporter.getTrace(first[0].traceId), null);
    assert.equal((await exporter.findTraces()).length, 1);
  });

  test('scores count', async () => {
    const keepTraces = traceStore({ bytes: 50_000 });
    const exporter = make({ keepTraces });
    const [root] = run(0);
    play(exporter, [root]);
    const trace = await read(exporter, root.traceId);
    for (let i = 0; i < 20; i++) await trace.addScore({ name: 'x', value: i, comment: 'x'.repeat(5_000) });
    assert.ok(keepTraces.bytes <= 50_000);
    assert.equal(await exporter.getTrace(root.traceId), null);
  });

  for (const [what, runs, input] of [
    ['long strings', 600, (i: number) => `${i}`.repeat(1_000)],
    ['strings beyond Latin-1', 600, (i: number) => `Schnee 🌨️ ${i}`.repeat(300)],
    ['short spans', 5_000, (i: number) => i],
  ] as const) {
    test(`the estimate is honest: ${what}`, () => {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as () => void;
      const store = traceStore({ count: 1e9, bytes: 1e9 });
      const fill = (count: number): void => {
        for (let i = 0; i < count; i++) {
          const [root, ...rest] = run(4, { input: input(i) });
          store.started(root.traceId);
          for (const s of [...rest, root]) store.ended(s, s);
        }
      };
      fill(200);
      gc();
      const [heap, bytes] = [process.memoryUsage().heapUsed, store.bytes];
      fill(runs);
      gc();
      const ratio = (process.memoryUsage().heapUsed - heap) / (store.bytes - bytes);
      assert.ok(ratio > 0.7 && ratio < 1.15, `memory is ${ratio.toFixed(2)} of the estimate`);
    });
  }

  test('exporters that are built for each request share a store', async () => {
    const keepTraces = traceStore();
    const runs = Array.from({ length: 3 }, () => run(1));
    for (const spans of runs) play(make({ keepTraces }), spans);
    const last = make({ keepTraces });
    for (const [root] of runs) assert.equal((await read(last, root.traceId)).spans.length, 2);
  });
});
