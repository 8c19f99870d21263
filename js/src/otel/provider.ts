/**
 * The tracer provider.
 * @module
 */
import { putLast } from '../bounded.js';
import { type Engine, engines } from '../engine/engine.js';
import { flush, shutdown, stats } from '../engine/flush.js';
import type { EngineOptions } from '../engine/options.js';
import { plainEngine } from '../engine/plain.js';
import type { Destination } from '../destinations/destination.js';
import { Env } from '../transport/env.js';
import type { Receipt } from '../transport/receipt.js';
import type { Attributes, IdGenerator, Resource, Sampler, SpanProcessor } from './api.js';
import type { OtelSpanLimits } from './attributes.js';
import { tracerOf } from './echoes.js';
import { samplerOf } from './environment.js';
import { all, type Flushable } from './flushable.js';
import { propagatedAttributes } from './langfuse.js';
import { type RegisterOptions, registerProvider } from './register.js';
import { type Setup, setupOf } from './setup.js';
import { limitsOf } from './span_limits.js';
import { readContexts, type Tracer } from './tracer.js';

// Their names may come from requests.
const MAX_TRACERS = 256;

/** What becomes of spans on their way. */
export interface TracingOptions {
  /**
   * Decides what is recorded; else the environment's `OTEL_TRACES_SAMPLER`, else
   * `parentBased({ root: alwaysOn })`.
   */
  sampler?: Sampler | undefined;
  /** Limits of a span; else those of the environment's `OTEL_SPAN_*_LIMIT`, else OpenTelemetry's. */
  spanLimits?: OtelSpanLimits | undefined;
  /** Told of each span that is recorded, before it is sent. */
  spanProcessors?: readonly SpanProcessor[] | undefined;
  /** Makes ids in place of random ones. */
  idGenerator?: IdGenerator | undefined;
}

export interface EdgespanTracerProviderOptions extends TracingOptions, Partial<EngineOptions> {
  /**
   * An `EdgespanExporter`, or another provider, in place of `destinations` and all that belongs to them:
   * its destinations and accounts, and one trace with its spans.
   */
  exporter?: object | undefined;
  /** As the SDK's providers have it; `resourceAttributes` win. */
  resource?: Resource | undefined;
}

/**
 * OpenTelemetry's TracerProvider, over the core.
 *
 * @example
 * const provider = new EdgespanTracerProvider({ serviceName: 'shop', destinations: [otlp({ endpoint })] });
 * const tracer = provider.getTracer('shop');
 * tracer.startActiveSpan('order', (span) => span.end());
 */
export class EdgespanTracerProvider {
  readonly #engine: Engine;
  readonly #setup: Setup;
  readonly #tracers = new Map<string, Tracer>();
  // Exporters of others that are destinations.
  readonly #exporters: readonly Partial<Flushable & Destination>[];

  constructor(options: EdgespanTracerProviderOptions) {
    const { spanLimits, spanProcessors, idGenerator, exporter, resource, ...rest } = { ...options };
    const env = new Env(rest.env);
    const limits = limitsOf(spanLimits, env);
    const processors = Array.isArray(spanProcessors) ? (spanProcessors as SpanProcessor[]) : [];
    const { destinations = [], resourceAttributes } = rest;
    const shared = exporter && engines.get(exporter);
    const own = shared || plainEngine({
      ...rest,
      destinations,
      resourceAttributes: { ...resource?.attributes, ...resourceAttributes },
    });
    this.#engine = own;
    engines.set(this, own);
    const sampler = samplerOf(rest.sampler ?? rest.sampling ?? own.head?.sampler, env);
    for (const warning of env.warnings) own.log.warn(warning, `${warning}.`, true);
    if (exporter && !shared) {
      own.log.warn('exporter', '`exporter` is none of edgespan: spans are dropped.', true);
    }
    this.#exporters = !shared && Array.isArray(destinations) ? (destinations as Destination[]) : [];
    if (this.#exporters.some((one) => one?.customSpanFormatter)) {
      const cure = "of a destination is for Mastra's spans alone: what must not leave, withhold in `spanProcessors`";
      own.log.warn('formatter', `\`customSpanFormatter\` ${cure}.`, true);
    }
    // With processors and nothing else, they are all that spans are for.
    const alone = processors.length > 0 && !rest.destinations && !exporter;
    const engine = alone ? undefined : own;
    let attributes: Attributes | undefined;
    const seen = {
      // Not before it is wanted: Mastra may yet tell its service name.
      get attributes() {
        return (attributes ??= own.config.resource);
      },
    };
    this.#setup = setupOf({ engine, sampler, limits, processors, idGenerator, resource: seen });
    readContexts(propagatedAttributes);
  }

  /** A tracer that names its spans' library; equal ones are the same. */
  getTracer(
    name: string,
    version?: string,
    options?: { schemaUrl?: string; attributes?: Attributes },
  ): Tracer {
    const { schemaUrl, attributes } = options ?? {};
    let key = '';
    try {
      key = JSON.stringify([name, version, schemaUrl, attributes]);
    } catch {
      // Attributes without JSON: it is a tracer of its own, each time.
    }
    const tracer =
      this.#tracers.get(key) ?? tracerOf({ name: `${name ?? ''}`, version, schemaUrl, attributes }, this.#setup);
    if (key) putLast(this.#tracers, key, tracer, MAX_TRACERS);
    return tracer;
  }

  /**
   * Makes it the provider of `@opentelemetry/api`, with W3C propagation and a context manager. Whether
   * there was none before; the first one stays.
   */
  register(options?: RegisterOptions): boolean {
    return registerProvider(this, options);
  }

  /** Sends what has ended, and tells what became of it; never rejects. */
  async forceFlush(): Promise<Receipt> {
    const { log } = this.#engine;
    await all(this.#setup.processors, 'forceFlush', log);
    const receipt = await flush(this.#engine);
    await all(this.#exporters, 'forceFlush', log);
    return receipt;
  }

  /** Sends everything; later spans are dropped and counted. Never rejects. */
  async shutdown(): Promise<Receipt> {
    const { log } = this.#engine;
    await all(this.#setup.processors, 'shutdown', log);
    const receipt = await shutdown(this.#engine);
    await all(this.#exporters, 'shutdown', log);
    return receipt;
  }

  /** What became of all spans up to now. */
  stats(): Receipt {
    return stats(this.#engine);
  }
}
