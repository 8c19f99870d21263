/**
 * Errors with stable codes. Only what a user calls by hand throws (`initCore`, `encodeSpans`); telemetry
 * never does.
 * @module
 */

/** Why the core could not be loaded, or used. Codes are stable; messages are not. */
export type EdgespanErrorCode =
  /** The runtime forbids compiling WebAssembly from bytes; the message says what to configure. */
  | 'EDGESPAN_WASM_COMPILE_BLOCKED'
  /** `initCore` was given something that is not a `WebAssembly.Module`. */
  | 'EDGESPAN_BAD_MODULE'
  /** The module and this package were built from different versions. */
  | 'EDGESPAN_ABI_MISMATCH'
  /** The core refused the exporter's configuration. */
  | 'EDGESPAN_BAD_CONFIG'
  /** The core has no memory left for another exporter. */
  | 'EDGESPAN_NO_MEMORY'
  /** `encodeSpans` was given spans that cannot be encoded. */
  | 'EDGESPAN_NOT_ENCODED';

/**
 * An error of this package.
 * @example
 * try { initCore(module) } catch (error) {
 *   if (error instanceof EdgespanError && error.code === 'EDGESPAN_ABI_MISMATCH') redeploy();
 * }
 */
export class EdgespanError extends Error {
  override readonly name: string = 'EdgespanError';
  readonly code: EdgespanErrorCode;

  constructor(code: EdgespanErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
