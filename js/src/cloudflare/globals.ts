/**
 * The globals that are traced: `fetch` and `caches`. They belong to no invocation, so that they are traced
 * where one is active; the exporter's own requests go past them.
 * @module
 */
import type { Fetch } from '../http/client.js';
import { NATIVE_FETCH } from '../transport/native_fetch.js';
import { nowhere } from './call.js';
import { fetchAt, toAddress } from './remote.js';
import { tabled } from './tabled.js';
import { caches } from './tables.js';

/** Puts the traced ones in their place, once. */
export function install(): void {
  const scope = globalThis as unknown as { fetch: Fetch & { [NATIVE_FETCH]?: Fetch }; caches?: object };
  const native = scope.fetch;
  if (native[NATIVE_FETCH]) return;
  const traced: Fetch = (input, init) => fetchAt(nowhere, 'fetch', native, input, init, toAddress);
  scope.fetch = Object.assign(traced, { [NATIVE_FETCH]: native });
  if (scope.caches) scope.caches = tabled(scope.caches, 'caches', nowhere, caches);
}
