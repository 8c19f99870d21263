/**
 * Makes what handlers are traced with: this is what brings the core.
 * @module
 */
import { engines } from '../engine/engine.js';
import { traceFetch } from '../hosts/fetch.js';
import { type Tracing, tracingOf } from '../hosts/options.js';
import { settle, type VercelOptions } from './options.js';

/** The environment of the process, Next.js' settings among it. */
interface Process {
  env?: Record<string, string | undefined>;
}

export function make(options: VercelOptions | undefined): Tracing {
  const settled = settle(options);
  const { exporter, fetch = true, propagate } = settled;
  if (fetch) {
    // Next.js makes spans of its own, and hands nothing on: one for each request is enough.
    const { env } = (globalThis as { process?: Process }).process ?? {};
    if (env) env.NEXT_OTEL_FETCH_DISABLED = '1';
    traceFetch(propagate);
  }
  return tracingOf(settled, exporter && engines.get(exporter));
}
