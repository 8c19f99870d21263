/**
 * The exporter for Mastra.
 * @module
 */
export { EdgespanExporter } from './exporter.js';
export type { EdgespanExporterOptions } from './options.js';
export type { EarlyOptions } from '../engine/lane.js';
export type { RecordedSpan, RecordedTrace, TraceFilter, TraceStore } from './traces.js';
export type {
  MastraFeedback,
  MastraFeedbackEvent,
  MastraInitOptions,
  MastraObservability,
  MastraScore,
  MastraScoreEvent,
  MastraSpan,
  MastraTracingEvent,
  Place,
} from './types.js';
export { EdgespanBridge, type EdgespanBridgeOptions } from './bridge.js';
export type { MastraParent, MastraSpanIds, MastraSpanOptions } from './bridge.js';
export type { FeedbackInput, ScoreInput } from './recorded.js';
export type { SpanLimits } from '../core/pipeline.js';
export type { DropReason, Receipt, ReceiptError } from '../transport/receipt.js';
