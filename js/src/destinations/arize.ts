import type { Destination } from './destination.js';
import { openinference as dialect } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';

export interface ArizeOptions extends BackendOptions {
  /** `ARIZE_SPACE_ID` by default. */
  spaceId?: string | undefined;
  /** `ARIZE_API_KEY` by default. */
  apiKey?: string | undefined;
  /**
   * `ARIZE_PROJECT_NAME` by default, then `OTEL_SERVICE_NAME`, then `default`: Arize takes nothing
   * without one.
   */
  projectName?: string | undefined;
  /** `us-central-1a`, `us-east-1b`, `eu-west-1a`, `ca-central-1a`; the US without one. */
  region?: string | undefined;
}

/**
 * [Arize AX](https://arize.com), in OpenInference's words; for Phoenix there is `phoenix()`.
 *
 * @example
 * arize({ spaceId: env.ARIZE_SPACE_ID, apiKey: env.ARIZE_API_KEY, projectName: 'support' })
 *
 * @source documentation, OpenInference's specification
 * @unverified gzip: bodies are sent as they are
 */
export function arize(options: ArizeOptions = {}): Destination {
  const settings = new Settings(options);
  const region = settings.part('region');
  return settings.destination({
    name: 'arize',
    url: settings.url(
      '/v1/traces',
      `https://otlp.${region && `${region}.`}arize.com`,
      'ARIZE_COLLECTOR_ENDPOINT',
    ),
    headers: {
      space_id: settings.required('spaceId', 'ARIZE_SPACE_ID'),
      api_key: settings.required('apiKey', 'ARIZE_API_KEY'),
    },
    resource: {
      'openinference.project.name':
        settings.optional('projectName', 'ARIZE_PROJECT_NAME OTEL_SERVICE_NAME') ?? 'default',
    },
    dialect,
    signals: [],
  });
}
