// The Worker of the outage tests: an exporter for each store, built on every request, as Mastra's builds
// do. No request flushes what it recorded: it leaves by waitUntil, and what cannot is stored.
//
//   POST /run       ?store=&spans=&noise=&budget=&last=   a run -> the ids of its spans; `last`: then its
//                                       exporter is shut down
//   POST /flush     ?store=                 what a cron's handler does -> the receipt
//   POST /corrupt   ?store=                 cuts the first batch in the store in half
//   GET  /receipts  ?store=                 receipts of this isolate since they were last asked for
//   GET  /left      ?store=                 what is in the store: keys and texts
import { env } from 'cloudflare:workers';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type MastraSpan, type Receipt } from 'edgespan/mastra';
import {
  durableObjectSpool,
  type DurableObjectStorageLike,
  kvSpool,
  type KVNamespaceLike,
  type MessageBatchLike,
  queueSpool,
  type QueueLike,
  r2Spool,
  type R2BucketLike,
  replayQueue,
  type Spool,
} from 'edgespan/spool';

export type Store = 'memory' | 'kv' | 'r2' | 'queue' | 'object';

interface Bindings {
  readonly RECEIVER: string;
  readonly KV: KVNamespaceLike;
  readonly R2: R2BucketLike;
  readonly QUEUE: QueueLike;
  readonly OBJECT: {
    idFromName(name: string): object;
    get(id: object): { fetch(request: Request): Promise<Response> };
  };
}
const bindings = env as unknown as Bindings;

const receipts = new Map<Store, Receipt[]>();

/** A binding that this isolate has not seen: what it knew of the store is forgotten with it. */
function unseen<T extends object>(binding: T): T {
  return new Proxy(binding, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function spoolOf(store: Store, storage?: DurableObjectStorageLike, fresh = false): Spool | undefined {
  const of = <T extends object>(binding: T): T => (fresh ? unseen(binding) : binding);
  if (store === 'kv') return kvSpool(of(bindings.KV));
  if (store === 'r2') return r2Spool(of(bindings.R2));
  if (store === 'queue') {
    return queueSpool(bindings.QUEUE, { large: r2Spool(bindings.R2, { prefix: 'large/' }) });
  }
  if (storage) return durableObjectSpool(of(storage));
  return undefined; // memory, by default
}

function exporterOf(store: Store, spool: Spool | undefined, budget = 20_000): EdgespanExporter {
  const endpoint = `${bindings.RECEIVER}/${store}`;
  const headers = { authorization: 'Bearer sk-s3cr3t' };
  return new EdgespanExporter({
    serviceName: 'outage-tests',
    destinations: [otlp({ endpoint, headers, name: store, gzip: true, retryBudget: budget })],
    spool,
    logLevel: 'silent',
    onReceipt(receipt) {
      const all = receipts.get(store) ?? [];
      receipts.set(store, [...all, receipt]);
    },
  });
}

const hex = (bytes: number): string =>
  [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, '0')).join('');

/** A run of so many spans, the root last. */
function play(exporter: EdgespanExporter, count: number, noise: number): string[] {
  const traceId = hex(16);
  const root = hex(8);
  const ids = [...Array.from({ length: count - 1 }, () => hex(8)), root];
  const spans = ids.map((id): MastraSpan => ({
    id,
    traceId,
    name: 'a span',
    type: 'generic',
    startTime: new Date(Date.now() - 5),
    endTime: new Date(),
    isEvent: false,
    isRootSpan: id === root,
    parentSpanId: id === root ? undefined : root,
    input: { noise: hex(noise) },
  } as MastraSpan));
  const started = { ...spans[count - 1], endTime: undefined };
  exporter.onTracingEvent({ type: 'span_started', exportedSpan: started });
  for (const exportedSpan of spans) exporter.onTracingEvent({ type: 'span_ended', exportedSpan });
  return ids;
}

async function left(store: Store, storage?: DurableObjectStorageLike): Promise<string[]> {
  const found: string[] = [];
  if (store === 'kv') {
    const { keys } = await bindings.KV.list({ prefix: '' });
    for (const { name } of keys) {
      found.push(name, new TextDecoder().decode((await bindings.KV.get(name, 'arrayBuffer')) ?? undefined));
    }
  }
  if (store === 'r2') {
    const { objects } = await bindings.R2.list({ prefix: '' });
    for (const { key } of objects) found.push(key, (await (await bindings.R2.get(key))?.text()) ?? '');
  }
  for (const [key, value] of (await storage?.list({ prefix: '' })) ?? []) {
    found.push(key, value instanceof Uint8Array ? new TextDecoder().decode(value) : `${value}`);
  }
  return found;
}

async function corrupt(store: Store, storage?: DurableObjectStorageLike): Promise<void> {
  const records = (await left(store, storage)).filter((text) => /^edgespan\/[0-9a-f]{24}\//.test(text));
  const [key] = records;
  if (store === 'kv') {
    const value = new Uint8Array((await bindings.KV.get(key, 'arrayBuffer')) ?? new ArrayBuffer(0));
    await bindings.KV.put(key, value.subarray(0, value.length / 2));
  } else if (store === 'r2') {
    const value = new Uint8Array((await (await bindings.R2.get(key))?.arrayBuffer()) ?? new ArrayBuffer(0));
    await bindings.R2.put(key, value.subarray(0, value.length / 2));
  } else {
    await storage?.delete([`edgespan-chunks/${key}/0`]);
  }
}

async function handle(request: Request, storage?: DurableObjectStorageLike): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const store = searchParams.get('store') as Store;
  if (pathname === '/left') return Response.json(await left(store, storage));
  if (pathname === '/receipts') {
    const all = receipts.get(store) ?? [];
    receipts.delete(store);
    return Response.json(all);
  }
  if (pathname === '/corrupt') return Response.json(await corrupt(store, storage) ?? null);
  const spool = spoolOf(store, storage, searchParams.has('fresh'));
  const exporter = exporterOf(store, spool, Number(searchParams.get('budget') ?? 20_000));
  if (pathname === '/flush') return Response.json(await exporter.flush());
  const [count, noise] = ['spans', 'noise'].map((name) => Number(searchParams.get(name)));
  const ids = play(exporter, count || 3, noise || 8);
  if (searchParams.has('last')) await exporter.shutdown();
  return Response.json(ids);
}

/** An agent that lives in a Durable Object, as Cloudflare's do, with its exporter. */
export class Agent {
  readonly #storage: DurableObjectStorageLike;
  constructor({ storage }: { storage: DurableObjectStorageLike }) {
    this.#storage = storage;
  }
  fetch(request: Request): Promise<Response> {
    return handle(request, this.#storage);
  }
}

export default {
  fetch(request: Request): Promise<Response> {
    const { OBJECT } = bindings;
    if (new URL(request.url).searchParams.get('store') !== 'object') return handle(request);
    return OBJECT.get(OBJECT.idFromName('agent')).fetch(request);
  },
  queue: (batch: MessageBatchLike) => replayQueue(batch, exporterOf('queue', spoolOf('queue'))),
};
