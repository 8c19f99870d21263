/**
 * What the core is told of a run of Mastra's where it begins.
 * @module
 */
import type { RunMembers } from '../engine/record.js';
import type { SpanContext } from '../otel/api.js';
import { togetherOf, withThreshold } from './threshold.js';

/**
 * @param threshold By which its own sampler keeps it.
 * @param before What Mastra's sampling left of all runs: it goes by no randomness of theirs.
 * @param tailed Whether that is to be said: a tail goes by it, so of both together nobody knows the odds.
 * @param parent Of another process: by `rv` of its tracestate the tail decides, as the head did.
 */
export function membersOf(
  threshold: number,
  before: RunMembers | undefined,
  parent: SpanContext | undefined,
  tailed: boolean,
): RunMembers | undefined {
  const together = togetherOf(threshold, before?.samplingThreshold ?? 0);
  const state = withThreshold(parent?.traceState, together);
  const traceState = state?.get('ot') === undefined ? undefined : state.serialize();
  if (!together && !traceState) return undefined;
  const isApart = tailed && before && together > 0;
  return { traceState, samplingThreshold: isApart ? -together : together || undefined };
}
