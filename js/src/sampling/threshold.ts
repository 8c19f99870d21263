/**
 * Thresholds: how likely runs were to be kept, as OpenTelemetry's consistent probability sampling tells
 * it. A trace has 56 bits of randomness R, the end of its id, or `rv` of its tracestate; who samples with
 * a ratio rejects R below T = (1 - ratio) * 2^56. So all who do, anywhere, decide alike about a trace, and a
 * kept span stands for 2^56 / (2^56 - T) of them: `th` in its tracestate.
 * https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 *
 * Ours have at most 32 significant bits, which is what `ThresholdOfRatio()` of the core has.
 * @module
 */
import { NEVER, UNKNOWN_ODDS } from '../limits.js';
import { TraceState } from '../otel/trace_state.js';
import type { Span, TraceState as AnyTraceState } from '../otel/api.js';

const KEY = 'ot';
const STEPS = 2 ** 32;
const REST = 2 ** 24; // of a threshold, below its 32 bits

/** What is more than nothing keeps something. REQUIRES: 0 <= ratio <= 1. */
export function leastOf(ratio: number): number {
  return ratio > 0 ? Math.max(ratio, 1 / STEPS) : 0;
}

/** REQUIRES: 0 <= ratio <= 1. */
export function thresholdOf(ratio: number): number {
  return Math.floor((1 - leastOf(ratio)) * STEPS + 0.5) * REST;
}

/**
 * Of a trace, R / 2^56, to 32 bits: 0 up to 1. Ids may have fewer digits than 32, and capitals; of one that
 * is no hex it is NaN, which is below nothing.
 */
export function randomnessOf(traceId: string, state?: AnyTraceState): number {
  const digits = memberOf(state, 'rv', 14) ?? traceId.padStart(14, '0').slice(-14);
  return Number.parseInt(digits.slice(0, 8), 16) / STEPS;
}

/** The threshold, if it keeps a run of this randomness; else NEVER. */
export function against(threshold: number, randomness: number): number {
  return randomness * NEVER < threshold ? NEVER : threshold;
}

/** What a tracestate says was applied; UNKNOWN_ODDS: nothing. */
export function thresholdIn(state: AnyTraceState | undefined): number {
  const digits = memberOf(state, 'th', 1);
  // A number has 53 bits: what is said of a run that was kept must not become NEVER.
  return digits ? Math.min(Number.parseInt(digits.padEnd(14, '0'), 16), NEVER - 8) : UNKNOWN_ODDS;
}

/** A recording span, or a bridge's stand-in for one of Mastra's. */
type Known = Span & { readonly threshold?: number; readonly parts?: { readonly threshold?: number } };

/** By which threshold a span was recorded: those of this process know, of others their tracestate says it. */
export function oddsOf(span: Known): number {
  return span.threshold ?? span.parts?.threshold ?? thresholdIn(span.spanContext().traceState);
}

/** What two samplings that know nothing of each other reject together of what both kept; or UNKNOWN_ODDS. */
export function togetherOf(threshold: number, before: number): number {
  if (threshold < 0 || before < 0) return UNKNOWN_ODDS;
  if (threshold === 0 || before === 0) return threshold + before;
  const kept = (1 - threshold / NEVER) * (1 - before / NEVER);
  return Math.min(Math.round((1 - kept) * STEPS), STEPS - 1) * REST;
}

/** A tracestate that does not say what was applied, but what else it says. */
export function withoutThreshold(state: AnyTraceState | undefined): AnyTraceState | undefined {
  const rest = restOf(state).join(';');
  if (rest === (state?.get(KEY) ?? '')) return state;
  return rest ? state?.set(KEY, rest) : state?.unset(KEY);
}

/** A tracestate that says what was applied, beside what else it says. */
export function withThreshold(
  state: AnyTraceState | undefined,
  threshold: number,
): AnyTraceState | undefined {
  // As it is: a number has fewer bits than the text. Nothing is said of runs that nobody sampled.
  if (threshold === thresholdIn(state) || (threshold === 0 && !state?.get(KEY))) return state;
  if (threshold < 0) return withoutThreshold(state);
  const digits = threshold.toString(16).padStart(14, '0').replace(/0+$/, '') || '0';
  return (state ?? new TraceState()).set(KEY, [`th:${digits}`, ...restOf(state)].join(';'));
}

const restOf = (state: AnyTraceState | undefined): string[] =>
  (state?.get(KEY) ?? '').split(';').filter((part) => part && !part.startsWith('th:'));

function memberOf(state: AnyTraceState | undefined, name: string, least: number): string | undefined {
  const said = state?.get(KEY);
  if (!said) return undefined;
  return new RegExp(`(?:^|;)${name}:([\\da-f]{${least},14})(?:;|$)`).exec(said)?.[1];
}
