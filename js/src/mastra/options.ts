/**
 * What the exporter can be told.
 * @module
 */
import type { EngineOptions } from '../engine/options.js';
import type { Signal } from '../signals/signal.js';
import type { TraceStore } from './traces.js';
import type { MastraSpan } from './types.js';

export interface EdgespanExporterOptions extends EngineOptions {
  /**
   * Changes a span's content before it is recorded: name, attributes, input and so on, not ids,
   * parents and times. Gets a shallow copy, of which it must not change what lies deeper. Mastra's
   * `chainFormatters()` joins several. A destination may have its own instead.
   */
  customSpanFormatter?(span: MastraSpan): MastraSpan | Promise<MastraSpan>;
  /**
   * What leaves where a formatter throws, rejects, gives no span or takes too long: the span without
   * content, counted as withheld (`withhold`, the default), or as it was (`original`), as in Mastra's
   * own exporters.
   */
  onFormatterError?: 'withhold' | 'original';
  /** Milliseconds that a run's end waits for its formatters; 2000 by default, at most 30000. */
  formatterTimeout?: number;
  /** Keeps recent traces for `getTrace()` and `findTraces()`; made by `traceStore()`. */
  keepTraces?: TraceStore;
  /**
   * What is sent beside spans, to the same destinations and with the same retries: `logs()`,
   * `metrics()`, `scores()` of `edgespan/signals`.
   */
  signals?: readonly Signal[];
}
