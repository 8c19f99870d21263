/**
 * The platform's `fetch`, past whoever traces it: an exporter must not trace itself.
 * @module
 */
import { quietly } from '../quietly.js';

/** Where a traced `fetch` keeps the one that it calls. */
export const NATIVE_FETCH: unique symbol = Symbol.for('edgespan.fetch') as never;

// Here once more: without AsyncLocalStorage a delivery's own context ends at its first `await`.
export const nativeFetch: typeof fetch = (input, init) =>
  quietly(() => ((fetch as { [NATIVE_FETCH]?: typeof fetch })[NATIVE_FETCH] ?? fetch)(input, init));
