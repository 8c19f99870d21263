/**
 * The Context Company knows a run by a UUID; Mastra's users give what they like, or nothing.
 * @module
 */
import { putLast } from '../bounded.js';
import { asUuid, uuidOf } from './uuid.js';

/** The name of a run's id among metadata. */
export const RUN_ID = 'tcc.runId';

/**
 * The run id of a root span: `tcc.runId` of its metadata; what is no UUID becomes one, the same for the
 * same text. Without any it is made of the trace's and the root's id, for runs may share a trace.
 * @param metadata The root span's.
 */
export function runIdOf(
  traceId: string,
  rootSpanId: string,
  metadata?: Readonly<Record<string, unknown>>,
): string {
  const given = metadata?.[RUN_ID];
  if (given === undefined || given === null || given === '') {
    return uuidOf(`${traceId.toLowerCase()}/${rootSpanId.toLowerCase()}`);
  }
  return asUuid(`${given}`);
}

// Run ids of what this isolate sent last, by trace, and by trace and root.
const recent = /* @__PURE__ */ new Map<string, string>();
const MAX_RECENT = 1_000;

/** Remembers a run for those who will know its trace alone. */
export function noteRun(traceId: string, rootSpanId: string, runId: string): void {
  putLast(recent, traceId, runId, MAX_RECENT);
  putLast(recent, `${traceId}/${rootSpanId}`, runId, MAX_RECENT);
}

/**
 * The run that feedback is about: named by its own `tcc.runId`, or one that this isolate sent, or that of
 * the root span which it names. undefined: nothing tells.
 */
export function runOfFeedback(
  traceId: string,
  spanId: string | undefined,
  metadata?: Readonly<Record<string, unknown>>,
): string | undefined {
  if (metadata?.[RUN_ID]) return runIdOf(traceId, '', metadata);
  const known = recent.get(`${traceId}/${spanId}`) ?? recent.get(traceId);
  return known ?? (spanId && runIdOf(traceId, spanId));
}
