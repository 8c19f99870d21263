/**
 * Where OTLP receivers take their other signals.
 * @module
 */
import type { Destination } from '../destinations/destination.js';
import { Endpoint } from './endpoint.js';
import type { SignalHost } from './signal.js';

/** The path of spans, at whose place that of another signal stands. */
const TRACES = /\/v1\/traces\/?(?=$|\?)/;

/**
 * The endpoints of those destinations that take a signal, and how many should and cannot: says why, once.
 * @param given In place of the exporter's own.
 */
export function otlpEndpoints(
  host: SignalHost,
  given: readonly Destination[] | undefined,
  signal: 'logs' | 'metrics',
): { endpoints: readonly Endpoint[]; off: number } {
  const endpoints: Endpoint[] = [];
  let off = given ? 0 : host.off;
  for (const to of given ?? host.destinations) {
    if (!given && to.signals?.includes(signal) === false) continue;
    const problem = to.problem ?? (TRACES.test(to.address?.().url ?? '') ? '' : 'its endpoint is not known');
    if (problem) {
      off++;
      host.warn(`Destination "${to.name}" takes no ${signal}: ${problem}; they are dropped.`);
      continue;
    }
    const route = ({ url, headers }: { url: string; headers: Readonly<Record<string, string>> }) => ({
      at: { url: url.replace(TRACES, `/v1/${signal}`), headers },
    });
    endpoints.push(new Endpoint(to, signal, route, true));
  }
  if (endpoints.length + off === 0) {
    off = 1;
    host.warn(`No destination takes ${signal}; they are dropped.`);
  }
  return { endpoints, off };
}
