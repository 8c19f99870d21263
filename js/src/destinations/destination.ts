/**
 * What an exporter sends to. A destination keeps its address and credentials to itself; an exporter
 * sees a name, limits and a way to post a body.
 * @module
 */

import type { SpanLimits } from '../core/pipeline.js';
import type { PrivacyOptions } from '../engine/privacy.js';
import type { MastraSpan } from '../mastra/types.js';
import type { TailSampler } from '../sampling/tail.js';
import type { ScoreAdapter } from './scores/score.js';

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

/** Where a body goes, and with what. Holds secrets. */
export interface Address {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A formatter, declared as a method: one that was written for Mastra's own, narrower type of a span fits. */
export type SpanFormatter = {
  format(span: MastraSpan): MastraSpan | Promise<MastraSpan>;
}['format'];

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
    /** Attributes added to the exporter's resource; of the same name, these win. */
    resource?: Readonly<Record<string, unknown>> | undefined;
    /** Of each of them and the exporter's, the lower holds. */
    limits?: SpanLimits | undefined;
  };
  /** What is missing or malformed, named for the user; a destination with a problem sends nothing. */
  readonly problem: string | undefined;
  /** What it ignored of its settings, named for the user. */
  readonly warnings?: readonly string[];
  /** Which runs it gets, in place of the exporter's `tail`; `false`: all. */
  readonly tail?: TailSampler | false | undefined;
  /** What of content may leave to it. */
  readonly privacy?: PrivacyOptions | undefined;
  /** Formats spans for this destination in place of the exporter's `customSpanFormatter`. */
  readonly customSpanFormatter?: SpanFormatter | undefined;
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
  /**
   * Makes a body as it travels of the core's (or of one that is JSON already); undefined: it travels as
   * it is.
   */
  encode(body: Uint8Array, json?: boolean): Promise<Payload> | undefined;
  /**
   * Sends one body and waits for the answer, at most so many milliseconds; never rejects. The bytes are
   * copied before it returns. With `at` it is JSON, and goes there.
   */
  post(payload: Payload, timeout: number, at?: Address): Promise<Answer>;
  /** Where spans go; absent for what is no receiver of OTLP. Holds secrets: to send with, never to show. */
  address?(): Address;
  /**
   * Which of `logs` and `metrics` its receiver takes, where it takes spans: all if this is absent. None
   * are sent to the others unless they are asked for by name.
   */
  readonly signals?: readonly ('logs' | 'metrics')[] | undefined;
  /** How its receiver takes scores and feedback; otherwise as spans. */
  readonly scores?: ScoreAdapter | undefined;
  /**
   * What must be in no text: its address and credentials, and their parts, the longest first; of one that
   * is off as well. Absent where there are none.
   */
  secrets?(): readonly string[];
  /** `text` without this destination's secrets. */
  redact(text: string): string;
  /** What Mastra may write into its logs. */
  serializeForSpan(): { name: string };
}
