// What Mastra can do, in real workerd: every span of every trace of a scenario arrives once, with
// the parent, the times and the values that Mastra emitted (a second exporter records them), and no
// flush in user code; and each model call says what its model was really given and answered. Titles
// name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { invalid, skip } from '../support/conventions.ts';
import { checkHeard, checkTrace, type MastraSpan } from '../support/expect.ts';
import { plain, type WireSpan } from '../support/otlp.ts';
import { Lab } from './lab.ts';
import type { ScenarioName } from './scenarios/index.ts';

interface Ran {
  readonly result: unknown;
  readonly ended: MastraSpan[];
  /** What arrived, by the id of the span. */
  readonly wire: Map<string, WireSpan>;
}

describe('scenarios in workerd', { timeout: 300_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start('./scenarios/');
  });
  after(() => lab.close());

  /** Runs a scenario, compares each of its traces, and returns what there is to look at. */
  async function run(scenario: ScenarioName): Promise<Ran> {
    const label = lab.label();
    const body = JSON.stringify({ scenario, label });
    const answer = await lab.ask('/run', { method: 'POST', body });
    const { result, error } = (await answer.json()) as { result: unknown; error?: string };
    assert.equal(error, undefined);
    const { ended, events } = await lab.recorded(label);
    const arrived: WireSpan[] = [];
    const faults: string[] = [];
    for (const traceId of new Set(ended.map((span) => span.traceId))) {
      const trace = ended.filter((span) => span.traceId === traceId);
      await lab.bodies(traceId, trace.length);
      await lab.quiet();
      const bodies = (await lab.bodies(traceId, trace.length)).flat();
      faults.push(...checkTrace(bodies, trace));
      // Where the convention's schemas are: tests/js/schema.test.ts says where they are not.
      if (!skip) faults.push(...bodies.flatMap((span) => invalid(span).faults));
      arrived.push(...bodies);
    }
    assert.equal(arrived.length, ended.length);
    const calls = events
      .filter(({ type, span }) => type === 'span_started' && span.type === 'model_inference')
      .map(({ span }) => ended.find(({ id }) => id === span.id) ?? span);
    faults.push(...checkHeard(arrived, calls, await lab.heard(label)));
    assert.deepEqual(faults, []);
    return { result, ended, wire: new Map(arrived.map((span) => [span.spanId, span])) };
  }

  /** Spans of a type, as Mastra emitted them; there must be so many. */
  function of({ ended }: Ran, type: string, count: number): MastraSpan[] {
    const spans = ended.filter((span) => span.type === type);
    assert.equal(spans.length, count, `${type}: ${ended.map((span) => span.type).join(' ')}`);
    return spans;
  }

  /** An attribute of what arrived for a span; JSON text is parsed. */
  function attribute({ wire }: Ran, span: MastraSpan | undefined, name: string): unknown {
    const value = plain(wire.get(span?.id ?? '')?.attributes.get(name));
    return typeof value === 'string' && /^[[{]/.test(value) ? JSON.parse(value) : value;
  }

  it('row 106: an agent with memory, whose second run reads what the first one kept', async () => {
    const ran = await run('memory');
    assert.deepEqual(ran.result, ['Noted: Zürich.', 'You live in Zürich.']);
    of(ran, 'agent_run', 2);
    const operations = of(ran, 'memory_operation', 4);
    const said = (name: string): unknown[] =>
      operations.map((span) => attribute(ran, span, `mastra.memory_operation.${name}`));
    assert.deepEqual(said('operation_type'), ['recall', 'save', 'recall', 'save']);
    assert.deepEqual(said('message_count'), [0, 2, 2, 2]);
    assert.deepEqual(said('last_messages'), [5, undefined, 5, undefined]);
    // Every span of a run with a thread is in its conversation.
    for (const span of ran.ended) {
      assert.equal(attribute(ran, span, 'gen_ai.conversation.id'), 'thread-1');
    }
    const second = of(ran, 'model_inference', 2)[1];
    const input = JSON.stringify(attribute(ran, second, 'gen_ai.input.messages'));
    assert.match(input, /I live in Zürich.*Noted: Zürich.*Where do I live/);
  });

  it('row 106: semantic recall over embeddings', async () => {
    const ran = await run('semanticRecall');
    assert.deepEqual(ran.result, ['Noted: Zürich.', 'You live in Zürich.']);
    const recalls = of(ran, 'processor_run', 6).filter((s) => s.entityId === 'semantic-recall');
    assert.equal(recalls.length, 4);
    assert.deepEqual(
      attribute(ran, recalls[2], 'mastra.processor_run.message_list_mutations'),
      [{ type: 'add', source: 'memory', count: 1 }],
    );
  });

  it('rows 107, 108: parallel steps', async () => {
    const ran = await run('parallel');
    const [parallel] = of(ran, 'workflow_parallel', 1);
    for (const step of of(ran, 'workflow_step', 2)) assert.equal(step.parentSpanId, parallel?.id);
    assert.equal(attribute(ran, parallel, 'mastra.workflow_parallel.branch_count'), 2);
    assert.deepEqual(
      attribute(ran, parallel, 'mastra.workflow_parallel.parallel_steps'),
      ['plus', 'minus'],
    );
  });

  it('row 108: a branch', async () => {
    const ran = await run('branch');
    const [conditional] = of(ran, 'workflow_conditional', 1);
    assert.deepEqual(
      attribute(ran, conditional, 'mastra.workflow_conditional.truthy_indexes'), [1]);
    const results = of(ran, 'workflow_conditional_eval', 2).map((span) =>
      attribute(ran, span, 'mastra.workflow_conditional_eval.result'),
    );
    assert.deepEqual(results, [false, true]);
  });

  for (const [kind, steps] of [['foreach', 3], ['dowhile', 3], ['dountil', 3]] as const) {
    it(`row 108: a loop, ${kind}`, async () => {
      const ran = await run(kind);
      const [loop] = of(ran, 'workflow_loop', 1);
      assert.equal(attribute(ran, loop, 'mastra.workflow_loop.loop_type'), kind);
      const ids = of(ran, 'workflow_step', steps).map(({ id }) => id);
      assert.equal(new Set(ids).size, steps);
    });
  }

  it('row 109: delays', async () => {
    const ran = await run('sleep');
    const [fixed, dynamic] = of(ran, 'workflow_sleep', 2);
    assert.equal(attribute(ran, fixed, 'mastra.workflow_sleep.duration_ms'), 20);
    assert.equal(attribute(ran, dynamic, 'mastra.workflow_sleep.sleep_type'), 'dynamic');
    const took = ran.wire.get(fixed?.id ?? '');
    assert.ok(took && took.end - took.start >= 15_000_000n, 'a sleep takes its time');
  });

  it('row 109: event waiting, which Mastra does by suspend and resume now', async () => {
    const ran = await run('suspend');
    assert.deepEqual(ran.result, ['suspended', 'success']);
    const [first, resumed] = of(ran, 'workflow_run', 2);
    assert.equal(resumed?.parentSpanId, first?.id);
    assert.equal(resumed?.traceId, first?.traceId);
    assert.equal(attribute(ran, first, 'mastra.workflow_run.status'), 'suspended');
    assert.equal(attribute(ran, resumed, 'mastra.workflow_run.status'), 'success');
  });

  it('row 151: every kind of entry in one workflow: what flows from step to step, and when', async () => {
    const ran = await run('everything');
    assert.deepEqual(ran.result, { status: 'success', result: { n: 651 } });
    for (const [type, count] of [
      ['workflow_parallel', 1],
      ['workflow_conditional', 1],
      ['workflow_loop', 2],
      ['workflow_sleep', 1],
    ] as const) {
      of(ran, type, count);
    }
    const steps = new Map<string, MastraSpan[]>();
    for (const span of ran.ended.filter((s) => s.type === 'workflow_step')) {
      steps.set(span.entityId ?? '', [...(steps.get(span.entityId ?? '') ?? []), span]);
    }
    const flows = (id: string): unknown[][] =>
      (steps.get(id) ?? []).map((span) =>
        ['input', 'output'].map((end) => attribute(ran, span, `mastra.workflow_step.${end}`)),
      );
    const n = (value: number): object => ({ n: value });
    assert.deepEqual(flows('first'), [[n(5), n(6)]]);
    assert.deepEqual(flows('plus'), [[n(6), n(7)]]);
    assert.deepEqual(flows('minus'), [[n(6), n(-6)]]);
    assert.deepEqual(flows('small'), [[n(13), n(1300)]]);
    assert.deepEqual(flows('large'), []);
    assert.deepEqual(flows('half'), [[n(1300), n(650)], [n(-2), n(-1)]]);
    assert.deepEqual(flows('count'), [[n(649), n(650)], [n(650), n(651)]]);
    // Nothing begins before what it needs has ended.
    const time = (id: string): WireSpan[] => steps.get(id)!.map(({ id }) => ran.wire.get(id)!);
    const order = ['first', 'plus', 'small', 'half', 'count'];
    for (const [i, id] of order.slice(1).entries()) {
      const before = time(order[i]!).map(({ end }) => end);
      for (const { start } of time(id)) assert.ok(before.every((end) => end <= start), id);
    }
  });

  it('rows 107, 136: an agent inside a workflow', async () => {
    const ran = await run('agentStep');
    const [agent] = of(ran, 'agent_run', 1);
    const step = of(ran, 'workflow_step', 2).find(({ id }) => id === agent?.parentSpanId);
    const [workflow] = of(ran, 'workflow_run', 1);
    assert.equal(step?.parentSpanId, workflow?.id);
    assert.ok(workflow?.isRootSpan);
  });

  it('row 105: structured output', async () => {
    const ran = await run('structured');
    assert.deepEqual(ran.result, { sky: 'clear – ☀️', celsius: -4.5, gusts: [] });
    const [agent] = of(ran, 'agent_run', 1);
    const { object } = attribute(ran, agent, 'mastra.agent_run.output') as { object?: unknown };
    assert.deepEqual(object, ran.result);
    const [call] = of(ran, 'model_inference', 1);
    const format = attribute(ran, call, 'mastra.model_inference.response_format') as object;
    assert.ok(format, 'what was asked for');
  });

  it('rows 105, 138: an MCP tool, and the request at its server', async () => {
    const ran = await run('mcp');
    assert.equal(ran.result, 'Low.');
    const [tool] = of(ran, 'mcp_tool_call', 1);
    assert.deepEqual(attribute(ran, tool, 'gen_ai.tool.call.arguments'), { port: 'Brest' });
    assert.equal(attribute(ran, tool, 'mastra.mcp_tool_call.success'), true);
    assert.equal(attribute(ran, tool, 'mastra.mcp_tool_call.server_name'), 'harbour');
    assert.equal(attribute(ran, tool, 'mastra.mcp_tool_call.server_version'), '2.1.0');
    const [request] = of(ran, 'mcp_server_request', 1);
    assert.equal(attribute(ran, request, 'mcp.method.name'), 'tools/call');
    assert.equal(ran.wire.get(request?.id ?? '')?.kind, 2);
  });

  it('an input tripwire', async () => {
    const ran = await run('tripwireInput');
    const [agent] = of(ran, 'agent_run', 1);
    const [processor] = of(ran, 'processor_run', 1);
    of(ran, 'model_inference', 0);
    const abort = { reason: 'not this one', retry: false, metadata: { rule: 'r1', score: 0.25 } };
    assert.deepEqual(attribute(ran, processor, 'mastra.processor_run.tripwire_abort'), abort);
    assert.deepEqual(
      attribute(ran, agent, 'mastra.agent_run.tripwire_abort'),
      { ...abort, processorId: 'gate' },
    );
  });

  it('an output tripwire', async () => {
    const ran = await run('tripwireOutput');
    of(ran, 'model_inference', 1);
    const [processor] = of(ran, 'processor_run', 1);
    assert.deepEqual(
      attribute(ran, processor, 'mastra.processor_run.tripwire_abort'),
      { reason: 'said too much', metadata: { rule: 'r2' } },
    );
  });

  it('row 35: a live scorer, in a trace of its own after the answer', async () => {
    const ran = await run('scorer');
    const [agent] = of(ran, 'agent_run', 1);
    const [scorer] = of(ran, 'scorer_run', 1);
    assert.notEqual(scorer?.traceId, agent?.traceId);
    assert.equal(attribute(ran, scorer, 'mastra.scorer_run.score_source'), 'live');
    const steps = of(ran, 'scorer_step', 3).map((span) =>
      attribute(ran, span, 'mastra.scorer_step.step'),
    );
    assert.deepEqual(steps, ['preprocess', 'generateScore', 'generateReason']);
  });

  it('row 138: tools at once and one after the other, and one that fails', async () => {
    const ran = await run('tools');
    assert.equal(ran.result, 'No.');
    of(ran, 'model_inference', 3);
    of(ran, 'tool_call', 3);
  });

  // The model is asked with the user's message, its own call and the answer to it. Mastra's resumed
  // generation has the system message alone; the step's preview has the user's, the call that was
  // suspended is told again by an inference of the resumed run, and the tool's span is beside its steps.
  it('tool approval, in a second run', async () => {
    const ran = await run('approval');
    assert.equal(ran.result, 'Paid.');
    const [, , asked] = of(ran, 'model_inference', 3);
    const given = JSON.stringify(attribute(ran, asked, 'gen_ai.input.messages'));
    assert.match(given, /Pay it\..*"eur":5.*"paid":true/);
  });

  // The reasoning of a call is in its chunks alone: chunkType 'reasoning', output.text.
  it('reasoning, in answers and in what the next call is given', async () => {
    const ran = await run('reasoning');
    assert.equal(ran.result, 'Two.');
    const [, second] = of(ran, 'model_inference', 2);
    const said = JSON.stringify([
      attribute(ran, second, 'gen_ai.input.messages'),
      attribute(ran, second, 'gen_ai.output.messages'),
    ]);
    assert.match(said, /"reasoning","content":"First I add.*"reasoning","content":"Then I say it/);
  });

  // Beside the tool's span is one of type mapping with the same toolCallId: what the model was shown.
  it('toModelOutput: the next call is given what the tool made for the model', async () => {
    const ran = await run('toModelOutput');
    const [, second] = of(ran, 'model_inference', 2);
    const input = JSON.stringify(attribute(ran, second, 'gen_ai.input.messages'));
    assert.match(input, /"response":"is 2"/);
    assert.doesNotMatch(input, /details/);
    const [tool] = of(ran, 'tool_call', 1);
    assert.deepEqual(
      attribute(ran, tool, 'gen_ai.tool.call.result'), { sum: 2, details: ['1 + 1'] });
  });

  it('row 138: a tool of the client, whose call ends the answer', async () => {
    const ran = await run('clientTool');
    assert.deepEqual(ran.result, [{ precise: false }]);
    const [tool] = of(ran, 'client_tool_call', 1);
    assert.equal(attribute(ran, tool, 'gen_ai.operation.name'), 'execute_tool');
    assert.equal(attribute(ran, tool, 'gen_ai.tool.type'), 'client-tool');
    assert.equal(attribute(ran, tool, 'gen_ai.tool.name'), 'where');
    // Mastra begins the span while the arguments are still coming: they are in the answer.
    const [call] = of(ran, 'model_inference', 1);
    assert.match(JSON.stringify(attribute(ran, call, 'gen_ai.output.messages')), /"precise":false/);
    assert.deepEqual(attribute(ran, call, 'gen_ai.response.finish_reasons'), ['tool-calls']);
  });

  it('row 138: a tool that the provider runs', async () => {
    const ran = await run('providerTool');
    assert.equal(ran.result, 'Found.');
    const [tool] = of(ran, 'provider_tool_call', 1);
    assert.equal(attribute(ran, tool, 'gen_ai.operation.name'), 'execute_tool');
    assert.deepEqual(attribute(ran, tool, 'gen_ai.tool.call.arguments'), { q: 'x' });
    assert.deepEqual(attribute(ran, tool, 'gen_ai.tool.call.result'), { hits: 1 });
  });

  // The image of an answer is in the generation's output.files, and in a chunk of type 'file'.
  it('files and images, to the model and from it', async () => {
    assert.equal((await run('files')).result, 'A dot.');
  });

  it('a run that is given up: what was said until then', async () => {
    const ran = await run('abort');
    assert.equal(ran.result, true);
    const [agent] = of(ran, 'agent_run', 1);
    assert.deepEqual(
      attribute(ran, agent, 'mastra.agent_run.output'), { status: 'aborted', reason: 'abort' });
    const [said, given] = of(ran, 'model_inference', 2);
    assert.ok(attribute(ran, said, 'gen_ai.output.messages'));
    assert.equal(attribute(ran, given, 'gen_ai.output.messages'), undefined);
    // It was about to be given the tool's answer.
    assert.match(JSON.stringify(attribute(ran, given, 'gen_ai.input.messages')), /"late":true/);
  });

  it('row 137: embeddings', async () => {
    const ran = await run('embedding');
    const [span] = of(ran, 'rag_embedding', 1);
    const wire = ran.wire.get(span?.id ?? '');
    assert.deepEqual([wire?.name, wire?.kind], ['embeddings letters-8', 3]);
    assert.equal(attribute(ran, span, 'gen_ai.operation.name'), 'embeddings');
    assert.equal(attribute(ran, span, 'gen_ai.request.model'), 'letters-8');
    assert.equal(attribute(ran, span, 'gen_ai.provider.name'), 'openai');
    assert.equal(attribute(ran, span, 'gen_ai.usage.input_tokens'), 11);
    assert.equal(attribute(ran, span, 'gen_ai.embeddings.dimension.count'), 8);
    const [tool] = of(ran, 'tool_call', 1);
    assert.equal(span?.parentSpanId, tool?.id);
  });

  it('settings of a call: what is 0 or empty, too; a provider with a suffix', async () => {
    const ran = await run('settings');
    const [call] = of(ran, 'model_inference', 1);
    assert.equal(attribute(ran, call, 'gen_ai.request.seed'), 0);
    assert.equal(attribute(ran, call, 'gen_ai.request.temperature'), 0);
    assert.equal(attribute(ran, call, 'gen_ai.request.top_p'), 0.5);
    assert.equal(attribute(ran, call, 'gen_ai.request.max_tokens'), 9);
    assert.deepEqual(attribute(ran, call, 'gen_ai.request.stop_sequences'), ['–']);
    assert.equal(attribute(ran, call, 'gen_ai.provider.name'), 'openai');
    assert.equal(attribute(ran, call, 'gen_ai.request.model'), 'gpt-4o');
  });
});
