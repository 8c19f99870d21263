/**
 * The user's span formatter: what it makes of spans, at once or later.
 * @module
 */
import { FORMATTER_MS } from '../limits.js';
import { within } from '../transport/deliver.js';
import type { MastraSpan } from './types.js';

export type SpanFormatter = (span: MastraSpan) => MastraSpan | Promise<MastraSpan>;

/**
 * Records a span with what was made of it (undefined: it failed, or took too long); returns the handle
 * of the trace that the span closed, or 0.
 */
export type Recorder = (span: MastraSpan, content: MastraSpan | undefined) => number;

/** An ended span whose formatter has not answered; a root also waits for those of its trace. */
interface Waiting {
  readonly span: MastraSpan;
  content?: MastraSpan;
  settled?: Promise<void>;
}

/** Formats spans, and keeps those that wait; each is recorded once, whatever its formatter does. */
export class Formatter {
  readonly #format: SpanFormatter;
  readonly #record: Recorder;
  readonly #waiting = new Set<Waiting>();

  constructor(format: SpanFormatter, record: Recorder) {
    this.#format = format;
    this.#record = record;
  }

  /** How many spans wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Formats and records an ended span; undefined when it waits: then a root wants a finish(). */
  take(span: MastraSpan): number | undefined {
    let result: unknown;
    try {
      result = this.#format({ ...span });
    } catch {
      // The envelope leaves, marked and counted as withheld.
    }
    const later = typeof (result as Promise<unknown> | undefined)?.then === 'function';
    if (!later && !(span.isRootSpan && this.#of(span.traceId).length > 0)) {
      return this.#record(span, object(result));
    }
    const one: Waiting = { span };
    this.#waiting.add(one);
    one.settled = this.#settle(one, result);
    return undefined;
  }

  /** Waits for the spans of one trace, or of all, and records them, roots last: they close traces. */
  async finish(traceId?: string): Promise<number> {
    const all = this.#of(traceId);
    all.sort((a, b) => Number(a.span.isRootSpan) - Number(b.span.isRootSpan));
    if (all.length > 0) await within(FORMATTER_MS, Promise.all(all.map((one) => one.settled)));
    return all.reduce((trace, one) => this.#done(one) || trace, 0);
  }

  async #settle(one: Waiting, result: unknown): Promise<void> {
    try {
      one.content = object(await result);
    } catch {
      // As above.
    }
    if (!one.span.isRootSpan) this.#done(one);
  }

  #of(traceId: string | undefined): Waiting[] {
    return [...this.#waiting].filter(({ span }) => span.traceId === (traceId ?? span.traceId));
  }

  #done(one: Waiting): number {
    return this.#waiting.delete(one) ? this.#record(one.span, one.content) : 0;
  }
}

/** What a formatter gave, if it is a span at all. */
function object(value: unknown): MastraSpan | undefined {
  return typeof value === 'object' && value !== null ? (value as MastraSpan) : undefined;
}
