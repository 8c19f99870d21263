import { objectOf } from '../transport/env.js';
import { fromEnvironment } from '../transport/otlp_env.js';
import { overHttp } from '../transport/grpc.js';
import { endpointProblem, OtlpDestination } from '../transport/otlp_http.js';
import type { Destination } from './destination.js';
import { type BackendOptions, GZIP } from './preset.js';

export interface CollectorOptions extends BackendOptions {
  /** The tenant of a Tempo that has several: `X-Scope-OrgID`. */
  tenant?: string | undefined;
}

const VARIABLES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT';

/**
 * An OpenTelemetry Collector, Jaeger (2 or later), Tempo or Alloy, in OpenTelemetry's own words.
 * OTEL_EXPORTER_OTLP_* say where it is; without them and an `endpoint`, `http://localhost:4318`.
 *
 * @example
 * collector({ endpoint: 'http://collector.internal:4318' })
 *
 * @source the specification, documentation
 */
export function collector(options: CollectorOptions = {}): Destination {
  const { endpoint, tenant, ...rest } = objectOf(options);
  const target = fromEnvironment(endpoint === undefined ? rest : { ...rest, endpoint });
  const warnings = [...target.warnings];
  target.endpoint = overHttp(
    target.endpoint ?? 'http://localhost:4318',
    ':4318',
    '`endpoint`',
    (said) => warnings.push(said),
  );
  const wrong = endpointProblem(target.endpoint);
  return new OtlpDestination({
    ...target,
    warnings,
    problem: wrong && `\`endpoint\` (or ${VARIABLES}) ${wrong}`,
    name: target.name ?? 'collector',
    gzip: target.gzip ?? GZIP,
    headers: { ...(tenant && { 'x-scope-orgid': tenant }), ...target.headers },
  });
}
