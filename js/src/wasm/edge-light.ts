/**
 * The core as a module that Vercel's bundlers compile: Routing Middleware and Edge routes. Also for
 * OpenNext on Workers, which sets the conditions `workerd` and `node`, hands `.wasm` files on to
 * wrangler by relative path only, and cannot resolve `cloudflare:workers`.
 * @module
 */
import wasm from '../core.wasm?module';

/** How this build carries the core. */
export const flavour: string = 'edge-light';

/** The compiled core. */
export function coreModule(): WebAssembly.Module {
  return wasm;
}
