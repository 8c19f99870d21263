/**
 * Keeping work alive after the response on Cloudflare Workers.
 * @module
 */
// The namespace, not the name: a runtime older than `waitUntil` here must still load the Worker.
import * as workers from 'cloudflare:workers';

/** Hands the promise to the current request; false outside of one. */
export function keepAlive(promise: Promise<unknown>): boolean {
  if (!workers.waitUntil) return false;
  try {
    workers.waitUntil(promise);
    return true;
  } catch {
    return false; // global scope: there is no request that could be kept alive
  }
}
