import { Env, objectOf } from '../transport/env.js';
import { toRun } from './context_company_run.js';
import type { Destination } from './destination.js';
import { native } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';
import { contextCompanyScores } from './scores/context_company.js';

export { runIdOf } from './run_id.js';

/** How spans are told, and when a run leaves, its format says. */
export interface ContextCompanyOptions extends Omit<BackendOptions, 'delivery' | 'dialect'> {
  /** `TCC_API_KEY` by default. One that begins with `dev_` goes to the development host. */
  apiKey?: string | undefined;
  /** Says on the console which run is sent, with its id; `TCC_DEBUG` by default. */
  debug?: boolean | undefined;
}

/**
 * [The Context Company](https://thecontext.company) (Observatory): a run in Mastra's own words, in one
 * request when its root ends. The run's id is `tcc.runId` of the metadata: a UUID as it is, any other text
 * as the UUID that `runIdOf()` makes of it; without one it is made of the ids of trace and root span.
 * Sessions are `tcc.sessionId`, or else Mastra's `sessionId` and `threadId`.
 *
 * @example
 * contextCompany({ apiKey: env.TCC_API_KEY })
 *
 * @source the exporter's code, documentation
 */
export function contextCompany(options: ContextCompanyOptions = {}): Destination {
  const { debug, ...given } = objectOf(options);
  const fixed = { delivery: 'whole', dialect: native } as const;
  const settings = new Settings({ ...given, ...fixed });
  const key = settings.required('apiKey', 'TCC_API_KEY');
  const host = key.startsWith('dev_') ? 'dev' : 'api';
  const told = debug ?? /^(1|true)$/i.test(new Env(given.env).get('TCC_DEBUG') ?? '');
  return settings.destination({
    name: 'context-company',
    url: settings.url('/v1/mastra', `https://${host}.thecontext.company`, 'TCC_BASE_URL TCC_URL'),
    headers: { authorization: `Bearer ${key}` },
    scores: contextCompanyScores,
    signals: [],
    wire: {
      name: `tcc${told}`,
      contentType: 'application/json',
      encode(body) {
        const { runId, traceId, spans, bytes } = toRun(body);
        if (told) {
          console.log(`[edgespan] run ${runId}: trace ${traceId}, ${spans} spans, ${bytes.length} bytes`);
        }
        return bytes;
      },
    },
  });
}
