/**
 * Span contexts: their ids, and spans that have nothing else.
 * @module
 */
import type { Context, Span, SpanContext } from './api.js';
import { SPAN } from './context.js';
import type { Setup } from './setup.js';

/** Bits of `traceFlags`. */
export const SAMPLED = 1;
export const RANDOM = 2;

export const INVALID: SpanContext = {
  traceId: '00000000000000000000000000000000',
  spanId: '0000000000000000',
  traceFlags: 0,
};

/** Whether both ids are such: hex digits, as many as it takes, not all of them 0. */
export function isValid(context: SpanContext | undefined): context is SpanContext {
  return (
    !!context &&
    /^(?!0{32})[\da-f]{32}$/i.test(context.traceId) &&
    /^(?!0{16})[\da-f]{16}$/i.test(context.spanId)
  );
}

/** The ids of a context's span, if it has one. */
export function spanContextIn(context: Context): SpanContext | undefined {
  const found = (context.getValue(SPAN) as Span | undefined)?.spanContext();
  return isValid(found) ? found : undefined;
}

// A call for entropy, and digits one by one, would cost more than all else that a span's start does.
const POOL_BYTES = 1024;
let pairs: string[] | undefined;
let pool = '';
let used = 0;

/** So many random hex digits, not all of them 0: a span's id, or a trace's. */
export function randomId(digits: 16 | 32): string {
  if (used + digits > pool.length) {
    pairs ??= Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));
    pool = '';
    for (const byte of crypto.getRandomValues(new Uint8Array(POOL_BYTES))) pool += pairs[byte];
    used = 0;
  }
  const id = pool.slice(used, (used += digits));
  return /[^0]/.test(id) ? id : randomId(digits);
}

/** A span that records nothing, and hands on its context. */
export class NonRecordingSpan implements Span {
  readonly #context: SpanContext;
  readonly #setup: Setup | undefined;

  /** `setup`: whose sampler dropped it; what is below it is dropped with it. */
  constructor(context: SpanContext = INVALID, setup?: Setup) {
    this.#context = context;
    this.#setup = setup;
  }

  get setup(): Setup | undefined {
    return this.#setup;
  }

  spanContext(): SpanContext {
    return this.#context;
  }
  setAttribute(): this {
    return this;
  }
  setAttributes(): this {
    return this;
  }
  addEvent(): this {
    return this;
  }
  addLink(): this {
    return this;
  }
  addLinks(): this {
    return this;
  }
  setStatus(): this {
    return this;
  }
  updateName(): this {
    return this;
  }
  end(): void {}
  isRecording(): boolean {
    return false;
  }
  recordException(): void {}
}
