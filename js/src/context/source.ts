/**
 * Whose ids are meant: users have them as a carrier, a context, a span of OpenTelemetry or one of Mastra.
 * @module
 */
import type { Context, Span, SpanContext } from '../otel/api.js';
import { active, SPAN } from '../otel/context.js';
import { w3c } from '../otel/propagation.js';
import { setupIn, withSetup } from '../otel/setup.js';
import { isValid, NonRecordingSpan, SAMPLED } from '../otel/span_context.js';
import { type Carrier, readCarrier, refuse } from './carrier.js';

/** A span of Mastra (`tracingContext.currentSpan`), as far as its ids go. */
export interface SpanIds {
  readonly traceId: string;
  readonly id: string;
}

/** Where ids can be taken from. */
export type TraceSource =
  | Carrier
  | Context
  | SpanContext
  | SpanIds
  | { spanContext(): SpanContext }
  | null
  | undefined;

const fields = {
  keys: (carrier: object) => Object.keys(carrier),
  get: (carrier: Record<string, string>, field: string) => carrier[field],
};

/**
 * The context in which the carrier's span is the active one, of another process. What cannot be read is
 * ignored, as W3C wants it, and counted (`refusedCarriers()`): then it is the given context.
 *
 * @param carrier anything: it comes from outside.
 * @param context what the rest is taken from; the active one by default.
 * @example
 * tracer.startSpan('job', {}, extract(message.body.trace));
 */
export function extract(carrier: unknown, context: Context = active()): Context {
  const read = readCarrier(carrier);
  if (typeof read === 'string') {
    refuse(read);
    return context;
  }
  const found = w3c.extract(context, read, fields);
  // Baggage goes on nevertheless.
  if (read.traceparent && found.getValue(SPAN) === context.getValue(SPAN)) refuse('malformed');
  // Spans that start there go where those go that start here.
  const setup = setupIn(context);
  return setup ? withSetup(found, setup) : found;
}

/** The context that a source stands for; the active one without any. */
export function contextOf(source: TraceSource): Context {
  if (!source) return active();
  if (typeof (source as Context).getValue === 'function') return source as Context;
  if (typeof (source as Span).spanContext === 'function') {
    return active().setValue(SPAN, source);
  }
  const { traceId, spanId, id } = source as Partial<SpanContext & SpanIds>;
  if (typeof traceId !== 'string') return extract(source);
  const given = source as Partial<SpanContext>;
  const context: SpanContext = {
    // Mastra takes shorter ids; on the wire they have zeros in front.
    traceId: traceId.toLowerCase().padStart(32, '0'),
    spanId: `${spanId ?? id}`.toLowerCase().padStart(16, '0'),
    traceFlags: given.traceFlags ?? SAMPLED,
    traceState: given.traceState,
  };
  return isValid(context) ? active().setValue(SPAN, new NonRecordingSpan(context)) : active();
}
