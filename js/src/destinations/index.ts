/**
 * Destinations: where spans are sent.
 * @module
 */
import { OtlpDestination, type OtlpOptions } from '../transport/otlp_http.js';
import type { Destination } from './destination.js';
import type { Dialect } from './dialect.js';

export type { Destination, Dialect, OtlpOptions };

/**
 * A receiver of OTLP over HTTP, in protobuf. Never throws: a missing or malformed setting disables
 * the destination, is named in one warning, and its spans are counted as dropped.
 *
 * @example
 * otlp({ endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT, headers: { authorization: `Bearer ${env.KEY}` } })
 */
export function otlp(options: OtlpOptions): Destination {
  return new OtlpDestination(options);
}
