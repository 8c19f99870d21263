/**
 * The exporter for Mastra.
 * @module
 */
export { EdgespanExporter, type EdgespanExporterOptions } from './exporter.js';
export type { MastraInitOptions, MastraSpan, MastraTracingEvent } from './types.js';
export type { SpanLimits } from '../core/pipeline.js';
export type { DropReason, Receipt, ReceiptError } from '../transport/receipt.js';
