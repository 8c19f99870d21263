/**
 * What `edgespan/redactor.wasm` means to Node: see core-node.ts.
 * @module
 */
import { redactorModule } from './redactor-inline.js';

const wasm: WebAssembly.Module = redactorModule();
export default wasm;
