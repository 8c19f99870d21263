// What users do with the platform that tracing must not notice: streams of workerd's own, things that can
// be awaited but are no promises, bindings that are handed on, and odd things that are thrown or sent.
type Env = Record<string, any>;
type Route = (request: Request, env: Env, ctx: any) => Promise<Response> | Response;
type Pair = { readable: ReadableStream; writable: WritableStream };

declare const IdentityTransformStream: new () => Pair;
declare const FixedLengthStream: new (length: number) => Pair;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const typed = (type: string): ResponseInit => ({ headers: { 'content-type': type } });
const SSE = typed('text/event-stream');

/** Four pieces, one each 40 ms, in the background. */
function written({ readable, writable }: Pair, ctx: any): ReadableStream {
  const write = async (): Promise<void> => {
    const writer = writable.getWriter();
    for (let i = 0; i < 4; i++) {
      await sleep(40);
      await writer.write(new TextEncoder().encode('x'));
    }
    await writer.close();
  };
  ctx.waitUntil(write());
  return readable;
}

/** Does its work whenever it is awaited. */
function lazy(work: () => void): PromiseLike<string> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: queries of databases are such
    then(resolve, reject) {
      work();
      return Promise.resolve('done').then(resolve, reject);
    },
  };
}
let ran = 0;

const messageOf = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call();
  } catch (error) {
    return `thrown: ${error}`;
  }
};

/** Whether an error's stack has the function that asked, through an `await`. */
async function stackOf(call: () => Promise<unknown>): Promise<boolean> {
  async function mine(): Promise<unknown> {
    return await call();
  }
  try {
    await mine();
    return false;
  } catch (error) {
    return `${(error as Error).stack}`.includes('mine');
  }
}

export const EDGES: Record<string, Route> = {
  '/native-stream': (_request, _env, ctx) => new Response(written(new IdentityTransformStream(), ctx), SSE),
  '/native-text': (_request, _env, ctx) =>
    new Response(written(new IdentityTransformStream(), ctx), typed('text/plain')),
  '/fixed-stream': (_request, _env, ctx) => new Response(written(new FixedLengthStream(4), ctx), SSE),
  '/tee': (_request, _env, ctx) => {
    const [one, other] = written(new IdentityTransformStream(), ctx).tee();
    ctx.waitUntil(new Response(other).text());
    return new Response(one, SSE);
  },
  '/tee-memory': () => new Response(new Response('teed').body?.tee()[0], SSE),
  '/bytes-stream': () =>
    new Response(
      new ReadableStream({
        type: 'bytes',
        async pull(out: ReadableByteStreamController) {
          await sleep(120);
          out.enqueue(new TextEncoder().encode('bytes'));
          out.close();
        },
      }),
      typed('text/plain'),
    ),
  '/proxied': (_request, env) => fetch(`${env.SINK}/untold`),
  '/proxied-sse': async (_request, env) => new Response((await fetch(`${env.SINK}/untold`)).body, SSE),
  '/lines': () => new Response('{"a":1}\n{"a":2}\n', typed('application/x-ndjson')),
  async '/lines-r2'(_request, env) {
    await env.R2.put('lines', '{"a":1}\n');
    return new Response((await env.R2.get('lines')).body, typed('application/jsonl'));
  },
  async '/lazy'(_request, env, ctx) {
    ran = 0;
    ctx.waitUntil(lazy(() => void ran++));
    await sleep(5);
    const waited = ran;
    const answer = await env.AI.run('lazy', { lazy: lazy(() => void ran++) });
    return Response.json([waited, answer, ran]);
  },
  async '/send-odd'(_request, env) {
    await env.JOBS.send([1, 2]);
    await env.JOBS.send(new Uint8Array([1, 2]), { contentType: 'bytes' });
    await env.JOBS.send([null]);
    await env.JOBS.send(new Map([['k', 1]]), { contentType: 'v8' });
    await env.JOBS.sendBatch(new Set([{ body: [3] }, { body: { four: 4 } }]));
    return new Response('sent');
  },
  async '/stack'(_request, env) {
    const query = await stackOf(() => env.DB.prepare('SELEC 1').run());
    const request = await stackOf(() => fetch('http://127.0.0.1:1/'));
    return Response.json([query, request]);
  },
  async '/handed-on'(_request, env, ctx) {
    const deep = { a: { b: { c: { d: { e: new Map([['stub', env.PLAIN.getByName('p')]]) } } } } };
    const results = [await messageOf(() => env.ENTRY.askDeep(deep))];
    const loaded = env.LOADER?.get('one', () => ({
      compatibilityDate: '2026-04-01',
      mainModule: 'main.js',
      modules: { 'main.js': 'export default { fetch: async (_, env) => new Response(await env.SVC.version) }' },
      env: { SVC: env.ENTRY },
    }));
    results.push(await messageOf(async () => (await loaded.getEntrypoint().fetch('http://loaded/')).text()));
    results.push(await messageOf(() => ctx.exports.Entry({ props: { svc: env.ENTRY } }).version));
    results.push(await messageOf(() => ctx.exports.Entry.version));
    return Response.json(results);
  },
  async '/odd-fetch'() {
    const call = (...args: any[]): unknown =>
      messageOf(() => {
        let answer: unknown;
        try {
          answer = (fetch as any)(...args);
        } catch {
          return 'thrown at once';
        }
        return (answer as Promise<Response>).then(({ status }) => status);
      });
    return Response.json([await call(null), await call('http://127.0.0.1:1/', { headers: { 'bad header': 'x' } })]);
  },
  '/throws-symbol': () => {
    throw Symbol('odd');
  },
  '/throws-null': () => {
    throw Object.create(null);
  },
  async '/others-hosts'(_request, env) {
    const told = async (url: string): Promise<boolean> => (await env.OTHER.fetch(url)).json();
    return Response.json([await told('https://api.example.com/'), await told('http://other/')]);
  },
  async '/plain-flow'(_request, env) {
    const instances = await Promise.all(
      [env.FLOW_A, env.FLOW_B].map((flow) => flow.create({ id: `same-${Date.now()}` })),
    );
    for (let i = 0; i < 100; i++) {
      const states = await Promise.all(instances.map((one) => one.status()));
      if (states.every(({ status }) => /complete|errored/.test(status))) {
        return Response.json(states.map(({ status, output }) => [status, output]));
      }
      await sleep(50);
    }
    return Response.json('too late');
  },
};
