/**
 * A destination's place for a signal: what an exporter posts there, and stores when it cannot, is JSON
 * that stands for itself. Address and credentials are the destination's.
 * @module
 */
import type { Address, Answer, Destination, Payload } from '../destinations/destination.js';
import type { PrivacyOptions } from '../engine/privacy.js';
import { BODY_JSON } from '../core/schema.gen.js';

/** What is posted for a body, and where. */
export interface Posted {
  readonly at: Address;
  /** undefined: the body as it is. */
  readonly bytes?: Uint8Array;
}

/** A batch is cut before it passes these. */
export const MAX_BATCH_BYTES = 1_000_000;
export const MAX_BATCH_EVENTS = 512;

export class Endpoint implements Destination {
  readonly name: string;
  readonly problem = undefined;
  readonly settings: Destination['settings'];
  readonly privacy: PrivacyOptions | undefined;
  readonly budget: number;
  readonly coding: string;
  readonly #to: Destination;
  readonly #signal: string;
  readonly #route: (address: Address, body: Uint8Array) => Posted;
  readonly #gzip: boolean;

  /**
   * REQUIRES: `to` has an address().
   * @param route Where a body goes; never throws.
   * @param gzip Bodies are compressed as the destination's are.
   */
  constructor(
    to: Destination,
    signal: string,
    route: (address: Address, body: Uint8Array) => Posted,
    gzip: boolean,
  ) {
    this.name = `${to.name} ${signal}`;
    this.privacy = to.privacy;
    this.budget = to.budget;
    this.coding = signal;
    this.settings = {
      dialect: 'genai',
      maxBytes: Math.min(to.settings.maxBytes, MAX_BATCH_BYTES),
      maxSpans: MAX_BATCH_EVENTS,
      whole: true, // what is refused is refused whole: the core cannot cut what it cannot read
      remoteParent: undefined,
      dropTypes: undefined,
    };
    this.#to = to;
    this.#signal = signal;
    this.#route = route;
    this.#gzip = gzip;
  }

  identity(): string {
    return `${this.#to.identity()} ${this.#signal}`;
  }

  storeId(): string {
    return `${this.#to.storeId()} ${this.#signal}`;
  }

  encode(body: Uint8Array): Promise<Payload> | undefined {
    return this.#gzip ? this.#to.encode(body, true) : undefined;
  }

  async post(payload: Payload, timeout: number): Promise<Answer> {
    const { at, bytes } = this.#route((this.#to.address as () => Address)(), payload.bytes);
    const answer = await this.#to.post(bytes ? { bytes, gzip: false } : payload, timeout, at);
    const { hostname } = new URL(at.url);
    return { ...answer, cause: answer.cause.replaceAll(hostname, '[redacted]'), body: inSpans(answer) };
  }

  redact(text: string): string {
    return this.#to.redact(text);
  }

  serializeForSpan(): { name: string } {
    return { name: this.name };
  }
}

/** The core reads what became of spans: logs and values are told of in words of their own. */
function inSpans({ kind, body }: Answer): Uint8Array {
  if (kind !== BODY_JSON) return body; // in protobuf the fields' numbers are the same
  const text = new TextDecoder().decode(body);
  const told = text.replace(/"(rejected_?)(log_?records|data_?points)"/i, '"$1spans"');
  return told === text ? body : new TextEncoder().encode(told);
}
