import { traceloopScores } from './scores/traceloop.js';
import type { Destination } from './destination.js';
import { traceloop as dialect } from './dialects.gen.js';
import { type BackendOptions, Settings } from './preset.js';

export interface TraceloopOptions extends BackendOptions {
  /** `TRACELOOP_API_KEY` by default. */
  apiKey?: string | undefined;
  /** `TRACELOOP_DESTINATION_ID` by default. */
  destinationId?: string | undefined;
  /**
   * A task for annotations that exists there, bound to an association property that is the trace's id: it
   * gets scores and feedback, which otherwise go as spans.
   */
  annotationTask?: string | undefined;
}

/**
 * [Traceloop](https://www.traceloop.com), in the words of OpenLLMetry. `TRACELOOP_ENDPOINT` or
 * `TRACELOOP_BASE_URL`, which may lack its `https://`, stand in for `endpoint`, `TRACELOOP_HEADERS` adds
 * headers.
 *
 * @example
 * traceloop({ apiKey: env.TRACELOOP_API_KEY })
 *
 * @source documentation, the SDK's conventions
 * @unverified gzip: bodies are sent as they are; limits of a request; whether the newer
 * form of messages is read: the indexed one is sent as well
 */
export function traceloop(options: TraceloopOptions = {}): Destination {
  const settings = new Settings(options);
  const apiKey = settings.required('apiKey', 'TRACELOOP_API_KEY');
  const task = settings.optional('annotationTask');
  return settings.destination({
    name: 'traceloop',
    url: settings.url(
      '/v1/traces',
      'https://api.traceloop.com',
      'TRACELOOP_ENDPOINT TRACELOOP_BASE_URL',
      'endpoint',
      (endpoint) => (endpoint.includes('://') ? endpoint : `https://${endpoint}`),
    ),
    headers: {
      ...settings.pairs('TRACELOOP_HEADERS'),
      authorization: `Bearer ${apiKey}`,
      'x-traceloop-destination-id': settings.optional('destinationId', 'TRACELOOP_DESTINATION_ID'),
    },
    dialect,
    scores: task ? traceloopScores(task) : undefined,
    signals: [],
  });
}
