/**
 * A spool in a Cloudflare Queue: the exporter is its producer, and replayQueue() the consumer's handler.
 * The queue keeps, delays and hands out; it delivers at least once, so what it delivers twice arrives
 * twice, with the same span ids.
 * @module
 */
import type { Destination } from '../destinations/destination.js';
import type { Receipt } from '../transport/receipt.js';
import type { Claim, Lose, Spool, Unsent } from './spool.js';
import { digest, pack, unpack } from './store.js';

/** A queue's producer, as far as a spool needs it. */
export interface QueueLike {
  send(body: unknown, options?: { contentType?: 'v8' }): Promise<unknown>;
}

/** What a queue's consumer is given, as far as a replay needs it. */
export interface MessageBatchLike {
  readonly messages: readonly MessageLike[];
}

/** One message of it. */
export interface MessageLike {
  readonly body: unknown;
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

export interface QueueSpoolOptions {
  /** Takes what is larger than a message may be, and is looked into by later requests. */
  large?: Spool;
  /** Seconds after which a batch is not sent any more; 86400 by default. The queue has limits too. */
  maxAge?: number;
}

/** Below the 128 KB that a message may have, with room for its other fields. */
const MAX_MESSAGE_BYTES = 127_000;
/** Seconds before a message comes again: doubled each time. */
const FIRST_DELAY_S = 30;
const MAX_DELAY_S = 3_600;

/** A message's body. */
interface Stored {
  /** Of this package, and of this form. */
  readonly edgespan: 1;
  readonly to: string;
  readonly expires: number;
  readonly spans: number;
  readonly unsure: boolean;
  readonly bytes: Uint8Array;
}

class QueueSpool implements Spool {
  readonly #queue: QueueLike;
  readonly #large: Spool | undefined;
  readonly #maxAge: number;

  constructor(queue: QueueLike, { large, maxAge = 86_400 }: QueueSpoolOptions = {}) {
    this.#queue = queue;
    this.#large = large;
    this.#maxAge = maxAge * 1000;
  }

  async put(batch: Unsent, lose: Lose): Promise<void> {
    const { destination, spans, unsure } = batch;
    const bytes = await pack(batch.bytes);
    if (bytes.length > MAX_MESSAGE_BYTES) {
      if (this.#large) return this.#large.put(batch, lose);
      const why = `${bytes.length} bytes are more than a queue takes`;
      throw new Error(`${why}: give queueSpool() a \`large\` store, or lower \`maxRequestBytes\``);
    }
    const to = await digest(destination);
    const { expires = Date.now() + this.#maxAge } = batch;
    const body: Stored = { edgespan: 1, to, expires, spans, unsure, bytes };
    await this.#queue.send(body, { contentType: 'v8' });
  }

  /** What is in the queue comes by itself. */
  async claim(destination: Destination, lose: Lose): Promise<Claim | undefined> {
    return this.#large?.claim(destination, lose);
  }
}

/** The messages of one batch, as a store. */
class Delivered implements Spool {
  readonly #left: Set<MessageLike>;

  constructor({ messages }: MessageBatchLike) {
    // Others may use the queue as well: theirs are left to them.
    this.#left = new Set(messages.filter(({ body }) => (body as Stored | null)?.edgespan === 1));
  }

  async put(): Promise<void> {
    throw new Error('a queue that is read takes nothing');
  }

  async claim(destination: Destination, lose: Lose): Promise<Claim | undefined> {
    const id = await digest(destination);
    for (const message of this.#left) {
      const { to, expires, spans, unsure, bytes } = message.body as Stored;
      if (to !== id) continue;
      this.#left.delete(message);
      const sound = bytes instanceof Uint8Array && spans > 0;
      if (sound && expires > Date.now()) {
        return {
          bytes: await unpack(bytes),
          spans,
          unsure,
          expires,
          sent: async () => message.ack(),
          failed: async () => retry(message),
        };
      }
      message.ack();
      lose(sound ? 'expired' : 'malformed', spans > 0 ? spans : 1);
    }
    return undefined;
  }

  /** Those that were not sent come again. */
  release(): void {
    for (const message of this.#left) retry(message);
  }
}

function retry(message: MessageLike): void {
  const delaySeconds = Math.min(FIRST_DELAY_S * 2 ** (message.attempts - 1), MAX_DELAY_S);
  message.retry({ delaySeconds });
}

/**
 * Keeps what could not be sent in a Cloudflare Queue; `replayQueue()` sends it from there. A message
 * has at most 128 KB: what is larger when compressed goes to the `large` store, and is lost, and
 * counted, without one.
 *
 * @example
 * new EdgespanExporter({ destinations, spool: queueSpool(env.QUEUE, { large: r2Spool(env.SPANS) }) })
 */
export function queueSpool(queue: QueueLike, options?: QueueSpoolOptions): Spool {
  return new QueueSpool(queue, options);
}

/**
 * The handler of the queue's consumer: sends what its messages hold to the exporter's destinations.
 * What was sent, or is too old, is acknowledged; the rest comes again, later each time, as often as the
 * queue's `max_retries` says. Never rejects. Messages that are not of `queueSpool()` are left alone.
 *
 * @example
 * export default { queue: (batch) => replayQueue(batch, exporter) }
 */
export async function replayQueue(
  batch: MessageBatchLike,
  exporter: { replay(source: Spool): Promise<Receipt> },
): Promise<Receipt> {
  const delivered = new Delivered(batch);
  try {
    return await exporter.replay(delivered);
  } finally {
    delivered.release();
  }
}
