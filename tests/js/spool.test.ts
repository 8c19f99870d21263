// Outages in Node: what cannot be sent is kept, counted, and sent once its destination is well; what a
// store loses is counted, too. The stores here are memory and a Map behind storeSpool(); Cloudflare's
// own are in tests/runtime/outage.test.ts.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Destination, otlp, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type Receipt } from 'edgespan/mastra';
import {
  type MessageLike,
  memorySpool,
  queueSpool,
  replayQueue,
  type Spool,
  type SpoolStore,
  storeSpool,
} from 'edgespan/spool';
import { gunzipSync } from 'node:zlib';
import { decodeProtobuf } from '../support/otlp.ts';
import { play, run, span } from './spans.ts';

/** A receiver that may be down, and which takes a body before it fails to answer (`swallow`). */
class Receiver {
  state: number | 'swallow' = 200;
  readonly bodies: Uint8Array[] = [];
  readonly #server: Server;
  constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { state } = this;
        const body = Buffer.concat(chunks);
        const gzip = request.headers['content-encoding'] === 'gzip';
        if (state === 'swallow' || state === 200) this.bodies.push(gzip ? gunzipSync(body) : body);
        if (state === 'swallow') request.socket.destroy();
        else response.writeHead(state).end();
      });
    });
  }
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get ids(): string[] {
    return this.bodies.flatMap((body) => decodeProtobuf(body).map((s) => s.spanId));
  }
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const receivers: Receiver[] = [];
async function receiver(): Promise<Receiver> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const made = new Receiver(server);
  receivers.push(made);
  return made;
}
after(() => {
  for (const one of receivers) one.close();
});

let names = 0;
/** Sent once: no clock decides what these tests see. */
function to(where: Receiver, options: Partial<OtlpOptions> = {}): Destination {
  return otlp({ endpoint: where.origin, headers: { key: 'k' }, retryBudget: 0, ...options });
}
/** With a circuit of its own: exporters that are equal share one, which leaves a destination alone. */
function make(where: Receiver, spool: Spool | false, options: Partial<EdgespanExporterOptions> = {}) {
  const serviceName = `service ${++names}`;
  const destinations = [to(where)];
  return new EdgespanExporter({ destinations, spool, serviceName, logLevel: 'silent', ...options });
}

/** ended + replayed = accepted + rejected + dropped + spooled + pending. */
function balanced(receipt: Receipt, ended: number): void {
  const { accepted, rejected, dropped, spooled, pending, replayed } = receipt;
  const lost = Object.values(dropped).reduce((a, b) => a + b, 0);
  assert.equal(ended + replayed, accepted + rejected + lost + spooled + pending, JSON.stringify(receipt));
}

async function send(exporter: EdgespanExporter, children = 2): Promise<{ receipt: Receipt; ids: string[] }> {
  const spans = run(children);
  play(exporter, spans);
  const receipt = await exporter.flush();
  balanced(receipt, spans.length);
  return { receipt, ids: spans.map((s) => s.id) };
}

/** A store of bytes that keeps what it is told, and can be made to fail. */
class Shelf implements SpoolStore {
  readonly entries = new Map<string, Uint8Array | string>();
  /** Names of methods that reject. */
  readonly broken = new Set<string>();
  calls = 0;
  async #works(method: string): Promise<void> {
    this.calls++;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.broken.has(method)) throw new Error(`${method} failed`);
  }
  async put(key: string, value: Uint8Array): Promise<void> {
    await this.#works('put');
    this.entries.set(key, value);
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#works('get');
    return this.entries.get(key) as Uint8Array | undefined;
  }
  async delete(key: string): Promise<void> {
    await this.#works('delete');
    this.entries.delete(key);
  }
  async list(prefix: string): Promise<string[]> {
    await this.#works('list');
    return [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
  async swap(key: string, next: (text?: string) => string | undefined): Promise<boolean> {
    await this.#works('swap');
    const text = next(this.entries.get(key) as string | undefined);
    if (text !== undefined) this.entries.set(key, text);
    return text !== undefined;
  }
  get records(): string[] {
    return [...this.entries.keys()].filter((key) => !key.includes('/leases/'));
  }
  /** As a new isolate sees it: it remembers nothing of the store. */
  spool(options?: Parameters<typeof storeSpool>[1]): Spool {
    return storeSpool(this, options, {});
  }
}

const sorted = (ids: string[]): string[] => [...ids].sort();

describe('memory, by default', () => {
  test('what an outage leaves is sent with the next run that arrives, once', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    const sent: string[] = [];
    where.state = 503;
    const down = await send(exporter);
    assert.equal(down.receipt.spooled, 3);
    assert.deepEqual(down.receipt.dropped, {});
    sent.push(...down.ids);
    where.state = 200;
    const up = await send(exporter);
    sent.push(...up.ids);
    assert.deepEqual(
      [up.receipt.accepted, up.receipt.replayed, up.receipt.spooled, up.receipt.duplicates],
      [6, 3, 0, 0],
    );
    assert.deepEqual(sorted(where.ids), sorted(sent));
    const quiet = await exporter.flush();
    assert.deepEqual([quiet.requests, quiet.replayed], [0, 0]);
  });

  test('exporters that are given none share one, and it may be refused', async () => {
    const where = await receiver();
    where.state = 503;
    const serviceName = 'no spool';
    const destinations = [to(where)];
    const options = { destinations, serviceName, logLevel: 'silent' as const };
    const spans = run(1);
    const exporter = new EdgespanExporter({ ...options, spool: false });
    play(exporter, spans);
    assert.deepEqual((await exporter.flush()).dropped, { unsent: 2 });
    const first = new EdgespanExporter(options);
    play(first, spans);
    assert.equal((await first.flush()).spooled, 2);
    where.state = 200;
    const second = await new EdgespanExporter(options);
    const { receipt } = await send(second, 1);
    assert.deepEqual([receipt.accepted, receipt.replayed], [4, 2]);
  });

  test('a body that was taken without an answer arrives twice, with the same ids, and is counted', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    where.state = 'swallow';
    const { ids, receipt } = await send(exporter);
    assert.equal(receipt.spooled, 3);
    where.state = 200;
    const up = await send(exporter);
    assert.equal(up.receipt.duplicates, 3);
    const times = (id: string): number => where.ids.filter((i) => i === id).length;
    assert.ok(ids.every((id) => times(id) >= 2), `${ids.map(times)}`);
    assert.ok(up.ids.every((id) => times(id) === 1));
    assert.deepEqual(where.bodies[0], where.bodies.at(-1), 'the same bytes');
  });

  test('a destination that refuses connections makes no duplicates', async () => {
    const where = await receiver();
    const gone = await receiver();
    const endpoint = gone.origin;
    gone.close();
    const spool = memorySpool();
    const storeKey = 'moved';
    const exporter = make(where, spool, { destinations: [otlp({ endpoint, storeKey, retryBudget: 0 })] });
    assert.equal((await send(exporter)).receipt.spooled, 3);
    const server = createServer();
    const back = new Receiver(server);
    receivers.push(back);
    await new Promise<void>((resolve) => server.listen(Number(new URL(endpoint).port), '127.0.0.1', resolve));
    const { receipt } = await send(exporter);
    assert.deepEqual([receipt.accepted, receipt.duplicates], [6, 0]);
  });

  test('bounded in bytes: the oldest gives way, and is counted', async () => {
    const where = await receiver();
    where.state = 503;
    const spool = memorySpool({ maxBytes: 3_000 });
    let spooled = 0;
    let memory = 0;
    for (let i = 0; i < 8; i++) {
      const { receipt } = await send(make(where, spool));
      spooled += receipt.spooled;
      memory += receipt.dropped.memory ?? 0;
    }
    assert.equal(spooled, 24);
    assert.ok(memory > 0 && memory < 24, `${memory}`);
    where.state = 200;
    const { receipt } = await send(make(where, spool));
    assert.equal(receipt.replayed, spooled - memory);
    assert.equal(where.ids.length, 3 + spooled - memory);
    const huge = make(where, memorySpool({ maxBytes: 10 }));
    where.state = 503;
    const refused = await send(huge);
    assert.deepEqual(refused.receipt.dropped, { unsent: 3 });
    assert.ok(refused.receipt.errors.some(({ code, message }) => code === 'spool' && /maxBytes/.test(message)));
  });

  test('bounded in age: what is too old is counted as expired, and not sent', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool({ maxAge: 0.05 }));
    where.state = 503;
    await send(exporter);
    where.state = 200;
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { receipt } = await send(exporter);
    assert.deepEqual([receipt.accepted, receipt.replayed, receipt.dropped], [3, 3, { expired: 3 }]);
    assert.equal(where.ids.length, 3);
  });

  test('a shutdown tries once more, and counts what goes with the process', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    where.state = 503;
    await send(exporter);
    const last = await exporter.shutdown();
    balanced(last, 0);
    assert.deepEqual([last.spooled, last.dropped], [3, { unsent: 3 }]);
    const other = make(where, memorySpool());
    await send(other);
    where.state = 200;
    assert.deepEqual((await other.shutdown()).accepted, 3);
  });

  test('two requests at once send a batch once', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    where.state = 503;
    await send(exporter);
    where.state = 200;
    const receipts = await Promise.all([1, 2, 3].map(() => exporter.flush()));
    assert.equal(where.ids.length, 3);
    assert.equal(receipts.reduce((sum, { accepted }) => sum + accepted, 0), 3);
  });

  test('nothing is sent to one whose credentials are others', async () => {
    const where = await receiver();
    const spool = memorySpool();
    const ofTenant = (key: string, storeKey?: string): EdgespanExporter =>
      make(where, spool, { destinations: [to(where, { headers: { key }, storeKey })] });
    where.state = 503;
    const { ids } = await send(ofTenant('a'));
    where.state = 200;
    const other = await send(ofTenant('b'));
    assert.deepEqual(sorted(where.ids), sorted(other.ids));
    assert.equal(other.receipt.replayed, 0);
    const same = await send(ofTenant('a'));
    assert.equal(same.receipt.replayed, 3);
    assert.deepEqual(sorted(where.ids), sorted([...ids, ...other.ids, ...same.ids]));
    // Under a name of its own a tenant may change its key.
    where.state = 401;
    const before = await send(ofTenant('old', 'tenant c'));
    assert.equal(before.receipt.spooled, 3);
    where.state = 200;
    assert.equal((await send(ofTenant('new', 'tenant d'))).receipt.replayed, 0);
    assert.equal((await send(ofTenant('new', 'tenant c'))).receipt.replayed, 3);
  });
});

describe('a store', () => {
  test('holds digests and compressed batches: no secret, no address, no name', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    const headers = { authorization: 'Bearer sk-s3cr3t' };
    const endpoint = `${where.origin}/in?token=t0k3n`;
    const named = otlp({ endpoint, headers, name: 'tenant-7', retryBudget: 0 });
    where.state = 503;
    await send(make(where, shelf.spool(), { destinations: [named] }));
    assert.equal(shelf.records.length, 1);
    const text = [...shelf.entries].flatMap(([key, value]) => [key, `${value}`, Buffer.from(value).toString('latin1')]);
    text.push(...shelf.records.map((key) => gunzipSync(shelf.entries.get(key) as Uint8Array).toString('latin1')));
    for (const secret of ['s3cr3t', 't0k3n', 'tenant-7', '127.0.0.1', new URL(endpoint).port]) {
      assert.ok(!text.join('\n').includes(secret), secret);
    }
  });

  test('what an isolate stored another sends, all of it, and nothing is left', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const ids: string[] = [];
    const spool = shelf.spool();
    for (let i = 0; i < 20; i++) ids.push(...(await send(make(where, spool))).ids);
    assert.equal(shelf.records.length, 20);
    where.state = 200;
    const next = shelf.spool();
    const exporter = make(where, next);
    let replayed = 0;
    for (let i = 0; i < 2; i++) {
      const up = await send(exporter);
      ids.push(...up.ids);
      replayed += up.receipt.replayed;
    }
    assert.equal(replayed, 60);
    assert.deepEqual(sorted(where.ids), sorted(ids));
    assert.deepEqual([...shelf.entries.keys()], []);
    // It is not asked again by each request.
    const { calls } = shelf;
    await send(exporter);
    assert.equal(shelf.calls, calls);
  });

  test('replayers in two isolates send a batch once', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const ids: string[] = [];
    const spool = shelf.spool();
    for (let i = 0; i < 6; i++) ids.push(...(await send(make(where, spool))).ids);
    where.state = 200;
    const receipts = await Promise.all([1, 2, 3].map(() => make(where, shelf.spool()).flush()));
    assert.equal(receipts.reduce((sum, r) => sum + r.replayed, 0), 18);
    assert.deepEqual(sorted(where.ids), sorted(ids));
  });

  test('what a replayer that died had is sent when its lease ends, as a possible duplicate', async (t) => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const { ids } = await send(make(where, shelf.spool()));
    where.state = 200;
    const dead = await shelf.spool().claim(to(where), assert.fail);
    assert.equal(dead?.spans, 3);
    assert.equal((await make(where, shelf.spool()).flush()).replayed, 0);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
    const receipt = await make(where, shelf.spool()).flush();
    assert.deepEqual([receipt.accepted, receipt.duplicates], [3, 3]);
    assert.deepEqual(sorted(where.ids), sorted(ids));
  });

  test('what cannot be read is dropped and counted, and stops nothing', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const spool = shelf.spool();
    const batches: string[][] = [];
    for (let i = 0; i < 6; i++) batches.push((await send(make(where, spool))).ids);
    const [cut, flipped, plain, empty, wrong, sound] = shelf.records;
    const of = (key: string): Buffer => Buffer.from(shelf.entries.get(key) as Uint8Array);
    shelf.entries.set(cut, of(cut).subarray(0, 40));
    const bytes = of(flipped);
    bytes[30] ^= 0x55;
    shelf.entries.set(flipped, bytes);
    shelf.entries.set(plain, Buffer.from('{"not":"a batch"}'));
    shelf.entries.set(empty, new Uint8Array(0));
    const other = wrong.replace('-3-', '-4-');
    shelf.entries.set(other, of(wrong));
    shelf.entries.delete(wrong);
    shelf.entries.set(`${sound.split('/').slice(0, 2).join('/')}/of somebody else`, new Uint8Array(3));
    where.state = 200;
    const receipt = await make(where, shelf.spool()).flush();
    balanced(receipt, 0);
    assert.deepEqual([receipt.accepted, receipt.dropped], [3, { malformed: 16 }]);
    assert.deepEqual(sorted(where.ids), sorted(batches[5]));
    assert.equal(shelf.records.length, 1, 'what is not ours stays');
  });

  test('what is too old is deleted and counted; a store that is full takes no more', async () => {
    const where = await receiver();
    where.state = 503;
    const old = new Shelf();
    await send(make(where, old.spool({ maxAge: 0.03 })));
    await new Promise((resolve) => setTimeout(resolve, 40));
    where.state = 200;
    const receipt = await make(where, old.spool()).flush();
    assert.deepEqual([receipt.accepted, receipt.dropped, old.records], [0, { expired: 3 }, []]);

    where.state = 503;
    const small = new Shelf();
    const receipts: Receipt[] = [];
    // Each as a new isolate: the bound is the store's, not the isolate's.
    for (let i = 0; i < 6; i++) {
      receipts.push((await send(make(where, small.spool({ maxBytes: 1_000 })))).receipt);
    }
    const bytes = small.records.reduce((sum, key) => sum + (small.entries.get(key)?.length ?? 0), 0);
    assert.ok(bytes <= 1_000 && bytes > 0, `${bytes}`);
    assert.deepEqual(receipts.at(-1)?.dropped, { unsent: 3 });
    assert.match(receipts.at(-1)?.errors.map((e) => e.message).join() ?? '', /maxBytes/);
  });

  for (const method of ['put', 'get', 'delete', 'list', 'swap']) {
    test(`${method}() that fails is told, loses no count, and throws at nobody`, async () => {
      const where = await receiver();
      const shelf = new Shelf();
      where.state = 503;
      if (method === 'put') shelf.broken.add(method);
      const { receipt: down } = await send(make(where, shelf.spool()));
      assert.deepEqual(
        method === 'put' ? [down.dropped.unsent, down.errors.at(-1)?.code] : [down.spooled, 'spool'],
        [3, 'spool'],
      );
      shelf.broken.add(method);
      where.state = 200;
      const { receipt } = await send(make(where, shelf.spool()));
      assert.equal(receipt.errors.some(({ code }) => code === 'spool'), method !== 'put');
      assert.equal(receipt.accepted, method === 'delete' ? 6 : 3);
    });
  }

  test('bad settings are as good as none', async () => {
    const where = await receiver();
    for (const bad of [{ maxAge: NaN, maxBytes: NaN }, { maxAge: -1, maxBytes: -1 }, { maxAge: 0.0301234 }]) {
      const shelf = new Shelf();
      for (const spool of [shelf.spool(bad as object), memorySpool(bad as object)]) {
        where.state = 503;
        const exporter = make(where, spool);
        assert.equal((await send(exporter)).receipt.spooled, 3, JSON.stringify(bad));
        where.state = 200;
        const { accepted, dropped } = await exporter.flush();
        assert.equal(accepted + (dropped.expired ?? 0), 3, JSON.stringify(bad));
      }
    }
  });

  test('of a batch that arrives in part only the rest is kept', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const { ids } = await send(make(where, shelf.spool()), 7);
    // 413, then one half is taken, then an outage again.
    const answers = [413, 200, 503];
    Object.defineProperty(where, 'state', { get: () => answers.shift() ?? 503, configurable: true });
    const receipt = await make(where, shelf.spool()).flush();
    balanced(receipt, 0);
    assert.deepEqual([receipt.replayed, receipt.accepted, receipt.spooled], [8, 4, 4]);
    Object.defineProperty(where, 'state', { value: 200, writable: true });
    const rest = await make(where, shelf.spool()).flush();
    assert.deepEqual([rest.replayed, rest.accepted, rest.duplicates], [4, 4, 0]);
    assert.deepEqual(shelf.records, []);
    assert.equal(new Set(where.ids).size, 8);
    assert.deepEqual([...new Set(where.ids)].sort(), sorted(ids));
  });
});

/** Answers 413 to one path and never to another, until it is well. */
async function stubborn(): Promise<{ origin: string; ids(path: string): string[]; mend(): void }> {
  const arrived: { path: string; body: Uint8Array }[] = [];
  let well = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url as string;
      if (well) arrived.push({ path, body: Buffer.concat(chunks) });
      if (well) response.writeHead(200).end();
      else if (path.startsWith('/large')) setTimeout(() => response.writeHead(413).end(), 30);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ids: (start) =>
      arrived
        .filter(({ path }) => path.startsWith(start))
        .flatMap(({ body }) => decodeProtobuf(body).map((s) => s.spanId)),
    mend: () => void (well = true),
  };
}

test('what there is no time to send in parts is kept whole, and no span goes uncounted', async () => {
  const { origin, ids, mend } = await stubborn();
  // Those that hang hold the connections between two parts of the one that is refused.
  const paths = ['large', 'a', 'b', 'c', 'd', 'e'];
  const destinations = paths.map((name) =>
    otlp({ name, endpoint: `${origin}/${name}`, retryBudget: 300 }),
  );
  const exporter = new EdgespanExporter({
    destinations,
    spool: memorySpool(),
    serviceName: `service ${++names}`,
    logLevel: 'silent',
  });
  const spans = run(62);
  play(exporter, spans);
  const down = await exporter.flush();
  balanced(down, spans.length * paths.length);
  mend();
  const up = await exporter.flush();
  assert.equal(up.replayed, down.spooled);
  const missing = spans.map((s) => s.id).filter((id) => !ids('/large').includes(id));
  assert.equal(missing.length, down.rejected);
  assert.equal(new Set(ids('/a')).size, spans.length);
});

describe('a queue', () => {
  /** Messages that were sent, as a consumer gets them. */
  class Queue {
    readonly bodies: unknown[] = [];
    async send(body: unknown): Promise<void> {
      this.bodies.push(structuredClone(body));
    }
    readonly done: string[] = [];
    take(): { messages: MessageLike[] } {
      const messages = this.bodies.splice(0).map((body) => ({
        body,
        attempts: 1,
        ack: () => void this.done.push('ack'),
        retry: ({ delaySeconds = 0 } = {}) => {
          this.done.push(`retry ${delaySeconds}`);
          this.bodies.push(body);
        },
      }));
      return { messages };
    }
  }

  test('the consumer sends, acknowledges, and leaves the messages of others alone', async () => {
    const where = await receiver();
    const queue = new Queue();
    where.state = 503;
    const { ids } = await send(make(where, queueSpool(queue)));
    const consumer = make(where, queueSpool(queue));
    const down = await replayQueue(queue.take(), consumer);
    assert.deepEqual([down.spooled, down.replayed, queue.done.splice(0)], [3, 3, ['retry 30']]);
    where.state = 200;
    queue.bodies.push({ mine: true }, null);
    const up = await replayQueue(queue.take(), make(where, queueSpool(queue)));
    balanced(up, 0);
    assert.deepEqual([up.accepted, up.duplicates, queue.done.splice(0)], [3, 0, ['ack']]);
    assert.deepEqual(sorted(where.ids), sorted(ids));
  });

  test('what was taken without an answer comes again as a possible duplicate', async () => {
    const where = await receiver();
    const queue = new Queue();
    where.state = 503;
    await send(make(where, queueSpool(queue)));
    where.state = 'swallow';
    await replayQueue(queue.take(), make(where, queueSpool(queue)));
    assert.equal(queue.bodies.length, 1);
    where.state = 200;
    const { accepted, duplicates } = await replayQueue(queue.take(), make(where, queueSpool(queue)));
    assert.deepEqual([accepted, duplicates], [3, 3]);
  });

  test('a consumer that cannot open its exporter gives the message back', async () => {
    const where = await receiver();
    const queue = new Queue();
    where.state = 503;
    await send(make(where, queueSpool(queue)));
    const destinations = [to(where, { dropTypes: ['no such type'] })];
    const receipt = await replayQueue(queue.take(), make(where, queueSpool(queue), { destinations }));
    assert.deepEqual([queue.done.length, queue.bodies.length], [1, 1]);
    assert.ok(receipt.errors.some(({ code }) => code === 'spool'));
  });

  test('too large, too old, broken, of another destination', async () => {
    const where = await receiver();
    const queue = new Queue();
    const shelf = new Shelf();
    where.state = 503;
    const noise = (): string => Array.from({ length: 20_000 }, () => Math.random().toString(36)).join('');
    const large = (): ReturnType<typeof run> => {
      const spans = run(1);
      return [spans[0], span({ ...spans[1], input: noise() })];
    };
    const without = make(where, queueSpool(queue));
    play(without, large());
    const refused = await without.flush();
    assert.deepEqual(refused.dropped, { unsent: 2 });
    assert.match(refused.errors.at(-1)?.message ?? '', /`large` store/);
    const withStore = make(where, queueSpool(queue, { large: shelf.spool() }));
    play(withStore, large());
    assert.equal((await withStore.flush()).spooled, 2);
    assert.deepEqual([queue.bodies.length, shelf.records.length], [0, 1]);

    await send(make(where, queueSpool(queue, { maxAge: 0.01 })));
    await send(make(where, queueSpool(queue)));
    Object.assign(queue.bodies[1] as object, { bytes: 'no bytes' });
    await send(make(await receiver(), queueSpool(queue))).catch(assert.fail);
    await new Promise((resolve) => setTimeout(resolve, 20));
    where.state = 200;
    const receipt = await replayQueue(queue.take(), make(where, queueSpool(queue)));
    assert.deepEqual([receipt.dropped, queue.done], [{ expired: 3, malformed: 3 }, ['ack', 'ack']]);
    const later = await make(where, queueSpool(queue, { large: shelf.spool() })).flush();
    assert.equal(later.accepted, 2);
  });
});
