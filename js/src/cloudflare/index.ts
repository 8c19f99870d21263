/**
 * Tracing for Cloudflare Workers.
 * @module
 */
export type { BindingClass } from './bindings.js';
export { instrument, instrumentDurableObject } from './instrument.js';
export type { CaptureOptions, Config, InstrumentOptions, PropagateOptions } from './options.js';
export { instrumentWorkflow } from './workflow.js';
// Beside `edgespan/otel`, which needs @opentelemetry/api to be installed.
export { useAsyncLocalStorage } from '../otel/context.js';
export type { DropReason, Receipt, ReceiptError } from '../transport/receipt.js';
