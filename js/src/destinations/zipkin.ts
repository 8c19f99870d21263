import type { Destination } from './destination.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';
import { toZipkin } from './zipkin_json.js';

export interface ZipkinOptions extends BackendOptions {
  /** The name that `@opentelemetry/exporter-zipkin` has for `endpoint`. */
  url?: string | undefined;
}

/**
 * [Zipkin](https://zipkin.io), which reads no OTLP: its v2 JSON, by OpenTelemetry's mapping. Attributes
 * become tags (text, all of them), events annotations. `OTEL_EXPORTER_ZIPKIN_ENDPOINT`, or else
 * `http://localhost:9411`, is where spans go by default.
 *
 * @example
 * zipkin({ endpoint: 'http://zipkin:9411' })
 *
 * @source the specification, documentation
 */
export function zipkin(options: ZipkinOptions = {}): Destination {
  const settings = new Settings(options);
  return settings.destination({
    name: 'zipkin',
    url: settings.url('/api/v2/spans', 'http://localhost:9411', 'OTEL_EXPORTER_ZIPKIN_ENDPOINT', 'url'),
    signals: [],
    gzip: GZIP,
    wire: { name: 'zipkin', contentType: 'application/json', encode: toZipkin },
  });
}
