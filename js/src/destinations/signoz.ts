import type { Destination } from './destination.js';
import { type BackendOptions, Settings } from './preset.js';

export interface SignozOptions extends BackendOptions {
  /** `SIGNOZ_API_KEY` or `SIGNOZ_INGESTION_KEY` by default; not needed for a server of your own. */
  apiKey?: string | undefined;
  /** `us` (the default), `eu`, `in`; `SIGNOZ_REGION` by default. */
  region?: string | undefined;
}

/**
 * [SigNoz](https://signoz.io), cloud, or self-hosted at an `endpoint` (or `SIGNOZ_ENDPOINT`).
 *
 * @example
 * signoz({ apiKey: env.SIGNOZ_API_KEY, region: 'eu' })
 *
 * @source documentation
 * @unverified gzip: bodies are sent as they are; limits of a request
 */
export function signoz(options: SignozOptions = {}): Destination {
  const settings = new Settings(options);
  const region = settings.part('region', 'SIGNOZ_REGION', 'us');
  const url = settings.url('/v1/traces', `https://ingest.${region}.signoz.cloud`, 'SIGNOZ_ENDPOINT');
  const cloud = url === undefined || /\.signoz\.cloud$/.test(new URL(url).hostname);
  return settings.destination({
    name: 'signoz',
    url,
    headers: {
      'signoz-ingestion-key': settings[cloud ? 'required' : 'optional'](
        'apiKey',
        'SIGNOZ_API_KEY SIGNOZ_INGESTION_KEY',
      ),
    },
  });
}
