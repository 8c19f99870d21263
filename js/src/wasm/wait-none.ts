/**
 * Keeping work alive after the response where no module offers it: Vercel puts `waitUntil` into a
 * global request context; elsewhere (a Node server) a promise simply runs on.
 * @module
 */

interface RequestContext {
  get?(): { waitUntil?(promise: Promise<unknown>): void } | undefined;
}

/** Hands the promise to the platform; false when there is none to hand it to. */
export function keepAlive(promise: Promise<unknown>): boolean {
  const holder = globalThis as unknown as Record<symbol, RequestContext | undefined>;
  const request = holder[Symbol.for('@vercel/request-context')]?.get?.();
  if (!request?.waitUntil) return false;
  request.waitUntil(promise);
  return true;
}
