/**
 * The core as a module that workerd compiled at deployment. The import names the package itself, not
 * a relative path: that is what makes `mastra build` leave it alone (and list the package).
 * @module
 */
import wasm from 'edgespan/core.wasm';

/** How this build carries the core. */
export const flavour: string = 'workerd';

/** The compiled core. */
export function coreModule(): WebAssembly.Module {
  return wasm;
}
