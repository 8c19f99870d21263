/**
 * Destinations: where spans are sent.
 * @module
 */
import type { Environment } from '../transport/env.js';
import { fromEnvironment } from '../transport/otlp_env.js';
import { OtlpDestination, type OtlpOptions } from '../transport/otlp_http.js';
import { JSON_WIRE } from '../transport/otlp_json.js';
import type { Destination } from './destination.js';
import type { Dialect } from './dialect.js';

export { agnost, type AgnostOptions } from './agnost.js';
export { arize, type ArizeOptions } from './arize.js';
export { axiom, type AxiomOptions } from './axiom.js';
export { braintrust, type BraintrustOptions } from './braintrust.js';
export { collector, type CollectorOptions } from './collector.js';
export { consoleTree, type ConsoleTreeOptions } from './console_tree.js';
export { contextCompany, runIdOf, type ContextCompanyOptions } from './context_company.js';
export { dash0, type Dash0Options } from './dash0.js';
export { datadog, type DatadogOptions } from './datadog.js';
export { grafanaCloud, type GrafanaCloudOptions } from './grafana_cloud.js';
export { honeycomb, type HoneycombOptions } from './honeycomb.js';
export { laminar, type LaminarOptions } from './laminar.js';
export { langfuse, type LangfuseOptions } from './langfuse.js';
export { langsmith, type LangSmithOptions } from './langsmith.js';
export { lemma, type LemmaOptions } from './lemma.js';
export { mastraPlatform, type MastraPlatformOptions } from './mastra_platform.js';
export { mlflow, type MlflowOptions } from './mlflow.js';
export { newRelic, type NewRelicOptions } from './new_relic.js';
export { phoenix, type PhoenixOptions } from './phoenix.js';
export { posthog, type PostHogOptions } from './posthog.js';
export { sentry, type SentryOptions } from './sentry.js';
export { signoz, type SignozOptions } from './signoz.js';
export { traceloop, type TraceloopOptions } from './traceloop.js';
export { zipkin, type ZipkinOptions } from './zipkin.js';
export type { BackendOptions } from './preset.js';
export type { Annotation, ScoreAdapter, ScoreRequest } from './scores/score.js';
export type { Address } from './destination.js';
export type { Destination, Dialect, Environment, OtlpOptions };

/**
 * A receiver of OTLP over HTTP, in protobuf. Without options the environment's
 * OTEL_EXPORTER_OTLP_* variables say which. Never throws: a missing or malformed setting disables
 * the destination, is named in one warning, and its spans are counted as dropped.
 *
 * @example
 * otlp({ endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT, headers: { authorization: `Bearer ${env.KEY}` } })
 */
export function otlp(options: OtlpOptions = {}): Destination {
  return new OtlpDestination(fromEnvironment(options));
}

/**
 * The same in JSON, for receivers that read no protobuf. It costs several times what protobuf does; the
 * code for it is bundled only where this is used.
 *
 * @example
 * otlpJson({ endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT })
 */
export function otlpJson(options: OtlpOptions = {}): Destination {
  return new OtlpDestination(fromEnvironment(options, JSON_WIRE));
}
