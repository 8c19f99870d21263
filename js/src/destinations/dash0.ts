import { dash0 as dialect } from './dialects.gen.js';
import { forHttp, isGrpc } from '../transport/grpc.js';
import type { Destination } from './destination.js';
import { type BackendOptions, Settings } from './preset.js';

export interface Dash0Options extends BackendOptions {
  /** `auth_…`; `DASH0_API_KEY` or `DASH0_AUTH_TOKEN` by default. */
  apiKey?: string | undefined;
  /** In place of an `endpoint`: `eu-west-1.aws`, `eu-central-1.aws`, `us-west-2.aws`, `europe-west4.gcp`. */
  region?: string | undefined;
  /** `DASH0_DATASET` by default; `default` without one. */
  dataset?: string | undefined;
}

/**
 * [Dash0](https://www.dash0.com). It has no address that would do for all: `endpoint` (or
 * `DASH0_ENDPOINT`), of which an address for gRPC is understood, or a `region`. Dash0 keeps 32 attributes
 * of a span and 2048 characters of a value: limits count bytes of UTF-8, so that text other than ASCII is
 * cut earlier.
 *
 * @example
 * dash0({ apiKey: env.DASH0_API_KEY, region: 'eu-west-1.aws' })
 *
 * @source documentation
 * @unverified gzip: bodies are sent as they are; which of more than
 * 32 attributes are kept: the first are sent, messages come last
 */
export function dash0(options: Dash0Options = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.required('apiKey', 'DASH0_API_KEY DASH0_AUTH_TOKEN');
  const region = settings.part('region');
  return settings.destination({
    name: 'dash0',
    url: settings.url(
      '/v1/traces',
      region && `https://ingress.${region}.dash0.com`,
      'DASH0_ENDPOINT DASH0_OTLP_URL',
      'endpoint',
      // HTTP is at the usual port there.
      (endpoint) => (isGrpc(endpoint) || /^[^:/]+$/.test(endpoint) ? forHttp(endpoint, '') : endpoint),
    ),
    headers: {
      authorization: `Bearer ${apiKey}`,
      'dash0-dataset': settings.optional('dataset', 'DASH0_DATASET'),
    },
    dialect,
    limits: {
      attributeCountLimit: 32,
      attributeValueLengthLimit: 2048,
      eventCountLimit: 8,
      linkCountLimit: 128,
    },
  });
}
