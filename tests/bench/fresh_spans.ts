// Fresh spans as OpenTelemetry's SDK hands them to exporters: what encoders are fed, in Node and in
// workerd. They say what the official exporter makes of the same runs (flat.ts), so that both levels
// encode the same.
import type { ReadableSpan } from 'edgespan/otel';
import { hex, random, type Source } from './fresh.ts';

/** A span of a source's JSON text. */
export interface FlatSpan
  extends Pick<ReadableSpan, 'name' | 'kind' | 'startTime' | 'endTime' | 'status' | 'attributes'> {
  id: string;
  parentId?: string;
  events: ReadableSpan['events'];
  resource: Record<string, any>;
  scope: { name: string; version: string };
}

class Span implements ReadableSpan {
  readonly #context: ReturnType<ReadableSpan['spanContext']>;
  readonly name: string;
  readonly kind: number;
  readonly parentSpanContext: ReadableSpan['parentSpanContext'];
  /** Of the SDK's first version, as the one below. */
  readonly parentSpanId: string | undefined;
  readonly instrumentationLibrary: ReadableSpan['instrumentationScope'];
  readonly startTime: ReadableSpan['startTime'];
  readonly endTime: ReadableSpan['endTime'];
  readonly duration: ReadableSpan['duration'] = [0, 0];
  readonly status: ReadableSpan['status'];
  readonly attributes: ReadableSpan['attributes'];
  readonly links: ReadableSpan['links'] = [];
  readonly events: ReadableSpan['events'];
  readonly ended = true;
  readonly resource: ReadableSpan['resource'];
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;

  constructor(flat: FlatSpan, traceId: string, shared: Shared) {
    const parentId = flat.parentId;
    this.#context = { traceId, spanId: flat.id, traceFlags: 1 };
    this.name = flat.name;
    this.kind = flat.kind;
    this.parentSpanContext = parentId
      ? { traceId, spanId: parentId, traceFlags: 1, isRemote: false }
      : undefined;
    this.parentSpanId = parentId;
    this.startTime = flat.startTime;
    this.endTime = flat.endTime;
    this.status = flat.status;
    this.attributes = flat.attributes;
    this.events = flat.events;
    this.resource = shared.resource;
    this.instrumentationScope = this.instrumentationLibrary = shared.scope;
  }

  spanContext(): ReturnType<ReadableSpan['spanContext']> {
    return this.#context;
  }
}

/** A process has one resource and one scope, which all spans share. */
interface Shared {
  resource: ReadableSpan['resource'];
  scope: ReadableSpan['instrumentationScope'];
}
let shared: Shared | undefined;

/** A run's spans in the order of their ends; ids of runs differ when `run` does. */
export function freshSpans(source: Source, run: number): ReadableSpan[] {
  const spans = JSON.parse(source.json) as FlatSpan[];
  const traceId = hex(random(run + 1), 32);
  const { resource, scope } = spans[0];
  const both = (shared ??= { resource: { attributes: resource }, scope });
  return spans.map((span) => new Span(span, traceId, both));
}
