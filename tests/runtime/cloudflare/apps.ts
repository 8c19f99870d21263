// Apps within the Worker, each behind a host's name: one of Hono with private parts, a function of Pages,
// and handlers whose tracing cannot work.
import { type InstrumentOptions, instrument } from 'edgespan/cloudflare';
import { otlp } from 'edgespan/destinations';
import { Hono } from 'hono';

type Env = Record<string, any>;
type Config = (env: Env) => InstrumentOptions;
export type App = { fetch(request: Request, env: Env, ctx: any): Promise<Response> | Response };

/** A subclass of what a user might export, whose methods need their own `this`. */
class Shop extends Hono<{ Bindings: Env }> {
  readonly #name = 'shop';
  get called(): string {
    return this.#name;
  }
}

export function appsOf(config: Config): Record<string, App> {
  const hono = new Shop();
  hono.use(async (c, next) => {
    await c.env.KV.put('middleware', 'x');
    await next();
    c.header('x-answer', 'from hono');
  });
  hono.get('/items/:id', async (c) => {
    c.executionCtx.waitUntil(c.env.KV.get('later'));
    return c.json({ id: c.req.param('id'), kept: await c.env.KV.get('middleware') });
  });
  hono.get('/fails', () => {
    throw new Error('caught by hono');
  });
  const app = instrument(hono, config);

  const onRequest = instrument(async (context: Env) => {
    context.waitUntil(context.env.KV.get('page'));
    const rest: Response = await context.next();
    return new Response(`page ${context.params.id} ${await rest.text()}`);
  }, config);

  // Settings that cannot work: the user's code must not notice.
  const hello = { fetch: () => new Response('hello') };
  const getter = Object.defineProperty({}, 'destinations', {
    get() {
      throw new Error('options broke');
    },
  });
  let spans = 0;
  let kept: Env | undefined;
  const made = new WeakSet<Env>();
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  return {
    hono: { fetch: (...args) => new URL(args[0].url).pathname === '/called' ? new Response(app.called) : app.fetch(...args) },
    page: {
      fetch: (request, env, ctx) =>
        onRequest({
          request,
          env,
          params: { id: '7' },
          data: {},
          next: async () => new Response('next'),
          waitUntil: (promise: Promise<unknown>) => ctx.waitUntil(promise),
          passThroughOnException() {},
        }) as unknown as Promise<Response>,
    },
    threw: instrument(hello, () => {
      throw new Error('config broke');
    }),
    broken: instrument(hello, getter as InstrumentOptions),
    nowhere: instrument(hello, { destinations: [], logLevel: 'silent' as never }),
    alone: {
      // As a test of the user's would call it.
      fetch: async () => {
        const handler = instrument({ fetch: (_: Request, env: unknown, ctx: unknown) => new Response(`${env} ${ctx}`) }, config);
        return (handler as any).fetch(new Request('http://alone/'));
      },
    },
    // Keeps what a request's env had for those after it.
    keeper: instrument(
      {
        fetch: async (_request: Request, env: Env) => {
          const own = (kept ??= env.KV as Env);
          await sleep(1);
          return new Response(await own.get('none'));
        },
      } as unknown as App,
      config,
    ),
    // Keeps what it makes of a binding, by that binding.
    maker: instrument(
      {
        fetch: (_request: Request, env: Env) => {
          const isKnown = made.has(env.KV);
          made.add(env.KV);
          return new Response(`${isKnown}`);
        },
      },
      config,
    ),
    frozen: instrument(Object.freeze({ fetch: async (_request: Request, env: Env) => new Response(await env.KV.get('none')) }), config),
    fresh: instrument(
      { fetch: async (_request: Request, env: Env) => new Response(await env.KV.get('none')) } as unknown as App,
      // As most will write it: new for each invocation.
      (env) => ({ serviceName: 'fresh', destinations: [otlp({ endpoint: `${env.SINK}/ok` })] }),
    ),
    unsampled: instrument(
      { fetch: async (_request: Request, env: Env) => new Response(await env.KV.get('none')) } as unknown as App,
      (env) => ({
        destinations: [otlp({ endpoint: `${env.SINK}/unsampled` })],
        sampler: { shouldSample: () => ({ decision: 0 }), toString: () => 'never' },
      }),
    ),
    unbound: instrument({ fetch: async (_request: Request, env: Env) => new Response(await env.KV.get('none')) } as unknown as App, (env) => ({
      ...config(env),
      bindings: ['DB'],
    })),
    judged: instrument(
      {
        fetch: async (_request: Request, env: Env) => {
          await env.KV.get('none');
          return new Response(`${spans}`);
        },
      } as unknown as App,
      (env) => ({
        ...config(env),
        spanProcessors: [
          {
            onStart() {
              throw new Error('processor broke');
            },
            onEnd: () => void spans++,
            forceFlush: async () => {},
            shutdown: async () => {},
          },
        ],
        logLevel: 'error',
      }),
    ),
  };
}
