/**
 * What an exporter can be told.
 * @module
 */
import type { PipelineConfig, SpanLimits } from '../core/pipeline.js';
import type { Destination } from '../destinations/destination.js';
import type { LogLevel } from '../log.js';
import type { Signal } from '../signals/signal.js';
import type { Spool } from '../spool/spool.js';
import type { Environment } from '../transport/env.js';
import type { Receipt } from '../transport/receipt.js';
import { VERSION } from '../version.js';
import type { EarlyOptions } from './lane.js';
import type { TraceStore } from './traces.js';
import type { MastraSpan } from './types.js';

export interface EdgespanExporterOptions {
  /** Where spans go; made by `otlp()` and its kin. */
  destinations: readonly Destination[];
  /**
   * `service.name`; otherwise `resourceAttributes['service.name']`, otherwise the environment's,
   * otherwise Mastra's serviceName.
   */
  serviceName?: string;
  /** Attributes of the resource: they win over ours (`telemetry.sdk.*`). */
  resourceAttributes?: Record<string, unknown>;
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
   * Keeps what could not be sent until its destination is well again; made by `kvSpool()` and its kin
   * of `edgespan/spool`. By default in the isolate's memory; `false`: nothing is kept.
   */
  spool?: Spool | false;
  /**
   * What is sent beside spans, to the same destinations and with the same retries: `logs()`,
   * `metrics()`, `scores()` of `edgespan/signals`.
   */
  signals?: readonly Signal[];
  /** Limits of a span's content. */
  limits?: SpanLimits;
  /** When ended spans leave while their run goes on, for destinations that take them so. */
  early?: EarlyOptions;
  /** Told what became of each run that was sent. */
  onReceipt?(receipt: Receipt): void;
  /**
   * Where OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and OTEL_SDK_DISABLED are: a Worker's `env`;
   * `process.env` by default. Options win.
   */
  env?: Environment | undefined;
  /** Keeps a promise alive after the response; found by itself on Cloudflare and Vercel. */
  waitUntil?(promise: Promise<unknown>): void;
  /** `warn` by default. */
  logLevel?: LogLevel;
}

/** What all of an exporter's pipelines have in common; `env`: the environment's resource attributes. */
export function configOf(
  { resourceAttributes, limits }: EdgespanExporterOptions,
  env: Record<string, string>,
  serviceName: string,
): Omit<PipelineConfig, 'destinations'> {
  return {
    resource: {
      'telemetry.sdk.name': 'edgespan',
      'telemetry.sdk.version': VERSION,
      'telemetry.sdk.language': 'nodejs',
      ...env,
      ...resourceAttributes,
      'service.name': serviceName,
    },
    scope: { name: 'edgespan/mastra', version: VERSION },
    limits: { ...limits },
  };
}
