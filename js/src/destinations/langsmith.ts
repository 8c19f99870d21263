import { langsmithScores } from './scores/langsmith.js';
import type { Destination } from './destination.js';
import { langsmith as dialect } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';

export interface LangSmithOptions extends BackendOptions {
  /** `LANGSMITH_API_KEY` or `LANGCHAIN_API_KEY` by default. */
  apiKey?: string | undefined;
  /**
   * `https://api.smith.langchain.com` (US, the default), `https://eu.api.smith.langchain.com`,
   * `https://apac.api.smith.langchain.com`, `https://aws.api.smith.langchain.com`, or your own server, to
   * which `/api/v1` is appended where it has no path; `LANGSMITH_ENDPOINT` by default.
   */
  apiUrl?: string | undefined;
  /** `LANGSMITH_PROJECT` by default; the workspace's `default` without one. */
  projectName?: string | undefined;
  /** For keys of several workspaces; `LANGSMITH_WORKSPACE_ID` by default. */
  workspaceId?: string | undefined;
}

/**
 * [LangSmith](https://smith.langchain.com). Parents in other processes are left out: LangSmith drops, in
 * silence, what waits for a parent that never comes.
 *
 * @example
 * langsmith({ apiKey: env.LANGSMITH_API_KEY, projectName: 'support' })
 *
 * @source documentation, the JavaScript SDK's code
 * @unverified gzip: bodies are sent as they are; `x-tenant-id` on this route
 */
export function langsmith(options: LangSmithOptions = {}): Destination {
  const settings = new Settings(options);
  return settings.destination({
    name: 'langsmith',
    url: settings.url(
      '/otel/v1/traces',
      'https://api.smith.langchain.com',
      'LANGSMITH_ENDPOINT LANGCHAIN_ENDPOINT',
      'apiUrl',
      (endpoint) =>
        /^https?:\/\/[^/]+\/*$/.test(endpoint) && !/\.langchain\.com(:\d+)?\/*$/.test(endpoint)
          ? `${endpoint.replace(/\/+$/, '')}/api/v1`
          : endpoint,
    ),
    headers: {
      'x-api-key': settings.required('apiKey', 'LANGSMITH_API_KEY LANGCHAIN_API_KEY'),
      'langsmith-project': settings.optional('projectName', 'LANGSMITH_PROJECT LANGCHAIN_PROJECT'),
      'x-tenant-id': settings.optional('workspaceId', 'LANGSMITH_WORKSPACE_ID'),
    },
    dialect,
    scores: langsmithScores,
    signals: [],
  });
}
