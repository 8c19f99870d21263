/**
 * Dialects: how spans are told, beside OpenTelemetry's GenAI conventions, which are the default and in the
 * core. What each makes of a span is in src/edgespan/semconv.
 * @module
 */
export type { Dialect } from './dialect.js';
export * from './dialects.gen.js';
