/**
 * Keeping work alive after the response where no module offers it: Vercel puts `waitUntil` into a
 * global request context, and so does whoever hosts Next.js elsewhere (OpenNext on Workers, for one);
 * a promise in a Node server simply runs on.
 * @module
 */

const CONTEXTS = ['@vercel/request-context', '@next/request-context'];

interface RequestContext {
  get?(): { waitUntil?(promise: Promise<unknown>): void } | undefined;
}

/** Hands the promise to the platform; false when there is none to hand it to. */
export function keepAlive(promise: Promise<unknown>): boolean {
  const holder = globalThis as unknown as Record<symbol, RequestContext | undefined>;
  for (const name of CONTEXTS) {
    const request = holder[Symbol.for(name)]?.get?.();
    if (!request?.waitUntil) continue;
    request.waitUntil(promise);
    return true;
  }
  return false;
}
