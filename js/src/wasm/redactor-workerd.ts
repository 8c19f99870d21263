/**
 * The redactor as a module that workerd compiled at deployment, by the package's own name: see workerd.ts.
 * @module
 */
import wasm from 'edgespan/redactor.wasm';

/** The compiled redactor. */
export function redactorModule(): WebAssembly.Module {
  return wasm;
}
