// The candidates: each takes a run's events through one exporter's whole path, as Mastra and the
// platform would, up to the point where bytes leave for the network. One candidate to a process: two
// in one would share V8's feedback, and whichever ran first would decide how the other is compiled.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EdgespanExporter, MastraTracingEvent } from 'edgespan/mastra';

export interface Candidate {
  /** Takes one run through; resolves when nothing of it is left to do. */
  run(events: readonly MastraTracingEvent[]): void | Promise<void>;
  /** The last run's body, or only its length for candidates without one; valid until the next run. */
  body(): Uint8Array | number;
}

const RESOURCE = { 'deployment.environment': 'production' };
const SERVICE = 'travel-edge';

/** A candidate by its name; `edgespan=DIR` is the build of the package in DIR. */
export async function candidate(name: string): Promise<Candidate> {
  if (name === 'stringify') return stringify();
  if (name === 'official') return official('ProtobufTraceSerializer');
  if (name === 'official-json') return official('JsonTraceSerializer');
  const [, directory] = /^edgespan(?:=(.+))?$/.exec(name) ?? [];
  if (directory === undefined && name !== 'edgespan') throw new Error(`no candidate "${name}"`);
  return edgespan(directory);
}

/** Our exporter. The root's end hands the rest of the work to waitUntil, which first lets the
 *  response go (a timer of 0 ms); here the timer fires as soon as the last event is in. */
async function edgespan(directory: string | undefined): Promise<Candidate> {
  const load = (entry: string): Promise<Record<string, unknown>> => {
    if (directory === undefined) return import(`edgespan/${entry}`);
    return import(pathToFileURL(join(directory, `dist/${entry}/index.js`)).href);
  };
  const mastra = (await load('mastra')) as typeof import('edgespan/mastra');
  const { otlp } = (await load('destinations')) as typeof import('edgespan/destinations');

  const due: (() => void)[] = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((task: () => void, ms: number, ...rest: unknown[]) =>
    ms === 0 ? due.push(task) : setTimeout(task, ms, ...(rest as []))) as typeof setTimeout;

  let body: Uint8Array = new Uint8Array(0);
  let requests = 0;
  const answer = new Response(null, { status: 200 });
  globalThis.fetch = (async (_: unknown, init?: RequestInit) => {
    body = init?.body as Uint8Array;
    requests++;
    return answer;
  }) as typeof fetch;

  const kept: Promise<unknown>[] = [];
  let accepted = 0;
  const exporter: EdgespanExporter = new mastra.EdgespanExporter({
    serviceName: SERVICE,
    resourceAttributes: RESOURCE,
    destinations: [otlp({ endpoint: 'http://127.0.0.1:4318', dropTypes: [] })],
    waitUntil: (promise) => kept.push(promise),
    onReceipt: (receipt) => {
      accepted += receipt.accepted;
    },
  });
  return {
    async run(events) {
      requests = accepted = 0;
      for (const event of events) exporter.onTracingEvent(event);
      while (due.length > 0) due.pop()?.();
      while (kept.length > 0) await kept.pop();
      if (requests !== 1 || accepted === 0) {
        throw new Error(`${accepted} spans accepted in ${requests} requests`);
      }
    },
    body: () => body,
  };
}

/** The official exporter with its own converter, processor and flush; only the OTLP exporter behind
 *  them is ours: it serialises with the official serialiser and reports success. */
async function official(
  serializer: 'ProtobufTraceSerializer' | 'JsonTraceSerializer',
): Promise<Candidate> {
  const { OtelExporter } = await import('@mastra/otel-exporter');
  // The serialiser that the exporter's own OTLP package uses, not what else is installed.
  const ours = createRequire(import.meta.url);
  const theirs = createRequire(ours.resolve('@mastra/otel-exporter'));
  const transport = createRequire(theirs.resolve('@opentelemetry/exporter-trace-otlp-proto'));
  const { serializeRequest } = transport('@opentelemetry/otlp-transformer')[serializer] as {
    serializeRequest(spans: unknown): Uint8Array;
  };

  let body: Uint8Array = new Uint8Array(0);
  let requests = 0;
  const exporter = new OtelExporter({
    provider: { custom: { endpoint: 'http://127.0.0.1:4318', protocol: 'http/protobuf' } },
    resourceAttributes: RESOURCE,
    signals: { logs: false },
    exporter: {
      export(spans: unknown, done: (result: { code: number }) => void) {
        body = serializeRequest(spans);
        requests++;
        done({ code: 0 });
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    } as never,
  });
  exporter.init({ config: { serviceName: SERVICE } } as never);
  return {
    async run(events) {
      requests = 0;
      for (const event of events) await exporter.exportTracingEvent(event as never);
      await exporter.flush();
      if (requests !== 1) throw new Error(`${requests} requests`);
    },
    body: () => body,
  };
}

/** No exporter at all: JSON.stringify of each ended span's input and output, a floor for whoever
 *  writes them with it. */
function stringify(): Candidate {
  let length = 0;
  return {
    run(events) {
      length = 0;
      for (const { type, exportedSpan } of events) {
        if (type !== 'span_ended') continue;
        const { input, output } = exportedSpan as { input?: unknown; output?: unknown };
        length += (JSON.stringify(input)?.length ?? 0) + (JSON.stringify(output)?.length ?? 0);
      }
    },
    body: () => length,
  };
}
