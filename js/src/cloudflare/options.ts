/**
 * What `instrument()` and its kin are told, for all invocations or for each.
 * @module
 */
import { plainEngine } from '../engine/plain.js';
import type { EngineOptions } from '../engine/options.js';
import type { Propagate } from '../http/propagate.js';
import type { RequestLike } from '../http/platform.js';
import type { Capture } from '../http/span.js';
import type { Sampler, SpanProcessor, TextMapPropagator } from '../otel/api.js';
import type { OtelSpanLimits } from '../otel/attributes.js';
import { traceContextPropagator } from '../otel/propagation.js';
import { type Setup, setupOf } from '../otel/setup.js';
import type { BindingClass } from './bindings.js';

export interface InstrumentOptions extends EngineOptions {
  /** Decides which traces are recorded; by default all, and of callers that propagate what they sampled. */
  sampler?: Sampler;
  /** OpenTelemetry's limits of a span: 128 attributes, events and links each by default. */
  spanLimits?: OtelSpanLimits;
  /** OpenTelemetry's processors, which see each span start and end. */
  spanProcessors?: readonly SpanProcessor[];
  /** What of requests and stores is told beside names, sizes and status; nothing by default. */
  capture?: CaptureOptions;
  /**
   * Whether a caller's trace goes on here, by its `traceparent` header; true by default. Where it is
   * false, a new trace begins that links to the caller's.
   */
  trust?: boolean | ((request: RequestLike) => boolean);
  /** `http.route` of a request, which then names its span (`GET /items/:id`); undefined: none is known. */
  route?(request: RequestLike): string | undefined;
  /** Where context goes. */
  propagate?: PropagateOptions;
  /** How context goes, and comes; W3C's trace context by default, without baggage. */
  propagator?: TextMapPropagator;
  /**
   * Which bindings of `env` are traced, and the global `fetch` and `caches` by these names: a list of
   * names, or the classes of bindings that do not show it themselves; all by default, none with `false`.
   */
  bindings?: false | readonly string[] | Readonly<Record<string, BindingClass>>;
  /**
   * Milliseconds that a trace waits, after the answer's end, for what was given to `waitUntil`; 25000 by
   * default, of the platform's 30000.
   */
  waitLimit?: number;
}

export interface CaptureOptions extends Capture {
  /** Keys of KV, R2 and storage, and addresses in caches. */
  readonly keys?: boolean | undefined;
}

/** Durable Objects always get it with `fetch`, others nothing but what is named here. */
export interface PropagateOptions {
  /**
   * Addresses that the global `fetch` tells: by default those of the host that serves the request.
   * A string is a host, or an address' beginning.
   */
  readonly fetch?: Propagate;
  /**
   * Names of services' bindings, or `true` for all, that are told with their `fetch` whatever the address. By
   * default, beside the addresses of `fetch`, it is those asked by a name without a dot (`http://users/`): a
   * binding may as well be a client certificate for somebody else's server.
   */
  readonly services?: boolean | readonly string[];
  /**
   * Names of bindings, or `true` for all, whose methods get it as a last argument. The other side must be
   * instrumented, which takes it away again.
   */
  readonly rpc?: boolean | readonly string[];
  /**
   * Names of queues' bindings, or `true` for all, whose messages get it as a member, if they are plain
   * objects. An instrumented consumer takes it away again, others see it.
   */
  readonly queues?: boolean | readonly string[];
}

/** Options, or what they are for each invocation: from its `env` and what it was triggered by. */
export type Config<Env = any, Trigger = any> =
  InstrumentOptions | ((env: Env, trigger: Trigger) => InstrumentOptions);

export interface Settings {
  readonly options: InstrumentOptions;
  readonly setup: Setup;
}

// Constant options have one engine for the isolate, and so do those that a function gives again.
const known = new WeakMap<InstrumentOptions, Settings>();

let complained = false;

/** undefined where a function has none to give: then nothing is traced, and the user's code just runs. */
export function settingsOf(config: Config, env: unknown, trigger: unknown): Settings | undefined {
  try {
    const options = typeof config === 'function' ? config(env, trigger) : config;
    let found = known.get(options);
    if (!found) known.set(options, (found = settle(options, env)));
    return found;
  } catch (error) {
    if (!complained) console.warn(`[edgespan] Nothing is traced: instrument()'s options threw (${error})`);
    complained = true;
    return undefined;
  }
}

function settle(options: InstrumentOptions, env: unknown): Settings {
  const attributes = {
    'cloud.provider': 'cloudflare',
    'cloud.platform': 'cloudflare.workers',
    'faas.version': (env as { CF_VERSION_METADATA?: { id?: string } } | undefined)?.CF_VERSION_METADATA?.id,
    ...options.resourceAttributes,
  };
  const engine = plainEngine({ env: env as EngineOptions['env'], ...options, resourceAttributes: attributes });
  const setup = setupOf({
    engine,
    sampler: options.sampler,
    limits: options.spanLimits,
    processors: options.spanProcessors,
    resource: { attributes },
  });
  return { options, setup };
}

/** How context goes from process to process. */
export function propagatorOf({ propagator }: InstrumentOptions): TextMapPropagator {
  return propagator ?? traceContextPropagator;
}

/** Whether a list of names, or all, has this one. */
export function has(names: boolean | readonly string[] | undefined, name: string): boolean {
  return typeof names === 'object' ? names.includes(name) : names === true;
}
