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
import { FLUSH_MS, FORMATTER_MS, LATE_MS, MAX_FORMATTING, MAX_OPEN_TRACES } from '../limits.js';
import { deliver, within } from '../transport/deliver.js';
import type { Tally } from '../transport/receipt.js';
import { recordEnd, recordStart } from './record.js';
import type { MastraSpan } from './types.js';

/** Closes what is to be sent, and sends it; resolves when all of it is judged. */
export type Send = (tally: Tally) => Promise<void>;

/** Keeps what left by a lane. */
export interface Keeper {
  started(traceId: string): void;
  /** `content` is what left of the span; undefined: the envelope alone. */
  ended(span: MastraSpan, content: MastraSpan | undefined): void;
}

/** An ended span whose formatter has not answered; a root also waits for those of its trace. */
interface Waiting {
  readonly span: MastraSpan;
  /** What the formatter gave; a span, if it did as it should. */
  content?: unknown;
  settled?: Promise<void>;
}

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
  readonly #options: { onFormatterError?: string; formatterTimeout?: number };
  readonly #fail: (error: unknown) => void;
  // Open roots by trace id: a span that ends without one must go by itself.
  readonly #open = new Map<string, number>();
  #lateSince = 0;

  /** @param fail Told of a formatted span that could not be recorded. */
  constructor(format: Lane['format'], options: object, fail: (error: unknown) => void) {
    this.format = format;
    this.#options = options;
    this.#fail = fail;
  }

  start(span: MastraSpan): void {
    if (span.isRootSpan) {
      this.#count(span.traceId, 1);
      this.keeper?.started(span.traceId);
    }
    if (!this.pipeline) return undefined;
    recordStart(this.pipeline as Pipeline, span);
  }

  /** Records an ended span, now or once it is formatted; returns what is to be done then, if anything. */
  end(span: MastraSpan): Send | undefined {
    const { traceId, isRootSpan } = span;
    const trace = this.format ? this.#take(span) : this.#record(span, span);
    if (isRootSpan) {
      return async (tally) => this.#deliver(trace ?? (await this.finish(traceId)), tally);
    }
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
    if (!this.pipeline) {
      this.keeper?.ended(span, content);
      if (span.isRootSpan) this.#count(span.traceId, -1);
      return 0;
    }
    const pipeline = this.pipeline as Pipeline;
    const written = recordEnd(pipeline, span, content);
    this.keeper?.ended(span, written);
    if (!span.isRootSpan) return 0;
    this.#count(span.traceId, -1);
    return pipeline.commit();
  }

  /** Counts the open roots of a trace. */
  #count(traceId: string, by: number): void {
    const roots = (this.#open.get(traceId) ?? 0) + by;
    if (roots > 0) putLast(this.#open, traceId, roots, MAX_OPEN_TRACES);
    else this.#open.delete(traceId);
  }

  /** Sends all that is closed; `final`: everything, runs that did not end included. */
  async flush(tally: Tally, final?: boolean): Promise<void> {
    if (final && !this.off) {
      await this.finish();
      this.pipeline?.close();
      this.off = true;
    }
    this.pipeline?.commit();
    await this.#deliver(0, tally);
  }

  /** Sends a closed trace, or (0) all that are closed, to each destination. */
  async #deliver(trace: number, tally: Tally): Promise<void> {
    const { pipeline, destinations } = this;
    if (!pipeline) return;
    await Promise.all(destinations.map((to, i) => deliver(pipeline, to, i, trace, tally)));
    pipeline.settle(tally);
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
