/**
 * The core as bytes inside the bundle. Compiled on the first call.
 * @module
 */
import { CORE_BASE64 } from './core_bytes.gen.js';
import { compile } from './compile.js';

/** How this build carries the core. */
export const flavour: string = 'inline';

let compiled: WebAssembly.Module | undefined;

/** The compiled core. Throws EDGESPAN_WASM_COMPILE_BLOCKED where code generation is forbidden. */
export function coreModule(): WebAssembly.Module {
  return (compiled ??= compile(
    CORE_BASE64,
    'edgespan/module.wasm',
    "initCore(module) from 'edgespan'",
  ));
}
