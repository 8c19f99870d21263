import type { Destination } from './destination.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface NewRelicOptions extends BackendOptions {
  /** The licence key; `NEW_RELIC_LICENSE_KEY` by default. */
  apiKey?: string | undefined;
  /** By the key, by default: `eu01xx…` is of the EU. */
  region?: 'us' | 'eu' | 'gov' | undefined;
}

const HOSTS = { us: 'otlp.nr-data.net', eu: 'otlp.eu01.nr-data.net', gov: 'gov-otlp.nr-data.net' };

/**
 * [New Relic](https://newrelic.com): at most 1 MB a request, 4095 characters a value: limits
 * count bytes of UTF-8, so that text other than ASCII is cut earlier.
 *
 * @example
 * newRelic({ apiKey: env.NEW_RELIC_LICENSE_KEY })
 *
 * @source documentation
 * @unverified that keys which begin with `eu01xx` are of the EU
 */
export function newRelic(options: NewRelicOptions = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.required('apiKey', 'NEW_RELIC_LICENSE_KEY');
  const region = settings.part('region', '', /^eu01xx/i.test(apiKey) ? 'eu' : 'us');
  if (!(region in HOSTS)) settings.fail("`region` is neither 'us', 'eu' nor 'gov'");
  return settings.destination({
    name: 'newrelic',
    url: settings.url('/v1/traces', `https://${HOSTS[region as keyof typeof HOSTS]}`, 'NEW_RELIC_ENDPOINT'),
    headers: { 'api-key': apiKey },
    gzip: GZIP,
    maxRequestBytes: 1_000_000,
    maxRequestSpans: 200,
    limits: { attributeValueLengthLimit: 4095 },
  });
}
