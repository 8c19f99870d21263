// Reading traces of real Mastra back: exporter.getTrace() and findTraces(), scores and feedback. Titles
// name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as tick } from 'node:timers/promises';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import type { EdgespanExporter } from 'edgespan/mastra';
import type { RecordedSpan } from 'edgespan/traces';
import { z } from 'zod';
import { makeAgents, makeWorkflows } from '../runtime/worker/agents.ts';
import { scripted } from '../runtime/worker/model.ts';
import { read, startKeeping } from '../support/traces.ts';

const { make } = await startKeeping();

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
