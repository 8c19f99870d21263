/**
 * The redactor: a module beside the core, instantiated once for it, on first use. It works in the core's
 * memory, and the core calls it by its table (wasm/README.md): nothing of it crosses to JavaScript.
 * @module
 */
import { redactorModule } from '#redactor-wasm';
import type { CoreExports } from '../core/core.js';
import { EdgespanError } from '../errors.js';

/** In the order in which the core knows them (src/edgespan/privacy/hooks.h). */
const FUNCTIONS = ['open', 'redact', 'key'];

/** The first one's place in a core's table. */
const places = /* @__PURE__ */ new WeakMap<object, number>();
let given: WebAssembly.Module | undefined;

/**
 * Gives the redactor's module where the bundler could not provide it, as `initCore()` does the core's.
 * Without a call, and in most set-ups none is needed, the first exporter with a `redact()` loads it. Does
 * nothing once it is loaded.
 *
 * @throws EdgespanError EDGESPAN_BAD_MODULE
 * @example
 * import module from 'edgespan/redactor-module.wasm';
 * import { initRedactor } from 'edgespan/privacy';
 * initRedactor(module);
 */
export function initRedactor(module: WebAssembly.Module): void {
  if (!(module instanceof WebAssembly.Module)) {
    throw new EdgespanError('EDGESPAN_BAD_MODULE', 'initRedactor() takes a WebAssembly.Module');
  }
  given ??= module;
}

/** Brings the redactor to a core that has none. Throws EdgespanError. */
export function placeIn(core: CoreExports): number {
  const known = places.get(core);
  if (known !== undefined) return known;
  const { memory, __indirect_function_table: table } = core;
  const module = given ?? redactorModule();
  let functions: unknown[];
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    functions = FUNCTIONS.map((name) => exports[`edgespan_redactor_${name}`]);
    // Before the table grows: it never shrinks.
    if (!functions.every((one) => typeof one === 'function')) throw new TypeError('functions are missing');
  } catch (error) {
    throw new EdgespanError('EDGESPAN_ABI_MISMATCH', 'redactor.wasm is none of this core', error);
  }
  const first = table.grow(functions.length);
  functions.forEach((one, i) => table.set(first + i, one));
  places.set(core, first);
  return first;
}
