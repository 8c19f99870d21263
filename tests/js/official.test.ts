// The GenAI dialect against Mastra's official exporter: the installed @mastra/otel-exporter
// converts the same ended spans, and ours must have the same envelope and a superset of its
// attributes, with equal values. Where we deliberately differ, DIFFERENCES says so and why; a
// difference without a row fails, and so does a row that nothing needs any more.
// src/edgespan/semconv/README.md repeats the list for readers.
//
// Beside the recorded runs it compares made-up spans of every type with every documented attribute.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { convert, type Fields, parsed, replay, type Span } from '../support/official.ts';
import { plain, type WireSpan } from '../support/otlp.ts';

/** One way in which a span of ours is not the official one. `field`: an attribute, or what else. */
interface Difference {
  field: string;
  theirs: unknown;
  ours: unknown;
  span: Span;
  wire: WireSpan;
  /** Whether a model call below the span says what went in. */
  called: boolean;
}

interface Row {
  what: string;
  why: string;
  explains(difference: Difference): boolean;
}

/** The official messages with what it wraps in text unwrapped: arguments and responses. */
function unwrapped(messages: any): unknown {
  const part = (p: any): unknown => {
    if (p?.type === 'tool_call') return { ...p, arguments: parsed(p.arguments) ?? p.arguments };
    if (p?.type === 'tool_call_response') return { ...p, response: parsed(p.response) };
    return p;
  };
  return messages.map((m: any) => (m?.parts ? { ...m, parts: m.parts.map(part) } : m));
}

const failedByProvider = ({ span }: Difference): boolean =>
  ['model_inference', 'model_step', 'model_generation'].includes(span.type) &&
  span.attributes?.finishReason === 'error' && span.errorInfo === undefined;
const isClientTool = ({ span }: Difference): boolean => span.type === 'client_tool_call';

const DIFFERENCES: Row[] = [
  {
    what: 'gen_ai.response.finish_reasons and gen_ai.request.stop_sequences are string arrays',
    why: 'The registry gives them the type string[]; the official exporter sends JSON text.',
    explains: ({ field, theirs, ours }) =>
      ['gen_ai.response.finish_reasons', 'gen_ai.request.stop_sequences'].includes(field) &&
      Array.isArray(ours) &&
      isDeepStrictEqual(parsed(theirs), ours),
  },
  {
    what: 'gen_ai.usage.reasoning.output_tokens, not gen_ai.usage.reasoning_tokens',
    why: 'The registry has the former.',
    explains: ({ field, theirs, ours, wire }) =>
      field === 'gen_ai.usage.reasoning_tokens' &&
      ours === undefined &&
      plain(wire.attributes.get('gen_ai.usage.reasoning.output_tokens')) === theirs,
  },
  {
    what: 'gen_ai.provider.name is the registry name for suffixed and further spellings',
    why: "Mastra hands over the AI SDK's ids: 'openai.chat', 'azure', 'google.generative-ai'.",
    explains: ({ field, theirs, ours, span }) =>
      field === 'gen_ai.provider.name' &&
      theirs === span.attributes?.provider.toLowerCase() &&
      ours === PROVIDERS[theirs as string],
  },
  {
    what: 'gen_ai.output.messages keep reasoning and tool calls and name the finish reason',
    why: 'The official exporter keeps the text alone: a call that answers with tools looks empty.',
    explains({ field, theirs, ours, span }) {
      if (field !== 'gen_ai.output.messages') return false;
      const official = parsed(theirs)?.[0];
      const message = parsed(ours)?.[0];
      const { text, toolCalls = [], reasoning = [] } = span.output;
      const reason = span.attributes?.finishReason;
      const parts = [
        ...reasoning.map((r: any) => ({ type: 'reasoning', content: r.text })),
        ...(text === '' && toolCalls.length > 0 ? [] : [{ type: 'text', content: text }]),
        ...toolCalls.map(({ toolCallId: id, toolName: name, args }: any) => {
          return { type: 'tool_call', id, name, arguments: args };
        }),
      ];
      return (
        official?.parts[0].content === text &&
        isDeepStrictEqual(message.parts, parts) &&
        message.role === official.role &&
        message.finish_reason === (FINISH_REASONS[reason] ?? reason ?? 'unknown')
      );
    },
  },
  {
    what: 'gen_ai.input.messages hold arguments and responses of tools as they are',
    why: "The convention's schema has any JSON there; the official exporter nests JSON text.",
    explains: ({ field, theirs, ours }) =>
      field === 'gen_ai.input.messages' &&
      Array.isArray(parsed(theirs)) &&
      isDeepStrictEqual(unwrapped(parsed(theirs)), parsed(ours)),
  },
  {
    what: 'gen_ai.input.messages: files and images are parts of the convention',
    why: 'The official exporter leaves a message that has another part than text as it was.',
    explains: ({ field, theirs, ours }) =>
      field === 'gen_ai.input.messages' &&
      Array.isArray(parsed(theirs)?.[0]?.content) &&
      isDeepStrictEqual(
        parsed(ours),
        parsed(theirs).map(({ role, content }: any) => ({
          role,
          parts: content.map((p: any) =>
            p.text
              ? { type: p.type, content: p.text }
              : { type: 'blob', modality: p.type, content: p.image },
          ),
        })),
      ),
  },
  {
    what: 'gen_ai.input.messages of a prompt is a message of the user',
    why: 'The attribute holds messages; the official exporter puts the bare text there.',
    explains: ({ field, theirs, ours, span }) =>
      field === 'gen_ai.input.messages' &&
      theirs === span.input &&
      isDeepStrictEqual(parsed(ours), [
        { role: 'user', parts: [{ type: 'text', content: theirs }] },
      ]),
  },
  {
    what: 'what is no message stands in one',
    why: 'Both attributes hold messages; the official exporter puts any JSON there.',
    explains: ({ field, theirs, ours }) =>
      ['gen_ai.input.messages', 'gen_ai.output.messages'].includes(field) &&
      !Array.isArray(parsed(theirs)) &&
      isDeepStrictEqual(parsed(ours)[0].parts, [{ type: 'json', content: parsed(theirs) }]),
  },
  {
    what: 'mastra.model_step.input is left out where a call below the step has the messages',
    why: "It is Mastra's preview: texts alone, and '[tool: name]' for what the model was really given.",
    explains: ({ field, theirs, ours, span, called }) =>
      field === 'mastra.model_step.input' &&
      ours === undefined &&
      called &&
      isDeepStrictEqual(parsed(theirs), span.input),
  },
  {
    what: 'gen_ai.system_instructions are parts',
    why: 'The convention has a list of parts; the official exporter sends plain text.',
    explains: ({ field, theirs, ours }) =>
      field === 'gen_ai.system_instructions' &&
      isDeepStrictEqual(parsed(ours), [{ type: 'text', content: theirs }]),
  },
  {
    what: 'gen_ai.tool.definitions are objects',
    why: 'The convention has definitions; the official exporter sends names.',
    explains: ({ field, theirs, ours }) =>
      field === 'gen_ai.tool.definitions' &&
      isDeepStrictEqual(
        parsed(ours).map(({ type, name }: Fields) => ({ type, name })),
        parsed(theirs)?.map((name: string) => ({ type: 'function', name })),
      ),
  },
  {
    what: 'mastra.completion_start_time of a later call is its first chunk',
    why: "Mastra gives every call of a run the first one's, which lies before the call began.",
    explains: ({ field, theirs, ours, span }) =>
      field === 'mastra.completion_start_time' &&
      Date.parse(theirs as string) < Date.parse(span.startTime) &&
      (ours === undefined || Date.parse(ours as string) >= Date.parse(span.startTime)),
  },
  {
    what: "error.type is the error's class where it has no id",
    why: "The official exporter says 'unknown'; the convention's fallback is '_OTHER'.",
    explains: ({ field, theirs, ours, span }) =>
      field === 'error.type' && theirs === 'unknown' && ours === (span.errorInfo?.name ?? '_OTHER'),
  },
  {
    what: "the exception event has the span's end as its time",
    why: 'The error ended the span; the official exporter dates it to the start.',
    explains: ({ field, ours, wire }) => field === 'exception time' && ours === wire.end,
  },
  {
    what: "exception.type is the error's class",
    why: "The official exporter always says 'Error'.",
    explains: ({ field, theirs, ours, span }) =>
      field === 'exception.type' && theirs === 'Error' && ours === span.errorInfo?.name,
  },
  {
    what: "exception.stacktrace is the error's own stack",
    why: "The official exporter takes only details.stack, which Mastra's errors rarely have.",
    explains: ({ field, theirs, ours, span }) =>
      field === 'exception.stacktrace' &&
      theirs === span.errorInfo?.details?.stack &&
      ours === span.errorInfo?.stack,
  },
  {
    what: 'a model call that its provider failed is an ERROR, and so are its step and its generation',
    why: "Mastra gives them no errorInfo, only finishReason 'error'; the official exporter says OK.",
    explains: (difference) =>
      failedByProvider(difference) &&
      difference.field === 'status' &&
      difference.theirs === 1 &&
      difference.ours === 2,
  },
  {
    what: '... with the message and the exception of the nearest ancestor that has one',
    why: 'There stands what the provider said.',
    explains: (difference) =>
      failedByProvider(difference) &&
      ['status message', 'exceptions'].includes(difference.field) &&
      [0, ''].includes(difference.theirs as number | string),
  },
  {
    what: 'client tool calls are tool calls',
    why: 'gen_ai.operation.name, name, input and output as of every other kind of tool call.',
    explains(difference) {
      const { field, theirs, ours, span, wire } = difference;
      if (!isClientTool(difference)) return false;
      const has = (name: string): boolean => plain(wire.attributes.get(name)) === theirs;
      return (
        (field === 'name' && ours === `execute_tool ${span.entityName}`) ||
        (field === 'gen_ai.operation.name' && ours === 'execute_tool') ||
        (field === 'mastra.client_tool_call.input' && has('gen_ai.tool.call.arguments')) ||
        (field === 'mastra.client_tool_call.output' && has('gen_ai.tool.call.result'))
      );
    },
  },
  {
    what: 'span names keep everything that is not ASCII',
    why: 'Classes of Unicode letters would cost a table larger than the rest of the core.',
    explains: ({ field, theirs, ours, span }) =>
      field === 'name' &&
      theirs !== ours &&
      ours === span.name.replace(/[^\w\x80-\u{10ffff}. -]/gu, ''),
  },
];

const PROVIDERS: Record<string, string> = {
  'openai.chat': 'openai',
  'openai.responses': 'openai',
  azure: 'azure.ai.openai',
  'google.generative-ai': 'gcp.gemini',
};
const FINISH_REASONS: Record<string, string> = {
  'tool-calls': 'tool_call',
  'content-filter': 'content_filter',
};

// ---- comparing -------------------------------------------------------------------------------------

const nanos = ([seconds, rest]: [number, number]): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(rest);

async function differencesOf(
  span: Span,
  wire: WireSpan,
  called: boolean,
): Promise<Difference[]> {
  const official = await convert(span);
  const differences: Difference[] = [];
  const compare = (field: string, theirs: unknown, ours: unknown): void => {
    if (!isDeepStrictEqual(theirs, ours)) differences.push({ field, theirs, ours, span, wire, called });
  };
  const context = official.spanContext();
  compare('trace id', context.traceId, wire.traceId);
  compare('span id', context.spanId, wire.spanId);
  compare('parent', official.parentSpanContext?.spanId ?? '', wire.parentSpanId);
  compare('name', official.name, wire.name);
  compare('kind', official.kind + 1, wire.kind); // OTLP counts from "unspecified"
  compare('start', nanos(official.startTime), wire.start);
  compare('end', nanos(official.endTime), wire.end);
  compare('status', official.status.code, wire.status.code);
  compare('status message', official.status.message ?? '', wire.status.message);
  for (const [key, value] of Object.entries(official.attributes)) {
    if (value === undefined || value === null) continue; // OpenTelemetry sends none of these
    compare(key, value, plain(wire.attributes.get(key)));
  }
  compare('exceptions', official.events.length, wire.events.length);
  for (const [i, event] of official.events.entries()) {
    const ours = wire.events[i];
    if (!ours) break;
    compare('exception name', event.name, ours.name);
    compare('exception time', nanos(event.time), ours.time);
    for (const [key, value] of Object.entries(event.attributes ?? {})) {
      compare(key, value, plain(ours.attributes.get(key)));
    }
  }
  return differences;
}

const used = new Set<Row>();

async function check(events: { type?: string; exportedSpan?: Span }[]): Promise<number> {
  const ended = events.filter((e) => e.type === 'span_ended').map((e) => e.exportedSpan as Span);
  const wire = new Map(replay(events).map((span) => [span.spanId, span]));
  assert.equal(wire.size, ended.length);
  for (const span of ended) {
    const ours = wire.get(span.id);
    assert.ok(ours, `${span.type} ${span.id} arrived`);
    const called = [...wire.values()].some(
      (call) => call.parentSpanId === span.id && call.attributes.has('gen_ai.input.messages'),
    );
    for (const difference of await differencesOf(span, ours, called)) {
      const rows = DIFFERENCES.filter((row) => row.explains(difference));
      const show = (value: unknown): string =>
        typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? 'absent');
      assert.equal(
        rows.length,
        1,
        `${span.type} ${span.id}: ${difference.field} is ${show(difference.ours)}, ` +
          `officially ${show(difference.theirs)}; explained by ${rows.length} rows`,
      );
      for (const row of rows) used.add(row);
    }
  }
  return ended.length;
}

// ---- the recorded runs -------------------------------------------------------------------------

const data = fileURLToPath(new URL('../data/mastra-events/', import.meta.url));
const files = readdirSync(data).filter((name) => name.endsWith('.json'));

test('there are recordings', () => assert.ok(files.length >= 12));

for (const file of files) {
  test(`${file}: at least what the official exporter says`, async () => {
    assert.ok((await check(JSON.parse(readFileSync(data + file, 'utf8')))) >= 3);
  });
}

// ---- made-up spans: every type, every documented attribute -------------------------------------

const MODEL: Fields = {
  model: 'gpt-5',
  provider: 'openai.chat',
  resultType: 'response_generation',
  streaming: true,
  finishReason: 'tool-calls',
  completionStartTime: '2026-11-20T07:57:09.100Z',
  responseModel: 'gpt-5-2026',
  responseId: 'resp_1',
  serverAddress: 'api.openai.com',
  serverPort: 443,
  stepIndex: 0,
  parameters: {
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    stopSequences: ['END', 'STOP'],
    seed: 7,
    maxRetries: 2,
  },
  usage: {
    inputTokens: 10,
    outputTokens: 20,
    inputDetails: {
      text: 9,
      cacheRead: 1,
      cacheWrite: 2,
      cacheWrite5m: 3,
      cacheWrite1h: 4,
      audio: 5,
    },
    outputDetails: { text: 15, reasoning: 6, audio: 7 },
  },
};
const ENTRY: Fields = {
  entryId: 'entry',
  entryDescription: 'an entry',
  entryMetadata: { a: false, b: 0, c: { d: null } },
};
const TOOL: Fields = {
  toolType: 'function',
  toolDescription: 'adds',
  toolCallId: 'c1',
  success: true,
};
const CALLS = { text: '', toolCalls: [{ toolCallId: 'c1', toolName: 'add', args: { a: 1 } }] };

/** Type, attributes and other members. */
const SPANS: [type: string, attributes: Fields, members?: Fields][] = [
  ['agent_run', { instructions: 'be brief', availableTools: ['add'], maxSteps: 5,
    conversationId: 'c', prompt: 'p', resolvedVersionId: 'v' }],
  ['agent_run', { conversationId: 'c' }, { metadata: { threadId: 't', n: 1, o: { a: [1] } } }],
  ['scorer_run', { scorerName: 's' }],
  ['scorer_step', { step: 's' }],
  ['classifier_evaluation', { questionCount: 2 }],
  ['model_generation', MODEL],
  ['model_step', { stepIndex: 1, isContinued: false, finishReason: 'stop', usage: MODEL.usage }],
  ['model_inference', MODEL, { output: CALLS, input: {
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'hi' }] },
      { role: 'assistant', content: [
        { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: { a: 1 } } ] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'add',
        output: { type: 'json', value: { sum: 2 } } }] },
    ] } }],
  ['model_inference', {}, { output: undefined, input: { messages: [
    { role: 'user', content: [{ type: 'image', image: 'x' }, { type: 'text', text: 'hi' }] },
  ] } }],
  ['model_inference', { model: 'm', provider: 'azure', finishReason: 'stop' }, { input: 'a prompt',
    output: { text: 'four', reasoning: [{ type: 'reasoning', text: '2+2' }] } }],
  ['model_inference', { model: 'm', provider: 'google.generative-ai' }, { output: { text: 'x' } }],
  ['model_inference', { model: 'm', provider: 'Mock-Provider' }, { output: { object: { a: 1 } } }],
  ['model_inference', { model: 'm', provider: 'OpenAI', finishReason: 'error' }],
  ['model_chunk', { chunkType: 'text', sequenceNumber: 3 }],
  ['tool_call', TOOL],
  ['tool_call', {}, { metadata: { toolCallId: 'c2' }, entityName: undefined }],
  ['client_tool_call', TOOL],
  ['provider_tool_call', TOOL],
  ['mcp_tool_call', { ...TOOL, mcpServer: 'srv', serverVersion: '2' }],
  ['mcp_server_request', { mcpMethod: 'tools/call', targetName: 'add', mcpServer: 'srv',
    serverVersion: '2', mcpProtocolVersion: '2025', clientName: 'c', clientVersion: '3' }],
  ['processor_run', { processorExecutor: 'workflow', processorIndex: 0 }],
  ['workflow_run', { status: 'success' }],
  ['workflow_step', { status: 'failed', ...ENTRY }],
  ['workflow_conditional', { conditionCount: 2, truthyIndexes: [0], selectedSteps: ['a'],
    ...ENTRY }],
  ['workflow_conditional_eval', { conditionIndex: 0, result: false }],
  ['workflow_parallel', { branchCount: 2, parallelSteps: ['a', 'b'], ...ENTRY }],
  ['workflow_loop', { loopType: 'foreach', iteration: 0, totalIterations: 3, concurrency: 2,
    ...ENTRY }],
  ['workflow_sleep', { durationMs: 5, untilDate: '2026-11-20T07:57:10.000Z', sleepType: 'fixed',
    ...ENTRY }],
  ['workflow_wait_event', { eventName: 'e', timeoutMs: 5, eventReceived: false,
    waitDurationMs: 0 }],
  ['workspace_action', { category: 'search', success: true }],
  ['generic', { internalUsage: MODEL.usage }, { entityName: undefined, entityId: undefined,
    name: "a 'quoted' (name): \u00e4\u{1f600}" }],
  ['memory_operation', { operationType: 'recall', lastMessages: false }],
  ['rag_ingestion', { pipelineName: 'p' }],
  ['rag_embedding', { model: 'e', provider: 'openai', dimensions: 3, inputCount: 2, mode: 'query',
    usage: MODEL.usage }],
  ['rag_vector_operation', { operation: 'query', topK: 3, dimensions: 3 }],
  ['rag_action', { action: 'rerank', scorer: 's' }],
  ['graph_action', { action: 'build', threshold: 0.5 }],
  ['mapping', { mappingType: 'm', toolCallId: 'c1' }],
  ['skill_resolution', { skillCount: 1 }],
  ['skill_action', { operation: 'read', success: true }],
  ['agent_signal', { mode: 'delta' }],
  ['tool_call', TOOL, { output: undefined, errorInfo: { message: 'broke', name: 'TypeError',
    stack: 'TypeError: broke', domain: 'TOOL', category: 'USER',
    details: { stack: 'inner', a: 1 } } }],
  ['generic', {}, { errorInfo: { message: 'broke', id: 'E_1', details: { stack: 'inner' } } }],
  ['generic', {}, { errorInfo: { message: 'broke' } }],
  ['generic', {}, { isEvent: true, endTime: undefined, input: 'text', output: 0 }],
  ['custom_type', { anyThing: 1 }],
];

test('spans of every type: at least what the official exporter says', async () => {
  const make = (n: number, type: string, attributes: Fields, members: Fields = {}): Span => ({
    id: n.toString(16).padStart(16, '0'),
    traceId: '0af7651916cd43dd8448eb211c80319c',
    name: `${type} ${n}`,
    type,
    entityId: 'entity-id',
    entityName: 'Entity Name',
    startTime: '2026-11-20T07:57:09.000Z',
    endTime: '2026-11-20T07:57:09.250Z',
    input: { a: [1, 'b', null], c: 0.5 },
    output: type === 'model_inference' ? undefined : 'output',
    attributes,
    metadata: { runId: 'r1', none: null, list: [1] },
    isEvent: false,
    isRootSpan: false,
    parentSpanId: '00000000000000ff',
    ...members,
  });
  const spans = SPANS.map(([type, attributes, members], i) =>
    make(0x100 + i, type, attributes, members),
  );
  spans.push(
    make(0xff, 'generic', {}, {
      isRootSpan: true,
      parentSpanId: undefined,
      externalParentSpanId: '00000000000000ee',
      tags: ['a', 'b'],
    }),
  );
  // What the recordings do: members that are undefined are not there.
  const events = JSON.parse(
    JSON.stringify(spans.map((exportedSpan) => ({ type: 'span_ended', exportedSpan }))),
  );
  assert.equal(await check(events), spans.length);
});

after(() => {
  const unused = DIFFERENCES.filter((row) => !used.has(row)).map((row) => row.what);
  assert.deepEqual(unused, [], 'rows of DIFFERENCES that nothing needs');
});
