import { overHttp } from '../transport/grpc.js';
import { phoenixScores } from './scores/phoenix.js';
import type { Destination } from './destination.js';
import { openinference as dialect } from './dialects.gen.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface PhoenixOptions extends BackendOptions {
  /** For a server that asks for one; `PHOENIX_API_KEY` by default. */
  apiKey?: string | undefined;
  /** `PHOENIX_PROJECT_NAME` by default; `default` without one. */
  projectName?: string | undefined;
}

/**
 * [Arize Phoenix](https://phoenix.arize.com), in OpenInference's words. `endpoint` is the server's address
 * (`PHOENIX_COLLECTOR_ENDPOINT`); `http://localhost:6006` by default, where no key is given.
 *
 * @example
 * phoenix({ endpoint: 'https://app.phoenix.arize.com/s/my-space', apiKey: env.PHOENIX_API_KEY })
 *
 * @source the server's code, documentation
 */
export function phoenix(options: PhoenixOptions = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.optional('apiKey', 'PHOENIX_API_KEY');
  return settings.destination({
    name: 'phoenix',
    url: settings.url(
      '/v1/traces',
      apiKey ? undefined : 'http://localhost:6006', // a key is for some other place
      'PHOENIX_COLLECTOR_ENDPOINT PHOENIX_ENDPOINT',
      'endpoint',
      // Its own variable is an address for gRPC as often as not; HTTP is where the application is.
      (endpoint) =>
        overHttp(endpoint, ':6006', settings.nameOf(endpoint), (said) => settings.warn(said)),
    ),
    headers: {
      ...settings.pairs('PHOENIX_CLIENT_HEADERS'),
      authorization: apiKey && `Bearer ${apiKey}`,
    },
    resource: { 'openinference.project.name': settings.optional('projectName', 'PHOENIX_PROJECT_NAME') },
    dialect,
    scores: phoenixScores,
    signals: [],
    gzip: GZIP,
  });
}
