/**
 * Receipts: what became of spans, counted once for each destination.
 * @module
 */
import {
  LOSS_DUPLICATE,
  LOSS_LEFT_OUT,
  LOSS_NAMES,
  LOSS_SAMPLED,
  STAT_ACCEPTED,
  STAT_DROPPED,
  STAT_REDACTED,
  STAT_REJECTED,
  STAT_REPLAYED,
  STAT_SPOOLED,
  STAT_UNENDED,
  STAT_UNREAD,
  STAT_WITHHELD,
  type VERDICT_NAMES,
} from '../core/schema.gen.js';
import { MAX_ERRORS } from '../limits.js';
import { Connections } from './connections.js';

/** Why spans were dropped. */
export type DropReason = (typeof LOSS_NAMES)[number];

/** A request that did not succeed, or only in part. */
export interface ReceiptError {
  /** The destination's name. */
  destination: string;
  /**
   * What it came to; stable. `accepted`: all spans were, with a warning; `partial`: some were;
   * `rejected`: the receiver refused what was sent; `denied`: it refused the credentials; `failed`:
   * it failed in a way that OTLP forbids to retry; `givenUp`: no answer, or only such as ask to come
   * again, until there was no time left; `spool`: a store (`spool`) failed, or took no more.
   */
  code: Exclude<(typeof VERDICT_NAMES)[number], 'next' | 'retry'> | 'spool';
  /** The HTTP status; absent when no answer came. */
  status?: number;
  /** What went wrong, in the receiver's words where it had some; secrets are cut out. */
  message: string;
}

/**
 * What became of spans since the last receipt. With several destinations a span counts once for each:
 * ended + replayed = accepted + rejected + all of dropped + spooled + pending, per destination.
 */
export interface Receipt {
  /** Spans that a receiver took. */
  accepted: number;
  /** Spans that a receiver refused. */
  rejected: number;
  /** Spans that were lost before that, by reason; reasons without a loss are absent. */
  dropped: Partial<Record<DropReason, number>>;
  /** Spans that were given to a store, to be sent later; 0 without one. */
  spooled: number;
  /** Spans that came back from a store: what became of them is in the others. */
  replayed: number;
  /**
   * Spans that a receiver may hold twice, with one id: sent again after a request that got no answer,
   * or one from a gateway. A part of accepted.
   */
  duplicates: number;
  /** Spans that ended and wait: for their trace's end, or for a request that is under way. */
  pending: number;
  /** Spans that started and never ended, known at shutdown; no part of the sum. */
  unended: number;
  /** Spans that left without content, because reading it failed; a part of the others. */
  withheld: number;
  /** Texts of values that were found and replaced by a `redact`, once for each destination. */
  redacted: number;
  /** Values that a `redact` or its hook failed on, and which stayed; the spans left. */
  withheldValues: number;
  /** Requests made. */
  requests: number;
  /** Spans that were sent again after a failure, each time counted. */
  retried: number;
  /** Bytes of the bodies, as OTLP protobuf. */
  bytes: number;
  /** Bytes of the bodies as they travelled: compressed, or as JSON. */
  sent: number;
  /** Milliseconds from a run's end to its last answer; of several runs the sum. */
  duration: number;
  /** What was not well, without repetitions, at most 16. */
  errors: ReceiptError[];
  /**
   * The same of what `signals` sent: a log, a metric's value, a score or feedback each counts as a span
   * does here, `withheld` those of which a part stayed here, `bytes` those of JSON. Absent where there
   * was none.
   */
  signals?: Omit<Receipt, 'signals'>;
}

/** Numbers of the core's statistics of a destination: STAT_*, the losses from STAT_DROPPED on. */
export const STAT_FIELDS: number = STAT_DROPPED + LOSS_NAMES.length;

// A copy of it costs a tenth of what filling an array does.
const NONE: readonly number[] = /* @__PURE__ */ Array.from({ length: STAT_FIELDS }, () => 0);

type Count = 'requests' | 'retried' | 'duplicates' | 'bytes' | 'sent' | 'duration';

/** Counts that become a receipt. */
export class Tally {
  /** Spans, by STAT_*. */
  readonly spans: number[] = NONE.slice();
  /** What a receipt has by the same names. */
  readonly counts: Record<Count, number> = { requests: 0, retried: 0, duplicates: 0, bytes: 0, sent: 0, duration: 0 };
  readonly errors: ReceiptError[] = [];
  /** What the delivery that is counted here may use. */
  readonly connections: Connections;
  /** The same of logs, metrics and scores. */
  signals: Tally | undefined;

  constructor(connections: Connections = new Connections()) {
    this.connections = connections;
  }

  add(other: Tally): void {
    if (other.signals) (this.signals ??= new Tally()).add(other.signals);
    for (let stat = 0; stat < STAT_FIELDS; stat++) this.spans[stat] += other.spans[stat];
    for (const name in this.counts) this.counts[name as Count] += other.counts[name as Count];
    for (const error of other.errors) this.fail(error);
  }

  fail(error: ReceiptError): void {
    const text = JSON.stringify(error);
    if (this.errors.length >= MAX_ERRORS || this.errors.some((e) => JSON.stringify(e) === text)) return;
    this.errors.push(error);
  }

  lose(reason: number, spans: number): void {
    this.spans[STAT_DROPPED + reason] += spans;
  }

  /** Counts spans that a store gave up: they came back, and are lost. */
  get forfeit(): (reason: DropReason, spans: number) => void {
    return (reason, spans) => {
      this.spans[STAT_REPLAYED] += spans;
      this.lose(LOSS_NAMES.indexOf(reason), spans);
    };
  }

  /** Spans that will not arrive, though they were wanted. */
  get lost(): number {
    const { spans } = this;
    // What was not wanted is no loss.
    let lost = spans[STAT_REJECTED] - this.sampled;
    lost -= spans[STAT_DROPPED + LOSS_LEFT_OUT] + spans[STAT_DROPPED + LOSS_DUPLICATE];
    for (let stat = STAT_DROPPED; stat < STAT_FIELDS; stat++) lost += spans[stat];
    return lost;
  }

  /** Spans of runs that sampling left out. */
  get sampled(): number {
    return this.spans[STAT_DROPPED + LOSS_SAMPLED];
  }

  /** Whether it has anything to tell. */
  get touched(): number {
    return this.counts.requests + this.lost + this.spans[STAT_SPOOLED] + this.sampled;
  }

  get dropped(): Receipt['dropped'] {
    const dropped: Receipt['dropped'] = {};
    for (let loss = 0; loss < LOSS_NAMES.length; loss++) {
      const spans = this.spans[STAT_DROPPED + loss];
      if (spans > 0) dropped[LOSS_NAMES[loss]] = spans;
    }
    return dropped;
  }

  /** @param waiting Of `signals`. */
  receipt(pending: number, waiting = 0): Receipt {
    const { spans, counts, dropped, errors, signals } = this;
    return {
      accepted: spans[STAT_ACCEPTED],
      rejected: spans[STAT_REJECTED],
      dropped,
      spooled: spans[STAT_SPOOLED],
      replayed: spans[STAT_REPLAYED],
      pending,
      unended: spans[STAT_UNENDED],
      withheld: spans[STAT_WITHHELD],
      redacted: spans[STAT_REDACTED],
      withheldValues: spans[STAT_UNREAD],
      ...counts,
      errors,
      ...(signals && { signals: signals.receipt(waiting) }),
    };
  }
}
