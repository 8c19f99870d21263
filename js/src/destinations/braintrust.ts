import { braintrustScores } from './scores/braintrust.js';
import type { Destination } from './destination.js';
import { braintrust as dialect } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';

export interface BraintrustOptions extends BackendOptions {
  /** `sk-…`; `BRAINTRUST_API_KEY` by default. */
  apiKey?: string | undefined;
  /** `mastra-tracing` by default, as with Mastra's own exporter. */
  projectName?: string | undefined;
  /**
   * Where traces go, in place of a project's name: `project_id:…`, `experiment_id:…`;
   * `BRAINTRUST_PARENT` by default.
   */
  parent?: string | undefined;
}

/**
 * [Braintrust](https://www.braintrust.dev); in the EU and with a data plane of your own `endpoint` (or
 * `BRAINTRUST_API_URL`) is its address.
 *
 * @example
 * braintrust({ apiKey: env.BRAINTRUST_API_KEY, projectName: 'support' })
 *
 * @source documentation, the SDK's code
 * @unverified gzip: bodies are sent as they are; the whole table of attributes, of which parts were read
 */
export function braintrust(options: BraintrustOptions = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.required('apiKey', 'BRAINTRUST_API_KEY');
  const projectName = settings.optional('projectName');
  // A project that the code names goes before a parent that the environment names.
  const variable = projectName ? '' : 'BRAINTRUST_PARENT';
  const parent = settings.optional('parent', variable);
  const base = 'https://api.braintrust.dev';
  return settings.destination({
    name: 'braintrust',
    url: settings.url(
      '/otel/v1/traces',
      base,
      'BRAINTRUST_API_URL BRAINTRUST_ENDPOINT',
      'endpoint',
      // The site, which the SDK takes for its address.
      (endpoint) => endpoint.replace(/^https:\/\/www\.braintrust\.dev\/?$/, base),
    ),
    headers: {
      authorization: `Bearer ${apiKey}`,
      'x-bt-parent': parent ?? `project_name:${projectName ?? 'mastra-tracing'}`,
    },
    dialect,
    scores: braintrustScores,
    signals: [],
  });
}
