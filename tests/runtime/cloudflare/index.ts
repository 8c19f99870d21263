// A Worker with every handler and binding, traced. A request's path says what it does; with `?bare` the
// same code runs without tracing, so that answers can be compared.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import {
  type InstrumentOptions,
  instrument,
  instrumentDurableObject,
} from 'edgespan/cloudflare';
import { otlp } from 'edgespan/destinations';
import { branches, work } from './api.ts';
import { type App, appsOf } from './apps.ts';
import { EDGES } from './edges.ts';
import { FakeAi, FakeVectorize } from './fakes.ts';
import { flowsOf } from './flows.ts';

type Env = Record<string, any>;
type Route = (request: Request, env: Env, ctx: any) => Promise<Response> | Response;

// Whoever instantiates a module here is the core.
const memories: { buffer: ArrayBuffer }[] = [];
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, args) {
    const instance = new Instance(...(args as [WebAssembly.Module]));
    memories.push(instance.exports.memory as WebAssembly.Memory);
    return instance;
  },
});

const receipts: unknown[] = [];
let options: InstrumentOptions | undefined;
function config(env: Env): InstrumentOptions {
  return (options ??= {
    serviceName: 'cloudflare',
    destinations: [otlp({ endpoint: `${env.SINK}/ok`, dropTypes: [] })],
    capture: { requestHeaders: ['x-told'], responseHeaders: ['x-answer'], keys: true },
    propagate: { rpc: ['COUNTER', 'ENTRY', 'TALK'], queues: ['JOBS'], fetch: [`${env.SINK}/told`] },
    bindings: { MAIL: 'SendEmail' },
    route: ({ url }) => (url.includes('/items/') ? '/items/:id' : undefined),
    trust: (request) => !request.url.includes('untrusted'),
    onReceipt: (receipt) => void (receipts.length < 1000 && receipts.push(receipt)),
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function thrown(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'nothing';
  } catch (error) {
    return `${error}`;
  }
}

function events(count: number, then: (out: ReadableStreamDefaultController) => void, log: string[], ms = 40) {
  let sent = 0;
  return new ReadableStream(
    {
      async pull(out) {
        await sleep(ms);
        if (sent === count) return then(out);
        out.enqueue(new TextEncoder().encode(`data: ${sent++}\n\n`));
      },
      cancel: (reason) => void log.push(`cancelled: ${reason}`),
    },
    { highWaterMark: 0 },
  );
}
const cancelled: string[] = [];
const SSE = { 'content-type': 'text/event-stream' };

const ROUTES: Record<string, Route> = {
  ...EDGES,
  '/hello': () => new Response('hello', { headers: { 'x-answer': 'yes' } }),
  '/untrusted': () => new Response('hello'),
  '/empty': () => new Response(null, { status: 204 }),
  async '/slow'(_request, env) {
    await env.KV.get('before');
    await sleep(500);
    return new Response('done');
  },
  '/broken': () => new Response('no', { status: 503 }),
  '/missing': () => new Response('no', { status: 404 }),
  '/throws': () => {
    throw new RangeError('it broke');
  },
  '/rejects': async () => {
    await sleep(1);
    throw new RangeError('it broke later');
  },
  '/identity': () => {
    const answer = new Response('same');
    (globalThis as Env).answer = answer;
    return answer;
  },
  '/sse': () => new Response(events(3, (out) => out.close(), cancelled), { headers: SSE }),
  '/sse-forever': () => new Response(events(1e9, () => {}, cancelled), { headers: SSE }),
  '/sse-broken': () =>
    new Response(events(2, (out) => out.error(new Error('source broke')), cancelled), { headers: SSE }),
  '/cancelled': () => Response.json(cancelled),
  async '/branches'(_request, env) {
    await branches(env.KV);
    return new Response('done');
  },
  '/api': async (_request, env) => new Response(await work(env.KV)),
  '/memory': () => Response.json(memories.map(({ buffer }) => buffer.byteLength)),
  async '/some'(_request, env, ctx) {
    await env.KV.get('none');
    ctx.waitUntil(env.KV.get('none either'));
    const [sum] = await env.ENTRY.add(1, 2);
    return new Response(events(1, (out) => out.close(), cancelled, 0), { headers: { ...SSE, sum } });
  },
  '/receipts': () => Response.json(receipts),
  '/websocket': () => {
    const pair = new WebSocketPair();
    pair[1].accept();
    pair[1].addEventListener('message', ({ data }: MessageEvent) => pair[1].send(`echo ${data}`));
    return new Response(null, { status: 101, webSocket: pair[0] } as ResponseInit);
  },
  '/wait': (_request, env, ctx) => {
    ctx.waitUntil(
      (async () => {
        await sleep(100);
        await env.KV.get('late');
      })(),
    );
    ctx.waitUntil(sleep(10).then(() => Promise.reject(new Error('in the background'))));
    return new Response('at once');
  },
  async '/fetch'(_request, env) {
    const told = await fetch(`${env.SINK}/told/a?token=s3cret`);
    const untold = await fetch(new Request(`${env.SINK}/untold`, { method: 'POST', body: 'x' }));
    const own = await fetch(`${env.SINK}/404/x`, { headers: { traceparent: 'mine' } });
    const failed = await thrown(() => fetch('http://127.0.0.1:1/'));
    const aborted = await thrown(() => fetch(`${env.SINK}/hang/x`, { signal: AbortSignal.timeout(50) }));
    return Response.json([told.status, untold.status, own.status, failed !== 'nothing', aborted]);
  },
  async '/kv'(_request, env) {
    await env.KV.put('a', '1');
    await env.KV.put('b', '2', { metadata: { m: 1 } });
    const [one, two, none] = [await env.KV.get('a'), await env.KV.getWithMetadata('b'), await env.KV.get('c')];
    const many = await env.KV.get(['a', 'b']);
    const list = await env.KV.list({ prefix: '' });
    await env.KV.delete('a');
    return Response.json([one, two, none, [...many], list.keys.length, await thrown(() => env.KV.get(''))]);
  },
  async '/r2'(_request, env) {
    await env.R2.put('o', 'object');
    const got = await env.R2.get('o');
    const upload = await env.R2.createMultipartUpload('big');
    const part = await upload.uploadPart(1, 'part');
    const whole = await upload.complete([part]);
    const again = env.R2.resumeMultipartUpload('gone', 'no such upload');
    const results = [await got.text(), whole.size, (await env.R2.head('o')).size, (await env.R2.list()).objects.length];
    await env.R2.delete(['o', 'big']);
    return Response.json([...results, await env.R2.get('o'), (await thrown(() => again.abort())) !== 'nothing']);
  },
  async '/d1'(_request, env) {
    await env.DB.exec("CREATE TABLE IF NOT EXISTS t (id INTEGER, name TEXT)");
    await env.DB.prepare('DELETE FROM t').run();
    const insert = env.DB.prepare('INSERT INTO t VALUES (?, ?)');
    await env.DB.batch([insert.bind(1, 'one'), insert.bind(2, 'two')]);
    const select = env.DB.prepare("SELECT name FROM t WHERE id >= ? AND name <> 'Bob''s'").bind(1);
    const [all, first, raw] = [await select.all(), await select.first('name'), await select.raw()];
    const session = env.DB.withSession();
    const more = await session.prepare('SELECT count(*) AS n FROM t').first('n');
    return Response.json([all.results, first, raw, more, await thrown(() => env.DB.prepare('SELEC 1').run())]);
  },
  async '/others'(_request, env) {
    const ai = await env.AI.run('@cf/meta/llama', { messages: [{ role: 'user', content: 'hi' }], max_tokens: 9 });
    const failed = await thrown(() => env.AI.run('none', { fail: true }));
    const vectors = await env.INDEX.query([0, 1], { topK: 2 });
    await env.INDEX.upsert([{ id: 'a', values: [0, 1] }, { id: 'b', values: [1, 0] }]);
    env.EVENTS.writeDataPoint({ blobs: ['a'], doubles: [1], indexes: ['i'] });
    const limited = await env.LIMIT.limit({ key: 'user' });
    const cache = await caches.open('own');
    await cache.put('http://cache/a?k=s3cret', new Response('kept', { headers: { 'cache-control': 'max-age=60' } }));
    const hit = await (await cache.match('http://cache/a?k=s3cret'))?.text();
    const miss = await (caches as Env).default.match('http://cache/none');
    const socket = env.HYPER.connect();
    socket.opened.catch(() => {}); // there is no database
    socket.closed.catch(() => {});
    await thrown(() => socket.close());
    return Response.json([ai, failed, vectors, limited, hit, miss === undefined, env.HYPER.database]);
  },
  async '/email'(_request, env) {
    return Response.json(await thrown(() => env.MAIL.send({ from: 'a@b.c', to: 'd@e.f', subject: 'x', text: 'y' })));
  },
  async '/send'(_request, env) {
    await env.JOBS.send({ job: 1 });
    await env.JOBS.sendBatch([{ body: { job: 2 } }, { body: 'text' }]);
    await env.QUIET.send({ job: 3 });
    return new Response('sent');
  },
  async '/object'(_request, env) {
    const counter = env.COUNTER.getByName('c');
    const sum = await counter.add(2, 3);
    const answer = await counter.fetch('http://counter/read');
    const failed = await thrown(() => counter.breaks('x'));
    return Response.json([sum, await answer.text(), failed, await env.PLAIN.getByName('p').count(1, 2)]);
  },
  async '/alarm'(_request, env) {
    await env.COUNTER.getByName('alarm').wakeUp();
    return new Response('set');
  },
  async '/services'(_request, env) {
    const sum = await env.ENTRY.add(1, 2);
    const piped = await env.ENTRY.maker().name();
    const property = await env.ENTRY.version;
    const text = await (await env.ENTRY.fetch('http://entry/x')).text();
    const plain = await env.OTHER.count(1, 2, 3);
    const headers = await (await env.OTHER.fetch('http://other/')).json();
    return Response.json([sum, piped, property, text, plain, headers]);
  },
  async '/passed'(request, env) {
    // Stubs that are handed on, as they are and inside of objects, and requests made of requests.
    const stub = env.PLAIN.getByName('p');
    const results = [await env.ENTRY.ask(stub), await env.ENTRY.ask({ deep: [stub] })];
    const back = await env.ENTRY.plain();
    const post = new Request(`${env.SINK}/told/post`, { method: 'POST', body: 'body', headers: { 'x-own': '1' } });
    const answer = await fetch(`${env.SINK}/told/again`, post as RequestInit);
    const piped = new Response(request.body, { headers: { 'content-type': 'text/plain' } });
    return Response.json([...results, await back.count(1), answer.status, await piped.text()]);
  },
  async '/nested'(request, env) {
    // Each branch's calls must be below its own request.
    const branch = async (n: number): Promise<string> => {
      await sleep(10 * n);
      const answer = await env.SELF.fetch(`http://self/branch?n=${n}${request.url.includes('bare') ? '&bare' : ''}`);
      return answer.text();
    };
    return Response.json(await Promise.all([3, 1, 2].map(branch)));
  },
  async '/branch'(request, env) {
    const n = new URL(request.url).searchParams.get('n');
    await sleep(20);
    await env.KV.put(`branch-${n}`, 'x');
    await sleep(5);
    return new Response((await env.KV.get(`branch-${n}`)) + n);
  },
  async '/flow'(request, env) {
    const id = new URL(request.url).searchParams.get('id') ?? undefined;
    const params = { fail: id?.includes('fail') };
    const instance = await env.FLOW.create({ id, params });
    return Response.json(instance.id);
  },
  async '/status'(request, env) {
    const instance = await env.FLOW.get(new URL(request.url).searchParams.get('id'));
    return Response.json(await instance.status());
  },
  async '/poke'(request, env) {
    const instance = await env.FLOW.get(new URL(request.url).searchParams.get('id'));
    await instance.sendEvent({ type: 'go', payload: 1 });
    return new Response('sent');
  },
  async '/talk'(request, env) {
    return env.TALK.getByName('t').fetch(request);
  },
};

const seen: unknown[] = [];

const app = {
  async fetch(request: Request, env: Env, ctx: unknown): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/seen') return Response.json(seen);
    return ROUTES[pathname](request, env, ctx);
  },
  async scheduled({ cron }: { cron: string }, env: Env, ctx: any) {
    await env.KV.put('cron', cron);
    ctx.waitUntil(env.KV.get('cron'));
    if (cron === 'fail') throw new Error('no time');
  },
  async queue(batch: any, env: Env) {
    seen.push({ queue: batch.queue, bodies: batch.messages.map(({ body }: { body: unknown }) => body) });
    await env.KV.put('job', 'done');
    batch.ackAll();
  },
  async email(message: any) {
    seen.push({ email: message.from });
  },
  async tail(items: unknown[]) {
    seen.push({ tail: items.length });
  },
};

const traced = instrument(app, config);
let apps: Record<string, App> | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: any) {
    const { hostname, searchParams } = new URL(request.url);
    const other = (apps ??= appsOf(config))[searchParams.get('app') ?? hostname];
    if (other) return other.fetch(request, env, ctx);
    const handler = request.url.includes('bare') ? app : traced;
    const answer = await handler.fetch(request, { ...env, AI: new FakeAi(), INDEX: new FakeVectorize() }, ctx);
    if (request.url.includes('/identity')) return new Response(`${answer === (globalThis as Env).answer}`);
    return answer;
  },
  scheduled: traced.scheduled,
  queue: traced.queue,
  email: traced.email,
  tail: traced.tail,
};

export const Counter = instrumentDurableObject(
  class Counter extends DurableObject<Env> {
    readonly #step = 1;

    async add(a: number, b: number, ...rest: unknown[]) {
      await this.ctx.storage.put('sum', a + b);
      return [await this.#twice((await this.ctx.storage.get('sum')) as number), rest.length];
    }
    async #twice(n: number) {
      return this.times(n) * this.#step;
    }
    times(n: number) {
      return n * 2;
    }
    breaks(what: string) {
      throw new TypeError(`broke: ${what}`);
    }
    async fetch() {
      this.ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS s (n INTEGER)');
      this.ctx.storage.sql.exec('INSERT INTO s VALUES (?)', 1);
      this.ctx.storage.kv.put('k', 1);
      await this.ctx.storage.transaction(async (inside: any) => inside.put('t', 1));
      await this.env.KV.put('from object', 'x');
      return new Response(`${this.ctx.storage.kv.get('k')}`);
    }
    async wakeUp() {
      await this.ctx.storage.setAlarm(Date.now() + 20);
    }
    async alarm() {
      await this.env.KV.put('alarm', 'rang');
    }
  },
  config,
);

export const Talk = instrumentDurableObject(
  class Talk extends DurableObject<Env> {
    async fetch() {
      const pair = new WebSocketPair();
      this.ctx.acceptWebSocket(pair[1]);
      return new Response(null, { status: 101, webSocket: pair[0] } as ResponseInit);
    }
    async webSocketMessage(socket: WebSocket, message: string) {
      await this.env.KV.put('said', message);
      if (message === 'break') throw new Error('bad word');
      socket.send(`echo ${message} ${this.ctx.getWebSockets().length}`);
    }
    async webSocketClose(socket: WebSocket, code: number) {
      socket.close(code);
    }
  },
  config,
);

/** Not traced: counts what it is given. */
export class Plain extends DurableObject {
  count(...args: unknown[]) {
    return args.length;
  }
}

export const Entry = instrument(
  class Entry extends WorkerEntrypoint<Env> {
    readonly #base = 10;

    get version() {
      return 'v1';
    }
    async add(a: number, b: number, ...rest: unknown[]) {
      await this.env.KV.put('entry', 'x');
      this.ctx.waitUntil(this.env.KV.get('entry'));
      return [a + b + this.#base, rest.length];
    }
    async askDeep(given: any) {
      return given.a.b.c.d.e.get('stub').count(1, 2);
    }
    async ask(given: any) {
      return (given.deep?.[0] ?? given).count(1, 2);
    }
    async plain() {
      return this.env.PLAIN.getByName('p');
    }
    async maker() {
      return { name: () => 'made' };
    }
    async fetch(request: Request) {
      return new Response(`entry ${new URL(request.url).pathname}`);
    }
  },
  config,
);

export const { Flow, FlowA, FlowB } = flowsOf(config);
