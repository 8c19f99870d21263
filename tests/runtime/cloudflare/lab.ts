// Runs the Worker of this folder in workerd, with and without Node's modules, beside one that is not
// traced, and reads what arrived.
import { Miniflare } from 'miniflare';
import { decodeProtobuf, lint, type WireSpan } from '../../support/otlp.ts';
import { Sink } from '../../support/sink.ts';
import { bundleWorker, describeWorker } from '../../support/workerd.ts';

const OTHER = `
import { WorkerEntrypoint } from 'cloudflare:workers';
export default class extends WorkerEntrypoint {
  count(...args) { return args.length }
  fetch(request) { return Response.json(request.headers.has('traceparent')) }
}`;

let bundled: Promise<string> | undefined;

export class Lab {
  readonly worker: Miniflare;
  readonly sink: Sink;
  url: URL;
  /** Starts the runtime anew, with whatever it stored. */
  reload: () => Promise<void> = async () => {};
  /** What was printed. */
  readonly printed: string[];

  private constructor(worker: Miniflare, sink: Sink, url: URL, printed: string[]) {
    this.worker = worker;
    this.sink = sink;
    this.url = url;
    this.printed = printed;
  }

  /** With `persist`, a folder, what Workflows and objects stored is there after a reload(). */
  static async start(flags: string[], inspector = false, persist?: string): Promise<Lab> {
    bundled ??= bundleWorker(new URL('./', import.meta.url));
    const [outdir, sink] = await Promise.all([bundled, Sink.start()]);
    const printed: string[] = [];
    const settings = {
      ...(persist && { workflowsPersist: persist, durableObjectsPersist: persist, kvPersist: persist }),
      unsafeTriggerHandlers: true,
      ...(inspector && { inspectorPort: 0 }),
      handleRuntimeStdio(...streams: NodeJS.ReadableStream[]) {
        for (const stream of streams) stream.on('data', (chunk) => printed.push(`${chunk}`));
      },
      workers: [
        {
          name: 'main',
          ...(await describeWorker(outdir, { SINK: sink.origin })),
          compatibilityFlags: flags,
          kvNamespaces: ['KV'],
          r2Buckets: ['R2'],
          d1Databases: ['DB'],
          durableObjects: {
            COUNTER: { className: 'Counter', useSQLite: true },
            TALK: { className: 'Talk', useSQLite: true },
            PLAIN: 'Plain',
          },
          serviceBindings: { ENTRY: { name: 'main', entrypoint: 'Entry' }, SELF: 'main', OTHER: 'other' },
          queueProducers: { JOBS: 'jobs', QUIET: 'quiet' },
          queueConsumers: { jobs: { maxBatchTimeout: 0.1 }, quiet: { maxBatchTimeout: 0.1 } },
          analyticsEngineDatasets: { EVENTS: { dataset: 'events' } },
          ratelimits: { LIMIT: { namespace_id: '1', simple: { limit: 10, period: 60 } } },
          hyperdrives: { HYPER: 'postgres://user:password@localhost:5432/shop' },
          email: { send_email: [{ name: 'MAIL' }] },
          workflows: {
            FLOW: { name: 'flow', className: 'Flow' },
            FLOW_A: { name: 'flow-a', className: 'FlowA' },
            FLOW_B: { name: 'flow-b', className: 'FlowB' },
          },
          workerLoaders: { LOADER: {} },
        },
        {
          name: 'tailed',
          modules: true,
          script: 'export default { fetch: () => new Response("tailed") }',
          compatibilityDate: '2026-04-01',
          routes: ['http://tailed/*'],
          tails: ['main'],
        },
        { name: 'other', modules: true, script: OTHER, compatibilityDate: '2026-04-01' },
      ],
    } as ConstructorParameters<typeof Miniflare>[0];
    const worker = new Miniflare(settings);
    const lab = new Lab(worker, sink, await worker.ready, printed);
    lab.reload = async () => {
      await worker.setOptions(settings);
      lab.url = await worker.ready;
    };
    return lab;
  }

  /** What one of the Worker's apps answers. */
  async app(name: string, path = '/', init?: RequestInit): Promise<[status: number, text: string]> {
    const answer = await this.worker.dispatchFetch(`http://${name}${path}`, init as never);
    return [answer.status, await answer.text()];
  }

  /** Bytes of the core's memory, and of live JavaScript objects. Needs an inspector. */
  async memory(): Promise<{ core: number; heap: number }> {
    const target = await (this.worker as any).getInspectorURL('main');
    const socket = new WebSocket(new URL('/core:user:main', target));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    let calls = 0;
    const call = (method: string): Promise<{ usedSize?: number }> =>
      new Promise((resolve) => {
        const id = ++calls;
        socket.addEventListener('message', ({ data }) => {
          const answer = JSON.parse(data as string) as { id?: number; result?: object };
          if (answer.id === id) resolve(answer.result ?? {});
        });
        socket.send(JSON.stringify({ id, method }));
      });
    // A snapshot begins with a collection; workerd does not answer HeapProfiler.collectGarbage.
    await call('HeapProfiler.enable');
    await call('HeapProfiler.takeHeapSnapshot');
    const { usedSize = 0 } = await call('Runtime.getHeapUsage');
    socket.close();
    const [core] = (await (await this.get('/memory?bare')).json()) as number[];
    return { core, heap: usedSize };
  }

  async close(): Promise<void> {
    await this.worker.dispose();
    await this.sink.close();
  }

  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.url), init);
  }

  /** All that arrived, each span once. */
  get spans(): WireSpan[] {
    const posts = this.sink.requests.filter(({ path }) => path === '/ok/v1/traces');
    return posts.flatMap(({ body }) => decodeProtobuf(body));
  }

  /** The trace that has a span for which `is` holds, once `count` of its spans arrived. */
  async trace(what: string, is: (span: WireSpan) => boolean, count: number): Promise<Tree> {
    const find = (): WireSpan[] => {
      const { spans } = this;
      const id = spans.find(is)?.traceId;
      return spans.filter(({ traceId }) => traceId === id);
    };
    try {
      await this.sink.until(() => find().length >= count, what, 8000);
    } catch (error) {
      throw new Error(`${what}: ${count} spans are wanted, there are\n${new Tree(find())}\n${error}\n${this.printed.join('').slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 60)); // for what must not come
    return new Tree(find());
  }
}

/** A trace, as its tree. */
export class Tree {
  readonly spans: WireSpan[];

  constructor(spans: WireSpan[]) {
    this.spans = spans;
    const faults = spans.flatMap(lint);
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  /** Names, indented below their parents, in the order of their starts. */
  toString(): string {
    const known = new Set(this.spans.map(({ spanId }) => spanId));
    const below = (parent: string | undefined, indent: string): string[] =>
      this.spans
        .filter(({ parentSpanId: id }) => (parent === undefined ? !known.has(id) : id === parent))
        .sort((a, b) => Number(a.start - b.start))
        .flatMap((span) => [indent + span.name, ...below(span.spanId, `${indent}  `)]);
    return below(undefined, '').join('\n');
  }

  /** The only span of that name. */
  one(name: string): WireSpan {
    const found = this.spans.filter((span) => span.name === name);
    if (found.length !== 1) throw new Error(`${found.length} spans are called ${name}:\n${this}`);
    return found[0];
  }

  /** Attributes of a span, those of `keys` alone if some are named. */
  said(name: string, ...keys: string[]): Record<string, unknown> {
    const all = [...this.one(name).attributes];
    return Object.fromEntries(keys.length > 0 ? all.filter(([key]) => keys.includes(key)) : all);
  }
}
