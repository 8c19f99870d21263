/**
 * What `registerEdgespan()` and `withTracing()` are told, and what they add to it on Vercel.
 * @module
 */
import { otlp } from '../destinations/index.js';
import type { EngineOptions } from '../engine/options.js';
import type { HandlerOptions } from '../hosts/options.js';
import { Requests } from '../hosts/requests.js';
import { w3c } from '../otel/propagation.js';
import { Env, objectOf } from '../transport/env.js';
import { nextSpans } from './next_spans.js';
import { requestAttributes } from './platform.js';
import { belowPlatform } from './propagator.js';
import { ownHosts, vercelResource } from './resource.js';

export interface VercelOptions extends Omit<HandlerOptions, 'destinations'> {
  /** Where spans go; by default `otlp()`, whose address the environment has. */
  destinations?: EngineOptions['destinations'];
  /** An `EdgespanExporter` whose destinations are used: one trace, and one request, with Mastra's spans. */
  exporter?: object;
}

/** The options with everything that they leave open. */
export interface Settled extends HandlerOptions {
  readonly exporter?: object;
  readonly propagate: NonNullable<HandlerOptions['propagate']>;
  readonly propagator: NonNullable<HandlerOptions['propagator']>;
}

export function settle(given?: VercelOptions): Settled {
  const options = objectOf(given);
  const { env, propagator = w3c, spanProcessors = [] } = options;
  const platform = vercelResource(env);
  const requests = new Requests(requestAttributes);
  const own = ownHosts(env);
  return {
    ...options,
    destinations: options.destinations ?? [otlp()],
    // Elsewhere the engine asks the platform, and knows what it keeps running.
    ...('cloud.provider' in platform && { waitUntil: options.waitUntil ?? requests.waitUntil }),
    resourceAttributes: {
      ...platform,
      ...new Env(env).pairs('OTEL_RESOURCE_ATTRIBUTES'),
      ...options.resourceAttributes,
    },
    spanProcessors: [requests, nextSpans, ...spanProcessors],
    propagator: belowPlatform(propagator),
    propagate: options.propagate ?? ((url) => own.has(url.host)),
  };
}
