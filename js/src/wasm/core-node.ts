/**
 * What `edgespan/core.wasm` means to Node: tools that import a Worker's bundle to look at it
 * (`mastra build` does) get a module as they would in workerd. The one file that compiles at import.
 * @module
 */
import { coreModule } from './inline.js';

const wasm: WebAssembly.Module = coreModule();
export default wasm;
