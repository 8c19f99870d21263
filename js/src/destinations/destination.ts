/**
 * What an exporter sends to. A destination keeps its address and credentials to itself; an exporter
 * sees a name, limits and a way to post a body.
 * @module
 */

import type { MastraSpan } from '../mastra/types.js';

/** What came back for a posted body. */
export interface Answer {
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** BODY_* of the schema: what the answer's content type says. */
  readonly kind: number;
  /** The answer's body, or its beginning. */
  readonly body: Uint8Array;
  /** The Retry-After header; '' without one. */
  readonly retryAfter: string;
  /** Why no answer came. */
  readonly cause: string;
}

/** A body as it travels. */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly gzip: boolean;
}

/** Made by `otlp()`; pass it to an exporter. */
export interface Destination {
  /** Names the destination in receipts and warnings. */
  readonly name: string;
  /** What the core is told of it. */
  readonly settings: {
    /** `genai`, or a dialect's table. */
    dialect: string;
    maxBytes: number;
    maxSpans: number;
    whole: boolean;
    remoteParent: 'keep' | 'detach' | undefined;
    dropTypes: readonly string[] | undefined;
  };
  /** What is missing or malformed, named for the user; a destination with a problem sends nothing. */
  readonly problem: string | undefined;
  /** What it ignored of its settings, named for the user. */
  readonly warnings?: readonly string[];
  /** Formats spans for this destination in place of the exporter's `customSpanFormatter`. */
  customSpanFormatter?(span: MastraSpan): MastraSpan | Promise<MastraSpan>;
  /** Equal for destinations that are the same to a receiver. Holds secrets: compare, never show. */
  identity(): string;
  /**
   * Equal for destinations of which one may send what could not be sent to the other. Holds secrets: a
   * store gets a digest of it.
   */
  storeId(): string;
  /** Milliseconds that a run's delivery may take, waits and repetitions included; 0: without those. */
  readonly budget: number;
  /** Equal for destinations whose encode() does the same; '' where it does nothing. */
  readonly coding: string;
  /** Makes a body as it travels of the core's; undefined: it travels as it is. */
  encode(body: Uint8Array): Promise<Payload> | undefined;
  /**
   * Sends one body and waits for the answer, at most so many milliseconds; never rejects. The bytes are
   * copied before it returns.
   */
  post(payload: Payload, timeout: number): Promise<Answer>;
  /** `text` without this destination's secrets. */
  redact(text: string): string;
  /** What Mastra may write into its logs. */
  serializeForSpan(): { name: string };
}
