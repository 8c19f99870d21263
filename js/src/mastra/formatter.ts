/**
 * The user's span formatter: what it makes of a span, at once or later.
 * @module
 */
import { within } from '../transport/deliver.js';
import type { MastraSpan } from './types.js';

/** Changes a span's content before it is recorded; gets a shallow copy. */
export type SpanFormatter = (span: MastraSpan) => MastraSpan | Promise<MastraSpan>;

/** Records a span with what was made of it: undefined where the formatter failed or took too long. */
type Recorder = (span: MastraSpan, content: MastraSpan | undefined) => void;

const FORMATTER_MS = 2_000;

/** An ended span whose formatter has not answered; a root also waits for those of its trace. */
interface Waiting {
  readonly span: MastraSpan;
  content: MastraSpan | undefined;
  settled: Promise<void>;
}

/** Formats spans, and keeps those that wait. Each is recorded once; a formatter never throws here. */
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

  /** Takes an ended span; false when it waits, and if it is a root for its owner to call finish(). */
  take(span: MastraSpan): boolean {
    let result: unknown;
    try {
      result = this.#format({ ...span });
    } catch {
      // The envelope leaves, marked and counted as withheld.
    }
    const later = typeof (result as Promise<unknown> | undefined)?.then === 'function';
    if (!later && !(span.isRootSpan && this.#of(span.traceId).length > 0)) {
      this.#record(span, object(result));
      return true;
    }
    const one: Waiting = { span, content: undefined, settled: Promise.resolve() };
    this.#waiting.add(one);
    one.settled = Promise.resolve(result).then(
      (content) => {
        one.content = object(content);
        if (!span.isRootSpan) this.#done(one);
      },
      () => {
        if (!span.isRootSpan) this.#done(one);
      },
    );
    return false;
  }

  /** Waits for the spans of one trace, or of all, and records them: roots, which close traces, last. */
  async finish(traceId?: string): Promise<void> {
    const all = this.#of(traceId);
    if (all.length === 0) return;
    await within(FORMATTER_MS, Promise.all(all.map((one) => one.settled)));
    all.sort((a, b) => Number(a.span.isRootSpan) - Number(b.span.isRootSpan));
    for (const one of all) this.#done(one);
  }

  #of(traceId: string | undefined): Waiting[] {
    return [...this.#waiting].filter(({ span }) => (traceId ?? span.traceId) === span.traceId);
  }

  #done(one: Waiting): void {
    if (this.#waiting.delete(one)) this.#record(one.span, one.content);
  }
}

/** What a formatter gave, if it is a span at all. */
function object(value: unknown): MastraSpan | undefined {
  return typeof value === 'object' && value !== null ? (value as MastraSpan) : undefined;
}
