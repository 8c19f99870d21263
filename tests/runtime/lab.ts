// What the runtime tests share: the bundled Worker in workerd, a sink, and the way to ask both.
import { rm } from 'node:fs/promises';
import type { RecordedTrace } from 'edgespan/traces';
import type { Miniflare } from 'miniflare';
import type { MastraSpan } from '../support/expect.ts';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { Sink, type SinkRequest } from '../support/sink.ts';
import { bundleWorker, startWorker } from '../support/workerd.ts';
import type { Outcome, Run } from './worker/index.ts';
import type { Heard } from './worker/model.ts';
import type { RecordedEvent } from './worker/recorder.ts';

/** Travels in a header to the sink and must appear nowhere else. */
export const SECRET = 'sk-3c1ip5e';

/** What Mastra emitted for one run. */
export interface Recorded {
  readonly events: { type: RecordedEvent['type']; span: MastraSpan }[];
  readonly ended: MastraSpan[];
}

/** A kept trace after a round through JSON. */
export type KeptTrace = Pick<RecordedTrace, 'traceId' | 'duration' | 'usage'> & {
  readonly rootSpan: KeptSpan;
  readonly spans: KeptSpan[];
};
export interface KeptSpan extends MastraSpan {
  readonly children: KeptSpan[];
}

export class Lab {
  readonly sink: Sink;
  /** Everything the Worker printed. */
  readonly printed: string[] = [];
  #worker!: Miniflare;
  #outdir = '';
  #labels = 0;

  private constructor(sink: Sink) {
    this.sink = sink;
  }

  /** Starts the Worker in `folder`, beside this file. */
  static async start(folder = './worker/'): Promise<Lab> {
    const lab = new Lab(await Sink.start());
    lab.#outdir = await bundleWorker(new URL(folder, import.meta.url));
    const bindings = { SINK: lab.sink.origin, SECRET };
    lab.#worker = await startWorker(lab.#outdir, bindings, (line) => lab.printed.push(line));
    return lab;
  }

  async close(): Promise<void> {
    await this.#worker.dispose();
    await this.sink.close();
    await rm(this.#outdir, { recursive: true });
  }

  /** A label nobody used yet. */
  label(): string {
    return `label-${this.#labels++}`;
  }

  /** Runs a scenario and reads the whole answer, as the Worker's user would. */
  async run(run: Run): Promise<Outcome> {
    const response = await this.ask('/run', { method: 'POST', body: JSON.stringify(run) });
    if (run.scenario !== 'stream') return (await response.json()) as Outcome;
    return {
      text: await response.text(),
      traceId: response.headers.get('x-trace-id') ?? undefined,
    };
  }

  /** Asks the Worker; an answer that is not OK is thrown. */
  async ask(path: string, init?: { method: string; body?: string }) {
    const response = await this.#worker.dispatchFetch(`http://worker${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  /**
   * What Mastra emitted under a label: all of it, or one trace's part (the id as Mastra has it).
   * Waits until every run that started has ended: a streamed answer is read a moment before that.
   */
  async recorded(label: string, traceId?: string): Promise<Recorded> {
    for (let tries = 0; ; tries++) {
      const response = await this.ask(`/recorded?label=${label}`);
      const all = (await response.json()) as Recorded['events'];
      const events = all.filter(({ span }) => traceId === undefined || span.traceId === traceId);
      const ended = events.filter(({ type }) => type === 'span_ended').map(({ span }) => span);
      const started = events.filter(({ type, span }) => type === 'span_started' && span.isRootSpan);
      if (started.length > 0 && started.length === ended.filter((s) => s.isRootSpan).length) {
        return { events, ended };
      }
      if (tries === 100) throw new Error(`${label} ${traceId}: no root ended in five seconds`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What the scripted models under a label were given and answered. */
  async heard(label: string): Promise<Heard[]> {
    return (await (await this.ask(`/heard?label=${label}`)).json()) as Heard[];
  }

  async receipts(label: string): Promise<Record<string, unknown>[]> {
    const response = await this.ask(`/receipts?label=${label}`);
    return (await response.json()) as Record<string, unknown>[];
  }

  /** What the exporter of a label kept of a trace, as JSON. */
  async trace(label: string, traceId: string): Promise<KeptTrace | null> {
    const response = await this.ask(`/trace?label=${label}&id=${traceId}`);
    return (await response.json()) as KeptTrace | null;
  }

  /** Flushes an instance from a request of its own: 'settled' or 'pending'. */
  async flush(label: string): Promise<string> {
    return (await this.ask(`/flush?label=${label}`, { method: 'POST' })).text();
  }

  /** The bodies that hold spans of the trace (its wire id), once `spans` of them have arrived. */
  async bodies(wireTraceId: string, spans: number): Promise<WireSpan[][]> {
    const found = (): WireSpan[][] =>
      this.#decoded().filter((body) => body.some((span) => span.traceId === wireTraceId));
    const what = `${spans} spans of trace ${wireTraceId}`;
    await this.sink.until(() => found().flat().length >= spans, what);
    return found();
  }

  readonly #cache = new Map<SinkRequest, WireSpan[]>();

  /** Spans of a trace that arrived below a path of the sink. */
  below(path: string, wireTraceId: string): WireSpan[] {
    const requests = this.sink.requests.filter((request) => request.path.startsWith(path));
    return this.#decoded(requests).flat().filter((span) => span.traceId === wireTraceId);
  }

  #decoded(requests: readonly SinkRequest[] = this.sink.requests): WireSpan[][] {
    return requests.map((request) => {
      let spans = this.#cache.get(request);
      if (!spans) {
        spans = decodeProtobuf(request.body);
        this.#cache.set(request, spans);
      }
      return spans;
    });
  }

  /** Resolves when the sink has been quiet for a moment: what comes too often has come by then. */
  async quiet(): Promise<void> {
    for (let seen = -1; seen !== this.sink.requests.length;) {
      seen = this.sink.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
