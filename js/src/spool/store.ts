/**
 * A durable spool over any store of bytes by key. A record's key says all that is to be known of it
 * (destination, expiry, size, spans), so that a list of keys is enough to choose and to count; its
 * value is the batch as it was encoded, compressed. A lease beside it says who is sending it: what that
 * guarantees depends on the store's swap().
 *
 *   PREFIX DESTINATION / EXPIRES - BYTES - SPANS - UNSURE - ID      a batch; EXPIRES in ms, base 36
 *   PREFIX leases / ID                                              UNTIL ATTEMPTS UNSURE TOKEN
 *
 * DESTINATION is a digest: neither an address nor a credential is stored. Nothing here is awaited by
 * another request: what an isolate knows of a store is plain data.
 * @module
 */
import { putLast } from '../bounded.js';
import type { Destination } from '../destinations/destination.js';
import { LEASE_MS } from '../limits.js';
import type { Claim, Lose, Spool, Unsent } from './spool.js';

/** What a spool asks of a store. All may reject: what was to be kept is counted as lost then. */
export interface SpoolStore {
  /** Writes a value; `expires` (Unix milliseconds): it may be forgotten a day after that. */
  put(key: string, value: Uint8Array, expires: number): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  delete(key: string): Promise<void>;
  /** The keys that begin so, in their order; of very many the first ones. */
  list(prefix: string): Promise<string[]>;
  /**
   * Replaces a short text by what `next` makes of it (undefined: it is left as it is). Whether that was
   * done: false also if another came first, as far as the store can tell. The text may be forgotten
   * after an hour.
   */
  swap(key: string, next: (text: string | undefined) => string | undefined): Promise<boolean>;
  /**
   * True where a list or a value may be out of date: then leases stay, until they end, when their batch
   * is gone.
   */
  readonly stale?: boolean;
}

export interface StoreSpoolOptions {
  /** Seconds that a batch is kept; 86400 by default. */
  maxAge?: number;
  /** Bytes that the batches of one destination may take; 67108864 by default. */
  maxBytes?: number;
  /** What keys begin with; `edgespan/` by default. */
  prefix?: string;
}

/** An isolate looks for what others have stored no more often. */
const LOOK_MS = 60_000;
/** Records that others are sending, looked at in vain, before a claim gives up. */
const MAX_TRIES = 16;
/** Records that were sent, remembered while lists may still name them. */
const MAX_DONE = 1_024;
const MAX_PAUSE_MS = 300_000;

/** What an isolate knows of one destination's records. */
interface Known {
  readonly to: string;
  /** Keys to try. */
  waiting: Set<string>;
  readonly done: Map<string, true>;
  bytes: number;
  /** When to list them again. */
  look: number;
}

// By the binding, and its prefix and destination: spools may be made on every request.
const known = new WeakMap<object, Map<string, Known>>();

/** What a key says. */
interface Entry {
  readonly expires: number;
  readonly bytes: number;
  readonly spans: number;
  readonly unsure: boolean;
  readonly id: string;
}

/** undefined for a key that is no record's. */
function parse(key: string): Entry | undefined {
  const parts = /([0-9a-z]+)-(\d+)-(\d+)-([01])-([0-9a-z]+)$/.exec(key);
  if (!parts) return undefined;
  const [, expires, bytes, spans, unsure, id] = parts;
  return { expires: parseInt(expires, 36), bytes: +bytes, spans: +spans, unsure: unsure === '1', id };
}

/** A setting that is no positive number is as good as none. */
export const above0 = (value: number | undefined, standard: number): number =>
  value && value > 0 ? value : standard;

/** What stands for a destination in a store. */
export async function digest(destination: Destination): Promise<string> {
  const text = new TextEncoder().encode(destination.storeId());
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  return [...hash.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A batch's bytes, compressed where the runtime can. */
export async function pack(bytes: Uint8Array): Promise<Uint8Array> {
  return typeof CompressionStream === 'function' ? through(new CompressionStream('gzip'), bytes) : bytes;
}

/** What pack() was given; null where that cannot be told: gzip has a checksum. */
export async function unpack(bytes: Uint8Array): Promise<Uint8Array | null> {
  // OTLP begins with the tag of its first field, gzip with a magic number.
  if (bytes[0] !== 0x1f) return bytes;
  try {
    return await through(new DecompressionStream('gzip'), bytes);
  } catch {
    return null;
  }
}

async function through(
  transform: CompressionStream | DecompressionStream,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  return new Uint8Array(await new Response(stream.pipeThrough(transform)).arrayBuffer());
}

class StoreSpool implements Spool {
  readonly #store: SpoolStore;
  readonly #known: Map<string, Known>;
  readonly #prefix: string;
  readonly #maxAge: number;
  readonly #maxBytes: number;

  constructor(store: SpoolStore, options: StoreSpoolOptions = {}, binding: object = store) {
    const { maxAge, maxBytes, prefix = 'edgespan/' } = options;
    this.#store = store;
    this.#prefix = prefix;
    this.#maxAge = Math.floor(above0(maxAge, 86_400) * 1000);
    this.#maxBytes = above0(maxBytes, 67_108_864);
    let mine = known.get(binding);
    if (!mine) known.set(binding, (mine = new Map<string, Known>()));
    this.#known = mine;
  }

  async put(batch: Unsent): Promise<void> {
    const bytes = await pack(batch.bytes);
    const at = await this.#at(batch.destination);
    // The first one in an isolate must not trust that the store is empty. What cannot be listed may
    // take a batch nevertheless, or will say itself why not.
    if (at.look <= Date.now()) await this.#look(at).catch(() => {});
    if (at.bytes + bytes.length > this.#maxBytes) {
      throw new Error(`the store holds ${at.bytes} bytes, with ${bytes.length} more than \`maxBytes\``);
    }
    const { expires = Date.now() + this.#maxAge } = batch;
    const id = crypto.randomUUID().replaceAll('-', '');
    const fields = [expires.toString(36), bytes.length, batch.spans, +batch.unsure, id];
    const key = `${at.to}${fields.join('-')}`;
    await this.#store.put(key, bytes, expires);
    at.waiting.add(key);
    at.bytes += bytes.length;
  }

  async claim(destination: Destination, lose: Lose): Promise<Claim | undefined> {
    const at = await this.#at(destination);
    if (at.waiting.size === 0 && at.look <= Date.now()) await this.#look(at);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const [key] = at.waiting;
      if (key === undefined) return undefined;
      at.waiting.delete(key); // no other request of this isolate gets it
      const record = parse(key) as Entry;
      const lease = `${this.#prefix}leases/${record.id}`;
      const token = Math.random().toString(36).slice(2);
      let attempts = 0;
      let { unsure } = record;
      const got = await this.#store.swap(lease, (text) => {
        const [until, tried, doubt] = (text ?? `0 0 ${+record.unsure}`).split(' ').map(Number);
        if (until > Date.now()) return undefined;
        attempts = tried + 1;
        unsure = doubt === 1;
        // Of a replayer that dies nobody knows what it sent.
        return `${Date.now() + LEASE_MS + destination.budget} ${attempts} 1 ${token}`;
      });
      if (!got) continue;
      const bytes = await this.#store.get(key);
      if (bytes && record.expires > Date.now()) {
        const size = record.bytes;
        const leased = { ...record, bytes: await unpack(bytes), size, unsure, lease, token, attempts };
        return this.#claimed(at, key, leased);
      }
      await this.#forget(at, key, record.bytes, lease);
      if (bytes) lose('expired', record.spans);
    }
    return undefined;
  }

  #claimed(
    at: Known,
    key: string,
    { bytes, size, spans, unsure, expires, lease, token, attempts }: Leased,
  ): Claim {
    return {
      bytes,
      spans,
      unsure,
      expires,
      sent: () => this.#forget(at, key, size, lease),
      failed: async (doubt) => {
        at.waiting.add(key);
        const pause = attempts === 1 ? 0 : Math.min(2 ** attempts * 1000, MAX_PAUSE_MS);
        const mine = (text?: string): string | undefined =>
          text?.endsWith(token) ? `${Date.now() + pause} ${attempts} ${+doubt}` : undefined;
        await this.#store.swap(lease, mine);
      },
    };
  }

  async #forget(at: Known, key: string, bytes: number, lease: string): Promise<void> {
    putLast(at.done, key, true, MAX_DONE);
    at.waiting.delete(key); // a list may have named it meanwhile
    at.bytes -= Math.min(bytes, at.bytes);
    await this.#store.delete(key);
    if (!this.#store.stale) await this.#store.delete(lease);
  }

  async #at(destination: Destination): Promise<Known> {
    const to = `${this.#prefix}${await digest(destination)}/`;
    let at = this.#known.get(to);
    if (!at) {
      at = { to, waiting: new Set(), done: new Map(), bytes: 0, look: 0 };
      putLast(this.#known, to, at, MAX_DONE);
    }
    return at;
  }

  async #look(at: Known): Promise<void> {
    at.look = Date.now() + LOOK_MS;
    const keys = (await this.#store.list(at.to)).filter((key) => parse(key) && !at.done.has(key));
    // What this isolate stored since may not be listed yet.
    at.waiting = new Set([...keys, ...at.waiting]);
    at.bytes = 0;
    for (const key of at.waiting) at.bytes += parse(key)?.bytes ?? 0;
  }
}

interface Leased extends Omit<Entry, 'bytes'> {
  readonly bytes: Uint8Array | null;
  readonly size: number;
  readonly lease: string;
  readonly token: string;
  readonly attempts: number;
}

/**
 * Keeps what could not be sent in any store of bytes by key. Each batch is written once, and deleted
 * when it was sent; nobody else sends it meanwhile, as far as the store's `swap()` goes.
 *
 * @param binding What stands for the store's content in this isolate, if `store` is made anew for each
 * request.
 */
export function storeSpool(store: SpoolStore, options?: StoreSpoolOptions, binding?: object): Spool {
  return new StoreSpool(store, options, binding);
}
