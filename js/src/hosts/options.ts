/**
 * What handlers are traced with.
 * @module
 */
import { type Engine, engines } from '../engine/engine.js';
import { flush, shutdown } from '../engine/flush.js';
import type { EngineOptions } from '../engine/options.js';
import { plainEngine } from '../engine/plain.js';
import type { Capture } from '../http/span.js';
import type { Attributes, Sampler, SpanProcessor, TextMapPropagator } from '../otel/api.js';
import type { OtelSpanLimits } from '../otel/attributes.js';
import { tracerOf } from '../otel/echoes.js';
import { samplerOf } from '../otel/environment.js';
import { all } from '../otel/flushable.js';
import { propagatedAttributes } from '../otel/langfuse.js';
import { w3c } from '../otel/propagation.js';
import { limitsOf } from '../otel/span_limits.js';
import { setupOf } from '../otel/setup.js';
import { readContexts, Tracer } from '../otel/tracer.js';
import type { Log } from '../log.js';
import { Env } from '../transport/env.js';
import type { Receipt } from '../transport/receipt.js';
import { VERSION } from '../version.js';
import type { Propagate } from '../http/propagate.js';

/** Options of `tracing()` and `withTracing()`; those of `registerEdgespan()` in its environment. */
export interface HandlerOptions extends EngineOptions {
  /** Decides what is recorded; all, and of callers that hand on a trace what they sampled, by default. */
  sampler?: Sampler;
  /** Limits of a span; else those of `OTEL_SPAN_*_LIMIT`, else OpenTelemetry's. */
  spanLimits?: OtelSpanLimits;
  /** Told of each span that is recorded, before it is sent. */
  spanProcessors?: readonly SpanProcessor[];
  /** Headers that spans of requests tell; none by default. */
  capture?: Capture;
  /**
   * Which addresses `fetch` hands trace context and baggage on to. Strings are the beginning of an
   * address, whose host must be the whole host.
   */
  propagate?: Propagate;
  /** Whether the global `fetch` is traced within requests; true by default. */
  fetch?: boolean;
  /** Reads callers' headers; W3C trace context and baggage by default. */
  propagator?: TextMapPropagator;
}

/** What it comes to: a tracer provider, and what its handlers need. */
export interface Tracing {
  /** That of handlers. */
  readonly tracer: Tracer;
  readonly propagator: TextMapPropagator;
  readonly propagate: Propagate;
  readonly capture: Capture | undefined;
  readonly log: Log;
  getTracer(
    name: string,
    version?: string,
    options?: { schemaUrl?: string; attributes?: Attributes },
  ): Tracer;
  forceFlush(): Promise<Receipt>;
  shutdown(): Promise<Receipt>;
}

/** Makes it of options; `shared`: where spans go in place of the options' destinations. */
export function tracingOf(options: HandlerOptions, shared?: Engine): Tracing {
  const { spanProcessors = [], capture, propagator = w3c, propagate = false } = options;
  const env = new Env(options.env);
  const limits = limitsOf(options.spanLimits, env);
  const engine = shared ?? plainEngine(options);
  const sampler = samplerOf(options.sampler ?? options.sampling ?? engine.head?.sampler, env);
  for (const warning of env.warnings) engine.log.warn(warning, `${warning}.`, true);
  const setup = setupOf({ engine, sampler, limits, processors: spanProcessors });
  readContexts(propagatedAttributes);
  const { log } = engine;
  const tracing: Tracing = {
    tracer: new Tracer({ name: 'edgespan/hosts', version: VERSION }, setup),
    propagator,
    propagate,
    capture,
    log,
    getTracer: (name, version, more) => tracerOf({ name: `${name ?? ''}`, version, ...more }, setup),
    async forceFlush() {
      await all(spanProcessors, 'forceFlush', log);
      return flush(engine);
    },
    async shutdown() {
      await all(spanProcessors, 'shutdown', log);
      return shutdown(engine);
    },
  };
  engines.set(tracing, engine);
  return tracing;
}
