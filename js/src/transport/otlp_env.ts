/**
 * OpenTelemetry's variables of an OTLP exporter, for a destination that is not told where to send.
 * @module
 */
import { Env, objectOf } from './env.js';
import { isGrpc, overHttp } from './grpc.js';
import type { OtlpOptions, Target, Wire } from './otlp_http.js';

/** The options, with the environment's for those that are missing. */
export function fromEnvironment(options: OtlpOptions | undefined, wire?: Wire): Target {
  options = objectOf(options);
  // With an endpoint of its own nothing: credentials of one receiver must not reach another.
  if ('endpoint' in options) return { ...options, wire, warnings: [] };
  const env = new Env(options.env);
  const endpoint = env.otlp('ENDPOINT');
  const headers = env.otlp('HEADERS');
  const protocol = `http/${wire ? 'json' : 'protobuf'}`;
  const other = wire ? 'otlp()' : 'otlpJson()';
  // What one warning says of the address needs no other for the protocol.
  const grpc = endpoint !== undefined && isGrpc(endpoint.value);
  const fits = (name: string): true | undefined =>
    name === protocol || (grpc && name === 'grpc') || undefined;
  env.read('PROTOCOL', fits, `${protocol} (${other} sends the other)`);
  for (const name of ['CERTIFICATE', 'CLIENT_KEY', 'CLIENT_CERTIFICATE']) {
    env.read(name, () => undefined, 'for fetch, which has no place for it');
  }
  const found: Target = {
    endpoint:
      endpoint && overHttp(endpoint.value, ':4318', endpoint.name, (said) => env.warnings.push(said)),
    exact: !grpc && endpoint?.name.includes('_TRACES_'),
    headers: headers && env.pairs(headers.name),
    timeout: env.read('TIMEOUT', (ms) => (/^\d+$/.test(ms) ? +ms : undefined), 'whole milliseconds'),
    gzip: env.read('COMPRESSION', (name) => ({ gzip: true, none: false })[name], 'gzip or none'),
    wire,
    warnings: env.warnings,
  };
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) (found as unknown as Record<string, unknown>)[option] = value;
  }
  return found;
}
