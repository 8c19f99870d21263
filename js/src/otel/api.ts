/**
 * OpenTelemetry's interfaces, structurally and as far as they are used: what is written against
 * `@opentelemetry/api` fits, and nothing of it is imported.
 * @module
 */

/** Immutable values that go with the work that is done. */
export interface Context {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

export interface TraceState {
  get(key: string): string | undefined;
  set(key: string, value: string): TraceState;
  unset(key: string): TraceState;
  serialize(): string;
}

/** What of a span goes to other processes. */
export interface SpanContext {
  /** 32 lower-case hex digits. */
  traceId: string;
  /** 16 of them. */
  spanId: string;
  /** Bit 0: sampled; bit 1: the trace id is random. */
  traceFlags: number;
  traceState?: TraceState | undefined;
  /** It came from another process. */
  isRemote?: boolean | undefined;
}

/** Values of attributes: any that OTLP has a form for, maps and bytes included. */
export type Attributes = Record<string, unknown>;

/** Seconds since the epoch, and nanoseconds. */
export type HrTime = [number, number];

/** Milliseconds since the epoch or of `performance.now()`, a Date, or both parts of an HrTime. */
export type TimeInput = HrTime | number | Date;

export interface Link {
  context: SpanContext;
  attributes?: Attributes | undefined;
  droppedAttributesCount?: number | undefined;
}

export interface TimedEvent {
  time: HrTime;
  name: string;
  attributes?: Attributes | undefined;
  droppedAttributesCount?: number | undefined;
}

/** 0: unset, 1: well, 2: failed. */
export interface SpanStatus {
  code: number;
  message?: string | undefined;
}

export interface SpanOptions {
  /** 0: internal (default), 1: server, 2: client, 3: producer, 4: consumer. */
  kind?: number | undefined;
  attributes?: Attributes | undefined;
  links?: readonly Link[] | undefined;
  startTime?: TimeInput | undefined;
  /** Without the context's span as its parent. */
  root?: boolean | undefined;
}

export interface Span {
  spanContext(): SpanContext;
  setAttribute(key: string, value: any): this;
  setAttributes(attributes: Attributes): this;
  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this;
  addLink(link: Link): this;
  addLinks(links: readonly Link[]): this;
  setStatus(status: SpanStatus): this;
  updateName(name: string): this;
  end(time?: TimeInput): void;
  isRecording(): boolean;
  recordException(exception: unknown, time?: TimeInput): void;
}

/** What names the library whose code made a span. */
export interface InstrumentationScope {
  name: string;
  version?: string | undefined;
  schemaUrl?: string | undefined;
  attributes?: Attributes | undefined;
}

export interface Resource {
  readonly attributes: Attributes;
  /** Whether some are still looked for. */
  readonly asyncAttributesPending?: boolean | undefined;
  waitForAsyncAttributes?(): Promise<void>;
}

/** A span as the SDK's processors and exporters read it. */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: number;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly events: TimedEvent[];
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** The SDK's SpanProcessor. */
export interface SpanProcessor {
  onStart(span: any, parent: any): void;
  onEnding?(span: any): void;
  onEnd(span: any): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface SamplingResult {
  /** 0: not recorded, 1: recorded for processors alone, 2: recorded and sent. */
  decision: number;
  attributes?: Readonly<Record<string, any>> | undefined;
  traceState?: TraceState | undefined;
  /** Of edgespan's own samplers: what was applied (`samplingThreshold` of src/edgespan/model/tape.h). */
  threshold?: number | undefined;
}

/** Decides, when a span starts, what becomes of it. */
export interface Sampler {
  shouldSample(
    context: any,
    traceId: string,
    name: string,
    kind: number,
    attributes: any,
    links: any,
  ): SamplingResult;
  toString(): string;
}

/** The SDK's IdGenerator. */
export interface IdGenerator {
  /** 32 lower-case hex digits, not all of them 0. */
  generateTraceId(): string;
  /** 16 of them. */
  generateSpanId(): string;
}

export interface TextMapGetter {
  keys(carrier: any): string[];
  get(carrier: any, key: string): undefined | string | string[];
}

export interface TextMapSetter {
  set(carrier: any, key: string, value: string): void;
}

/** Puts a context's values into a carrier (headers, a message), and reads them there. */
export interface TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void;
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context;
  fields(): string[];
}

export interface ContextManager {
  active(): Context;
  with<T>(context: Context, fn: (...args: any[]) => T, self?: unknown, ...args: any[]): T;
  bind<T>(context: Context, target: T): T;
  enable(): this;
  disable(): this;
}
