// A Worker whose requests are long, many, large or cut short. Runs are made with Mastra's own spans,
// or by the agents of ../worker; nothing flushes.
//
//   GET /run?label=&spans=&bytes=&ms=&built=   a run of so many spans; ids of what ended
//   GET /agent?label=&prompt=&signal=          the agent with tools, as a server-sent stream; with the
//                                              request's signal, if asked
//   GET /ended?label=                          spans that ended there: [id, type, trace id]
//   GET /receipts?label=                       receipts of the exporter there
//   GET /flood?label=&mebibytes=               a run that needs more memory than there is
//   GET /memory                                bytes of the core's memory
import { env } from 'cloudflare:workers';
import { Mastra } from '@mastra/core/mastra';
import { SpanType, type AnyExportedSpan, type ObservabilityExporter, type TracingEvent } from '@mastra/core/observability';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { type EarlyOptions, EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { makeAgents } from '../worker/agents.ts';

// Whoever instantiates a module here is the core.
const memories: { buffer: ArrayBuffer }[] = [];
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Instance: new (...args: unknown[]) => { exports: { memory: { buffer: ArrayBuffer } } } };
};
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, args) {
    const instance = new Instance(...args);
    memories.push(instance.exports.memory);
    return instance;
  },
});

/** Notes what ended, and says so at once: a Worker that is killed tells nothing later. */
class Notes implements ObservabilityExporter {
  readonly name = 'notes';
  readonly ended: [id: string, type: string, traceId: string][] = [];
  readonly #say: boolean;

  constructor(say: boolean) {
    this.#say = say;
  }

  onTracingEvent({ type, exportedSpan }: TracingEvent): void {
    const span = exportedSpan as AnyExportedSpan;
    if (type !== 'span_ended') return;
    this.ended.push([span.id, span.type, span.traceId]);
    if (this.#say) console.log(`ended ${span.id}`);
  }
  async exportTracingEvent(event: TracingEvent): Promise<void> {
    this.onTracingEvent(event);
  }
  async flush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

interface Place {
  readonly observability: Observability;
  readonly notes: Notes;
  readonly receipts: Receipt[];
}

/** Of `none` nothing is kept beside the exporter itself. */
type Extra = 'notes' | 'says' | 'none';
function build(label: string, early: EarlyOptions | undefined, extra: Extra): Place {
  const receipts: Receipt[] = [];
  const notes = new Notes(extra === 'says');
  const exporter = new EdgespanExporter({
    destinations: [
      otlp({
        name: label,
        endpoint: `${env.SINK}/ok/${label}`,
        headers: { authorization: `Bearer ${env.SECRET}`, 'x-tenant': label },
        dropTypes: [],
      }),
    ],
    early,
    onReceipt: extra === 'none' ? undefined : (receipt) => void receipts.push(receipt),
  });
  const exporters = extra === 'none' ? [exporter] : [exporter, notes];
  const observability = new Observability({
    configs: { default: { serviceName: 'life', exporters } },
  });
  return { observability, notes, receipts };
}

const places = new Map<string, Place>();
function place(label: string, early?: EarlyOptions, extra: Extra = 'notes'): Place {
  let found = places.get(label);
  if (!found) places.set(label, (found = build(label, early, extra)));
  return found;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function root(observability: Observability) {
  const span = observability
    .getDefaultInstance()
    ?.startSpan({ type: SpanType.AGENT_RUN, name: 'run', input: 'question' });
  if (!span) throw new Error('no span was made');
  return span;
}

/** A run of generic spans, `ms` apart. */
async function run(query: URLSearchParams): Promise<Response> {
  const number = (name: string): number => Number(query.get(name) ?? 0);
  const label = query.get('label') ?? '';
  const early = query.has('early') ? { spans: number('early') } : undefined;
  const built = query.get('built');
  const { observability } =
    built === 'request'
      ? build(label, early, 'none')
      : place(label, early, built ? 'none' : query.has('says') ? 'says' : 'notes');
  const span = root(observability);
  const ids = [];
  const input = 'x'.repeat(number('bytes'));
  for (let i = 0; i < number('spans'); i++) {
    if (number('ms') > 0) await sleep(number('ms'));
    const child = span.createChildSpan({ type: SpanType.GENERIC, name: `child ${i}`, input });
    child.end({ output: i });
    ids.push(child.id);
  }
  span.end({ output: { text: 'done' } });
  return Response.json({ traceId: span.traceId, ids: [...ids, span.id] });
}

async function agent(query: URLSearchParams, signal: AbortSignal): Promise<Response> {
  const { observability } = place(query.get('label') ?? '', { silence: 2000 });
  const mastra = new Mastra({ agents: makeAgents(), observability });
  const { fullStream, traceId } = await mastra
    .getAgent('tools')
    .stream(query.get('prompt') ?? '', query.has('signal') ? { abortSignal: signal } : {});
  const events = (fullStream as ReadableStream<{ type: string }>).pipeThrough(
    new TransformStream<{ type: string }, string>({
      transform: ({ type }, out) => out.enqueue(`event: ${type}\ndata: {}\n\n`),
    }),
  );
  return new Response(events.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': 'text/event-stream', 'x-trace-id': traceId ?? '' },
  });
}

/** Mostly spans that can be spared; some that cannot. */
async function flood(query: URLSearchParams): Promise<Response> {
  const { observability } = place(query.get('label') ?? '', {
    age: Infinity,
    spans: Infinity,
    bytes: Infinity,
  });
  const span = root(observability);
  const large = 'x'.repeat(100_000);
  const calls = [];
  const failed = [];
  for (let mebibytes = 0; mebibytes < Number(query.get('mebibytes')); mebibytes++) {
    for (let i = 0; i < 10; i++) {
      span.createChildSpan({ type: SpanType.GENERIC, name: 'large', input: large }).end();
    }
    const input = { messages: ['question'] };
    const generation = span.createChildSpan({ type: SpanType.MODEL_GENERATION, name: 'llm', input });
    const call = generation.createChildSpan({ type: SpanType.MODEL_INFERENCE, name: 'call' });
    call.end({ output: { text: 'an answer' } });
    generation.end();
    const broken = span.createChildSpan({ type: SpanType.GENERIC, name: 'broken' });
    broken.error({ error: new Error('it broke'), endSpan: true });
    calls.push(call.id, generation.id);
    failed.push(broken.id);
    await sleep(0);
  }
  span.end();
  return Response.json({ traceId: span.traceId, root: span.id, calls, failed });
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/run') return run(searchParams);
    if (pathname === '/agent') return agent(searchParams, request.signal);
    if (pathname === '/flood') return flood(searchParams);
    if (pathname === '/memory') return Response.json(memories.map(({ buffer }) => buffer.byteLength));
    const { notes, receipts } = place(searchParams.get('label') ?? '');
    return Response.json(pathname === '/ended' ? notes.ended : receipts);
  },
};
