/**
 * Tracing for a whole process: Next.js' `instrumentation.ts`, or a program's first line.
 * @module
 */
import { maker } from '#vercel-maker';
import type { Attributes } from '../otel/api.js';
import { tracerOf } from '../otel/echoes.js';
import { w3c } from '../otel/propagation.js';
import { registerProvider } from '../otel/register.js';
import type { Tracer } from '../otel/tracer.js';
import type { Receipt } from '../transport/receipt.js';
import type { VercelOptions } from './options.js';
import { belowPlatform } from './propagator.js';
import { shared, sharedTracing } from './shared.js';

/** The process' tracer provider: that of `@opentelemetry/api`, too. */
export interface Registration {
  getTracer(
    name: string,
    version?: string,
    options?: { schemaUrl?: string; attributes?: Attributes },
  ): Tracer;
  /** Sends what has ended, and tells what became of it; never rejects. */
  forceFlush(): Promise<Receipt | undefined>;
  /** Sends everything; later spans are dropped and counted. Never rejects. */
  shutdown(): Promise<Receipt | undefined>;
}

const registration: Registration = {
  // In edge code those spans are recorded that a handler's context has a place for: below its own. What
  // Next.js puts around it ends before a streamed answer does.
  getTracer: (...scope) => {
    const [name, version, options] = scope;
    const found = maker && sharedTracing()?.getTracer(...scope);
    return found ?? tracerOf({ name: `${name ?? ''}`, version, ...options });
  },
  forceFlush: async () => sharedTracing()?.forceFlush(),
  shutdown: async () => sharedTracing()?.shutdown(),
};

/**
 * Registers a tracer provider with `@opentelemetry/api`, traces the global `fetch`, and has each
 * request's trace sent when its root has ended: that of Next.js, or of `withTracing()`. In edge code a
 * function is traced whose handler is wrapped in `withTracing()`. A process has one: of later calls
 * nothing is taken. Never throws.
 *
 * @example
 * // instrumentation.ts
 * import { registerEdgespan } from 'edgespan/vercel';
 *
 * export function register() {
 *   registerEdgespan({ serviceName: 'shop' });
 * }
 */
export function registerEdgespan(options?: VercelOptions): Registration {
  const place = shared();
  if (place.registered) return registration;
  place.registered = true;
  place.options = options;
  place.make ??= maker;
  const tracing = sharedTracing();
  const isFirst = registerProvider(registration, {
    propagator: belowPlatform(options?.propagator ?? w3c),
  });
  if (!isFirst) {
    tracing?.log.warn('register', 'Another tracer provider is registered: its spans do not arrive.', true);
  }
  return registration;
}
