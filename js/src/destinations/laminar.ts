import { laminarScores } from './scores/laminar.js';
import type { Destination } from './destination.js';
import { laminar as dialect } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';

export interface LaminarOptions extends BackendOptions {
  /** `LMNR_PROJECT_API_KEY` by default. */
  apiKey?: string | undefined;
  /** Another name of `endpoint`: `http://localhost:8000`, say, for your own server. */
  baseUrl?: string | undefined;
}

/**
 * [Laminar](https://www.lmnr.ai), cloud or self-hosted (`LAMINAR_ENDPOINT`, the whole address, or
 * `LMNR_BASE_URL`).
 *
 * @example
 * laminar({ apiKey: env.LMNR_PROJECT_API_KEY })
 *
 * @source the server's code
 * @unverified gzip: bodies are sent as they are; the cloud's limit of a request, 5 MiB on your own server
 */
export function laminar(options: LaminarOptions = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.required('apiKey', 'LMNR_PROJECT_API_KEY');
  return settings.destination({
    name: 'laminar',
    url: settings.url('/v1/traces', 'https://api.lmnr.ai', 'LAMINAR_ENDPOINT LMNR_BASE_URL', 'baseUrl'),
    headers: { authorization: `Bearer ${apiKey}` },
    dialect,
    scores: laminarScores,
    signals: [],
  });
}
