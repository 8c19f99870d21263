/**
 * Edgespan: tracing for AI agents on edge runtimes. Most users import `edgespan/mastra` and
 * `edgespan/destinations`; this entry holds what they share.
 * @module
 */
export { initCore } from './core/core.js';
export type { SpanLimits } from './core/pipeline.js';
export type { Destination } from './destinations/destination.js';
export { EdgespanError, type EdgespanErrorCode } from './errors.js';
export type { Logger, LogLevel } from './log.js';
export type { DropReason, Receipt, ReceiptError } from './transport/receipt.js';
export { VERSION } from './version.js';
