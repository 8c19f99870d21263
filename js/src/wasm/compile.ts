/**
 * Modules as bytes inside the bundle: for Node, browsers and every tool that does not load `.wasm` files
 * by itself.
 * @module
 */
import { EdgespanError } from '../errors.js';

/**
 * Throws EDGESPAN_WASM_COMPILE_BLOCKED where code generation is forbidden.
 * @param file Where users import the module from.
 * @param call What they hand it to.
 */
export function compile(base64: string, file: string, call: string): WebAssembly.Module {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new EdgespanError(
      'EDGESPAN_WASM_COMPILE_BLOCKED',
      'This runtime forbids compiling WebAssembly from bytes, and the bundler did not use the ' +
        '"workerd" condition. Keep edgespan out of the bundle: Mastra: bundler: { externals: ' +
        "['edgespan'] }; OpenNext: serverExternalPackages: ['edgespan']; otherwise import module " +
        `from '${file}', call ${call}, and give the exporter the platform's waitUntil.`,
      cause,
    );
  }
}
