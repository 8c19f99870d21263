/**
 * An exporter of OpenTelemetry's SDK as a destination: it is given spans as the SDK would.
 * @module
 */
import { BODY_OTHER } from '../core/schema.gen.js';
import type { Answer, Destination, Payload } from '../destinations/destination.js';
import { readSpans, type ReadSpan } from '../transport/otlp_read.js';

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
function readable(span: ReadSpan): object {
  const { traceId, parentSpanId, spanId, status, message } = span;
  const context = (id: string, isRemote: boolean): object => ({ traceId, spanId: id, traceFlags: 1, isRemote });
  const own = context(spanId, false);
  return {
    name: span.name,
    kind: Math.max(0, span.kind - 1), // the API counts from INTERNAL
    spanContext: () => own,
    parentSpanContext: parentSpanId ? context(parentSpanId, span.remoteParent) : undefined,
    parentSpanId: parentSpanId || undefined, // of the SDK's first version
    startTime: hrTime(span.start),
    endTime: hrTime(span.end),
    duration: hrTime(span.end - span.start),
    ended: true,
    status: { code: status, ...(message && { message }) },
    attributes: span.attributes,
    links: [],
    events: span.events.map(({ name, time, attributes }) => ({ name, time: hrTime(time), attributes })),
    resource: { attributes: span.resource, asyncAttributesPending: false },
    instrumentationScope: span.scope,
    instrumentationLibrary: span.scope,
    droppedAttributesCount: span.droppedAttributes,
    droppedEventsCount: span.droppedEvents,
    droppedLinksCount: 0,
  };
}

// Two exporters are never one, however they are called.
const numbers = new WeakMap<SpanExporter, number>();
let made = 0;

export function throughExporter(exporter: SpanExporter, name: string, maxSpans = 512): Destination {
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
    identity: () => told,
    storeId: () => told,
    budget: 0, // what is to be sent again it knows itself
    coding: '',
    signals: [],
    encode: () => undefined,
    post: ({ bytes }: Payload): Promise<Answer> =>
      new Promise((resolve) => {
        const answer = (status: number, cause = ''): void =>
          resolve({ status, kind: BODY_OTHER, body: new Uint8Array(0), retryAfter: '', cause });
        try {
          exporter.export(readSpans(bytes).map(readable), ({ code, error }) =>
            code === 0 ? answer(200) : answer(500, `the exporter failed (${error?.message ?? code})`),
          );
        } catch (error) {
          answer(500, `the exporter threw (${error})`);
        }
      }),
    redact: (text) => text,
    serializeForSpan: () => ({ name }),
  };
}

