/**
 * The global `fetch`, with a span for each request that is made within a trace.
 * @module
 */
import { type Fetch, fetchWithin } from '../http/client.js';
import type { Context } from '../otel/api.js';
import { active } from '../otel/context.js';
import { setupIn } from '../otel/setup.js';
import { Tracer } from '../otel/tracer.js';
import { NATIVE_FETCH } from '../transport/native_fetch.js';
import { VERSION } from '../version.js';
import { isAddressed, type Propagate } from '../http/propagate.js';

// One for the process, whichever bundles carry this code: two would make two spans of a request.
const PATCHED = Symbol.for('edgespan.traced_fetch');
const PROPAGATE = Symbol.for('edgespan.propagate');

/** A context whose requests hand their trace on to these addresses. */
export function withPropagate(context: Context, propagate: Propagate): Context {
  return context.setValue(PROPAGATE, propagate);
}

/**
 * Puts a traced `fetch` in the place of the global one, once. Requests that belong to no trace go their
 * way, and so do those that carry traces away. `propagate` is for contexts that say nothing else.
 */
export function traceFetch(propagate: Propagate): void {
  const scope = globalThis as unknown as Record<symbol, boolean> & {
    fetch: Fetch & { [NATIVE_FETCH]?: Fetch };
  };
  const { fetch } = scope;
  // Next.js may have put its own over ours; instrument() may have been here.
  if (scope[PATCHED] || typeof fetch !== 'function' || fetch[NATIVE_FETCH]) return;
  scope[PATCHED] = true;
  const tracer = new Tracer({ name: 'edgespan/fetch', version: VERSION });
  const options = {
    tracer,
    propagate: (url: URL) =>
      isAddressed((active().getValue(PROPAGATE) as Propagate | undefined) ?? propagate, url),
  };
  const traced: Fetch = (input, init) =>
    init?.edgespan || !setupIn(active())
      ? fetch(input, init)
      : fetchWithin(fetch, input, init, options);
  // Next.js marks what it has put there before.
  scope.fetch = Object.assign(traced, fetch, { [NATIVE_FETCH]: fetch });
}
