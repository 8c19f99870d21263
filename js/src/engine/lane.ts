/**
 * A lane: those destinations of an engine that get spans in one form. A span crosses into the core once
 * for each lane; each has a pipeline of its own.
 * @module
 */
import { putLast } from '../bounded.js';
import type { Open, Pipeline } from '../core/pipeline.js';
import { FLAG_IS_ROOT, FLAG_OTEL, FLAG_OUTLIVED, STAT_UNREAD } from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import {
  EARLY_BYTES,
  EARLY_MS,
  EARLY_SPANS,
  FLUSH_MS,
  LATE_MS,
  MAX_OPEN_TRACES,
  SILENCE_MS,
} from '../limits.js';
import { shared } from '../shared.js';
import type { Spool } from '../spool/spool.js';
import { deliver } from '../transport/deliver.js';
import type { Tally } from '../transport/receipt.js';
import type { Live } from './joins.js';
import {
  type Envelope,
  milliseconds,
  recordEnd,
  recordStart,
  type RunMembers,
  tapeBytes,
} from './record.js';

/**
 * When ended spans of a run that goes on leave, for destinations whose delivery is `incremental`:
 * whichever comes first. Looked at when a span starts or ends, never by a timer; `Infinity` turns one
 * off.
 */
export interface EarlyOptions {
  /** Milliseconds since the first of them ended; 10000 by default. */
  age?: number;
  /** How many they are; 256 by default. */
  spans?: number;
  /** Bytes that they hold, about; 1 000 000 by default. */
  bytes?: number;
  /** Steps of a model or a workflow among them; no number of them by default. */
  steps?: number;
  /**
   * Milliseconds after which a run of which nothing is heard is taken for dead (its request was
   * cancelled, say): it leaves as it is, to all destinations, with the next run that starts; 300000 by
   * default.
   */
  silence?: number;
}

/** Closes what is to be sent, and sends it; resolves when all of it is judged. */
export type Send = (tally: Tally) => Promise<void>;

/** What a span says beside its envelope. */
export type Content = { name?: unknown } | undefined;

/** Keeps what left by a lane, of Mastra's spans. */
export interface Keeper {
  started(traceId: string): void;
  /** `content` is what left of the span; undefined: the envelope alone. */
  ended(span: Envelope, content: Content): void;
}

/** Which runs of a pipeline are parts of others (joins.ts). */
export interface Join {
  /**
   * The parent of a span, if that goes on here; of a root, if its run may be joined: one that is open, and
   * of which something was heard within so many milliseconds.
   */
  above(span: Envelope, isOpen: boolean, silence: number): Live | undefined;
  began(span: Envelope, flags: number, above: Live | undefined): void;
  /** The flags of a span that ends: whether it is its run's root, and whether it is what closes that. */
  ended(span: Envelope, flags: number): number;
}

// Of all copies: an engine may be told of spans by another's.
const none = (): { make?: () => Join } => ({});
const joining = (): { make?: () => Join } => shared('joins', none);

/** For who tells of OpenTelemetry's spans. */
export function joinBy(make: () => Join): void {
  joining().make = make;
}

/** Whether a span with these flags ends its run: as its root, or as the last part of it. */
export const closes = (flags: number): boolean =>
  ((flags & FLAG_IS_ROOT) === 0) === ((flags & FLAG_OUTLIVED) !== 0);

const STEP = /_step$/;
const NONE: Open = { roots: 0, spans: 0, bytes: 0, steps: 0, since: 0, sending: 0 };

export class Lane {
  readonly destinations: Destination[] = [];
  /** Set before the first span; a lane without destinations, which only keeps traces, has none. */
  pipeline: Pipeline | undefined;
  /** Shut down, or refused by the core. */
  off = false;
  keeper: Keeper | undefined;
  /** Values that a hook withheld, of which no tally was told. */
  withheld = 0;
  /** Keeps what cannot be sent. */
  spool: Spool | undefined;
  readonly #when: Required<EarlyOptions>;
  // By trace id: a span that ends without an open root must go by itself. Its pipeline's, if it has one.
  #open = new Map<string, Open>();
  // Of the span that was recorded last.
  #recent: Open | undefined;
  #lateSince = 0;
  /** Counted by its spool. */
  isOpened = false;

  constructor(early: EarlyOptions = {}) {
    const { age = EARLY_MS, spans = EARLY_SPANS, bytes = EARLY_BYTES } = early;
    const { steps = Infinity, silence = SILENCE_MS } = early;
    this.#when = { age, spans, bytes, steps, silence };
  }

  /**
   * Records a span's start; returns what is to be done then, if anything. `flags`: FLAG_* of its kind; `run`:
   * what is to be said if it is a root.
   */
  start(span: Envelope, flags: number, run?: RunMembers): Send | undefined {
    const { pipeline } = this;
    if (pipeline && flags & FLAG_OTEL) pipeline.joins ??= joining().make?.();
    const above = this.above(span);
    const root = span.isRootSpan && !above;
    pipeline?.joins?.began(span, flags, above);
    if (root) this.#count(span.traceId, 1);
    if (span.isRootSpan && !(flags & FLAG_OTEL)) this.keeper?.started(span.traceId);
    if (!pipeline) return undefined;
    recordStart(pipeline, span, root ? flags | FLAG_IS_ROOT : flags, root ? run : undefined);
    if (!root) return this.#early(this.#open.get(span.traceId), span.startTime);
    const now = milliseconds(span.startTime);
    if (!pipeline.closeSilent(now, this.#when.silence)) return undefined;
    return this.#closing('', 0);
  }

  /** Records an ended span, now or once it is formatted; returns what is to be done then, if anything. */
  end(span: Envelope, content: Content, flags: number): Send | undefined {
    const { traceId } = span;
    const joins = this.pipeline?.joins;
    if (joins) flags = joins.ended(span, flags);
    else if (span.isRootSpan) flags |= FLAG_IS_ROOT;
    const trace = this.take(span, content, flags);
    if (closes(flags)) return this.#closing(traceId, trace);
    if (trace !== undefined && this.#recent) return this.#early(this.#recent, span.endTime);
    if (this.#open.has(traceId)) return undefined;
    // Its root ended before: it goes by itself, those of one moment together.
    const now = Date.now(); // guards against a request that died before its turn
    if (trace === 0 && now - this.#lateSince < LATE_MS) return undefined;
    this.#lateSince = now;
    return this.#late(traceId, trace);
  }

  // What is to be done later, in functions of their own: a closure where spans are recorded would cost
  // each of them there, whether or not it is made.

  #closing(traceId: string, trace: number | undefined): Send {
    if (trace !== undefined) return (tally) => this.#deliver(trace, tally);
    return async (tally) => this.#deliver(await this.finish(traceId), tally);
  }

  #late(traceId: string, trace: number | undefined): Send {
    return async (tally) => {
      if (trace === undefined) await this.finish(traceId);
      this.#lateSince = 0;
      await this.flush(tally);
    };
  }

  #leaving(open: Open, trace: number): Send {
    return async (tally) => {
      await this.#deliver(trace, tally);
      open.sending = 0;
    };
  }

  /** The parent of a span, if that goes on here: a root below it is a part of that one's run. */
  above(span: Envelope): Live | undefined {
    return this.pipeline?.joins?.above(span, this.#open.has(span.traceId), this.#when.silence);
  }

  /**
   * Sends what has ended of a run that goes on, if it is due. REQUIRES: an item of this run is the last
   * on the tape.
   */
  #early(open: Open | undefined, time: unknown): Send | undefined {
    if (!open?.since) return undefined;
    const { age, spans, bytes, steps } = this.#when;
    const now = milliseconds(time);
    const full = open.spans >= spans || open.bytes >= bytes || open.steps >= steps;
    if (!full && !(now - open.since >= age)) return undefined;
    // One at a time; a request that died will not say that it is done.
    if (open.sending && now - open.sending < FLUSH_MS) return undefined;
    if (this.destinations.every(({ settings }) => settings.whole)) return undefined;
    const trace = (this.pipeline as Pipeline).commitLast();
    if (!trace) return undefined;
    open.spans = open.bytes = open.steps = open.since = 0;
    open.sending = now;
    return this.#leaving(open, trace);
  }

  /** Records an ended span; undefined when it waits: then finish() is wanted. */
  protected take(span: Envelope, content: Content, flags: number): number | undefined {
    return this.record(span, content, flags);
  }

  /** Waits for what waits of one trace, or of all, and records it; the closed trace's handle or 0. */
  async finish(_traceId?: string): Promise<number> {
    return 0;
  }

  /** Writes an ended span; a root's end closes its trace, whose handle is returned (else 0). */
  protected record(span: Envelope, content: Content, flags: number): number {
    const { pipeline, keeper } = this;
    const before = pipeline ? tapeBytes(pipeline.tape) : 0;
    const written = !pipeline || recordEnd(pipeline, span, content, flags);
    if (keeper && !(flags & FLAG_OTEL)) keeper.ended(span, written ? content : undefined);
    if (closes(flags)) {
      this.#count(span.traceId, -1);
      return pipeline?.commit() ?? 0;
    }
    const open = this.#open.get(span.traceId);
    this.#recent = open;
    if (open && pipeline) {
      const bytes = tapeBytes(pipeline.tape);
      open.spans++;
      open.bytes += bytes < before ? bytes : bytes - before; // it was emptied first
      if (this.#when.steps !== Infinity && STEP.test(span.type)) open.steps++;
      open.since ||= milliseconds(span.endTime ?? span.startTime);
    }
    return 0;
  }

  /** Counts the open roots of a trace. */
  #count(traceId: string, by: number): void {
    const open = this.#open.get(traceId) ?? { ...NONE };
    open.roots += by;
    if (open.roots > 0) putLast(this.#open, traceId, open, MAX_OPEN_TRACES);
    else this.#open.delete(traceId);
  }

  /** Sends all that is closed, and what `source` has; of runs that go on what may leave, too (OPEN_TRACES). */
  flush(tally: Tally, trace = 0, source: Spool | undefined = this.spool): Promise<void> {
    this.pipeline?.commit();
    return this.#deliver(trace, tally, source);
  }

  /** Sends a trace, all that are closed (0), or all (OPEN_TRACES), to each destination. */
  #deliver(trace: number, tally: Tally, source = this.spool): Promise<void> {
    const { pipeline, destinations, spool } = this;
    if (!pipeline) return Promise.resolve();
    tally.spans[STAT_UNREAD] += this.withheld;
    this.withheld = 0;
    return deliver(pipeline, destinations, trace, tally, spool, source);
  }

  /** Whether a run with this trace id goes on. */
  runs(traceId: string): boolean {
    return this.#open.has(traceId);
  }

  /** REQUIRES: wantsPipeline. */
  open(pipeline: Pipeline): void {
    this.pipeline = pipeline;
    this.#open = pipeline.open;
    for (const to of this.destinations) this.spool?.users?.(to, 1);
    this.isOpened = true;
  }

  /** It has destinations, and is not open yet. */
  get wantsPipeline(): boolean {
    return !this.off && !this.pipeline && this.destinations.length > 0;
  }

  /** Spans that ended and wait, once for each destination. */
  get pending(): number {
    return this.pipeline?.pending ?? 0;
  }
}
