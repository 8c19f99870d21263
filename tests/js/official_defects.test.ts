// The defects of Mastra's official exporter, one test each: what the installed
// @mastra/otel-exporter says of a span, and beside it what we say. The first half of each test
// fails when the official exporter mends the defect; then the test goes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { convert, type Fields, parsed, replay, replayed, type Span } from '../support/official.ts';
import { plain, type WireSpan } from '../support/otlp.ts';

interface Beside {
  readonly span: Span;
  readonly official: Awaited<ReturnType<typeof convert>>;
  readonly ours: WireSpan;
  /** An attribute as the official exporter has it. */
  theirs(name: string): unknown;
  /** The same of ours. */
  our(name: string): unknown;
}

type Event = { type: string; exportedSpan?: Span };

const recording = (name: string): Event[] =>
  JSON.parse(
    readFileSync(new URL(`../data/mastra-events/${name}.json`, import.meta.url), 'utf8'),
  ) as Event[];

/** Every ended span of some type, as both tell it, in the order in which they ended. */
async function beside(events: Event[], type: string): Promise<Beside[]> {
  const wire = new Map(replay(events).map((span) => [span.spanId, span]));
  const found: Beside[] = [];
  for (const { type: event, exportedSpan: span } of events) {
    if (event !== 'span_ended' || span?.type !== type) continue;
    const official = await convert(span);
    const ours = wire.get(span.id)!;
    found.push({
      span,
      official,
      ours,
      theirs: (name) => official.attributes[name],
      our: (name) => plain(ours.attributes.get(name)),
    });
  }
  assert.ok(found.length > 0, `no ${type}`);
  return found;
}

/** One made-up span. */
async function one(type: string, attributes: Fields, members: Fields = {}): Promise<Beside> {
  const exportedSpan = {
    id: '00000000000000aa',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    name: 'a span',
    type,
    entityId: 'add',
    entityName: 'add',
    startTime: '2026-11-20T07:57:09.000Z',
    endTime: '2026-11-20T07:57:09.250Z',
    attributes,
    isEvent: false,
    isRootSpan: true,
    ...members,
  };
  return (await beside([{ type: 'span_ended', exportedSpan }], type))[0]!;
}

const tools = recording('agent-generate-tool');
const text = (content: string): object => ({ type: 'text', content });
const SYSTEM = 'You are a helpful weather assistant. Use the weather tool.';
const ASKED = [
  { role: 'system', parts: [text(SYSTEM)] },
  { role: 'user', parts: [text('Weather in Paris?')] },
];
const CALL = {
  type: 'tool_call',
  id: 'call_mock_1',
  name: 'weather',
  arguments: { city: 'Paris' },
};

// ---- Messages ----------------------------------------------------------------------------------

test('model calls have no input messages', async () => {
  const [first, second] = (await beside(tools, 'model_inference')) as [Beside, Beside];
  assert.equal(first.theirs('gen_ai.input.messages'), undefined);
  assert.equal(second.theirs('gen_ai.input.messages'), undefined);
  assert.deepEqual(parsed(first.our('gen_ai.input.messages')), ASKED);
});

test('the input of later calls: the real arguments and results', async () => {
  const second = (await beside(tools, 'model_inference'))[1]!;
  const step = (await beside(tools, 'model_step'))[1]!;
  assert.match(String(step.theirs('mastra.model_step.input')), /\[tool: weather\]/);
  assert.deepEqual(parsed(second.our('gen_ai.input.messages')), [
    ...ASKED,
    { role: 'assistant', parts: [CALL] },
    {
      role: 'tool',
      parts: [
        {
          type: 'tool_call_response',
          id: 'call_mock_1',
          name: 'weather',
          response: { tempC: 21, sky: 'sunny' },
        },
      ],
    },
  ]);
});

test('no body holds "[tool: ...]"', () => {
  for (const name of ['agent-generate-tool', 'agent-stream-tool', 'agent-tool-error']) {
    assert.ok(!replayed(recording(name)).includes('[tool:'), name);
  }
});

test('tool calls are dropped from output messages', async () => {
  const first = (await beside(tools, 'model_inference'))[0]!;
  assert.deepEqual(parsed(first.theirs('gen_ai.output.messages')), [
    { role: 'assistant', parts: [text('')] },
  ]);
  assert.deepEqual(parsed(first.our('gen_ai.output.messages')), [
    { role: 'assistant', parts: [CALL], finish_reason: 'tool_call' },
  ]);
});

test('reasoning is dropped from output messages', async () => {
  const payload = { id: 'r', text: '2+2' };
  const reasoning = [{ type: 'reasoning', from: 'AGENT', payload }];
  const span = await one('model_inference', {}, { output: { text: '4', reasoning, toolCalls: [] } });
  assert.deepEqual(parsed(span.theirs('gen_ai.output.messages'))[0].parts, [text('4')]);
  assert.deepEqual(parsed(span.our('gen_ai.output.messages'))[0].parts, [
    { type: 'reasoning', content: '2+2' },
    text('4'),
  ]);
});

test('a message with a file is left in the AI SDK’s shape', async () => {
  const file = { type: 'file', mediaType: 'image/png', data: 'https://x.example/a.png' };
  const content = [{ type: 'text', text: 'what is this?' }, file];
  const input = { messages: [{ role: 'user', content }] };
  const span = await one('model_inference', {}, { input });
  assert.deepEqual(parsed(span.theirs('gen_ai.input.messages')), input.messages);
  assert.deepEqual(parsed(span.our('gen_ai.input.messages'))[0].parts, [
    text('what is this?'),
    { type: 'uri', modality: 'image', mime_type: 'image/png', uri: 'https://x.example/a.png' },
  ]);
});

test('system instructions are bare text', async () => {
  const agent = (await beside(tools, 'agent_run'))[0]!;
  assert.equal(agent.theirs('gen_ai.system_instructions'), SYSTEM);
  assert.deepEqual(parsed(agent.our('gen_ai.system_instructions')), [text(SYSTEM)]);
});

// ---- The response ------------------------------------------------------------------------------

test('the response id is never set', async () => {
  const calls = await beside(tools, 'model_inference');
  for (const call of calls) assert.equal(call.theirs('gen_ai.response.id'), undefined);
  assert.equal(calls.at(-1)!.our('gen_ai.response.id'), 'resp_stop');
});

for (const type of ['model_inference', 'model_step', 'model_generation']) {
  test(`a ${type} that its provider failed is OK`, async () => {
    const failed = (await beside(recording('agent-error'), type))[0]!;
    assert.equal(failed.span.attributes?.finishReason, 'error');
    assert.equal(failed.official.status.code, 1);
    assert.equal(failed.official.events.length, 0);
    assert.equal(failed.ours.status.code, 2);
    assert.ok(failed.ours.status.message.length > 0);
    assert.equal(failed.ours.events[0]?.name, 'exception');
  });
}

test('completion starts with the first step, before later calls began', async () => {
  const second = (await beside(tools, 'model_inference'))[1]!;
  const started = Date.parse(second.span.startTime);
  const theirs = Date.parse(String(second.theirs('mastra.completion_start_time')));
  assert.ok(theirs < started);
  const ours = Date.parse(String(second.our('mastra.completion_start_time')));
  assert.ok(ours >= started);
  const wait = second.our('gen_ai.response.time_to_first_chunk') as number; // seconds
  assert.ok(Math.abs(wait - (ours - started) / 1000) < 1e-9);
});

test('finish reasons and stop sequences are JSON text', async () => {
  const parameters = { stopSequences: ['END', '"'] };
  const span = await one('model_inference', { finishReason: 'stop', parameters });
  assert.equal(span.theirs('gen_ai.response.finish_reasons'), '["stop"]');
  assert.equal(span.theirs('gen_ai.request.stop_sequences'), '["END","\\""]');
  assert.deepEqual(span.our('gen_ai.response.finish_reasons'), ['stop']);
  assert.deepEqual(span.our('gen_ai.request.stop_sequences'), ['END', '"']);
});

// ---- The request -------------------------------------------------------------------------------

test('seed 0 is dropped', async () => {
  const span = await one('model_inference', { parameters: { seed: 0, temperature: 0 } });
  assert.equal(span.theirs('gen_ai.request.seed'), undefined);
  assert.equal(span.our('gen_ai.request.seed'), 0);
  assert.equal(span.our('gen_ai.request.temperature'), 0);
});

test('reasoning tokens have a name that the convention does not know', async () => {
  const second = (await beside(tools, 'model_inference'))[1]!;
  assert.equal(second.theirs('gen_ai.usage.reasoning_tokens'), 4);
  assert.equal(second.theirs('gen_ai.usage.reasoning.output_tokens'), undefined);
  assert.equal(second.our('gen_ai.usage.reasoning.output_tokens'), 4);
  assert.equal(second.our('gen_ai.usage.reasoning_tokens'), undefined);
});

for (const [given, known] of [
  ['openai.chat', 'openai'],
  ['openai.responses', 'openai'],
  ['azure', 'azure.ai.openai'],
  ['google.generative-ai', 'gcp.gemini'],
] as const) {
  test(`provider '${given}' is not '${known}'`, async () => {
    const span = await one('model_inference', { provider: given });
    assert.equal(span.theirs('gen_ai.provider.name'), given);
    assert.equal(span.our('gen_ai.provider.name'), known);
  });
}

test('tool definitions are names', async () => {
  const agent = (await beside(tools, 'agent_run'))[0]!;
  assert.deepEqual(parsed(agent.theirs('gen_ai.tool.definitions')), ['weather']);
  const [definition] = parsed(agent.our('gen_ai.tool.definitions'));
  assert.equal(definition.type, 'function');
  assert.equal(definition.name, 'weather');
});

test('tool definitions have no schemas, though the generation knows them', async () => {
  const generation = (await beside(tools, 'model_generation'))[0]!;
  assert.ok(generation.span.attributes?.tools[0].parameters);
  const agent = (await beside(tools, 'agent_run'))[0]!;
  assert.deepEqual(parsed(agent.our('gen_ai.tool.definitions')), generation.span.attributes?.tools);
});

test('a client tool call is no tool call', async () => {
  const attributes = { toolType: 'function', toolDescription: 'adds' };
  const span = await one('client_tool_call', attributes, { input: { a: 1 }, output: 2 });
  assert.equal(span.official.name, 'client_tool_call add');
  assert.equal(span.theirs('gen_ai.operation.name'), 'client_tool_call');
  assert.equal(span.theirs('gen_ai.tool.call.arguments'), undefined);
  assert.equal(span.ours.name, 'execute_tool add');
  assert.equal(span.our('gen_ai.operation.name'), 'execute_tool');
  assert.equal(span.our('gen_ai.tool.name'), 'add');
  assert.deepEqual(parsed(span.our('gen_ai.tool.call.arguments')), { a: 1 });
  assert.equal(span.our('gen_ai.tool.call.result'), '2');
});

// ---- Errors ------------------------------------------------------------------------------------

const errorInfo = { message: 'broke', name: 'TypeError', stack: 'TypeError: broke\n    at f' };

test('error.type is "unknown"', async () => {
  const span = await one('tool_call', {}, { errorInfo });
  assert.equal(span.theirs('error.type'), 'unknown');
  assert.equal(span.our('error.type'), 'TypeError');
});

test('the exception is dated to the start, of type "Error", and has no stack', async () => {
  const span = await one('tool_call', {}, { errorInfo });
  const [theirs] = span.official.events;
  const [ours] = span.ours.events;
  assert.deepEqual(theirs?.time, span.official.startTime);
  assert.equal(theirs?.attributes?.['exception.type'], 'Error');
  assert.equal(theirs?.attributes?.['exception.stacktrace'], undefined);
  assert.equal(ours?.time, span.ours.end);
  assert.equal(ours?.attributes.get('exception.type'), 'TypeError');
  assert.equal(ours?.attributes.get('exception.stacktrace'), errorInfo.stack);
});

// ---- What it leaves out ------------------------------------------------------------------------

const LEFT_OUT: [type: string, attributes: Fields, name: string, value: unknown][] = [
  ['memory_operation', { messageCount: 2 }, 'mastra.memory_operation.message_count', 2],
  ['processor_run', { processorIndex: 0 }, 'mastra.processor_run.processor_index', 0],
  ['scorer_run', { scorerId: 's' }, 'mastra.scorer_run.scorer_id', 's'],
  ['rag_vector_operation', { topK: 3 }, 'mastra.rag_vector_operation.top_k', 3],
  ['graph_action', { threshold: 0.5 }, 'mastra.graph_action.threshold', 0.5],
  ['workspace_action', { category: 'skill' }, 'mastra.workspace_action.category', 'skill'],
  ['agent_signal', { mode: 'delta' }, 'mastra.agent_signal.mode', 'delta'],
  ['model_chunk', { chunkType: 'text' }, 'mastra.model_chunk.chunk_type', 'text'],
  ['tool_call', { success: true }, 'mastra.tool_call.success', true],
];
for (const [type, attributes, name, value] of LEFT_OUT) {
  test(`${name} is left out`, async () => {
    const span = await one(type, attributes);
    assert.equal(span.theirs(name), undefined);
    assert.equal(span.our(name), value);
  });
}

test('everything of model_generation is left out', async () => {
  const generation = (await beside(tools, 'model_generation'))[0]!;
  const said = Object.keys(generation.official.attributes).filter((name) => !/put$/.test(name));
  const common = ['gen_ai.operation.name', 'mastra.metadata.runId', 'mastra.span.type'];
  assert.deepEqual(said.sort(), common);
  const { model, responseId, responseModel } = generation.span.attributes!;
  assert.equal(generation.our('mastra.model_generation.model'), model);
  assert.equal(generation.our('mastra.model_generation.response_id'), responseId);
  assert.equal(generation.our('mastra.model_generation.response_model'), responseModel);
});

test('entity type and request context are left out', async () => {
  const members = { entityType: 'tool', requestContext: { userId: 'u', n: [1] } };
  const span = await one('tool_call', {}, members);
  const said = JSON.stringify(span.official.attributes);
  assert.ok(!/request_?context|entity_?type/i.test(said), said);
  assert.equal(span.our('mastra.entity_type'), 'tool');
  assert.deepEqual(parsed(span.our('mastra.request_context')), members.requestContext);
});

// Tags of any other span are Mastra's to forbid, not ours to drop.
test('tags of a span that is not the root are left out', async () => {
  const span = await one('generic', {}, { isRootSpan: false, tags: ['a', 'b'] });
  assert.equal(span.theirs('mastra.tags'), undefined);
  assert.deepEqual(parsed(span.our('mastra.tags')), ['a', 'b']);
});
