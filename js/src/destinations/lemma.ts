import type { Destination } from './destination.js';
import { lemma as dialect } from './dialects.gen.js';
import { type BackendOptions, GZIP, Settings } from './preset.js';

export interface LemmaOptions extends BackendOptions {
  /** `lma_…`; `LEMMA_API_KEY` by default. */
  apiKey?: string | undefined;
  /** A UUID, or what the project's page shows; `LEMMA_PROJECT_ID` by default. */
  projectId?: string | undefined;
  /** At most 200 characters; `LEMMA_RELEASE` by default. */
  release?: string | undefined;
}

/**
 * [Lemma](https://uselemma.ai): one agent run is one trace, sent in one request when its root has ended.
 * `endpoint` may be an origin or the whole address, as `LEMMA_BASE_URL` is in Lemma's own recipes.
 *
 * @example
 * lemma({ apiKey: env.LEMMA_API_KEY, projectId: env.LEMMA_PROJECT_ID })
 *
 * @source the ingest worker's code, documentation
 * @unverified that spans by OTLP get the issue detection and the threads of Lemma's own JSON route
 */
export function lemma(options: LemmaOptions = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.required('apiKey', 'LEMMA_API_KEY');
  const projectId = settings.required('projectId', 'LEMMA_PROJECT_ID');
  const release = settings.optional('release', 'LEMMA_RELEASE');
  settings.expect(apiKey, /^lma_/, 'an API key, `lma_…`');
  // The documentation shows `proj_…`; the worker that takes the spans has been seen to want a UUID.
  settings.expect(projectId, /^(proj_|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$)/i, 'a project id');
  return settings.destination({
    name: 'lemma',
    url: settings.url(
      '/otel/v1/traces',
      'https://api.uselemma.ai',
      'LEMMA_OTLP_TRACES_URL LEMMA_BASE_URL',
    ),
    headers: { authorization: `Bearer ${apiKey}`, 'x-lemma-project-id': projectId },
    resource: { 'service.version': release, 'lemma.release': release },
    dialect,
    signals: [],
    delivery: 'whole',
    gzip: GZIP,
  });
}
