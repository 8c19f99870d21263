/**
 * A lane whose spans a user's formatter makes, so that what one formatter hides is nowhere near another's
 * destinations.
 *
 * Formatters fail closed: a span whose formatter throws, rejects, gives no span or takes too long is
 * recorded without content, unless the user wants the original then.
 * @module
 */
import { FLAG_OTEL } from '../core/schema.gen.js';
import type { SpanFormatter } from '../destinations/destination.js';
import { FLUSH_MS, FORMATTER_MS, MAX_FORMATTING } from '../limits.js';
import { within } from '../transport/deliver.js';
import type { MastraSpan } from '../mastra/types.js';
import { closes, type Content, type EarlyOptions, Lane } from './lane.js';
import type { Envelope } from './record.js';

/** What a lane is told of formatters. */
export interface FormattingOptions {
  early?: EarlyOptions;
  onFormatterError?: 'withhold' | 'original';
  formatterTimeout?: number;
}

/** An ended span whose formatter has not answered; a root also waits for those of its trace. */
interface Waiting {
  readonly span: Envelope;
  readonly flags: number;
  /** What the formatter gave; a span, if it did as it should. */
  content?: unknown;
  settled?: Promise<void>;
}

export class FormattingLane extends Lane {
  readonly format: SpanFormatter | undefined;
  /** Ended spans that are being formatted; each is recorded once, whatever its formatter does. */
  readonly waiting: Set<Waiting> = new Set();
  /** Whether spans are made where there is no formatter, too. */
  protected readonly always: boolean = false;
  readonly #options: FormattingOptions;
  readonly #fail: (error: unknown) => void;

  /** @param fail Told of a formatted span that could not be recorded. */
  constructor(
    format: SpanFormatter | undefined,
    options: FormattingOptions,
    fail: (error: unknown, lane: Lane) => void,
  ) {
    super(options.early);
    this.format = format;
    this.#options = options;
    this.#fail = (error) => fail(error, this);
  }

  protected override take(span: Envelope, content: Content, flags: number): number | undefined {
    const { waiting, format } = this;
    if (!format && !this.always) return this.record(span, content, flags);
    const one: Waiting = { span, flags };
    let result: unknown;
    try {
      result = this.made(format, span, content, flags);
    } catch {
      // No content: see #done().
    }
    const later = typeof (result as Promise<unknown> | undefined)?.then === 'function';
    // Those of requests that died would stay for ever.
    if (waiting.size >= MAX_FORMATTING) this.#done(waiting.values().next().value as Waiting);
    waiting.add(one);
    if (!later) {
      one.content = result;
      if (!closes(flags) || this.#of(span.traceId).length === 1) return this.#done(one);
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
    if (!closes(one.flags)) this.#done(one);
  }

  /** What a formatter makes of a span, or a promise of it. */
  protected made(format: SpanFormatter | undefined, _span: Envelope, content: Content, flags: number): unknown {
    // Not those of OpenTelemetry, which have no form that it knows.
    return flags & FLAG_OTEL || !format ? content : format({ ...(content as MastraSpan) });
  }

  /** What leaves where a formatter failed. */
  protected original(span: Envelope): Envelope | undefined {
    return this.#options.onFormatterError === 'original' ? span : undefined;
  }

  #of(traceId: string | undefined): Waiting[] {
    return [...this.waiting].filter(({ span }) => !traceId || span.traceId === traceId);
  }

  #done(one: Waiting): number {
    const { span, content, flags } = one;
    try {
      if (!this.waiting.delete(one)) return 0;
      if (flags & FLAG_OTEL) return this.record(span, content as Content, flags);
      return this.record(span, spanOf(content) ?? this.original(span), flags);
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  /**
   * Waits for the formatters of one trace, or of all, and records their spans, roots last: they close
   * traces. Never rejects.
   */
  override async finish(traceId?: string): Promise<number> {
    const all = this.#of(traceId).sort((a, b) => +closes(a.flags) - +closes(b.flags));
    const timeout = Math.min(this.#options.formatterTimeout || FORMATTER_MS, FLUSH_MS);
    await within(timeout, Promise.all(all.map((one) => one.settled)));
    return all.reduce((trace, one) => this.#done(one) || trace, 0);
  }

  override get pending(): number {
    return this.waiting.size * this.destinations.length + super.pending;
  }
}

/** What a formatter gave, if it has what a span has: a type and an id, whatever they say. */
export function spanOf(given: unknown): MastraSpan | undefined {
  try {
    const { id, type } = given as MastraSpan;
    return typeof id === 'string' && typeof type === 'string' ? (given as MastraSpan) : undefined;
  } catch {
    return undefined; // nothing, or an object that cannot be read
  }
}
