import { posthogScores } from './scores/posthog.js';
import type { Destination } from './destination.js';
import { posthog as dialect } from './dialects.gen.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface PostHogOptions extends BackendOptions {
  /** The project's key, `phc_…`; `POSTHOG_API_KEY` or `NEXT_PUBLIC_POSTHOG_KEY` by default. */
  apiKey?: string | undefined;
  /**
   * `https://us.i.posthog.com` (the default), `https://eu.i.posthog.com`, or your own; an application's
   * host is understood. `POSTHOG_HOST` or `NEXT_PUBLIC_POSTHOG_HOST` by default.
   */
  host?: string | undefined;
  /** Who a run without a user belongs to; nobody by default. */
  defaultDistinctId?: string | undefined;
}

/**
 * [PostHog](https://posthog.com) AI observability: at most 100 spans a request, more are refused.
 *
 * @example
 * posthog({ apiKey: env.POSTHOG_API_KEY, host: 'https://eu.i.posthog.com' })
 *
 * @source the server's code
 */
export function posthog(options: PostHogOptions = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.required('apiKey', 'POSTHOG_API_KEY NEXT_PUBLIC_POSTHOG_KEY');
  settings.expect(apiKey, /^phc_/, "a project's key, `phc_…`");
  const distinctId = settings.optional('defaultDistinctId');
  return settings.destination({
    name: 'posthog',
    url: settings.url(
      '/i/v0/ai/otel',
      'https://us.i.posthog.com',
      'POSTHOG_HOST NEXT_PUBLIC_POSTHOG_HOST',
      'host',
      (host) =>
        host
          .replace(/^(https:\/\/)app\.posthog\.com/, '$1us.i.posthog.com')
          .replace(/^(https:\/\/(us|eu))\.posthog\.com/, '$1.i.posthog.com'),
    ),
    headers: { authorization: `Bearer ${apiKey}` },
    resource: { 'posthog.distinct_id': distinctId },
    dialect,
    scores: posthogScores(distinctId),
    signals: [],
    gzip: GZIP,
    maxRequestSpans: 100,
    limits: { attributeValueLengthLimit: 400_000 }, // of 900 kB a span, input and output
  });
}
