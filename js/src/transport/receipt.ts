/**
 * Receipts: what became of spans, counted once for each destination.
 * @module
 */
import { LOSS_NAMES } from '../core/schema.gen.js';

/** Why spans were dropped. */
export type DropReason = (typeof LOSS_NAMES)[number];

/** A request that did not succeed, or only in part. */
export interface ReceiptError {
  /** The destination's name. */
  destination: string;
  /** The HTTP status; absent when no answer came. */
  status?: number;
  /** What went wrong, in the receiver's words where it had some; secrets are cut out. */
  message: string;
}

/**
 * What became of spans since the last receipt. With several destinations a span counts once for each:
 * ended spans = accepted + rejected + all of dropped + pending, per destination.
 */
export interface Receipt {
  /** Spans that a receiver took. */
  accepted: number;
  /** Spans that a receiver refused. */
  rejected: number;
  /** Spans that were lost before that, by reason; reasons without a loss are absent. */
  dropped: Partial<Record<DropReason, number>>;
  /** Spans that ended and wait: for their trace's end, or for a request that is under way. */
  pending: number;
  /** Spans that started and never ended, known at shutdown; no part of the sum. */
  unended: number;
  /** Spans that left without content, because reading it failed; a part of the others. */
  withheld: number;
  /** Requests made. */
  requests: number;
  /** Body bytes sent, before gzip. */
  bytes: number;
  errors: ReceiptError[];
}

const MAX_ERRORS = 16;

/** Counts that become a receipt. */
export class Tally {
  accepted = 0;
  rejected = 0;
  unended = 0;
  withheld = 0;
  requests = 0;
  bytes = 0;
  readonly dropped: number[] = LOSS_NAMES.map(() => 0);
  readonly errors: ReceiptError[] = [];

  error(destination: string, status: number, message: string): void {
    if (this.errors.length >= MAX_ERRORS) return;
    this.errors.push(status === 0 ? { destination, message } : { destination, status, message });
  }

  add(other: Tally): void {
    this.accepted += other.accepted;
    this.rejected += other.rejected;
    this.unended += other.unended;
    this.withheld += other.withheld;
    this.requests += other.requests;
    this.bytes += other.bytes;
    for (let i = 0; i < LOSS_NAMES.length; i++) this.dropped[i] += other.dropped[i];
    if (other.errors.length > 0) {
      this.errors.push(...other.errors.slice(0, MAX_ERRORS - this.errors.length));
    }
  }

  /** Spans that will not arrive. */
  get lost(): number {
    let lost = this.rejected;
    for (let i = 0; i < LOSS_NAMES.length; i++) lost += this.dropped[i];
    return lost;
  }

  receipt(pending: number): Receipt {
    const dropped: Receipt['dropped'] = {};
    for (const [reason, spans] of this.dropped.entries()) {
      if (spans > 0) dropped[LOSS_NAMES[reason]] = spans;
    }
    const { accepted, rejected, unended, withheld, requests, bytes, errors } = this;
    return { accepted, rejected, dropped, pending, unended, withheld, requests, bytes, errors };
  }
}
