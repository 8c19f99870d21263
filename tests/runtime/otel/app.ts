// Code that knows OpenTelemetry's API alone, on a runtime of the edge: what its user would write. Nobody
// flushes: what leaves does so by itself.
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { otlp } from 'edgespan/destinations';
import { type AsyncLocalStorageLike, EdgespanTracerProvider } from 'edgespan/otel';

export interface Settings {
  readonly SINK: string;
  readonly AsyncLocalStorage?: AsyncLocalStorageLike;
  readonly waitUntil?: (promise: Promise<unknown>) => void;
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, milliseconds));

let provider: EdgespanTracerProvider | undefined;

/** Built with the first request where settings come with it. */
export function setUp({ SINK, AsyncLocalStorage, waitUntil }: Settings): EdgespanTracerProvider {
  if (provider) return provider;
  const options = { serviceName: 'app', destinations: [otlp({ endpoint: SINK })], env: {} };
  provider = new EdgespanTracerProvider({ ...options, ...(waitUntil && { waitUntil }) });
  provider.register({ AsyncLocalStorage });
  return provider;
}

export async function handle(request: Request, settings: Settings): Promise<Response> {
  const mine = setUp(settings);
  const tracer = trace.getTracer('app', '1');
  const url = new URL(request.url);
  const name = url.searchParams.get('name') ?? 'x';
  if (url.pathname === '/stats') return Response.json(mine.stats());
  if (url.pathname === '/remote') {
    const headers = Object.fromEntries(request.headers);
    const above = propagation.extract(ROOT_CONTEXT, headers);
    return tracer.startActiveSpan(`${name}-root`, { kind: SpanKind.SERVER }, above, (root) => {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      root.end();
      return Response.json(carrier);
    });
  }
  if (url.pathname === '/clock') {
    return tracer.startActiveSpan(`${name}-root`, async (root) => {
      let sum = 0;
      const inRoot = trace.setSpan(context.active(), root);
      for (let i = 0; i < 20; i++) {
        tracer.startActiveSpan(`${name}-${i}`, {}, inRoot, (child) => {
          for (let n = 0; n < 20_000; n++) sum += Math.sqrt(n);
          tracer.startSpan(`${name}-${i}-leaf`).end();
          child.end();
        });
        if (i % 5 === 0) await pause(1);
      }
      root.end();
      return new Response(`${sum}`);
    });
  }
  // Without AsyncLocalStorage what comes after an `await` is told its context.
  const explicit = url.searchParams.has('explicit');
  return tracer.startActiveSpan(`${name}-root`, async (root) => {
    const inRoot = trace.setSpan(context.active(), root);
    const given = (): ReturnType<typeof context.active> => (explicit ? inRoot : context.active());
    await Promise.all(
      ['a', 'b', 'c'].map((part, i) =>
        tracer.startActiveSpan(`${name}-${part}`, {}, given(), async (one) => {
          const inOne = trace.setSpan(inRoot, one);
          await pause(3 - i);
          tracer.startSpan(`${name}-${part}-leaf`, { attributes: { part } }, explicit ? inOne : context.active()).end();
          one.end();
        }),
      ),
    );
    root.end();
    return new Response('done');
  });
}
