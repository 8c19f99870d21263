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
  /** Why no answer came. */
  readonly cause: string;
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
    remoteParent: 'keep' | 'detach' | undefined;
    dropTypes: readonly string[] | undefined;
  };
  /** What is missing or malformed, named for the user; a destination with a problem sends nothing. */
  readonly problem: string | undefined;
  /** Formats spans for this destination in place of the exporter's `customSpanFormatter`. */
  customSpanFormatter?(span: MastraSpan): MastraSpan | Promise<MastraSpan>;
  /** Equal for destinations that are the same to a receiver. Holds secrets: compare, never show. */
  identity(): string;
  /** Sends one body; never rejects. The bytes are copied before it returns. */
  post(body: Uint8Array): Promise<Answer>;
  /** `text` without this destination's secrets. */
  redact(text: string): string;
  /** What Mastra may write into its logs. */
  serializeForSpan(): { name: string };
}
