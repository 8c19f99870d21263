/**
 * Makes ours the provider, context manager and propagator of `@opentelemetry/api`. Nothing else in this
 * package imports it.
 * @module
 */
import { context, propagation, trace } from '@opentelemetry/api';
import { flush } from '../engine/flush.js';
import type { Receipt } from '../transport/receipt.js';
import type { Attributes, ContextManager, TextMapPropagator } from './api.js';
import {
  active,
  type AsyncLocalStorageLike,
  useAsyncLocalStorage,
} from './context.js';
import { contextManager as ours } from './context_manager.js';
import { tracerOf } from './echoes.js';
import { propagatedAttributes } from './langfuse.js';
import { w3c } from './propagation.js';
import { setupIn } from './setup.js';
import { readContexts, type Tracer } from './tracer.js';

export interface RegisterOptions {
  /** Keeps the active context; one of ours by default, `null`: none is registered. */
  contextManager?: ContextManager | null;
  /** W3C trace context and baggage by default, `null`: none is registered. */
  propagator?: TextMapPropagator | null;
  /** The class of `node:async_hooks`, where it is not found by itself. */
  AsyncLocalStorage?: AsyncLocalStorageLike;
}

/** What `register()` needs of a tracer provider. */
export interface TracerProviderLike {
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): any;
}

/**
 * Registers a provider whose spans go where the request that they belong to sends its own: code that uses
 * the API runs unchanged under `instrument()` and its kin, whatever each request's settings are. Whether
 * there was none before; the first one stays.
 */
export function register(options?: RegisterOptions): boolean {
  return registerProvider(delegating, options);
}

/** The same for a given one. */
export function registerProvider(provider: TracerProviderLike, options?: RegisterOptions): boolean {
  const { contextManager = ours, propagator = w3c, AsyncLocalStorage } = options ?? {};
  if (AsyncLocalStorage) useAsyncLocalStorage(AsyncLocalStorage);
  if (contextManager) {
    contextManager.enable();
    context.setGlobalContextManager(contextManager as never);
  }
  if (propagator) propagation.setGlobalPropagator(propagator as never);
  return trace.setGlobalTracerProvider(provider);
}

/** Of the request that asks. */
const flushed = async (): Promise<Receipt | undefined> => {
  const engine = setupIn(active())?.engine;
  return engine && flush(engine);
};

const delegating = {
  getTracer: (
    name: string,
    version?: string,
    options?: { schemaUrl?: string; attributes?: Attributes },
  ): Tracer => {
    readContexts(propagatedAttributes);
    return tracerOf({ name: `${name ?? ''}`, version, ...options });
  },
  forceFlush: flushed,
  /** A request has nothing to shut down for others. */
  shutdown: flushed,
};
