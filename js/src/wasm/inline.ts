/**
 * The core as bytes inside the bundle: for Node, browsers and every tool that does not load `.wasm`
 * files by itself. Compiled on the first call.
 * @module
 */
import { EdgespanError } from '../errors.js';
import { CORE_BASE64 } from './bytes.gen.js';

/** How this build carries the core. */
export const flavour: string = 'inline';

let compiled: WebAssembly.Module | undefined;

/** The compiled core. Throws EDGESPAN_WASM_COMPILE_BLOCKED where code generation is forbidden. */
export function coreModule(): WebAssembly.Module {
  if (compiled) return compiled;
  const text = atob(CORE_BASE64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  try {
    compiled = new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new EdgespanError(
      'EDGESPAN_WASM_COMPILE_BLOCKED',
      'This runtime forbids compiling WebAssembly from bytes, and the bundler did not use the ' +
        '"workerd" condition. Keep edgespan out of the bundle: Mastra: bundler: { externals: ' +
        "['edgespan'] }; OpenNext: serverExternalPackages: ['edgespan']; otherwise import module " +
        "from 'edgespan/module.wasm', call initCore(module) from 'edgespan', and give the exporter " +
        "the platform's waitUntil.",
      cause,
    );
  }
  return compiled;
}
