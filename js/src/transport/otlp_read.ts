/**
 * Spans of a body that the core wrote, as plain objects: for formats that are not OTLP, which are made of
 * them. The engine parses the JSON of otlp_json.ts faster than JavaScript walks protobuf.
 * @module
 */
import { jsonText } from './otlp_json.js';

export interface ReadEvent {
  readonly time: bigint;
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  readonly droppedAttributes: number;
}

export interface ReadLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  /** W3C's. */
  readonly traceFlags: number;
  readonly isRemote: boolean;
  readonly attributes: Record<string, unknown>;
  readonly droppedAttributes: number;
}

/** Times in nanoseconds since the epoch; ids in lower-case hex. */
export interface ReadSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '': none. */
  readonly parentSpanId: string;
  /** Whether the parent lives in another process. */
  readonly remoteParent: boolean;
  readonly traceState: string;
  /** W3C's. */
  readonly traceFlags: number;
  readonly name: string;
  /** SPAN_KIND_* of OTLP. */
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  /** Text, boolean, number (an integer that is none exactly: text), list, object, null; bytes in base64. */
  readonly attributes: Record<string, unknown>;
  readonly events: readonly ReadEvent[];
  readonly links: readonly ReadLink[];
  /** 0: unset, 1: well, 2: failed. */
  readonly status: number;
  readonly message: string;
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
  readonly resource: Record<string, unknown>;
  /** The span's own: a body may have several. */
  readonly scope: { readonly name?: string; readonly version?: string; readonly schemaUrl?: string };
}

type Json = Record<string, any>;

const TRACE_FLAGS = 0xff;
const IS_REMOTE = 0x200; // Span.flags: the parent is in another process

function value(any: Json | undefined): unknown {
  const [kind, given] = Object.entries(any ?? {})[0] ?? [];
  if (kind === 'arrayValue') return (given.values ?? []).map(value);
  if (kind === 'doubleValue') return Number(given); // NaN is text in JSON
  if (kind === 'intValue' && Number.isSafeInteger(Number(given))) return Number(given);
  return kind === 'kvlistValue' ? record(given.values) : (given ?? null);
}

// fromEntries() makes members of its own of any key, `__proto__` included.
function record(pairs: Json[] = []): Record<string, unknown> {
  return Object.fromEntries(pairs.map((pair) => [pair.key ?? '', value(pair.value)]));
}

/** All spans, in the order of the body. REQUIRES: bytes that the core wrote. */
export function readSpans(body: Uint8Array): ReadSpan[] {
  const read: ReadSpan[] = [];
  const { resourceSpans = [] } = JSON.parse(jsonText(body)) as Json;
  for (const { resource: of, scopeSpans = [] } of resourceSpans) {
    const resource = record(of?.attributes);
    for (const { scope: own = {}, schemaUrl, spans = [] } of scopeSpans) {
      const scope = { name: own.name, version: own.version, schemaUrl };
      for (const span of spans as Json[]) {
        read.push({
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId ?? '',
          remoteParent: (span.flags & IS_REMOTE) !== 0,
          traceState: span.traceState ?? '',
          traceFlags: (span.flags ?? 0) & TRACE_FLAGS,
          name: span.name ?? '',
          kind: span.kind ?? 0,
          start: BigInt(span.startTimeUnixNano ?? 0),
          end: BigInt(span.endTimeUnixNano ?? 0),
          attributes: record(span.attributes),
          events: (span.events ?? []).map((event: Json) => ({
            time: BigInt(event.timeUnixNano ?? 0),
            name: event.name ?? '',
            attributes: record(event.attributes),
            droppedAttributes: event.droppedAttributesCount ?? 0,
          })),
          links: (span.links ?? []).map((link: Json) => ({
            traceId: link.traceId ?? '',
            spanId: link.spanId ?? '',
            traceState: link.traceState ?? '',
            traceFlags: (link.flags ?? 0) & TRACE_FLAGS,
            isRemote: (link.flags & IS_REMOTE) !== 0,
            attributes: record(link.attributes),
            droppedAttributes: link.droppedAttributesCount ?? 0,
          })),
          status: span.status?.code ?? 0,
          message: span.status?.message ?? '',
          droppedAttributes: span.droppedAttributesCount ?? 0,
          droppedEvents: span.droppedEventsCount ?? 0,
          droppedLinks: span.droppedLinksCount ?? 0,
          resource,
          scope,
        });
      }
    }
  }
  return read;
}
