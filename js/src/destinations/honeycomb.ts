import type { Destination } from './destination.js';
import { type BackendOptions, Settings } from './preset.js';

export interface HoneycombOptions extends BackendOptions {
  /** `HONEYCOMB_API_KEY` by default. */
  apiKey?: string | undefined;
  /** For keys of Honeycomb Classic alone; `HONEYCOMB_DATASET` by default. The service's name otherwise. */
  dataset?: string | undefined;
  /** `us` by default. */
  region?: 'us' | 'eu' | undefined;
}

/**
 * [Honeycomb](https://www.honeycomb.io), or a Refinery at an `endpoint` (or `HONEYCOMB_API_ENDPOINT`).
 *
 * @example
 * honeycomb({ apiKey: env.HONEYCOMB_API_KEY, region: 'eu' })
 *
 * @source documentation
 * @unverified gzip: bodies are sent as they are; 64 KiB a value, at which values are cut
 */
export function honeycomb(options: HoneycombOptions = {}): Destination {
  const settings = new Settings(options);
  const region = settings.part('region', '', 'us');
  if (region !== 'us' && region !== 'eu') settings.fail("`region` is neither 'us' nor 'eu'");
  return settings.destination({
    name: 'honeycomb',
    url: settings.url(
      '/v1/traces',
      `https://api.${region === 'eu' ? 'eu1.' : ''}honeycomb.io`,
      'HONEYCOMB_API_ENDPOINT',
    ),
    headers: {
      'x-honeycomb-team': settings.required('apiKey', 'HONEYCOMB_API_KEY'),
      'x-honeycomb-dataset': settings.optional('dataset', 'HONEYCOMB_DATASET'),
    },
    limits: { attributeValueLengthLimit: 65_536 },
  });
}
