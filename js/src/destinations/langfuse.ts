import { objectOf } from '../transport/env.js';
import { langfuse as dialect } from './dialects.gen.js';
import { langfuseScores } from './scores/langfuse.js';
import type { Destination } from './destination.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface LangfuseOptions extends BackendOptions {
  /** `pk-lf-…`; `LANGFUSE_PUBLIC_KEY` by default. */
  publicKey?: string | undefined;
  /** `sk-lf-…`; `LANGFUSE_SECRET_KEY` by default. */
  secretKey?: string | undefined;
  /**
   * `https://cloud.langfuse.com` (EU, the default), `https://us.cloud.langfuse.com`, or your own server
   * (3.22 or later); `LANGFUSE_BASE_URL` by default. Keys do not tell the region.
   */
  baseUrl?: string | undefined;
  /** `LANGFUSE_TRACING_ENVIRONMENT` by default. */
  environment?: string | undefined;
  /** `LANGFUSE_RELEASE` by default. */
  release?: string | undefined;
  /** The name that `@mastra/langfuse` has for `headers`. */
  additionalHeaders?: Record<string, string> | undefined;
}

/**
 * [Langfuse](https://langfuse.com), cloud or self-hosted: observations, usage, tags, sessions, users and
 * prompts in its own words. Parents in other processes are left out: what has no root is not shown.
 *
 * @example
 * langfuse({ publicKey: env.LANGFUSE_PUBLIC_KEY, secretKey: env.LANGFUSE_SECRET_KEY })
 *
 * @source the server's code, documentation
 * @unverified the names under which cached and reasoning tokens are counted
 */
export function langfuse(options: LangfuseOptions = {}): Destination {
  const settings = new Settings(options);
  const publicKey = settings.required('publicKey', 'LANGFUSE_PUBLIC_KEY');
  const secretKey = settings.required('secretKey', 'LANGFUSE_SECRET_KEY');
  settings.expect(publicKey, /^pk-lf-/, 'a public key, `pk-lf-…`');
  settings.expect(secretKey, /^sk-lf-/, 'a secret key, `sk-lf-…`');
  const environment = settings.optional('environment', 'LANGFUSE_TRACING_ENVIRONMENT');
  return settings.destination({
    name: 'langfuse',
    url: settings.url(
      '/api/public/otel/v1/traces',
      'https://cloud.langfuse.com',
      'LANGFUSE_BASE_URL LANGFUSE_BASEURL LANGFUSE_HOST',
      'baseUrl',
    ),
    headers: {
      ...objectOf(options).additionalHeaders,
      authorization: settings.basic(publicKey, secretKey),
      'x-langfuse-ingestion-version': '4', // at once; up to ten minutes later without
    },
    resource: {
      'langfuse.environment': environment,
      'langfuse.release': settings.optional('release', 'LANGFUSE_RELEASE'),
    },
    dialect,
    scores: langfuseScores(environment),
    signals: [],
    gzip: GZIP,
  });
}
