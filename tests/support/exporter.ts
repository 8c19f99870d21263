// What tests of the exporter in Node share: a sink, destinations below it, and exporters whose words and
// receipts are kept. What a file's exporters have in common stands in the file: startSite() is told.
import { after } from 'node:test';
import { type Destination, otlp, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type Receipt } from 'edgespan/mastra';
import { decodeProtobuf, type WireSpan } from './otlp.ts';
import { Sink } from './sink.ts';

/** What an exporter said, and the logger that notes it. */
export class Notes {
  readonly lines: string[] = [];
  readonly debug = (): void => {};
  readonly info = (): void => {};
  readonly warn = (line: string): void => void this.lines.push(line);
  readonly error = (line: string): void => void this.lines.push(line);
}

export interface Watched {
  readonly exporter: EdgespanExporter;
  readonly notes: Notes;
  /** Those that onReceipt got. */
  readonly receipts: Receipt[];
}

/** Spans of a receipt, whatever became of them: as many as have ended. */
export const total = ({ accepted, rejected, dropped, spooled, pending, replayed }: Receipt): number =>
  accepted + rejected + spooled + pending - replayed + Object.values(dropped).reduce((a, b) => a + b, 0);

/** A sink until the tests of a file, or of the describe() around, are over. */
export async function startSink(): Promise<Sink> {
  const sink = await Sink.start();
  after(() => sink.close());
  return sink;
}

/** A destination with an address of its own, and what arrived there. */
export interface Place {
  readonly to: Destination;
  /** The spans of each request. */
  bodies(): WireSpan[][];
  spans(): WireSpan[];
}

/** A sink, destinations below it, and what they brought. `fate`: how it answers (sink.ts). */
export interface Site {
  readonly sink: Sink;
  /** An exporter, to `to('ok')` unless told otherwise. */
  make(options?: Partial<EdgespanExporterOptions>): Watched;
  /**
   * A destination of its own name (warnings are limited by it) under a path of the sink; of its own
   * settings, too: those that are equal share a circuit.
   */
  to(fate: string, options?: Partial<OtlpOptions>): Destination;
  place(fate: string, options?: Partial<OtlpOptions>): Place;
  /** What arrived at paths that begin so. */
  arrivedIn(path: string): WireSpan[];
  /** What arrived of a trace. */
  arrived(traceId: string): WireSpan[];
}

/** @param common Options of every exporter that it makes. */
export async function startSite(common: Partial<EdgespanExporterOptions> = {}): Promise<Site> {
  const sink = await startSink();
  let names = 0;
  const arrivedIn = (path: string): WireSpan[] =>
    sink.requests.filter((r) => r.path.startsWith(path)).flatMap((r) => decodeProtobuf(r.body));
  const to: Site['to'] = (fate, options = {}) => {
    const name = `d${++names}`;
    const headers = { 'x-test': name };
    // Soon given up, where nothing else is to be expected: what arrives has time on a busy machine.
    const retryBudget = /^(ok|2)/.test(fate) ? 10_000 : 300;
    return otlp({ endpoint: `${sink.origin}/${fate}`, name, headers, retryBudget, ...options });
  };
  return {
    sink,
    to,
    make(options) {
      const receipts: Receipt[] = [];
      const notes = new Notes();
      const exporter = new EdgespanExporter({
        destinations: [to('ok')],
        onReceipt: (receipt) => void receipts.push(receipt),
        ...common,
        ...options,
      });
      exporter.__setLogger(notes);
      return { exporter, notes, receipts };
    },
    place(fate, options = {}) {
      const name = `p${++names}`;
      const path = `/${fate}/${name}`;
      const bodies = (): WireSpan[][] =>
        sink.requests.filter((r) => r.path === `${path}/v1/traces`).map((r) => decodeProtobuf(r.body));
      const destination = otlp({ endpoint: sink.origin + path, name, ...options });
      return { to: destination, bodies, spans: () => bodies().flat() };
    },
    arrivedIn,
    arrived: (traceId) => arrivedIn('/').filter((s) => s.traceId === traceId.padStart(32, '0')),
  };
}
