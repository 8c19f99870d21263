// Where spans of ours deliberately are not what @mastra/otel-exporter makes of the same: one row each,
// with the reason. A difference without a row is a defect; src/edgespan/semconv/README.md repeats the list
// for readers.
import { isDeepStrictEqual } from 'node:util';
import type { convert, Fields, Span } from './official.ts';
import { parsed } from './official.ts';
import { plain, type WireSpan } from './otlp.ts';

/** One way in which a span of ours is not the official one. `field`: an attribute, or what else. */
export interface Difference {
  field: string;
  theirs: unknown;
  ours: unknown;
  span: Span;
  wire: WireSpan;
  /** Whether a model call below the span says what went in. */
  called: boolean;
  /** Whether its run hides inputs or outputs: its root ended without. */
  hidden: boolean;
}

export interface Row {
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

export const DIFFERENCES: Row[] = [
  {
    what: 'Instructions and tools are not told of a run that hides its input',
    why: "hideInput and hideOutput are not on exported spans, and Mastra leaves what stands in attributes.",
    explains: ({ field, ours, hidden }) =>
      hidden &&
      ours === undefined &&
      ['gen_ai.system_instructions', 'gen_ai.tool.definitions', 'gen_ai.tool.description'].includes(field),
  },
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
        parsed(ours)?.map(({ type, name }: Fields) => ({ type, name })),
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

/** A span as the official exporter tells it, whichever way it was seen. */
export interface Told extends Pick<WireSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'kind' | 'start' | 'end' | 'status'> {
  attributes: Fields;
  events: { name: string; time: bigint; attributes: Fields }[];
}

const nanos = ([seconds, rest]: [number, number]): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(rest);

/** Of what its converter made. */
export function toldBy(official: Awaited<ReturnType<typeof convert>>): Told {
  const { name, status, attributes, startTime, endTime } = official;
  const { traceId, spanId } = official.spanContext();
  return {
    traceId,
    spanId,
    parentSpanId: official.parentSpanContext?.spanId ?? '',
    name,
    kind: official.kind + 1, // OTLP counts from "unspecified"
    start: nanos(startTime),
    end: nanos(endTime),
    status: { code: status.code, message: status.message ?? '' },
    attributes,
    events: official.events.map((event) => {
      return { name: event.name, time: nanos(event.time), attributes: event.attributes ?? {} };
    }),
  };
}

/** Of what it sent. */
export function toldOnTheWire(wire: WireSpan): Told {
  const fields = (attributes: WireSpan['attributes']): Fields =>
    Object.fromEntries([...attributes].map(([key, value]) => [key, plain(value)]));
  const events = wire.events.map((event) => ({ ...event, attributes: fields(event.attributes) }));
  return { ...wire, attributes: fields(wire.attributes), events };
}

/** What of it ours has otherwise; what ours has beyond it is none. */
export function differencesOf(
  span: Span,
  official: Told,
  wire: WireSpan,
  called: boolean,
  hidden = false,
): Difference[] {
  const differences: Difference[] = [];
  const compare = (field: string, theirs: unknown, ours: unknown): void => {
    if (!isDeepStrictEqual(theirs, ours)) {
      differences.push({ field, theirs, ours, span, wire, called, hidden });
    }
  };
  compare('trace id', official.traceId, wire.traceId);
  compare('span id', official.spanId, wire.spanId);
  compare('parent', official.parentSpanId, wire.parentSpanId);
  compare('name', official.name, wire.name);
  compare('kind', official.kind, wire.kind);
  compare('start', official.start, wire.start);
  compare('end', official.end, wire.end);
  compare('status', official.status.code, wire.status.code);
  compare('status message', official.status.message, wire.status.message);
  for (const [key, value] of Object.entries(official.attributes)) {
    if (value === undefined || value === null) continue; // OpenTelemetry sends none of these
    compare(key, value, plain(wire.attributes.get(key)));
  }
  compare('exceptions', official.events.length, wire.events.length);
  for (const [i, event] of official.events.entries()) {
    const ours = wire.events[i];
    if (!ours) break;
    compare('exception name', event.name, ours.name);
    compare('exception time', event.time, ours.time);
    for (const [key, value] of Object.entries(event.attributes)) {
      compare(key, value, plain(ours.attributes.get(key)));
    }
  }
  return differences;
}

/** The one row that explains a difference. @throws Error where there is none, or several */
export function rowFor(difference: Difference): Row {
  const { field, theirs, ours, span } = difference;
  const rows = DIFFERENCES.filter((row) => row.explains(difference));
  const show = (value: unknown): string =>
    typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? 'absent');
  if (rows.length !== 1) {
    throw new Error(
      `${span.type} ${span.id}: ${field} is ${show(ours)}, officially ${show(theirs)}; ` +
        `explained by ${rows.length} rows`,
    );
  }
  return rows[0];
}
