/**
 * Our contexts as OpenTelemetry's ContextManager, for who registers it with the API; others may wrap it.
 * @module
 */
import type { Context, ContextManager } from './api.js';
import { kept, OURS, ROOT, withContext } from './context.js';

/** A function that runs with `context` active, whoever calls it; what is no function stays as it is. */
export function bind<T>(context: Context, fn: T): T {
  if (typeof fn !== 'function') return fn;
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return withContext(context, () => fn.apply(this, args));
  };
  // Express tells handlers of errors by their number of parameters.
  return Object.defineProperty(bound, 'length', { value: fn.length, configurable: true }) as T;
}

export const contextManager: ContextManager = {
  active: () => kept().getStore() ?? ROOT,
  with: (context, fn, self, ...args) => kept().run(context, () => fn.apply(self, args)),
  bind,
  enable: () => contextManager,
  disable: () => contextManager,
  // Itself: a copy with other methods is not ours.
  get [OURS]() {
    return contextManager;
  },
} as ContextManager;
