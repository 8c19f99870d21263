import { type Environment, objectOf } from '../transport/env.js';
import { datadogScores } from './scores/datadog.js';
import type { Destination } from './destination.js';
import { datadog as dialect } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';

export interface DatadogOptions extends Omit<BackendOptions, 'env'> {
  /** `DD_API_KEY` by default; not needed for an Agent at an `endpoint` of its own. */
  apiKey?: string | undefined;
  /** `datadoghq.com` (the default), `datadoghq.eu`, `us3.datadoghq.com`, …; `DD_SITE` by default. */
  site?: string | undefined;
  /**
   * The application's name in LLM Observability, and the service's; `DD_LLMOBS_ML_APP` by default. Without
   * it Datadog shows the service's, and scores go as spans.
   */
  mlApp?: string | undefined;
  /** Where there is no `mlApp`; `DD_SERVICE` by default, then the exporter's service name. */
  service?: string | undefined;
  /** Where variables are: a Worker's `env`; or, as `@mastra/datadog` has it, the environment's name. */
  env?: Environment | string | undefined;
  /** The environment's name; `DD_ENV` by default. */
  environment?: string | undefined;
  /** `DD_VERSION` by default. */
  version?: string | undefined;
}

/**
 * [Datadog](https://www.datadoghq.com) LLM Observability, by its OTLP intake; spans show after three to
 * five minutes. With an Agent, `endpoint` is its address: `http://localhost:4318`.
 *
 * @example
 * datadog({ apiKey: env.DD_API_KEY, site: 'datadoghq.eu', mlApp: 'support' })
 *
 * @source documentation, of which revisions differ
 * @unverified gzip: bodies are sent as they are; whether `dd_llmobs_enabled` must be sent: it is
 */
export function datadog(options: DatadogOptions = {}): Destination {
  const { env, ...rest } = objectOf(options);
  const named = typeof env === 'string';
  const environment = rest.environment ?? (named ? env : undefined);
  const settings = new Settings({ ...rest, environment, ...(!named && env && { env }) });
  const agent = settings.optional('endpoint') !== undefined;
  const apiKey = settings[agent ? 'optional' : 'required']('apiKey', 'DD_API_KEY');
  const site = settings.part('site', 'DD_SITE', 'datadoghq.com');
  if (!agent && site === 'ddog-gov.com') {
    settings.fail(`${settings.nameOf(site)}: Datadog has no OTLP intake there; an Agent's \`endpoint\` has`);
  }
  const mlApp = settings.optional('mlApp', 'DD_LLMOBS_ML_APP');
  return settings.destination({
    name: 'datadog',
    url: settings.url('/v1/traces', `https://otlp.${site}`),
    headers: { 'dd-api-key': apiKey, 'dd-otlp-source': 'llmobs', 'dd-ml-app': mlApp },
    resource: {
      'service.name': mlApp ?? settings.optional('service', 'DD_SERVICE'),
      'service.version': settings.optional('version', 'DD_VERSION'),
      'deployment.environment.name': settings.optional('environment', 'DD_ENV'),
    },
    dialect,
    scores: datadogScores(agent ? undefined : site),
    signals: [],
    maxRequestBytes: 3_000_000, // above 3.2 MB it is refused
  });
}
