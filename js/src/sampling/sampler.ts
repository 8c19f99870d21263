/**
 * A sampler: decides where a run begins whether it is recorded. One and the same decides for Mastra's runs,
 * by way of an engine, and for OpenTelemetry's spans, as a Sampler of theirs.
 * @module
 */
import { NEVER, UNKNOWN_ODDS } from '../limits.js';
import { Log } from '../log.js';
import type { Context, Sampler, SamplingResult, Span, SpanContext, TraceState } from '../otel/api.js';
import { SPAN } from '../otel/context.js';
import { NOT_RECORD, RECORD_AND_SAMPLED } from '../otel/sampler.js';
import { SAMPLED, spanContextIn } from '../otel/span_context.js';
import { type EngineView, Runs } from './runs.js';
import { oddsOf, randomnessOf, thresholdIn, withThreshold } from './threshold.js';

/** What is known of a run where it begins. */
export interface RunStart {
  readonly traceId: string;
  /** Of the trace, 0 to 1: the same in every service. `ratio(r)` keeps what is 1 - r or more. */
  readonly randomness: number;
  readonly name: string;
  /** Mastra's span type (`agent_run`); of OpenTelemetry's spans their kind (`server`). */
  readonly type: string;
  readonly entityType?: string | undefined;
  readonly entityId?: string | undefined;
  readonly entityName?: string | undefined;
  readonly tags: readonly string[];
  /** Of OpenTelemetry's spans their attributes. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Mastra's, as it is in spans. */
  readonly requestContext: Readonly<Record<string, unknown>>;
  /** A parent in another process, where it is known whether that one was sampled. */
  readonly parent?: RunParent | undefined;
}

export interface RunParent {
  readonly sampled: boolean;
  /** Of 2^56 equal parts of all runs, how many were rejected there; -1: nobody said. */
  readonly threshold: number;
}

/** The threshold by which a run is kept; NEVER: it is not, UNKNOWN_ODDS: nobody knows how likely that was. */
export type Decide = (run: RunStart) => number;

/**
 * Made by `ratio()` and its kin: `sampling` of exporters, providers, `instrument()` and
 * `registerEdgespan()`; a Sampler for OpenTelemetry's own SDK as well.
 */
export class HeadSampler implements Sampler {
  /** Says what OpenTelemetry wants said of samplers. */
  readonly #name: string;
  readonly #decide: Decide;
  /** What is wrong with its settings. */
  readonly problems: readonly string[];
  #log = new Log(undefined);

  constructor(name: string, decide: Decide, problems: readonly string[] = []) {
    this.#name = name;
    this.#decide = decide;
    this.problems = problems;
  }

  /** For those that are made of others: may throw what the user's function throws. */
  decide(run: RunStart): number {
    return this.#decide(run);
  }

  /** The same. What throws keeps the run. */
  judge(run: RunStart): number {
    try {
      return this.#decide(run);
    } catch (error) {
      return this.#keep(error);
    }
  }

  /** The same of a span, Mastra's or one that is told like one; `parent`: in another process. */
  judgeSpan(span: object, parent?: SpanContext): number {
    try {
      return this.judge({ ...startOf(span, parent?.traceState), parent: parent && parentOf(parent) });
    } catch (error) {
      return this.#keep(error); // a getter of the span's
    }
  }

  #keep(error: unknown): number {
    this.#log.warn('sampling', `\`sampling\` threw (${error}): runs are kept.`, true);
    return UNKNOWN_ODDS;
  }

  /** For an engine, whose runs it decides from now on; what is wrong with its settings. */
  open(engine: object): readonly string[] {
    const view = engine as EngineView;
    this.#log = view.log;
    view.head = new Runs(this, view);
    return this.problems;
  }

  /**
   * OpenTelemetry's: a span does as its parent in this process did. `mastra`: what a bridge knows of the run
   * that begins, in place of attributes.
   */
  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: number,
    attributes: Readonly<Record<string, unknown>>,
    _links?: unknown,
    mastra?: object,
  ): SamplingResult {
    const above = context.getValue(SPAN) as Span | undefined;
    const over = spanContextIn(context);
    const traceState = over?.traceState;
    if (above && over && !over.isRemote) {
      if (!(over.traceFlags & SAMPLED)) return { decision: NOT_RECORD, traceState, threshold: NEVER };
      return { decision: RECORD_AND_SAMPLED, traceState, threshold: oddsOf(above) };
    }
    const span = mastra ?? { name, type: KINDS[kind] ?? KINDS[0], metadata: attributes };
    const threshold = this.judgeSpan({ ...span, traceId }, over);
    const isKept = threshold !== NEVER;
    return {
      decision: isKept ? RECORD_AND_SAMPLED : NOT_RECORD,
      traceState: withThreshold(traceState, isKept ? threshold : UNKNOWN_ODDS),
      threshold,
    };
  }

  toString(): string {
    return this.#name;
  }
}

const parentOf = ({ traceFlags, traceState }: SpanContext): RunParent => ({
  sampled: (traceFlags & SAMPLED) !== 0,
  threshold: thresholdIn(traceState),
});

// OpenTelemetry's SpanKind.
const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'];

/** Of a Mastra span as it is exported, or as it is made: there the context is Mastra's own object. */
export function startOf(span: object, state?: TraceState): RunStart {
  const { traceId, name, type, entityType, entityId, entityName, tags, metadata, requestContext } = span as RunStart;
  const { entries } = (requestContext ?? {}) as Partial<Map<string, unknown>>;
  const context = typeof entries === 'function' ? Object.fromEntries(entries.call(requestContext)) : requestContext;
  return {
    traceId,
    randomness: randomnessOf(`${traceId}`, state),
    name,
    type,
    entityType,
    entityId,
    entityName,
    tags: tags ?? [],
    metadata: metadata ?? {},
    requestContext: context ?? {},
  };
}
