/**
 * How a bridge has a run sampled: by whose sampler records it, as it decides about OpenTelemetry's spans.
 * @module
 */
import type { Engine } from '../engine/engine.js';
import type { Decision } from '../engine/hooks.js';
import type { Context, SamplingResult, SpanContext } from '../otel/api.js';
import { SPAN } from '../otel/context.js';
import { followParent, RECORD_AND_SAMPLED } from '../otel/sampler.js';
import type { Setup } from '../otel/setup.js';
import { NonRecordingSpan, SAMPLED, spanContextIn } from '../otel/span_context.js';
import type { HeadSampler } from '../sampling/sampler.js';
import { withoutThreshold } from '../sampling/threshold.js';
import { type Above, isStand } from './stand.js';

/** What is known of a run where it begins. */
export interface RunPlace {
  readonly context: Context;
  readonly traceId: string;
  /** What Mastra says of it. */
  readonly run: { readonly name: string } | undefined;
  readonly setup: Setup | undefined;
  /** Of an exporter that is listed beside the bridge: without `sampling` Mastra alone samples. */
  readonly recorder: Engine | undefined;
}

/** What becomes of a run, what is told to other services of it, and what exporters are told. */
export function sample(place: RunPlace): Pick<SamplingResult, 'decision' | 'traceState'> & { made: Decision } {
  const { context, traceId, run, setup, recorder } = place;
  const engine = recorder ?? setup?.engine;
  const sampler = engine?.head?.sampler ?? (recorder ? undefined : setup?.sampler);
  const above = context.getValue(SPAN) as Above | undefined;
  const parent = spanContextIn(context);
  let told: SamplingResult = { decision: RECORD_AND_SAMPLED, threshold: 0 };
  if (sampler) {
    const isOutside = parent && !isWithin(above as Above, parent, setup, sampler);
    const around = isOutside ? context.setValue(SPAN, new NonRecordingSpan({ ...parent, isRemote: true })) : context;
    const ask = sampler.shouldSample as HeadSampler['shouldSample']; // others heed no seventh argument
    told = ask.call(sampler as HeadSampler, around, traceId, run?.name ?? '', 0, {}, [], run);
  }
  const state = told.traceState ?? parent?.traceState;
  return {
    decision: told.decision,
    // Mastra's own sampling goes by no number that others know of.
    traceState: engine?.before ? withoutThreshold(state) : state,
    made: { sampler, threshold: told.threshold, parent },
  };
}

/**
 * Whether what a run begins in shares its fate. What goes elsewhere does not, whatever became of it, and
 * what a sampler dropped that is for OpenTelemetry's spans alone.
 */
function isWithin(above: Above, { traceFlags }: SpanContext, setup: Setup | undefined, sampler: object): boolean {
  if (above.setup?.engine !== setup?.engine) return false;
  const by = above.setup?.sampler;
  return (traceFlags & SAMPLED) !== 0 || isStand(above) || by === sampler || by === followParent;
}
