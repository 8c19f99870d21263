/**
 * An exporter of OpenTelemetry's SDK as a destination: it is given spans as the SDK would.
 * @module
 */
import { BODY_OTHER } from '../core/schema.gen.js';
import type { PrivacyOptions } from '../engine/privacy.js';
import type { Answer, Destination, Payload } from '../destinations/destination.js';
import { RETRY_MS } from '../limits.js';
import { within } from '../transport/deliver.js';
import { readSpans, type ReadSpan } from '../transport/otlp_read.js';
import type { ReadableSpan, SpanContext } from './api.js';
import type { Flushable } from './flushable.js';
import { TraceState } from './trace_state.js';

/** OpenTelemetry's SpanExporter (`@opentelemetry/sdk-trace-base`), as far as it is used. */
export interface SpanExporter {
  export(spans: any[], told: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}

/** Seconds, and nanoseconds of the next. */
const hrTime = (nanoseconds: bigint): [number, number] => [
  Number(nanoseconds / 1_000_000_000n),
  Number(nanoseconds % 1_000_000_000n),
];

/** OpenTelemetry's ReadableSpan. */
function readable(span: ReadSpan): ReadableSpan & { parentSpanId: string | undefined } {
  const { traceId, parentSpanId, spanId, status, message, traceFlags } = span;
  const own = contextOf(traceId, spanId, traceFlags, span.traceState);
  const parent = { traceId, spanId: parentSpanId, traceFlags, isRemote: span.remoteParent };
  const all = {
    name: span.name,
    kind: Math.max(0, span.kind - 1), // the API counts from INTERNAL
    spanContext: () => own,
    parentSpanContext: parentSpanId ? parent : undefined,
    parentSpanId: parentSpanId || undefined, // of the SDK's first version
    startTime: hrTime(span.start),
    endTime: hrTime(span.end),
    duration: hrTime(span.end - span.start),
    ended: true,
    status: { code: status, ...(message && { message }) },
    attributes: span.attributes,
    links: span.links.map((link) => ({
      context: {
        ...contextOf(link.traceId, link.spanId, link.traceFlags, link.traceState),
        isRemote: link.isRemote,
      },
      attributes: link.attributes,
      droppedAttributesCount: link.droppedAttributes,
    })),
    events: span.events.map(({ name, time, attributes, droppedAttributes }) => ({
      name,
      time: hrTime(time),
      attributes,
      droppedAttributesCount: droppedAttributes,
    })),
    resource: { attributes: span.resource, asyncAttributesPending: false },
    instrumentationScope: { name: '', ...span.scope },
    instrumentationLibrary: span.scope,
    droppedAttributesCount: span.droppedAttributes,
    droppedEventsCount: span.droppedEvents,
    droppedLinksCount: span.droppedLinks,
  };
  return all;
}

function contextOf(traceId: string, spanId: string, traceFlags: number, state: string): SpanContext {
  const traceState = state ? TraceState.parse(state) : undefined;
  return { traceId, spanId, traceFlags, isRemote: false, ...(traceState && { traceState }) };
}

// Two exporters are never one, however they are called.
const numbers = new WeakMap<SpanExporter, number>();
let made = 0;

export interface ThroughExporterOptions extends PrivacyOptions {
  /** Names it in receipts and warnings; `exporter` by default. */
  name?: string | undefined;
  /** Spans that it is given at once; 512 by default. */
  maxSpans?: number | undefined;
}

/**
 * A destination that hands spans to an exporter of OpenTelemetry's SDK, in place of sending them itself:
 * as ReadableSpans, at a run's end. What fails is not handed over again. A tracer provider flushes it and
 * shuts it down with itself.
 *
 * @example
 * new EdgespanTracerProvider({ destinations: [throughExporter(new ConsoleSpanExporter())] });
 */
export function throughExporter(
  exporter: SpanExporter,
  options?: ThroughExporterOptions,
): Destination & Flushable {
  const name = options?.name ?? 'exporter';
  const maxSpans = options?.maxSpans || 512;
  if (!numbers.has(exporter)) numbers.set(exporter, ++made);
  const told = JSON.stringify(['exporter', name, numbers.get(exporter)]);
  return {
    name,
    settings: {
      dialect: 'genai',
      maxBytes: 64_000_000,
      maxSpans,
      whole: false,
      remoteParent: undefined,
      dropTypes: [],
    },
    problem: undefined,
    privacy: { redact: options?.redact, content: options?.content },
    identity: () => told,
    storeId: () => told,
    budget: 0, // what is to be sent again it knows itself
    coding: '',
    signals: [],
    encode: () => undefined,
    post: async ({ bytes }: Payload): Promise<Answer> => {
      let [status, cause] = [500, 'the exporter did not answer'];
      const fail = (error: unknown): void => void (cause = `the exporter threw (${error})`);
      const told = new Promise<void>((resolve, reject) => {
        const result = exporter.export(readSpans(bytes).map(readable), ({ code, error }) => {
          if (code === 0) [status, cause] = [200, ''];
          else cause = `the exporter failed (${error?.message ?? code})`;
          resolve();
        }) as unknown;
        // An asynchronous one rejects, in place of throwing.
        Promise.resolve(result).catch(reject);
      }).catch(fail);
      await within(RETRY_MS, told);
      return { status, kind: BODY_OTHER, body: new Uint8Array(0), retryAfter: '', cause };
    },
    redact: (text) => text,
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: async () => exporter.shutdown?.(),
    serializeForSpan: () => ({ name }),
  };
}

