/**
 * Spools in Cloudflare's stores. Their types are structural: whatever has these methods will do.
 * @module
 */
import type { Spool } from './spool.js';
import { storeSpool, type SpoolStore, type StoreSpoolOptions } from './store.js';

/** A KV namespace, as far as a spool needs it. */
export interface KVNamespaceLike {
  get(key: string, type: 'text'): Promise<string | null>;
  get(key: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null>;
  put(
    key: string,
    value: string | ArrayBufferView,
    options?: { expirationTtl?: number },
  ): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  list(options: { prefix: string; cursor?: string }): Promise<{
    keys: { name: string }[];
    list_complete: boolean;
    cursor?: string;
  }>;
}

/** An R2 bucket, as far as a spool needs it. */
export interface R2BucketLike {
  get(key: string): Promise<R2ObjectLike | null>;
  put(
    key: string,
    value: string | ArrayBufferView,
    options?: { onlyIf?: { etagMatches?: string; etagDoesNotMatch?: string } },
  ): Promise<object | null>;
  delete(key: string): Promise<unknown>;
  list(options: { prefix: string; cursor?: string }): Promise<{
    objects: { key: string }[];
    truncated: boolean;
    cursor?: string;
  }>;
}

/** An object of a bucket. */
export interface R2ObjectLike {
  readonly etag: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
}

/** The storage of a Durable Object (`ctx.storage`), as far as a spool needs it. */
export interface DurableObjectStorageLike {
  get<T = unknown>(key: string): Promise<T | undefined>;
  put(entries: Record<string, unknown>): Promise<void>;
  delete(keys: string[]): Promise<unknown>;
  list(options: { prefix: string; limit?: number }): Promise<Map<string, unknown>>;
  transaction<T>(
    closure: (transaction: {
      get<V = unknown>(key: string): Promise<V | undefined>;
      put<V>(key: string, value: V): Promise<void>;
    }) => Promise<T>,
  ): Promise<T>;
}

/** Pages of a list that are read: of a thousand keys each. */
const MAX_PAGES = 16;
/** KV forgets nothing sooner. */
const MIN_TTL_S = 60;
/** Longer than a lease, and than its pauses. */
const LEASE_TTL_S = 3_600;
const DAY_MS = 86_400_000;
/** Below what a value of a Durable Object may be (128 KiB where it is not on SQLite). */
const CHUNK_BYTES = 120_000;
/** What one put() and one delete() of a Durable Object take, without the record's own entry. */
const MAX_CHUNKS = 127;

async function pages(
  page: (cursor: string | undefined) => Promise<{ keys: string[]; cursor: string | undefined }>,
): Promise<string[]> {
  const all: string[] = [];
  let cursor: string | undefined;
  for (let n = 0; n < MAX_PAGES; n++) {
    const next = await page(cursor);
    for (const key of next.keys) all.push(key);
    cursor = next.cursor;
    if (!cursor) break;
  }
  return all;
}

class KVStore implements SpoolStore {
  readonly stale = true;
  readonly #kv: KVNamespaceLike;

  constructor(kv: KVNamespaceLike) {
    this.#kv = kv;
  }

  async put(key: string, value: Uint8Array, expires: number): Promise<void> {
    const seconds = Math.ceil((expires + DAY_MS - Date.now()) / 1000);
    await this.#kv.put(key, value, { expirationTtl: Math.max(MIN_TTL_S, seconds) });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const value = await this.#kv.get(key, 'arrayBuffer');
    return value ? new Uint8Array(value) : undefined;
  }

  async delete(key: string): Promise<void> {
    await this.#kv.delete(key);
  }

  list(prefix: string): Promise<string[]> {
    return pages(async (cursor) => {
      const { keys, cursor: next } = await this.#kv.list({ prefix, cursor });
      return { keys: keys.map(({ name }) => name), cursor: next || undefined };
    });
  }

  /** Not atomic: KV cannot. Who reads his own text back has it, as far as this location knows. */
  async swap(
    key: string,
    next: (text: string | undefined) => string | undefined,
  ): Promise<boolean> {
    const text = next((await this.#kv.get(key, 'text')) ?? undefined);
    if (text === undefined) return false;
    await this.#kv.put(key, text, { expirationTtl: LEASE_TTL_S });
    // Nothing: a cache remembers that there was nothing, and nobody else wrote either.
    return ((await this.#kv.get(key, 'text')) ?? text) === text;
  }
}

class R2Store implements SpoolStore {
  readonly #bucket: R2BucketLike;

  constructor(bucket: R2BucketLike) {
    this.#bucket = bucket;
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.#bucket.put(key, value);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const object = await this.#bucket.get(key);
    return object ? new Uint8Array(await object.arrayBuffer()) : undefined;
  }

  async delete(key: string): Promise<void> {
    await this.#bucket.delete(key);
  }

  list(prefix: string): Promise<string[]> {
    return pages(async (cursor) => {
      const { objects, truncated, cursor: next } = await this.#bucket.list({ prefix, cursor });
      return { keys: objects.map(({ key }) => key), cursor: truncated ? next : undefined };
    });
  }

  async swap(
    key: string,
    next: (text: string | undefined) => string | undefined,
  ): Promise<boolean> {
    const object = await this.#bucket.get(key);
    const text = next(await object?.text());
    if (text === undefined) return false;
    const onlyIf = object ? { etagMatches: object.etag } : { etagDoesNotMatch: '*' };
    return (await this.#bucket.put(key, text, { onlyIf })) !== null;
  }
}

class DurableObjectStore implements SpoolStore {
  readonly #storage: DurableObjectStorageLike;

  constructor(storage: DurableObjectStorageLike) {
    this.#storage = storage;
  }

  /** The record's own entry holds the number of its chunks, which no list reads. */
  async put(key: string, value: Uint8Array): Promise<void> {
    const chunks = Math.ceil(value.length / CHUNK_BYTES);
    if (chunks > MAX_CHUNKS) throw new Error(`${value.length} bytes are too many for a Durable Object`);
    const entries: Record<string, unknown> = { [key]: chunks };
    for (let i = 0; i < chunks; i++) {
      entries[chunk(key, i)] = value.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
    }
    await this.#storage.put(entries);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const chunks = await this.#storage.get<number>(key);
    if (chunks === undefined) return undefined;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < chunks; i++) {
      // One that is missing leaves a batch that cannot be read: it is counted as such.
      parts.push((await this.#storage.get<Uint8Array>(chunk(key, i))) ?? new Uint8Array(0));
    }
    return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  }

  async delete(key: string): Promise<void> {
    const chunks = await this.#storage.get(key);
    const keys = [key];
    // A lease is a text, and has none.
    for (let i = 0; i < Math.min(Number(chunks) || 0, MAX_CHUNKS); i++) keys.push(chunk(key, i));
    await this.#storage.delete(keys);
  }

  async list(prefix: string): Promise<string[]> {
    return [...(await this.#storage.list({ prefix, limit: MAX_PAGES * 1000 })).keys()];
  }

  swap(key: string, next: (text: string | undefined) => string | undefined): Promise<boolean> {
    return this.#storage.transaction(async (transaction) => {
      const text = next(await transaction.get<string>(key));
      if (text !== undefined) await transaction.put(key, text);
      return text !== undefined;
    });
  }
}

const chunk = (key: string, i: number): string => `edgespan-chunks/${key}/${i}`;

/**
 * Keeps what could not be sent in a KV namespace. KV is eventually consistent and cannot compare and
 * set: within one location a batch is sent by one replayer; two locations that look within the same
 * minute may both send it, with the same span ids.
 *
 * @example
 * new EdgespanExporter({ destinations, spool: kvSpool(env.SPANS) })
 */
export function kvSpool(namespace: KVNamespaceLike, options?: StoreSpoolOptions): Spool {
  return storeSpool(new KVStore(namespace), options, namespace);
}

/**
 * Keeps what could not be sent in an R2 bucket, which is strongly consistent: a batch is sent by one
 * replayer, wherever it is.
 *
 * @example
 * new EdgespanExporter({ destinations, spool: r2Spool(env.SPANS) })
 */
export function r2Spool(bucket: R2BucketLike, options?: StoreSpoolOptions): Spool {
  return storeSpool(new R2Store(bucket), options, bucket);
}

/**
 * Keeps what could not be sent in the storage of the Durable Object that the exporter lives in:
 * transactional, so a batch is sent by one replayer.
 *
 * @example
 * new EdgespanExporter({ destinations, spool: durableObjectSpool(ctx.storage) })
 */
export function durableObjectSpool(
  storage: DurableObjectStorageLike,
  options?: StoreSpoolOptions,
): Spool {
  return storeSpool(new DurableObjectStore(storage), options, storage);
}
