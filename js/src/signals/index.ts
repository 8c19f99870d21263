/**
 * Signals beside spans: logs, metrics, scores and feedback. A bundle has the code of those that it
 * imports.
 * @module
 */
export { logs, type LogsOptions } from './logs.js';
export { type MetricKind, metrics, type MetricsOptions } from './metrics.js';
export { scores } from './scores.js';
export type { MastraLog, MastraMetric, Signal, SignalHandlers, TraceScore } from './signal.js';
