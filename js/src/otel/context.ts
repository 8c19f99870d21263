/**
 * Contexts, and the one that is active: kept by the platform's AsyncLocalStorage. Where there is none,
 * a context is active until the function that was called with it returns, and what is done after an
 * `await` needs to be given its context.
 * @module
 */
import type { Context, ContextManager } from './api.js';

// The API's own keys: spans and baggage that are set with it are found here, and the other way round.
export const SPAN: symbol = Symbol.for('OpenTelemetry Context Key SPAN');
export const BAGGAGE: symbol = Symbol.for('OpenTelemetry Baggage Key');
export const SUPPRESSED: symbol = Symbol.for(
  'OpenTelemetry SDK Context Key SUPPRESS_TRACING',
);

class Values implements Context {
  readonly #values: Map<symbol, unknown>;

  constructor(values: Map<symbol, unknown>) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new Values(new Map(this.#values).set(key, value));
  }

  deleteValue(key: symbol): Context {
    const rest = new Map(this.#values);
    rest.delete(key);
    return new Values(rest);
  }
}

/** The context without a value. */
export const ROOT: Context = /* @__PURE__ */ new Values(/* @__PURE__ */ new Map());

/** What is used of an AsyncLocalStorage. */
interface Storage {
  getStore(): Context | undefined;
  run<T>(context: Context, fn: (...args: any[]) => T, ...args: unknown[]): T;
}

/** The class: `AsyncLocalStorage` of `node:async_hooks`. */
export type AsyncLocalStorageLike = new () => any;

/** In place of one. */
class Nesting implements Storage {
  #now: Context | undefined;

  getStore(): Context | undefined {
    return this.#now;
  }

  run<T>(context: Context, fn: (...args: any[]) => T, ...args: unknown[]): T {
    const before = this.#now;
    this.#now = context;
    try {
      return fn(...args);
    } finally {
      this.#now = before;
    }
  }
}

// Next.js bundles a package once for each entry: all copies must find the same.
const PLACE = Symbol.for('edgespan.context');
const API = Symbol.for('opentelemetry.js.api.1');
const place = globalThis as unknown as Record<symbol, Storage | undefined> &
  Record<typeof API, { context?: ContextManager & { [OURS]?: unknown } } | undefined>;

/** Where a context manager of ours says that it is one (context_manager.ts). */
export const OURS: unique symbol = Symbol.for('edgespan.manager') as never;

/** Looked for when it is first used: at import nothing runs. */
export const kept = (): Storage => (place[PLACE] ??= new (find() ?? Nesting)());

/** That of another who registered one with OpenTelemetry's API: what is active must be so for all. */
function foreign(): ContextManager | undefined {
  const manager = place[API]?.context;
  return manager && manager[OURS] === manager ? undefined : manager;
}

function find(): AsyncLocalStorageLike | undefined {
  try {
    const { AsyncLocalStorage, process } = globalThis as unknown as {
      AsyncLocalStorage?: AsyncLocalStorageLike;
      process?: { getBuiltinModule?(name: string): { AsyncLocalStorage: AsyncLocalStorageLike } };
    };
    return (
      AsyncLocalStorage ?? process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage
    );
  } catch {
    return undefined; // a platform that forbids even to ask
  }
}

/**
 * Gives the class where it cannot be found: on Workers with the flag `nodejs_als` alone, or with a
 * `compatibility_date` before 2024-09-23.
 * @example
 * import { AsyncLocalStorage } from 'node:async_hooks';
 * useAsyncLocalStorage(AsyncLocalStorage);
 */
export function useAsyncLocalStorage(AsyncLocalStorage: AsyncLocalStorageLike): void {
  place[PLACE] = new AsyncLocalStorage() as Storage;
}

/** Whether the active context outlasts an `await`, as far as that can be told. */
export function isKept(): boolean {
  return !foreign() && !(kept() instanceof Nesting);
}

/** The active context. */
export function active(): Context {
  const manager = foreign();
  return manager ? manager.active() : (kept().getStore() ?? ROOT);
}

/** Calls `fn` with `context` active, and gives back what it returns. */
export function withContext<A extends unknown[], T>(
  context: Context,
  fn: (...args: A) => T,
  ...args: A
): T {
  const manager = foreign();
  return manager ? manager.with(context, fn, undefined, ...args) : kept().run(context, fn, ...args);
}

/** Calls `fn` where nothing is traced. */
export function suppressed<T>(fn: () => T): T {
  return withContext(active().setValue(SUPPRESSED, true), fn);
}
