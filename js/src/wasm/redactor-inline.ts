/**
 * The redactor as bytes inside the bundle: see inline.ts. Compiled on the first call.
 * @module
 */
import { compile } from './compile.js';
import { REDACTOR_BASE64 } from './redactor_bytes.gen.js';

let compiled: WebAssembly.Module | undefined;

/** The compiled redactor. Throws EDGESPAN_WASM_COMPILE_BLOCKED where code generation is forbidden. */
export function redactorModule(): WebAssembly.Module {
  return (compiled ??= compile(
    REDACTOR_BASE64,
    'edgespan/redactor-module.wasm',
    "initRedactor(module) from 'edgespan/privacy'",
  ));
}
