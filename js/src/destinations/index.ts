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

export { consoleTree, type ConsoleTreeOptions } from './console_tree.js';
export { contextCompany, runIdOf, type ContextCompanyOptions } from './context_company.js';
export { langfuse, type LangfuseOptions } from './langfuse.js';
export { mastraPlatform, type MastraPlatformOptions } from './mastra_platform.js';
export { zipkin, type ZipkinOptions } from './zipkin.js';
export type { BackendOptions } from './preset.js';
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
