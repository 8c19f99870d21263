/**
 * A lane: those destinations of an exporter that get spans in one form, made by one formatter or by
 * none. A span crosses into the core once for each lane; each has a pipeline of its own, so that what
 * one formatter hides is nowhere near another's destinations.
 *
 * Formatters fail closed: a span whose formatter throws, rejects, gives no span or takes too long is
 * recorded without content, unless the user wants the original then.
 * @module
 */
import { putLast } from '../bounded.js';
import type { Pipeline } from '../core/pipeline.js';
import type { Destination } from '../destinations/destination.js';
import {
  EARLY_BYTES,
  EARLY_MS,
  EARLY_SPANS,
  FLUSH_MS,
  FORMATTER_MS,
  LATE_MS,
  MAX_FORMATTING,
  MAX_OPEN_TRACES,
  OPEN_TRACES,
  SILENCE_MS,
} from '../limits.js';
import { type Final, leave, type Spool } from '../spool/spool.js';
import { deliver, within } from '../transport/deliver.js';
import type { Tally } from '../transport/receipt.js';
import { milliseconds, recordEnd, recordStart, tapeBytes } from './record.js';
import type { MastraSpan } from './types.js';

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

/** Keeps what left by a lane. */
export interface Keeper {
  started(traceId: string): void;
  /** `content` is what left of the span; undefined: the envelope alone. */
  ended(span: MastraSpan, content: MastraSpan | undefined): void;
}

/** Runs with one trace id that go on, and what of theirs was recorded since they last sent something. */
interface Open {
  roots: number;
  spans: number;
  bytes: number;
  steps: number;
  /** When the first of these ended, by its own clock; 0: there is none. */
  since: number;
  /** Since when something of theirs is being sent early; 0: nothing is. */
  sending: number;
}

/** An ended span whose formatter has not answered; a root also waits for those of its trace. */
interface Waiting {
  readonly span: MastraSpan;
  /** What the formatter gave; a span, if it did as it should. */
  content?: unknown;
  settled?: Promise<void>;
}

const STEP = /_step$/;
const NONE: Open = { roots: 0, spans: 0, bytes: 0, steps: 0, since: 0, sending: 0 };

export class Lane {
  readonly destinations: Destination[] = [];
  readonly format: Destination['customSpanFormatter'];
  /** Ended spans that are being formatted; each is recorded once, whatever its formatter does. */
  readonly waiting: Set<Waiting> = new Set();
  /** Set before the first span; a lane without destinations, which only keeps traces, has none. */
  pipeline: Pipeline | undefined;
  /** Shut down, or refused by the core. */
  off = false;
  keeper: Keeper | undefined;
  /** Keeps what cannot be sent. */
  spool: Spool | undefined;
  readonly #options: { onFormatterError?: string; formatterTimeout?: number; early?: EarlyOptions };
  readonly #fail: (error: unknown) => void;
  readonly #when: Required<EarlyOptions>;
  // By trace id: a span that ends without an open root must go by itself.
  readonly #open = new Map<string, Open>();
  // Of the span that was recorded last.
  #recent: Open | undefined;
  #lateSince = 0;
  // Counted by its spool.
  #opened = false;

  /** @param fail Told of a formatted span that could not be recorded. */
  constructor(format: Lane['format'], options: object, fail: (error: unknown) => void) {
    this.format = format;
    this.#options = options;
    this.#fail = fail;
    const { age = EARLY_MS, spans = EARLY_SPANS, bytes = EARLY_BYTES } = this.#options.early ?? {};
    const { steps = Infinity, silence = SILENCE_MS } = this.#options.early ?? {};
    this.#when = { age, spans, bytes, steps, silence };
  }

  /** Records a span's start; returns what is to be done then, if anything. */
  start(span: MastraSpan): Send | undefined {
    if (span.isRootSpan) {
      this.#count(span.traceId, 1);
      this.keeper?.started(span.traceId);
    }
    const { pipeline } = this;
    if (!pipeline) return undefined;
    recordStart(pipeline, span);
    if (!span.isRootSpan) return this.#early(this.#open.get(span.traceId), span.startTime);
    const now = milliseconds(span.startTime);
    if (!pipeline.closeSilent(now, this.#when.silence)) return undefined;
    return (tally) => this.#deliver(0, tally);
  }

  /** Records an ended span, now or once it is formatted; returns what is to be done then, if anything. */
  end(span: MastraSpan): Send | undefined {
    const { traceId, isRootSpan } = span;
    const trace = this.format ? this.#take(span) : this.#record(span, span);
    if (isRootSpan) {
      if (trace !== undefined) return (tally) => this.#deliver(trace, tally);
      return async (tally) => this.#deliver(await this.finish(traceId), tally);
    }
    if (trace !== undefined && this.#recent) return this.#early(this.#recent, span.endTime);
    if (this.#open.has(traceId)) return undefined;
    // Its root ended before: it goes by itself, those of one moment together.
    const now = Date.now(); // guards against a request that died before its turn
    if (trace === 0 && now - this.#lateSince < LATE_MS) return undefined;
    this.#lateSince = now;
    return async (tally) => {
      if (trace === undefined) await this.finish(traceId);
      this.#lateSince = 0;
      await this.flush(tally);
    };
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
    return async (tally) => {
      await this.#deliver(trace, tally);
      open.sending = 0;
    };
  }

  /** Formats and records an ended span; undefined when it waits: then finish() is wanted. */
  #take(span: MastraSpan): number | undefined {
    const { waiting } = this;
    let result: unknown;
    try {
      result = this.format?.({ ...span });
    } catch {
      // No content: see #done().
    }
    const later = typeof (result as Promise<unknown> | undefined)?.then === 'function';
    const one: Waiting = { span };
    // Those of requests that died would stay for ever.
    if (waiting.size >= MAX_FORMATTING) this.#done(waiting.values().next().value as Waiting);
    waiting.add(one);
    if (!later) {
      one.content = result;
      if (!span.isRootSpan || this.#of(span.traceId).length === 1) return this.#done(one);
    }
    one.settled = this.#settle(one, result);
    return undefined;
  }

  async #settle(one: Waiting, result: unknown): Promise<void> {
    try {
      one.content = await result;
    } catch {
      // As above.
    }
    if (!one.span.isRootSpan) this.#done(one);
  }

  #of(traceId: string | undefined): Waiting[] {
    return [...this.waiting].filter(({ span }) => !traceId || span.traceId === traceId);
  }

  #done(one: Waiting): number {
    const { span, content } = one;
    try {
      if (!this.waiting.delete(one)) return 0;
      const original = this.#options.onFormatterError === 'original' ? span : undefined;
      return this.#record(span, spanOf(content) ?? original);
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  /**
   * Waits for the formatters of one trace, or of all, and records their spans, roots last: they close
   * traces. Never rejects.
   */
  async finish(traceId?: string): Promise<number> {
    const all = this.#of(traceId).sort((a, b) => +a.span.isRootSpan - +b.span.isRootSpan);
    const timeout = Math.min(this.#options.formatterTimeout || FORMATTER_MS, FLUSH_MS);
    await within(timeout, Promise.all(all.map((one) => one.settled)));
    return all.reduce((trace, one) => this.#done(one) || trace, 0);
  }

  /** Writes an ended span; a root's end closes its trace, whose handle is returned (else 0). */
  #record(span: MastraSpan, content: MastraSpan | undefined): number {
    const { pipeline } = this;
    if (!pipeline) {
      this.keeper?.ended(span, content);
      if (span.isRootSpan) this.#count(span.traceId, -1);
      return 0;
    }
    const before = tapeBytes(pipeline.tape);
    const written = recordEnd(pipeline, span, content);
    this.keeper?.ended(span, written);
    if (span.isRootSpan) {
      this.#count(span.traceId, -1);
      return pipeline.commit();
    }
    const open = this.#open.get(span.traceId);
    this.#recent = open;
    if (open) {
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

  /**
   * Sends all that is closed, and what `source` has. `final` false: also what may leave of runs that go
   * on; what ends with it: everything, as if all had ended.
   */
  async flush(
    tally: Tally,
    final?: Final | false,
    source: Spool | undefined = this.spool,
  ): Promise<void> {
    if (final && !this.off) {
      await this.finish();
      this.pipeline?.close();
      this.off = true;
    }
    this.pipeline?.commit();
    await this.#deliver(final === undefined ? 0 : OPEN_TRACES, tally, source);
    if (!final || !this.#opened) return;
    this.#opened = false;
    await leave(this.spool, this.destinations, final, tally.forfeit);
  }

  /** Sends a trace, all that are closed (0), or all (OPEN_TRACES), to each destination. */
  #deliver(trace: number, tally: Tally, source = this.spool): Promise<void> {
    const { pipeline, destinations, spool } = this;
    if (!pipeline) return Promise.resolve();
    return deliver(pipeline, destinations, trace, tally, spool, source);
  }

  /** Whether a run with this trace id goes on. */
  runs(traceId: string): boolean {
    return this.#open.has(traceId);
  }

  /** REQUIRES: wantsPipeline. */
  open(pipeline: Pipeline): void {
    this.pipeline = pipeline;
    for (const to of this.destinations) this.spool?.users?.(to, 1);
    this.#opened = true;
  }

  /** It has destinations, and is not open yet. */
  get wantsPipeline(): boolean {
    return !this.off && !this.pipeline && this.destinations.length > 0;
  }

  /** Spans that ended and wait, once for each destination. */
  get pending(): number {
    return this.waiting.size * this.destinations.length + (this.pipeline?.pending ?? 0);
  }
}

/** What a formatter gave, if it has what a span has: a type and an id, whatever they say. */
function spanOf(given: unknown): MastraSpan | undefined {
  try {
    const { id, type } = given as MastraSpan;
    return typeof id === 'string' && typeof type === 'string' ? (given as MastraSpan) : undefined;
  } catch {
    return undefined; // nothing, or an object that cannot be read
  }
}
