// Outages in real workerd, with the stores that Cloudflare has (as Miniflare runs them): a hundred
// requests while the receiver is down, and a recovery. Every span is in the receiver after it; only
// those that it may have taken without an answer are there twice, and are counted. Isolates end
// between, two of them replay at once, and what is broken in a store is counted.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Receipt } from 'edgespan/mastra';
import { Miniflare } from 'miniflare';
import { decodeProtobuf } from '../support/otlp.ts';
import { bundleWorker, describeWorker } from '../support/workerd.ts';
import type { Store } from './outage/index.ts';

/** What a receiver does: `swallow` takes what comes and does not answer. */
type State = 'up' | 'busy' | 'swallow' | 'dead';

class Receiver {
  state: State = 'up';
  readonly port: number;
  /** Span ids by the first part of the path, in the order of their arrival. */
  readonly #taken = new Map<string, string[]>();
  readonly swallowed = new Map<string, Set<string>>();
  #server: Server | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#serve(server);
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Receiver(server);
  }

  /** `dead`: nothing listens. */
  async become(state: State): Promise<void> {
    this.state = state;
    if (state === 'dead') await this.close();
    else if (!this.#server) {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
      this.#server = server;
      this.#serve(server);
    }
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  at(path: string): string[] {
    const ids = this.#taken.get(path) ?? [];
    this.#taken.set(path, ids);
    return ids;
  }

  /** Ids that arrived more than once. */
  twice(path: string): Set<string> {
    const seen = new Set<string>();
    return new Set(this.at(path).filter((id) => seen.has(id) || !seen.add(id)));
  }

  #serve(server: Server): void {
    server.on('request', (request, response) => void this.#take(request, response));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { state } = this;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url?.split('/')[1] ?? '';
    const ids = decodeProtobuf(gunzipSync(Buffer.concat(chunks))).map((span) => span.spanId);
    if (state === 'up' || state === 'swallow') this.at(path).push(...ids);
    if (state === 'swallow') {
      this.swallowed.set(path, new Set([...(this.swallowed.get(path) ?? []), ...ids]));
    } else {
      response.writeHead(state === 'busy' ? 503 : 200).end();
    }
  }
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
const sorted = (ids: Iterable<string>): string[] => [...ids].sort();

/** A Worker, as far as it is asked here: Miniflare's own type leans on ambient ones. */
interface Asked {
  fetch(url: string, init: { method: string }): Promise<Response>;
}

/** Two isolates of the Worker, which share stores that outlive them. */
class Isolates {
  readonly receiver: Receiver;
  #outdir = '';
  #stores = '';
  #miniflare: Miniflare | undefined;
  readonly receipts = new Map<Store, Receipt[]>();
  /** Spans that were posted without an answer. */
  readonly doubtful = new Map<Store, number>();
  /** Ids of spans by store. */
  readonly ids = new Map<Store, string[]>();

  private constructor(receiver: Receiver) {
    this.receiver = receiver;
  }

  static async start(): Promise<Isolates> {
    const isolates = new Isolates(await Receiver.start());
    isolates.#outdir = await bundleWorker(new URL('./outage/', import.meta.url));
    isolates.#stores = await mkdtemp(join(tmpdir(), 'edgespan-stores-'));
    await isolates.restart();
    return isolates;
  }

  /** Ends the isolates; what they had in memory is gone. */
  async restart(): Promise<void> {
    for (const store of this.ids.keys()) await this.#collect(store);
    await this.#miniflare?.dispose();
    const bindings = { RECEIVER: `http://127.0.0.1:${this.receiver.port}` };
    const one = {
      ...(await describeWorker(this.#outdir, bindings)),
      kvNamespaces: { KV: 'spans' },
      r2Buckets: { R2: 'spans' },
      queueProducers: { QUEUE: 'spans' },
    };
    const object = { className: 'Agent', useSQLite: true };
    this.#miniflare = new Miniflare({
      kvPersist: join(this.#stores, 'kv'),
      r2Persist: join(this.#stores, 'r2'),
      durableObjectsPersist: join(this.#stores, 'objects'),
      workers: [
        {
          ...one,
          name: 'one',
          durableObjects: { OBJECT: object },
          queueConsumers: { spans: { maxBatchSize: 10, maxBatchTimeout: 1, maxRetries: 100 } },
        },
        { ...one, name: 'two', durableObjects: { OBJECT: { ...object, scriptName: 'one' } } },
      ],
    });
    await this.#miniflare.ready;
  }

  async close(): Promise<void> {
    await this.#miniflare?.dispose();
    await this.receiver.close();
    for (const dir of [this.#outdir, this.#stores]) await rm(dir, { recursive: true });
  }

  async ask<T>(path: string, store: Store, query = '', isolate = 'one'): Promise<T> {
    const worker = (await this.#miniflare?.getWorker(isolate)) as unknown as Asked;
    const method = path === '/receipts' || path === '/left' ? 'GET' : 'POST';
    const response = await worker.fetch(`http://worker${path}?store=${store}${query}`, { method });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text) as T;
  }

  /** So many requests; the user's answers come whatever the receiver does. */
  async requests(store: Store, count: number, query = ''): Promise<void> {
    const mine = this.ids.get(store) ?? [];
    this.ids.set(store, mine);
    // Who waits too short a time for an answer makes duplicates on a slow machine.
    const budget = { up: 20_000, busy: 2_000, dead: 1_000, swallow: 400 }[this.receiver.state];
    for (let i = 0; i < count; i += 10) {
      const some = Array.from({ length: Math.min(10, count - i) }, () =>
        this.ask<string[]>('/run', store, `${query}&budget=${budget}`),
      );
      mine.push(...(await Promise.all(some)).flat());
    }
  }

  async #collect(store: Store): Promise<Receipt[]> {
    const all = [...(this.receipts.get(store) ?? [])];
    for (const isolate of ['one', 'two']) {
      all.push(...(await this.ask<Receipt[]>('/receipts', store, '', isolate)));
    }
    this.receipts.set(store, all);
    return all;
  }

  /** Waits until receipts account for so many ended spans; all of the store's receipts. */
  async settled(store: Store, timeoutMs = 20_000): Promise<Receipt[]> {
    const ended = this.ids.get(store)?.length ?? 0;
    for (const end = Date.now() + timeoutMs; ; ) {
      const all = await this.#collect(store);
      const known = sum(
        all.map(({ accepted, rejected, dropped, spooled, replayed }) =>
          accepted + rejected + sum(Object.values(dropped)) + spooled - replayed,
        ),
      );
      if (known === ended) return all;
      assert.ok(Date.now() < end, `${store}: ${known} of ${ended} spans are accounted for`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /**
   * Requests during an outage. Where nothing listens, workerd says what it says of a connection that
   * broke: what was posted then may have arrived, for all that an exporter can know; as may what was
   * posted to one who swallows.
   */
  async outage(store: Store, count: number): Promise<void> {
    const before = this.receipts.get(store)?.length ?? 0;
    await this.requests(store, count);
    const receipts = (await this.settled(store)).slice(before);
    if (this.receiver.state === 'busy') return;
    const posted = receipts.filter(({ requests }) => requests > 0).map(({ spooled }) => spooled);
    this.doubtful.set(store, sum(posted) + (this.doubtful.get(store) ?? 0));
  }

  /** Lets requests go by until all has arrived. */
  async recover(store: Store, timeoutMs = 20_000): Promise<void> {
    for (const end = Date.now() + timeoutMs; ; ) {
      await this.requests(store, 1);
      const left = sum((await this.settled(store)).map(({ spooled, replayed }) => spooled - replayed));
      if (left === 0) return;
      assert.ok(Date.now() < end, `${store}: ${left} spans are still in the store`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  /** What must hold once all has arrived. */
  async whole(store: Store): Promise<void> {
    const { receiver } = this;
    const all = await this.settled(store);
    const ids = this.ids.get(store) ?? [];
    assert.deepEqual(sorted(new Set(receiver.at(store))), sorted(ids));
    const total = (field: 'accepted' | 'spooled' | 'replayed' | 'duplicates'): number =>
      sum(all.map((receipt) => receipt[field]));
    assert.deepEqual(all.flatMap(({ dropped }) => Object.keys(dropped)), []);
    assert.equal(total('accepted'), ids.length);
    assert.equal(total('spooled'), total('replayed'));
    assert.ok(total('spooled') >= 300);
    // Twice is only what was taken without an answer, and all of that was counted.
    const swallowed = receiver.swallowed.get(store) ?? new Set();
    assert.ok(swallowed.size > 0);
    assert.deepEqual(sorted(receiver.twice(store)), sorted(swallowed));
    assert.equal(total('duplicates'), this.doubtful.get(store));
    for (const text of await this.ask<string[]>('/left', store)) {
      assert.ok(!/s3cr3t|127\.0\.0\.1/.test(text), text);
      if (store !== 'kv') assert.fail(`${text} was left`);
      assert.match(text, /^edgespan\/leases\/|^\d+ \d+ [01]/, 'KV keeps leases until they end');
    }
  }
}

describe('an outage of a hundred requests', { timeout: 300_000 }, () => {
  let isolates: Isolates;
  before(async () => {
    isolates = await Isolates.start();
  });
  after(() => isolates.close());

  const durable = ['kv', 'r2', 'object'] as const;

  it('goes by while isolates come and go', async () => {
    // A circuit opens after three failures, so each kind of them gets isolates of its own.
    for (const state of ['busy', 'dead', 'swallow'] as const) {
      await isolates.receiver.become(state);
      const count = state === 'busy' ? 34 : 33;
      await Promise.all(durable.map((store) => isolates.outage(store, count)));
      await isolates.restart();
    }
    for (const store of durable) {
      assert.equal(isolates.ids.get(store)?.length, 300);
      const left = await isolates.ask<string[]>('/left', store);
      assert.ok(!/s3cr3t|127\.0\.0\.1/.test(left.join('\n')));
      const records = left.filter((text) => /^edgespan\/[0-9a-f]{24}\//.test(text));
      assert.equal(sum(records.map((key) => Number(key.split('-')[2]))), 300, store);
    }
  });

  for (const store of durable) {
    it(`${store}: later requests, in new isolates, bring everything`, async () => {
      await isolates.receiver.become('up');
      await isolates.recover(store);
      await isolates.whole(store);
    });
  }

  for (const store of ['r2', 'object'] as const) {
    it(`${store}: several replayers at once send each batch once`, async () => {
      await isolates.restart();
      await isolates.receiver.become('busy');
      await isolates.requests(store, 20);
      await isolates.settled(store);
      await isolates.restart();
      await isolates.receiver.become('up');
      const before = isolates.receiver.at(store).length;
      for (let i = 0; i < 4; i++) {
        await Promise.all(
          ['one', 'two', 'one', 'two'].map((isolate) =>
            isolates.ask<Receipt>('/flush', store, '&fresh=1', isolate),
          ),
        );
      }
      await isolates.settled(store);
      const arrived = isolates.receiver.at(store).slice(before);
      assert.equal(arrived.length, 60);
      assert.equal(new Set(arrived).size, 60);
    });
  }

  for (const store of durable) {
    it(`${store}: a batch of more than a value, and one that cannot be read`, async () => {
      await isolates.restart();
      await isolates.receiver.become('busy');
      await isolates.requests(store, 1, '&spans=4&noise=60000');
      await isolates.settled(store);
      await isolates.restart();
      await isolates.receiver.become('up');
      await isolates.recover(store);

      await isolates.restart();
      await isolates.receiver.become('busy');
      await isolates.requests(store, 2);
      await isolates.settled(store);
      await isolates.ask('/corrupt', store);
      await isolates.restart();
      await isolates.receiver.become('up');
      const receipt = await isolates.ask<Receipt>('/flush', store);
      assert.deepEqual(
        [receipt.accepted, receipt.replayed, receipt.dropped],
        [3, 6, { malformed: 3 }],
        JSON.stringify(receipt),
      );
    });
  }
});

describe('an outage without an end of the isolate', { timeout: 300_000 }, () => {
  let isolates: Isolates;
  before(async () => {
    isolates = await Isolates.start();
  });
  after(() => isolates.close());

  it('memory outlives an exporter that is shut down with its request', async () => {
    await isolates.receiver.become('busy');
    await isolates.requests('memory', 1, '&last=1');
    const down = await isolates.settled('memory');
    assert.deepEqual(down.flatMap(({ dropped }) => Object.keys(dropped)), []);
    assert.equal(sum(down.map(({ spooled, replayed }) => spooled - replayed)), 3);
    await isolates.receiver.become('up');
    await isolates.recover('memory', 60_000);
    assert.deepEqual(sorted(isolates.receiver.at('memory')), sorted(isolates.ids.get('memory') ?? []));
    await isolates.restart();
  });

  // The circuit leaves the destination alone for half a minute, and so do the messages' delays.
  it('memory and a queue bring everything', async () => {
    const stores = ['memory', 'queue'] as const;
    await isolates.receiver.become('swallow');
    await Promise.all(stores.map((store) => isolates.outage(store, 2)));
    await isolates.receiver.become('busy');
    await Promise.all(stores.map((store) => isolates.outage(store, 97)));
    await isolates.requests('queue', 1, '&noise=60000'); // more than a message
    await isolates.requests('memory', 1);
    await Promise.all(stores.map((store) => isolates.settled(store)));
    await isolates.receiver.become('up');
    await Promise.all(stores.map((store) => isolates.recover(store, 150_000)));
    for (const store of stores) await isolates.whole(store);
  });
});
