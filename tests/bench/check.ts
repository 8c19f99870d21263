// Whether two candidates did the same work: our body must hold every span, id, time and attribute of
// the official exporter's. It may hold more, and it differs where the official mapping departs from
// the conventions: DIFFERENCES names each such place and says what must be there instead.
// Why it is so: src/edgespan/semconv/README.md.
import { isDeepStrictEqual } from 'node:util';
import { decodeProtobuf, plain, type WireEvent, type WireSpan } from '../support/otlp.ts';

type Ours = (name: string) => unknown;

const parsed = (text: unknown): unknown => JSON.parse(text as string);

/** Attributes whose value is not the official one: what ours must be instead. */
const DIFFERENCES: Record<string, (official: unknown, ours: Ours, span: WireSpan) => boolean> = {
  // An array of strings in the registry, JSON text in the official body.
  'gen_ai.response.finish_reasons': (official, ours) =>
    isDeepStrictEqual(ours('gen_ai.response.finish_reasons'), parsed(official)),
  'gen_ai.request.stop_sequences': (official, ours) =>
    isDeepStrictEqual(ours('gen_ai.request.stop_sequences'), parsed(official)),
  // A name that the registry does not know.
  'gen_ai.usage.reasoning_tokens': (official, ours) =>
    ours('gen_ai.usage.reasoning.output_tokens') === official,
  // The AI SDK's names have a suffix for the API: `openai.chat`.
  'gen_ai.provider.name': (official, ours) =>
    ours('gen_ai.provider.name') === (official as string).split('.')[0],
  // Message parts in the registry, plain text in the official body.
  'gen_ai.system_instructions': (official, ours) =>
    isDeepStrictEqual(parsed(ours('gen_ai.system_instructions')), [
      { type: 'text', content: official },
    ]),
  // Tool definitions in the registry, names in the official body.
  'gen_ai.tool.definitions': (official, ours) =>
    isDeepStrictEqual(
      (parsed(ours('gen_ai.tool.definitions')) as { name: string }[]).map(({ name }) => name),
      parsed(official),
    ),
  // Mastra's preview; the step's call has the messages.
  'mastra.model_step.input': (_, ours) => ours('mastra.model_step.input') === undefined,
  // The first call's, on all of the run; ours is the call's own, if it is known.
  'mastra.completion_start_time': (official, ours, { start }) => {
    const nanos = (time: unknown): bigint => BigInt(Date.parse(time as string)) * 1_000_000n;
    const own = ours('mastra.completion_start_time');
    return nanos(official) < start && (own === undefined || nanos(own) >= start);
  },
  // The official body loses tool calls and finish reasons, and says '' where only tools were called.
  'gen_ai.output.messages': (official, ours) => covers(ours('gen_ai.output.messages'), official),
  // Always `unknown` unless the error has an id; ours has the error's class then.
  'error.type': (official, ours) => official === 'unknown' && typeof ours('error.type') === 'string',
};

interface Message {
  role: string;
  parts: { type: string; content?: unknown }[];
}

/** Whether each part of the official messages is in ours. */
function covers(ours: unknown, official: unknown): boolean {
  const had = parsed(official) as Message[];
  const have = parsed(ours) as Message[];
  return (
    have.length === had.length &&
    had.every(({ role, parts }, i) => {
      const rest = parts.filter((part) => part.type !== 'text' || part.content !== '');
      const has = (part: unknown): boolean => have[i].parts.some((p) => isDeepStrictEqual(p, part));
      return have[i].role === role && rest.every(has);
    })
  );
}

/** The exception event stands at the span's end, not its start, and knows the error's class. */
function compareEvent(official: WireEvent, ours: WireEvent | undefined, span: WireSpan): string[] {
  if (ours?.name !== official.name) return [`event ${official.name} is missing`];
  const faults: string[] = [];
  if (ours.time !== span.end) faults.push(`event ${ours.name} is at ${ours.time}, not the end`);
  for (const [key, value] of official.attributes) {
    if (isDeepStrictEqual(ours.attributes.get(key), value)) continue;
    if (key === 'exception.type' && typeof ours.attributes.get(key) === 'string') continue;
    faults.push(`event attribute ${key} differs`);
  }
  return faults;
}

/** A model call that its provider failed, its step and its generation: Mastra says so in the finish
 *  reason alone, and the official body calls them OK. Ours are errors with an exception event. */
function providerFailed({ attributes }: WireSpan): boolean {
  const reason = (type: string): unknown => plain(attributes.get(`mastra.${type}.finish_reason`));
  return (
    isDeepStrictEqual(plain(attributes.get('gen_ai.response.finish_reasons')), ['error']) ||
    reason('model_step') === 'error' ||
    reason('model_generation') === 'error'
  );
}

function compareSpan(official: WireSpan, ours: WireSpan): string[] {
  const faults: string[] = [];
  for (const field of ['traceId', 'parentSpanId', 'name', 'kind', 'start', 'end'] as const) {
    if (ours[field] !== official[field]) {
      faults.push(`${field} is ${ours[field]}, not ${official[field]}`);
    }
  }
  const failed = official.events.length === 0 && providerFailed(ours);
  if (failed && (ours.status.code !== 2 || ours.events[0]?.name !== 'exception')) {
    faults.push('the failure of its provider is not told');
  }
  if (!failed && !isDeepStrictEqual(ours.status, official.status)) {
    faults.push(`status is ${JSON.stringify(ours.status)}, not ${JSON.stringify(official.status)}`);
  }
  for (const [key, value] of official.attributes) {
    if (isDeepStrictEqual(ours.attributes.get(key), value)) continue;
    const get: Ours = (name) => plain(ours.attributes.get(name));
    if (DIFFERENCES[key]?.(plain(value), get, ours)) continue;
    const show = (v: unknown): string => (JSON.stringify(v) ?? 'absent').slice(0, 200);
    faults.push(`${key} is ${show(get(key))}, not ${show(plain(value))}`);
  }
  if (ours.events.length !== (failed ? 1 : official.events.length)) {
    faults.push(`${ours.events.length} events, not ${official.events.length}`);
  }
  official.events.forEach((event, i) => faults.push(...compareEvent(event, ours.events[i], ours)));
  return faults.map((fault) => `${official.name} (${official.spanId}): ${fault}`);
}

/** Compares two OTLP bodies of one run; a line for each unexpected difference. */
export function compare(official: Uint8Array, ours: Uint8Array): string[] {
  const theirs = decodeProtobuf(official);
  const rest = new Map(decodeProtobuf(ours).map((span) => [span.spanId, span]));
  if (theirs.length !== rest.size) return [`${rest.size} spans, not ${theirs.length}`];
  return theirs.flatMap((span) => {
    const twin = rest.get(span.spanId);
    return twin ? compareSpan(span, twin) : [`${span.name} (${span.spanId}) is missing`];
  });
}
