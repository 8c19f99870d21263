// Compiled, never run: what users of OpenTelemetry's API and SDK write against edgespan/otel, under strict.
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { AsyncLocalStorage } from 'node:async_hooks';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import {
  active,
  alwaysOn,
  bind,
  contextManager,
  EdgespanSpanExporter,
  EdgespanSpanProcessor,
  EdgespanTracerProvider,
  parentBased,
  register,
  ROOT,
  run,
  throughExporter,
  TraceState,
  useAsyncLocalStorage,
  w3c,
  withContext,
} from 'edgespan/otel';

const destinations = [otlp(), throughExporter(new ConsoleSpanExporter(), { name: 'console' })];
const provider = new EdgespanTracerProvider({
  destinations,
  serviceName: 'x',
  sampler: parentBased({ root: new TraceIdRatioBasedSampler(0.5), localParentSampled: alwaysOn }),
  spanLimits: { attributeCountLimit: 64 },
  spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())],
  onReceipt: ({ accepted }) => console.log(accepted),
});
export const shared = new EdgespanTracerProvider({ exporter: new EdgespanExporter({ destinations }), sampler: alwaysOn });

// Ours are the API's.
export const asProvider: api.TracerProvider = provider;
export const asTracer: api.Tracer = provider.getTracer('x', '1', { schemaUrl: 'y' });
export const asContext: api.Context = ROOT;
export const asManager: api.ContextManager = contextManager;
export const asPropagator: api.TextMapPropagator = w3c;
export const asState: api.TraceState | undefined = TraceState.parse('a=1');
export const asSpan: api.Span = provider.getTracer('x').startSpan('s', { kind: api.SpanKind.CLIENT }, api.ROOT_CONTEXT);

// Ours are the SDK's.
export const asProcessor: SpanProcessor = new EdgespanSpanProcessor({ destinations });
export const asExporter: SpanExporter = new EdgespanSpanExporter({ destinations });
export const asSampler: Sampler = parentBased({ root: alwaysOn });
export const official = new BasicTracerProvider({
  sampler: alwaysOn,
  spanProcessors: [asProcessor, new SimpleSpanProcessor(asExporter)],
});

// The API's fit ours.
provider.register({ contextManager: new AsyncLocalStorageContextManager(), propagator: w3c });
register({ AsyncLocalStorage, propagator: null });
useAsyncLocalStorage(AsyncLocalStorage);
export const text: string = withContext(api.context.active(), (n: number) => `${n}`, 7);
export const bound: (n: number) => void = bind(api.ROOT_CONTEXT, (n: number) => void n);
export const total: Promise<number> = run(provider.getTracer('x'), 'y', { parent: api.ROOT_CONTEXT }, async (span) => {
  api.trace.setSpan(active(), span);
  span.setAttributes({ map: { a: [1, 'b'] }, bytes: new Uint8Array(1) }).recordException(new Error('x'));
  return 1;
});
export const rejected: Promise<number> = provider.forceFlush().then((receipt) => receipt.rejected);
