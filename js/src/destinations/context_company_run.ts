/**
 * The document of The Context Company (`POST /v1/mastra`): a whole run in Mastra's own words.
 * @module
 */
import { join, nativeSpans } from './native.js';
import { noteRun, runIdOf } from './run_id.js';

/** A run, and what names it. */
export interface Run {
  readonly runId: string;
  readonly traceId: string;
  readonly spans: number;
  readonly bytes: Uint8Array;
}

/** REQUIRES: a run that the core wrote in the `native` dialect. */
export function toRun(body: Uint8Array): Run {
  const spans = nativeSpans(body);
  const own = spans.filter(({ foreign }) => !foreign);
  const ids = new Set(own.map(({ id }) => id));
  // Of a run that never ended the root is missing: what stands highest takes its place. So it does where
  // a request's span is above.
  const root =
    own.find(({ parentSpanId }) => parentSpanId === '') ??
    own.find(({ parentSpanId }) => !ids.has(parentSpanId)) ??
    spans[0];
  const { traceId } = root;
  const metadata = (JSON.parse(root.members.get('metadata') ?? 'null') ?? {}) as Record<string, unknown>;
  const { sessionId, threadId } = metadata;
  const runId = runIdOf(traceId, root.id, metadata);
  noteRun(traceId, root.id, runId);
  const id = JSON.stringify(runId);
  // What Mastra's users call a session, by the name that groups runs there.
  const session = sessionId ?? threadId;
  if (session !== undefined) metadata['tcc.sessionId'] ??= session;
  const text = join([
    ['runId', id],
    ['traceId', JSON.stringify(traceId)],
    ['framework', '"mastra"'],
    ['metadata', JSON.stringify(metadata)],
    ['spans', `[${spans.map(({ members }) => join([...members, ['runId', id]])).join()}]`],
  ]);
  return { runId, traceId, spans: spans.length, bytes: new TextEncoder().encode(text) };
}
