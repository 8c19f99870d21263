// What the tests of edgespan/otel share: providers whose spans arrive at a sink, in requests that can be
// told apart.
import { after } from 'node:test';
import { otlp, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanTracerProvider, type EdgespanTracerProviderOptions } from 'edgespan/otel';
import { decodeProtobuf, lint, type WireSpan } from './otlp.ts';
import { Sink } from './sink.ts';

export interface OtelPlace {
  readonly endpoint: string;
  /** The spans of each request, in the order of their arrival. */
  bodies(): WireSpan[][];
  spans(): WireSpan[];
  /** The only span of this name. */
  span(name: string): WireSpan;
  /** Names by name of the parent: `{ child: 'root', root: '' }`. */
  tree(): Record<string, string>;
}

export interface OtelSite {
  readonly sink: Sink;
  /** An address of its own; `fate`: how the sink answers. */
  place(fate?: string): OtelPlace;
  /** A provider, and what arrives of its spans. */
  make(
    options?: Partial<EdgespanTracerProviderOptions> & Record<string, unknown>,
    to?: { fate?: string; otlp?: Partial<OtlpOptions> },
  ): OtelPlace & { provider: EdgespanTracerProvider };
}

let places = 0;

/** Until the tests of a file are over. */
export async function startOtel(): Promise<OtelSite> {
  const sink = await Sink.start();
  after(() => sink.close());
  const place = (fate = 'ok'): OtelPlace => {
    const path = `/${fate}/otel-${++places}`;
    const bodies = (): WireSpan[][] =>
      sink.requests.filter((one) => one.path.startsWith(`${path}/`)).map(({ body }) => decodeProtobuf(body));
    const spans = (): WireSpan[] => bodies().flat();
    return {
      endpoint: `${sink.origin}${path}`,
      bodies,
      spans,
      span(name) {
        const found = spans().filter((span) => span.name === name);
        if (found.length !== 1) throw new Error(`${found.length} spans are called ${name}`);
        return found[0];
      },
      tree() {
        const all = spans();
        const faults = all.flatMap(lint);
        if (faults.length > 0) throw new Error(faults.join('\n'));
        const names = new Map(all.map(({ spanId, name }) => [spanId, name]));
        return Object.fromEntries(
          all.map(({ name, parentSpanId }) => [name, names.get(parentSpanId) ?? parentSpanId]),
        );
      },
    };
  };
  return {
    sink,
    place,
    make(options = {}, to = {}) {
      const at = place(to.fate);
      const destinations = [otlp({ endpoint: at.endpoint, ...to.otlp })];
      const provider = new EdgespanTracerProvider({
        serviceName: 'otel',
        destinations,
        env: {},
        logLevel: 'silent',
        ...options,
      } as EdgespanTracerProviderOptions);
      return { ...at, provider };
    },
  };
}

/** So many milliseconds later. */
export const later = (milliseconds = 0): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, milliseconds));
