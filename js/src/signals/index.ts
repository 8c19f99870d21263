/**
 * Signals beside spans: logs, metrics, scores and feedback. A bundle has the code of those that it
 * imports.
 * @module
 */
export { logs, type LogsOptions } from './logs.js';
export { type MetricKind, metrics, type MetricsOptions } from './metrics.js';
export { scores } from './scores.js';
export type { Annotation, ScoreAdapter, ScoreRequest } from '../destinations/scores/score.js';
export type {
  MastraLog,
  MastraMetric,
  Signal,
  SignalHandlers,
  SignalSink,
  TraceScore,
} from './signal.js';
