import { objectOf } from '../transport/env.js';
import type { Head } from '../transport/otlp_http.js';
import type { Answer, Destination } from './destination.js';
import { native } from './dialects.gen.js';
import { toPublished } from './mastra_platform_batch.js';
import { type BackendOptions, Settings } from './preset.js';
import { mastraPlatformScores } from './scores/mastra_platform.js';

/** How spans are told its format says. */
export interface MastraPlatformOptions extends Omit<BackendOptions, 'dialect'> {
  /** `MASTRA_PLATFORM_ACCESS_TOKEN` or `MASTRA_CLOUD_ACCESS_TOKEN` by default. */
  accessToken?: string | undefined;
  /** `MASTRA_PROJECT_ID` by default. */
  projectId?: string | undefined;
  /** The name that Mastra's exporter has for a whole address; `endpoint` may be one, too. */
  tracesEndpoint?: string | undefined;
  /** The name that Mastra's exporter has for `maxRequestSpans`; 1000 by default. */
  maxBatchSize?: number | undefined;
  /** `false`: nothing is taken from the environment. */
  resolveFromEnv?: boolean | undefined;
}

/**
 * An organisation whose quota is exhausted is told so by 402, or by a header of any answer: the platform
 * takes nothing until then, as a receiver that asks for a pause does.
 */
function quota({ headers, status }: Head): Partial<Answer> | undefined {
  const paused = headers.get('x-mastra-observability') === 'disabled';
  if (!paused && status !== 402) return undefined;
  const seconds = headers.get('x-mastra-observability-retry-after') ?? '';
  return {
    status: 429,
    retryAfter: /^\s*[1-9]\d*\s*$/.test(seconds) ? seconds : '300',
    cause: `the quota is exhausted (HTTP ${status})`,
  };
}

/**
 * [Mastra's platform](https://mastra.ai), as Mastra's own `MastraPlatformExporter` sends to it: spans as
 * Mastra recorded them, in JSON.
 *
 * @example
 * mastraPlatform({ accessToken: env.MASTRA_PLATFORM_ACCESS_TOKEN, projectId: env.MASTRA_PROJECT_ID })
 *
 * @source the exporter's code
 */
export function mastraPlatform(options: MastraPlatformOptions = {}): Destination {
  const { resolveFromEnv, maxBatchSize, ...given } = objectOf(options);
  const own = resolveFromEnv === false ? { ...given, env: {} } : given;
  const settings = new Settings({ ...own, dialect: native });
  const token = settings.required('accessToken', 'MASTRA_PLATFORM_ACCESS_TOKEN MASTRA_CLOUD_ACCESS_TOKEN');
  const project = settings.optional('projectId', 'MASTRA_PROJECT_ID');
  if (project && !/^[\w-]+$/.test(project)) {
    settings.fail(`${settings.nameOf(project)} is not of letters, digits, hyphens and underscores`);
  }
  return settings.destination({
    name: 'mastra-platform',
    url: settings.url(
      `${project ? `/projects/${project}` : ''}/ai/spans/publish`,
      'https://observability.mastra.ai',
      'MASTRA_CLOUD_TRACES_ENDPOINT MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT',
      'tracesEndpoint',
    ),
    headers: {
      authorization: `Bearer ${token}`,
      'x-mastra-observability-capabilities': 'quota-pause-v1',
    },
    scores: mastraPlatformScores,
    signals: [],
    maxRequestSpans: maxBatchSize ?? 1000,
    wire: { name: 'mastra', contentType: 'application/json', encode: toPublished, read: quota },
  });
}
