/**
 * What every way of tracing can be told: where spans go, and how.
 * @module
 */
import type { PipelineConfig, SpanLimits } from '../core/pipeline.js';
import type { Destination } from '../destinations/destination.js';
import type { LogLevel } from '../log.js';
import type { HeadSampler } from '../sampling/sampler.js';
import type { TailSampler } from '../sampling/tail.js';
import type { Spool } from '../spool/spool.js';
import type { Environment } from '../transport/env.js';
import type { Receipt } from '../transport/receipt.js';
import { VERSION } from '../version.js';
import type { EarlyOptions } from './lane.js';
import type { PrivacyOptions } from './privacy.js';

export interface EngineOptions extends PrivacyOptions {
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
   * Keeps what could not be sent until its destination is well again; made by `kvSpool()` and its kin
   * of `edgespan/spool`. By default in the isolate's memory; `false`: nothing is kept.
   */
  spool?: Spool | false;
  /** Limits of a span's content. */
  limits?: SpanLimits;
  /** Which runs are recorded at all: `ratio()` and its kin of `edgespan/sampling`; all by default. */
  sampling?: HeadSampler | undefined;
  /** Which of them are sent, to destinations without a `tail` of their own: `tail()` of `edgespan/sampling`. */
  tail?: TailSampler | undefined;
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

/** What all of an engine's pipelines have in common; `env`: the environment's resource attributes. */
export function configOf(
  options: EngineOptions,
  env: Record<string, string>,
  serviceName: string,
): Omit<PipelineConfig, 'destinations'> {
  return {
    resource: {
      'telemetry.sdk.name': 'edgespan',
      'telemetry.sdk.version': VERSION,
      'telemetry.sdk.language': 'nodejs',
      ...env,
      ...options.resourceAttributes,
      'service.name': serviceName,
    },
    scope: { name: 'edgespan/mastra', version: VERSION },
    limits: { ...options.limits },
    redact: options.redact,
    content: options.content,
  };
}
