/**
 * Follows runs that were dropped, so that what belongs to them is dropped with them. Runs may overlap,
 * share a trace id and never end; nothing that is kept needs an entry here, unless a trace has runs of
 * both kinds.
 * @module
 */
import { putLast } from '../bounded.js';
import { DECIDED, type Decided, type Decision } from '../engine/hooks.js';
import type { Envelope, RunMembers } from '../engine/record.js';
import { MAX_LIVE, MAX_OPEN_TRACES, NEVER } from '../limits.js';
import type { Log } from '../log.js';
import { membersOf } from './members.js';
import type { HeadSampler } from './sampler.js';

/** What a follower asks of its engine. */
export interface EngineView {
  readonly log: Log;
  head: Head | undefined;
  readonly tail: object | undefined;
  /** What Mastra's own sampling left of all runs, as a threshold. */
  readonly before: RunMembers | undefined;
  /** Whether a run with this trace id goes on, and is recorded. */
  runs(traceId: string): boolean;
  readonly lanes: readonly { above(span: Envelope): object | undefined }[];
}

/** What an engine asks of each span. */
export interface Head {
  readonly sampler: HeadSampler;
  /**
   * null: the span is dropped. Else it is kept, and this is what its run's start says: `said`, what the
   * sampler says where that is asked now, of Mastra's runs alone: OpenTelemetry's have been decided.
   */
  look(
    span: Envelope,
    ended: boolean,
    flags: number,
    said: RunMembers | undefined,
  ): RunMembers | undefined | null;
}

export class Runs implements Head {
  readonly sampler: HeadSampler;
  readonly #engine: EngineView;
  // Traces of which runs were dropped, by id; true: all are that are not among the others. Those in which
  // a run has ended since are apart: however many these are, they push none out that goes on.
  readonly #dropped = new Map<string, boolean>();
  readonly #over = new Map<string, boolean>();
  // Spans that fare otherwise than their trace does, by id: those of its runs of the other kind.
  readonly #others = new Map<string, true>();

  constructor(sampler: HeadSampler, engine: EngineView) {
    this.sampler = sampler;
    this.#engine = engine;
  }

  look(
    span: Envelope & Decided,
    ended: boolean,
    flags: number,
    said: RunMembers | undefined,
  ): RunMembers | undefined | null {
    const { traceId, isRootSpan } = span;
    const engine = this.#engine;
    const isFirst =
      isRootSpan &&
      !(ended && (this.#dropped.has(traceId) || this.#over.has(traceId) || engine.runs(traceId))) &&
      !engine.lanes.some((lane) => lane.above(span)); // a part of a run that goes on
    let isKept: boolean;
    let run = said;
    if (isFirst) {
      const { sampler, threshold: known, parent } = span[DECIDED] ?? UNDECIDED;
      const judged = sampler === this.sampler ? known : undefined;
      const threshold = flags ? 0 : (judged ?? this.sampler.judgeSpan(span, parent));
      isKept = threshold !== NEVER;
      this.#note(span, !isKept);
      if (!flags && isKept) run = membersOf(threshold, engine.before, parent, !!engine.tail);
    } else isKept = this.#fares(span, ended);
    if (ended && isRootSpan && !isKept) this.#ends(traceId);
    return isKept ? run : null;
  }

  /** A run that was dropped is over. */
  #ends(traceId: string): void {
    const all = this.#dropped.get(traceId);
    if (all === undefined) return;
    this.#dropped.delete(traceId);
    putLast(this.#over, traceId, all, MAX_OPEN_TRACES);
  }

  /** What is known of a trace, which is not forgotten as long as it is asked for. */
  #allOf(traceId: string): boolean | undefined {
    for (const traces of [this.#dropped, this.#over]) {
      const all = traces.get(traceId);
      if (all === undefined) continue;
      putLast(traces, traceId, all, MAX_OPEN_TRACES);
      return all;
    }
    return undefined;
  }

  /** A run begins. */
  #note({ id, traceId }: Envelope, drops: boolean): void {
    let all = this.#allOf(traceId);
    // What goes on in its trace and has no entry is kept.
    if (all === undefined && drops) all = !this.#engine.runs(traceId);
    if (all === undefined) return;
    this.#over.delete(traceId);
    putLast(this.#dropped, traceId, all, MAX_OPEN_TRACES);
    if (all !== drops) putLast(this.#others, id, true, MAX_LIVE);
  }

  /** Whether a span is kept that is not a run's first. */
  #fares({ id, traceId, parentSpanId, externalParentSpanId }: Envelope, ended: boolean): boolean {
    const dropped = this.#allOf(traceId);
    if (dropped === undefined) return true;
    const parent = parentSpanId ?? externalParentSpanId ?? '';
    const isBelow = this.#others.has(parent);
    if (isBelow) putLast(this.#others, parent, true, MAX_LIVE); // it may go on for long
    if (isBelow && !ended) putLast(this.#others, id, true, MAX_LIVE);
    return dropped === (isBelow || this.#others.has(id));
  }
}

const UNDECIDED: Partial<Decision> = {};
