import type { Destination } from './destination.js';
import { sentry as dialect } from './dialects.gen.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface SentryOptions extends BackendOptions {
  /** `SENTRY_DSN` by default: address, project and key in one. */
  dsn?: string | undefined;
  /** `SENTRY_ENVIRONMENT` by default. */
  environment?: string | undefined;
  /** `SENTRY_RELEASE` by default. */
  release?: string | undefined;
}

/**
 * [Sentry](https://sentry.io), cloud or self-hosted, by its OTLP endpoint, an open beta.
 *
 * @example
 * sentry({ dsn: env.SENTRY_DSN, environment: 'production' })
 *
 * @source the SDK's code, documentation
 * @unverified limits of a request
 */
export function sentry(options: SentryOptions = {}): Destination {
  const settings = new Settings(options);
  const dsn = settings.required('dsn', 'SENTRY_DSN');
  const parts = /^(https?:\/\/)([^:@/]+)(?::([^@/]+))?@([^/]+(?:\/.+)?)\/(\d+)\/?$/.exec(dsn);
  if (dsn && !parts) settings.fail(`${settings.nameOf(dsn)} is not a DSN`);
  const [, scheme = '', key = '', secret = '', host = '', project = ''] = parts ?? [];
  for (const part of [dsn, secret]) settings.secret(part);
  return settings.destination({
    name: 'sentry',
    url: parts ? settings.url(`/api/${project}/integration/otlp/v1/traces/`, scheme + host) : undefined,
    headers: { 'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${key}` },
    resource: {
      'service.version': settings.optional('release', 'SENTRY_RELEASE'),
      'deployment.environment.name': settings.optional('environment', 'SENTRY_ENVIRONMENT'),
    },
    dialect,
    signals: ['logs'],
    gzip: GZIP,
  });
}
