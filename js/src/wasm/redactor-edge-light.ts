/**
 * The redactor as a module that Vercel's bundlers compile: see edge-light.ts.
 * @module
 */
import wasm from '../redactor.wasm?module';

/** The compiled redactor. */
export function redactorModule(): WebAssembly.Module {
  return wasm;
}
