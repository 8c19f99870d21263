/**
 * OpenTelemetry over the core.
 * @module
 */
export type {
  Attributes,
  Context,
  ContextManager,
  HrTime,
  IdGenerator,
  InstrumentationScope,
  Link,
  ReadableSpan,
  Resource,
  Sampler,
  SamplingResult,
  Span,
  SpanContext,
  SpanOptions,
  SpanProcessor,
  SpanStatus,
  TextMapGetter,
  TextMapPropagator,
  TextMapSetter,
  TimedEvent,
  TimeInput,
} from './api.js';
export type { OtelSpanLimits } from './attributes.js';
export { Baggage, type BaggageEntry, baggagePropagator } from './baggage.js';
export {
  active,
  type AsyncLocalStorageLike,
  ROOT,
  useAsyncLocalStorage,
  withContext,
} from './context.js';
export { bind, contextManager } from './context_manager.js';
export { encodeSpans } from './encode.js';
export type { Flushable } from './flushable.js';
export { composite, traceContextPropagator, w3c } from './propagation.js';
export {
  EdgespanTracerProvider,
  type EdgespanTracerProviderOptions,
  type TracingOptions,
} from './provider.js';
export { register, type RegisterOptions } from './register.js';
export { run, type RunOptions } from './run.js';
export { alwaysOff, alwaysOn, parentBased, type ParentBasedOptions } from './sampler.js';
export { EdgespanSpanExporter, EdgespanSpanProcessor } from './sdk.js';
export {
  type SpanExporter,
  throughExporter,
  type ThroughExporterOptions,
} from './through_exporter.js';
export { TraceState } from './trace_state.js';
export { Tracer } from './tracer.js';
