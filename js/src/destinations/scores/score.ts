/**
 * Scores and feedback as receivers take them: one request for each, to an interface of their own. The
 * adapters are pure functions, beside the destinations that they belong to.
 * @module
 */
import type { Address } from '../destination.js';

/** A score or feedback on a trace or one of its spans. */
export interface Annotation {
  readonly kind: 'score' | 'feedback';
  /** A UUID, mostly: what is sent again has the same. */
  readonly id: string;
  /** Milliseconds. */
  readonly time: number;
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits; absent where the whole trace is meant. */
  readonly spanId?: string;
  /** The scorer's name, or the feedback's type. */
  readonly name: string;
  readonly value: number | string;
  readonly comment?: string;
  /** Who said so. */
  readonly userId?: string;
  /** How it came about (`manual`, `automated`, `user`). */
  readonly source?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Where it belongs, in Mastra's words (`CorrelationContext`). */
  readonly context: Readonly<Record<string, unknown>>;
  /** Mastra's event itself. */
  readonly event: Readonly<Record<string, unknown>>;
}

/** What is posted for it, as JSON. `headers`: those of the destination by default. */
export interface ScoreRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a receiver takes of scores and feedback. */
export interface ScoreAdapter {
  /**
   * The request for an annotation. undefined: this receiver has no place for such, and it goes as a span;
   * null: nor does it take a span for it. `at`: where spans go, and with what. Pure: a request that is
   * sent again is made again.
   */
  request(annotation: Annotation, at: Address): ScoreRequest | undefined | null;
  /** A trace or span that the receiver does not know (404) may still be on its way to it. */
  readonly patient?: true;
  /** What was sent twice is there twice: never again after a request that may have arrived. */
  readonly once?: true;
}

/**
 * The address of another interface: what stands at the place of `from`, the path of spans. undefined: it
 * is not there, and where the interface is nobody knows; the annotation goes as a span.
 */
export function elsewhere(url: string, from: RegExp, path: string): string | undefined {
  return from.test(url) ? url.replace(from, () => path) : undefined;
}

/** A value as a number: of words, those that Mastra has for thumbs; undefined for others. */
export function numberOf(value: number | string): number | undefined {
  if (typeof value === 'number') return value;
  if (/^(thumbs_?)?up$|^(positive|good|yes|true)$/i.test(value)) return 1;
  return /^(thumbs_?)?down$|^(negative|bad|no|false)$/i.test(value) ? 0 : undefined;
}

/** An id of OpenTelemetry's as a UUID: what is missing in front is zero. */
export function uuid(hex: string): string {
  const digits = hex.toLowerCase().padStart(32, '0');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
