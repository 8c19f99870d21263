/**
 * The core: instantiated once per isolate, on first use, and shared by every exporter in it.
 * @module
 */
import { coreModule } from '#core-wasm';
import { EdgespanError } from '../errors.js';
import { ABI_VERSION } from './schema.gen.js';
import { Tape } from './tape.js';

/** The exports of core.wasm; wasm/abi.h is their documentation. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  /** Where the redactor's functions go. */
  readonly __indirect_function_table: {
    grow(places: number): number;
    set(place: number, call: unknown): void;
  };
  edgespan_abi_version(): number;
  edgespan_result(): number;
  edgespan_keys(): number;
  edgespan_lend(words: number, doubles: number, textBytes: number): number;
  edgespan_intern(at: number, size: number): number;
  edgespan_open_exporter(
    words: number,
    doubles: number,
    ropeAt: number,
    ropeBytes: number,
    ropeUnits: number,
  ): number;
  edgespan_commit(
    exporter: number,
    words: number,
    doubles: number,
    ropeAt: number,
    ropeBytes: number,
    ropeUnits: number,
  ): number;
  edgespan_drop(exporter: number, reason: number, spans: number): number;
  edgespan_close(exporter: number, before: number): number;
  edgespan_cut(
    exporter: number,
    destination: number,
    trace: number,
    now: number,
    hold: number,
  ): number;
  edgespan_adopt(
    exporter: number,
    destination: number,
    spans: number,
    size: number,
    now: number,
  ): number;
  edgespan_batch(batch: number): number;
  edgespan_judge(
    batch: number,
    httpStatus: number,
    bodyKind: number,
    size: number,
    retryAfter: number,
    now: number,
    left: number,
    random: number,
  ): number;
  edgespan_release(batch: number, spooled: number): number;
  edgespan_redact(exporter: number, destination: number, size: number): number;
  edgespan_stats(exporter: number, destination: number): number;
}

let tape: Tape | undefined;
let failure: unknown;

/**
 * Loads the core ahead of the first span, from `module` where the bundler could not provide it.
 * Without a call, and in most set-ups none is needed, the first span loads it. Does nothing when the
 * core is loaded.
 *
 * @throws EdgespanError EDGESPAN_BAD_MODULE, EDGESPAN_ABI_MISMATCH, EDGESPAN_WASM_COMPILE_BLOCKED
 * @example
 * import module from 'edgespan/module.wasm';
 * import { initCore } from 'edgespan';
 * initCore(module);
 */
export function initCore(module?: WebAssembly.Module): void {
  if (tape) return;
  if (module !== undefined && !(module instanceof WebAssembly.Module)) {
    throw new EdgespanError('EDGESPAN_BAD_MODULE', 'initCore() takes a WebAssembly.Module');
  }
  const instance = new WebAssembly.Instance(module ?? coreModule());
  const exports = instance.exports as unknown as CoreExports;
  const version = exports.edgespan_abi_version?.();
  if (version !== ABI_VERSION) {
    throw new EdgespanError(
      'EDGESPAN_ABI_MISMATCH',
      `core.wasm has ABI ${version}, this package wants ${ABI_VERSION}`,
    );
  }
  tape = new Tape(exports);
}

/** The core trapped, which it never should: nothing in it can be relied on any more. */
export function abandonCore(error: unknown): void {
  tape = undefined;
  failure = error;
}

/** The isolate's tape. Throws what loading the core threw, the same error each time. */
export function coreTape(): Tape {
  if (tape) return tape;
  if (failure !== undefined) throw failure;
  try {
    initCore();
  } catch (error) {
    failure = error;
    throw error;
  }
  return tape as unknown as Tape;
}
