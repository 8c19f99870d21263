// What must arrive for what Mastra emitted: an oracle of the GenAI mapping, written from Mastra's
// documented fields and the GenAI semantic conventions, independent of the core. checkTrace()
// compares a run's ended spans with the spans that arrived and returns every difference as a line.
//
// It asserts values, not bytes: JSON texts are compared parsed, and an attribute may hold
// structured data where the official exporter writes JSON text. Attributes beyond the expected are
// allowed.
import { isDeepStrictEqual } from 'node:util';
import type { Heard } from '../runtime/worker/model.ts';
import {
  comparable,
  expectedMessages,
  heardMessages,
  type Message,
  type Messages,
} from './messages.ts';
import { lint, plain, type WireSpan } from './otlp.ts';

/** An ended span as recorded: Mastra's ExportedSpan after JSON (Dates are ISO strings). */
export interface MastraSpan {
  id: string;
  traceId: string;
  name: string;
  type: string;
  startTime: string;
  endTime?: string;
  isEvent: boolean;
  isRootSpan: boolean;
  parentSpanId?: string;
  externalParentSpanId?: string;
  entityType?: string;
  entityId?: string;
  requestContext?: Record<string, unknown>;
  entityName?: string;
  attributes?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  tags?: string[];
  input?: unknown;
  output?: unknown;
  errorInfo?: { message: string; name?: string; stack?: string; id?: string };
}

const OPERATIONS: Record<string, string> = {
  agent_run: 'invoke_agent',
  workflow_run: 'invoke_workflow',
  model_inference: 'chat',
  model_step: 'agent_step',
  rag_embedding: 'embeddings',
  tool_call: 'execute_tool',
  client_tool_call: 'execute_tool',
  mcp_tool_call: 'execute_tool',
  provider_tool_call: 'execute_tool',
};
const CLIENT = new Set(['model_inference', 'rag_embedding', 'mcp_tool_call']);
const TOOLS = new Set(['tool_call', 'client_tool_call', 'mcp_tool_call', 'provider_tool_call']);
const NAMED_BY_MODEL = new Set(['model_generation', 'model_inference', 'rag_embedding']);
const UNNAMED = new Set([
  'workflow_conditional',
  'workflow_conditional_eval',
  'workflow_parallel',
  'workflow_loop',
  'workflow_sleep',
  'workflow_wait_event',
]);

/** The id on the wire: lower case, padded on the left to `digits` (users may give short ones). */
export function wireId(id: string, digits: number): string {
  return id.toLowerCase().padStart(digits, '0');
}

/** The trace id on the wire; W3C forbids zero, so a zero one becomes the root's span id, twice. */
export function wireTraceId(root: MastraSpan): string {
  const id = wireId(root.traceId, 32);
  return /^0+$/.test(id) ? wireId(root.id, 16).repeat(2) : id;
}

export function nameOf(span: MastraSpan): string {
  const operation = OPERATIONS[span.type] ?? span.type;
  let identifier = span.entityName ?? span.entityId;
  if (NAMED_BY_MODEL.has(span.type)) identifier = span.attributes?.model as string | undefined;
  else if (span.type === 'workflow_step') identifier = span.entityId;
  else if (UNNAMED.has(span.type)) identifier = undefined;
  return identifier ? `${operation} ${identifier}` : span.name.replace(/[^\p{L}\p{N}._ -]/gu, '');
}

function kindOf(span: MastraSpan): number {
  if (CLIENT.has(span.type)) return 3;
  return span.type === 'mcp_server_request' ? 2 : 1;
}

const nanos = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;

/** The convention's name, of those that the tests' models have: `openai.chat` is `openai`. */
const providerOf = (given?: string): string | undefined => given?.replace(/\..*/, '').toLowerCase();

/** Attribute name to expected JSON value; undefined where there is nothing to expect. */
function attributesOf(span: MastraSpan): Record<string, unknown> {
  const a = (span.attributes ?? {}) as Record<string, any>; // by span type: see Mastra's types
  const isModel = span.type === 'model_inference';
  const expected: Record<string, unknown> = {
    'gen_ai.operation.name': OPERATIONS[span.type] ?? span.type,
    'mastra.span.type': span.type,
    'gen_ai.conversation.id': span.metadata?.threadId ?? a.conversationId,
  };
  for (const [key, value] of Object.entries(span.metadata ?? {})) {
    expected[`mastra.metadata.${key}`] = value;
  }
  if (span.isRootSpan) expected['mastra.tags'] = span.tags;
  if (TOOLS.has(span.type)) {
    expected['gen_ai.tool.call.arguments'] = span.input;
    expected['gen_ai.tool.call.result'] = span.output;
    expected['gen_ai.tool.name'] = span.entityName ?? span.entityId;
    expected['gen_ai.tool.description'] = a.toolDescription;
    expected['gen_ai.tool.type'] = a.toolType;
    expected['gen_ai.tool.call.id'] = a.toolCallId ?? span.metadata?.toolCallId;
  } else if (!isModel) {
    expected[`mastra.${span.type}.input`] = span.input;
    expected[`mastra.${span.type}.output`] = span.output;
  }
  if (isModel || span.type === 'agent_run') {
    expected['gen_ai.agent.id'] = span.entityId;
    expected['gen_ai.agent.name'] = span.entityName;
  }
  if (isModel) {
    expected['gen_ai.request.model'] = a.model;
    expected['gen_ai.provider.name'] = providerOf(a.provider);
    expected['gen_ai.usage.input_tokens'] = a.usage?.inputTokens;
    expected['gen_ai.usage.output_tokens'] = a.usage?.outputTokens;
    expected['gen_ai.usage.reasoning.output_tokens'] = a.usage?.outputDetails?.reasoning;
    expected['gen_ai.usage.cache_read.input_tokens'] = a.usage?.inputDetails?.cacheRead;
    expected['gen_ai.usage.cache_creation.input_tokens'] = a.usage?.inputDetails?.cacheWrite;
    expected['gen_ai.request.temperature'] = a.parameters?.temperature;
    expected['gen_ai.request.max_tokens'] = a.parameters?.maxOutputTokens;
    expected['gen_ai.request.top_p'] = a.parameters?.topP;
    expected['gen_ai.request.stop_sequences'] = a.parameters?.stopSequences;
    expected['gen_ai.request.seed'] = a.parameters?.seed;
    expected['gen_ai.response.finish_reasons'] = a.finishReason && [a.finishReason];
    expected['gen_ai.response.model'] = a.responseModel;
    expected['gen_ai.request.stream'] = a.streaming;
  }
  if (span.type === 'model_step') {
    expected['mastra.model_step.step_index'] = a.stepIndex;
    expected['mastra.model_step.is_continued'] = a.isContinued;
  }
  if (span.type === 'workflow_step') expected['mastra.workflow_step.step_id'] = span.entityId;
  if (span.type.startsWith('mcp_')) {
    expected[`mastra.${span.type}.server_name`] = a.mcpServer;
    expected['mcp.method.name'] = a.mcpMethod;
    expected['mcp.protocol.version'] = a.mcpProtocolVersion;
  }
  if (span.type === 'agent_run' && typeof a.instructions === 'string') {
    expected['gen_ai.system_instructions'] = [{ type: 'text', content: a.instructions }];
  }
  expected['mastra.entity_type'] = span.entityType;
  expected['mastra.request_context'] = span.requestContext;
  if (span.type === 'rag_embedding') {
    expected['gen_ai.request.model'] = a.model;
    expected['gen_ai.provider.name'] = providerOf(a.provider);
    expected['gen_ai.usage.input_tokens'] = a.usage?.inputTokens;
    expected['gen_ai.embeddings.dimension.count'] = a.dimensions;
  }
  // What has no word of its own keeps its name.
  for (const [key, value] of Object.entries(a)) {
    if (key === 'parameters') {
      for (const [name, parameter] of Object.entries(value as object)) {
        if (isModel && WORDED_PARAMETERS.has(name)) continue;
        expected[`mastra.${span.type}.parameters.${snake(name)}`] = parameter;
      }
    } else if (!WORDED[span.type]?.includes(key)) {
      expected[`mastra.${span.type}.${snake(key)}`] = value;
    }
  }
  return expected;
}

/** Attributes that attributesOf() expects under other names than their own. */
const TOOL_WORDS = ['toolType', 'toolDescription', 'toolCallId'];
const WORDED: Record<string, string[]> = {
  agent_run: ['conversationId', 'instructions', 'availableTools'],
  model_inference: [
    ...['model', 'provider', 'usage', 'finishReason', 'streaming', 'completionStartTime'],
    ...['responseModel', 'responseId', 'serverAddress', 'serverPort'],
  ],
  rag_embedding: ['model', 'provider', 'dimensions', 'usage'],
  tool_call: TOOL_WORDS,
  client_tool_call: TOOL_WORDS,
  provider_tool_call: TOOL_WORDS,
  mcp_tool_call: [...TOOL_WORDS, 'mcpServer'],
  mcp_server_request: ['mcpMethod', 'mcpProtocolVersion', 'mcpServer'],
};
const WORDED_PARAMETERS = new Set([
  ...['temperature', 'maxOutputTokens', 'topP', 'topK', 'stopSequences', 'seed'],
  ...['presencePenalty', 'frequencyPenalty', 'headers', 'abortSignal'],
]);

const snake = (key: string): string => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** True when the attribute says `expected`, natively or as JSON text. */
export function says(actual: unknown, expected: unknown): boolean {
  const wanted: unknown = JSON.parse(JSON.stringify(expected));
  if (isDeepStrictEqual(actual, wanted)) return true;
  if (typeof actual !== 'string' || typeof wanted === 'string') return false;
  try {
    return isDeepStrictEqual(JSON.parse(actual), wanted);
  } catch {
    return false;
  }
}

const FAILING = new Set(['model_inference', 'model_step', 'model_generation']);

/**
 * Mastra gives a model call that its provider failed, its step and its generation no errorInfo: only
 * the finish reason tells, and an ancestor of what it failed.
 */
export function providerError(
  span: MastraSpan,
  ended: readonly MastraSpan[],
): MastraSpan['errorInfo'] | undefined {
  if (!FAILING.has(span.type) || span.attributes?.finishReason !== 'error') return undefined;
  let above: MastraSpan | undefined = span;
  while (above && !above.errorInfo) above = ended.find(({ id }) => id === above?.parentSpanId);
  return above?.errorInfo ?? { message: '' };
}

function checkSpan(
  wire: WireSpan,
  span: MastraSpan,
  traceId: string,
  ended: readonly MastraSpan[],
): string[] {
  const faults = lint(wire);
  const differ = (what: string, actual: unknown, expected: unknown): void => {
    if (Object.is(actual, expected)) return;
    const show = (v: unknown): string =>
      (typeof v === 'bigint' ? `${v}` : (JSON.stringify(v) ?? 'absent')).slice(0, 300);
    faults.push(`${span.type} ${span.id}: ${what} is ${show(actual)}, not ${show(expected)}`);
  };
  // The child of a span that Mastra showed to nobody hangs below the root.
  const orphan = span.parentSpanId && !ended.some(({ id }) => id === span.parentSpanId);
  const root = ended.find(({ isRootSpan }) => isRootSpan);
  const parent = orphan && root !== span ? root?.id : (span.parentSpanId ?? span.externalParentSpanId);
  differ('trace id', wire.traceId, traceId);
  differ('parent', wire.parentSpanId, parent ? wireId(parent, 16) : '');
  differ('name', wire.name, nameOf(span));
  differ('kind', wire.kind, kindOf(span));
  differ('start', wire.start, nanos(span.startTime));
  differ('end', wire.end, nanos(span.endTime ?? span.startTime));
  const error = span.errorInfo ?? providerError(span, ended);
  differ('is failed', wire.status.code === 2, error !== undefined);
  if (error) {
    differ('status message', wire.status.message, error.message);
    const event = wire.events.find((e) => e.name === 'exception');
    differ('exception', event?.attributes.get('exception.message'), error.message);
    const type = event?.attributes.get('exception.type');
    differ('exception type', type, error.name ?? 'Error');
    differ('error type', wire.attributes.get('error.type'), error.id ?? error.name ?? '_OTHER');
  }
  // Mastra's preview of a step's input is sent only where no call below the step has the messages.
  const told = span.type === 'model_step' && ended.some(
    ({ type, parentSpanId }) => type === 'model_inference' && parentSpanId === span.id,
  );
  for (const [key, value] of Object.entries(attributesOf(span))) {
    if (value === undefined || value === null) continue;
    const actual = plain(wire.attributes.get(key));
    if (told && key === 'mastra.model_step.input') {
      differ(key, actual, undefined);
      continue;
    }
    if (!says(actual, value)) differ(key, actual, value);
  }
  const tools = (span.attributes?.availableTools as string[] | undefined) ?? [];
  for (const name of span.type === 'agent_run' ? tools : []) {
    const said = plain(wire.attributes.get('gen_ai.tool.definitions'));
    const all = (typeof said === 'string' ? JSON.parse(said) : said) as { name: string }[] | undefined;
    const tool = all?.find((one) => one.name === name);
    if (!tool || !('type' in tool)) differ(`definition of ${name}`, tool, { name, type: 'function' });
  }
  return faults;
}

/**
 * Compares what arrived with what one run emitted: every ended span once, nothing else, each with
 * its values. `arrived` is all spans of all bodies that belong to the run.
 *
 * @returns one line per difference; empty when they agree.
 */
export function checkTrace(arrived: readonly WireSpan[], ended: readonly MastraSpan[]): string[] {
  const root = ended.find((span) => span.isRootSpan);
  if (!root) return [`no root among the ${ended.length} ended spans`];
  const traceId = wireTraceId(root);
  const faults: string[] = [];
  const byId = new Map<string, WireSpan>();
  for (const span of arrived) {
    if (byId.has(span.spanId)) faults.push(`${span.spanId} (${span.name}) arrived twice`);
    byId.set(span.spanId, span);
  }
  for (const span of ended) {
    const wire = byId.get(wireId(span.id, 16));
    byId.delete(wireId(span.id, 16));
    if (!wire) faults.push(`${span.type} ${span.id} (${span.name}) did not arrive`);
    else faults.push(...checkSpan(wire, span, traceId, ended), ...checkMessages(wire, span, ended));
  }
  for (const span of byId.values()) faults.push(`${span.spanId} (${span.name}) was never emitted`);
  return faults;
}

function checkMessages(wire: WireSpan, span: MastraSpan, ended: readonly MastraSpan[]): string[] {
  if (span.type !== 'model_inference') return [];
  const faults = compare(wire, expectedMessages(span, ended));
  // Whatever is known: an answer follows its question.
  const messages = readMessages(wire, 'gen_ai.input.messages');
  const asked = new Set<unknown>();
  for (const { parts } of Array.isArray(messages) ? (messages as Message[]) : []) {
    for (const { type, id } of parts as { type: string; id?: string }[]) {
      if (type === 'tool_call') asked.add(id);
      if (type !== 'tool_call_response' || asked.has(id)) continue;
      faults.push(`${wire.name} ${wire.spanId}: the answer to ${id} comes before its call`);
    }
  }
  return faults;
}

function compare(wire: WireSpan, expected: Messages): string[] {
  const faults: string[] = [];
  for (const [key, messages] of Object.entries(expected)) {
    if (messages === undefined) continue;
    const actual = readMessages(wire, key);
    const wanted: unknown = JSON.parse(JSON.stringify(comparable(messages)));
    if (isDeepStrictEqual(actual, wanted)) continue;
    const show = (v: unknown): string => JSON.stringify(v) ?? 'absent';
    faults.push(`${wire.name} ${wire.spanId}: ${key} is\n${show(actual)}, not\n${show(wanted)}`);
  }
  return faults;
}

/**
 * Compares the messages of model calls with what the scripted model was really given and answered,
 * call by call. `calls` are the model_inference spans in the order in which they began.
 *
 * @returns one entry per difference.
 */
export function checkHeard(
  arrived: readonly WireSpan[],
  calls: readonly MastraSpan[],
  heard: readonly Heard[],
): string[] {
  // A run that was resumed tells the call that it was suspended in again, without asking the model.
  const asked = calls.filter(({ attributes }) => attributes?.parameters);
  const given = asked.slice(0, heard.length);
  // One that was given up may have a last call that was never made.
  const unheard = asked.slice(heard.length).filter(({ output }) => output !== undefined);
  if (given.length < heard.length || unheard.length > 0) {
    return [`${asked.length} calls, and the model heard ${heard.length}`];
  }
  return given.flatMap((span, i) => {
    const wire = arrived.find(({ spanId }) => spanId === span.id);
    if (!wire) return [`call ${span.id} did not arrive`];
    const messages: Messages = heardMessages(heard[i] as Heard);
    // Mastra does not record what the call said in which a run was suspended.
    if (span.output === undefined) delete messages['gen_ai.output.messages'];
    return compare(wire, messages);
  });
}

/** Messages as they travel; what is an object in them is one, not JSON text. */
function readMessages(wire: WireSpan, key: string): unknown {
  const attribute = plain(wire.attributes.get(key));
  const messages = typeof attribute === 'string' ? JSON.parse(attribute) : attribute;
  if (!Array.isArray(messages)) return messages;
  return comparable(messages.map(({ role, parts }) => ({ role, parts })));
}
