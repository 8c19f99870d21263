// The Worker of the continuity tests: no handler of it is instrumented. What it traces goes on by hand,
// with a carrier in whatever Cloudflare hands from one invocation to the next.
//
//   POST /rpc /queue /alarm /workflow     a span "sender", and from within it the way that the path names
//   GET  /socket                          the same, for a WebSocket of an object that may hibernate;
//                                         each message is answered with how many objects there were
import * as workers from 'cloudflare:workers';
import { type Carrier, continueFrom, inject, sign, verify } from 'edgespan/context';
import { otlp } from 'edgespan/destinations';
import { EdgespanTracerProvider, type Tracer } from 'edgespan/otel';

/** The platform, as far as it is used here. */
interface Socket {
  send(text: string): void;
  serializeAttachment(value: unknown): void;
  deserializeAttachment(): unknown;
}
interface State {
  storage: {
    put(key: string, value: unknown): Promise<void>;
    get(key: string): Promise<unknown>;
    setAlarm(time: number): Promise<void>;
  };
  acceptWebSocket(socket: Socket): void;
}
const { DurableObject, WorkflowEntrypoint } = workers as unknown as {
  DurableObject: new (ctx: State, env: Env) => { readonly ctx: State; readonly env: Env };
  WorkflowEntrypoint: new (ctx: unknown, env: Env) => { readonly env: Env };
};
const { WebSocketPair } = globalThis as unknown as { WebSocketPair: new () => object };

interface Env {
  readonly SINK: string;
  readonly KEY: string;
  readonly OLD_KEY: string;
  readonly QUEUE: { send(message: Job): Promise<void> };
  readonly WORKFLOW: { create(options: { params: Job }): Promise<unknown> };
  readonly OBJECT: { getByName(name: string): OneStub };
}
interface Job {
  readonly trace: Carrier;
}
interface OneStub {
  work(trace: Carrier): Promise<string>;
  schedule(trace: Carrier): Promise<void>;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

let provider: EdgespanTracerProvider | undefined;
function tracerOf({ SINK }: Env): Tracer {
  provider ??= new EdgespanTracerProvider({
    serviceName: 'continuity',
    destinations: [otlp({ endpoint: `${SINK}/ok` })],
  });
  return provider.getTracer('continuity');
}

/** What the work consists of: a span of its own, after a wait. */
async function work(env: Env): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return tracerOf(env).startActiveSpan('work', (span) => {
    span.end();
    return 'done';
  });
}

let objects = 0;

export class One extends DurableObject {
  constructor(ctx: State, env: Env) {
    super(ctx, env);
    objects++;
  }

  work(trace: Carrier): Promise<string> {
    const tracer = tracerOf(this.env);
    return continueFrom(trace, () => work(this.env), { tracer, name: 'rpc' });
  }

  async schedule(trace: Carrier): Promise<void> {
    await this.ctx.storage.put('trace', trace);
    await this.ctx.storage.setAlarm(Date.now() + 50);
  }

  async alarm(): Promise<void> {
    const tracer = tracerOf(this.env);
    const trace = await this.ctx.storage.get('trace');
    await continueFrom(trace, () => work(this.env), { tracer, name: 'alarm' });
  }

  fetch(request: Request): Response {
    const [client, socket] = Object.values(new WebSocketPair()) as [object, Socket];
    this.ctx.acceptWebSocket(socket);
    const trace = { traceparent: request.headers.get('traceparent') ?? undefined } as Carrier;
    socket.serializeAttachment({ room: 7, trace });
    return new Response(null, { status: 101, webSocket: client } as ResponseInit);
  }

  async webSocketMessage(socket: Socket): Promise<void> {
    const { trace } = socket.deserializeAttachment() as Job;
    const tracer = tracerOf(this.env);
    await continueFrom(trace, () => work(this.env), { tracer, name: 'message', relation: 'link' });
    socket.send(`${objects}`);
  }
}

export class Flow extends WorkflowEntrypoint {
  async run({ payload }: { payload: Job }, step: { do<T>(name: string, fn: () => T): T }) {
    const tracer = tracerOf(this.env);
    for (const name of ['first', 'second']) {
      await step.do(name, () => continueFrom(payload.trace, () => work(this.env), { tracer, name }));
    }
  }
}

async function send(env: Env, way: string): Promise<Response> {
  const one = env.OBJECT.getByName(way);
  const trace = inject();
  if (way === 'rpc') await one.work(trace);
  if (way === 'alarm') await one.schedule(trace);
  if (way === 'workflow') await env.WORKFLOW.create({ params: { trace } });
  if (way === 'queue') {
    const audience = 'jobs';
    await env.QUEUE.send({ trace: await sign(trace, env.OLD_KEY, { audience }) });
    await env.QUEUE.send({ trace: await sign(trace, 'what a stranger has for a key', { audience }) });
  }
  if (way === 'socket') {
    return one.fetch('http://one/', { headers: { upgrade: 'websocket', ...trace } as Record<string, string> });
  }
  return new Response('sent');
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const way = new URL(request.url).pathname.slice(1);
    return tracerOf(env).startActiveSpan(`sender of ${way}`, async (span) => {
      try {
        return await send(env, way);
      } finally {
        span.end();
      }
    });
  },

  async queue(batch: { messages: { body: Job }[] }, env: Env): Promise<void> {
    const tracer = tracerOf(env);
    const options = { tracer, name: 'process jobs', relation: 'link', kind: 4 } as const;
    for (const { body } of batch.messages) {
      const { carrier, refused } = await verify(body.trace, [env.KEY, env.OLD_KEY], { audience: 'jobs' });
      const attributes = { 'test.refused': refused ?? 'no' };
      await continueFrom(carrier, () => work(env), { ...options, attributes });
    }
  },
};
