/**
 * Spans as the engine takes them: an envelope, and content in the core's OpenTelemetry schema.
 * @module
 */
import { FLAG_OTEL, KIND_SHIFT } from '../core/schema.gen.js';
import type { Engine } from '../engine/engine.js';
import type { Envelope, RunMembers } from '../engine/record.js';
import { UNKNOWN_ODDS } from '../limits.js';
import { thresholdIn, withoutThreshold } from '../sampling/threshold.js';
import type { HrTime, InstrumentationScope, ReadableSpan } from './api.js';

// Flags of spans and links in OTLP: whether the parent, or the other span, is of another process.
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** What members of earlier SDKs are called; of the first the parent's context is not known. */
export interface AnySpan extends ReadableSpan {
  readonly parentSpanId?: string | undefined;
  readonly instrumentationLibrary?: InstrumentationScope | undefined;
}

/** Whether no parent of a span is known in its process. */
export function isLocalRoot({ parentSpanContext, parentSpanId }: AnySpan): boolean {
  return parentSpanContext ? !!parentSpanContext.isRemote : !parentSpanId;
}

export function envelopeOf(span: AnySpan, isRootSpan: boolean): Envelope {
  const { status, parentSpanContext } = span;
  const { traceId, spanId } = span.spanContext();
  const parent = parentSpanContext?.spanId ?? span.parentSpanId;
  const isRemote = parentSpanContext?.isRemote;
  return {
    id: spanId,
    traceId,
    name: span.name,
    type: 'generic',
    startTime: milliseconds(span.startTime),
    endTime: span.ended ? milliseconds(span.endTime) : undefined,
    isEvent: false,
    isRootSpan,
    parentSpanId: isRemote ? undefined : parent,
    externalParentSpanId: isRemote ? parent : undefined,
    errorInfo: status.code === 2 ? status : undefined,
  };
}

/** What the engine is told beside the envelope: that it is such a span, and OTLP's SpanKind. */
export function flagsOf({ kind }: ReadableSpan): number {
  const known = kind >= 0 && kind <= 4 ? kind : 0;
  return FLAG_OTEL | ((known + 1) << KIND_SHIFT);
}

/** What is said of a root's run where it begins: how likely it was to be recorded, by its sampler or caller. */
export function runOf(
  span: AnySpan,
  engine: Pick<Engine, 'before' | 'tail'> | undefined,
  threshold?: number,
): RunMembers | undefined {
  const { traceState } = span.spanContext();
  const hasMore = traceState?.get('ot') !== undefined;
  if (engine?.before) {
    // Runs of Mastra's may join this one, and are less likely than it is: of them nothing is said, and
    // these spans say it themselves.
    const rest = hasMore ? withoutThreshold(traceState)?.serialize() : undefined;
    return { traceState: rest || undefined, samplingThreshold: engine.tail && UNKNOWN_ODDS };
  }
  const told = threshold ?? (hasMore ? Math.max(0, thresholdIn(traceState)) : 0);
  if (!hasMore && told === 0) return undefined;
  return { traceState: hasMore ? traceState?.serialize() : undefined, samplingThreshold: told || undefined };
}

/** The members that src/edgespan/otlp/otel_span.cc reads; undefined ones are left out. */
export function contentOf(span: AnySpan): { name: string } {
  const { traceState, traceFlags } = span.spanContext();
  return {
    name: span.name,
    startTimeUnixNano: exact(span.startTime),
    endTimeUnixNano: exact(span.endTime),
    traceState: traceState?.serialize() || undefined,
    attributes: span.attributes,
    droppedAttributesCount: span.droppedAttributesCount || undefined,
    events: some(span.events)?.map((event) => ({
      time: exact(event.time) ?? milliseconds(event.time),
      name: event.name,
      attributes: event.attributes,
      droppedAttributesCount: event.droppedAttributesCount || undefined,
    })),
    droppedEventsCount: span.droppedEventsCount || undefined,
    links: some(span.links)?.map((link) => ({
      traceId: link.context.traceId,
      spanId: link.context.spanId,
      traceState: link.context.traceState?.serialize() || undefined,
      attributes: link.attributes,
      droppedAttributesCount: link.droppedAttributesCount || undefined,
      flags: wireFlags(link.context.traceFlags, link.context.isRemote),
    })),
    droppedLinksCount: span.droppedLinksCount || undefined,
    status: span.status.code || span.status.message ? span.status : undefined,
    flags: wireFlags(traceFlags, span.parentSpanContext?.isRemote),
    scope: span.instrumentationScope ?? span.instrumentationLibrary,
  } as { name: string };
}

/** What is empty says nothing, and costs a few steps on the way. */
const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);

function wireFlags(traceFlags: number, isRemote = false): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}

/** As close as a double comes. */
function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

/** Nanoseconds, where those milliseconds would not be exact. */
function exact(time: HrTime): bigint | undefined {
  const [seconds, nanoseconds] = time;
  if (seconds < 0) return undefined; // before the epoch: the core makes it that
  if (Math.round((milliseconds(time) - seconds * 1000) * 1e6) === nanoseconds) return undefined;
  return BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.round(nanoseconds));
}
