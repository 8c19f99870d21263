// An edge function whose code knows the API alone.
import { trace } from '@opentelemetry/api';
import { withTracing } from 'edgespan/vercel';

const { addEventListener, OWN } = globalThis as unknown as {
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  OWN: string;
};
interface FetchEvent {
  readonly request: Request;
  respondWith(response: Response | Promise<Response>): void;
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const work = (name: string): Promise<void> =>
  trace.getTracer('app').startActiveSpan(name, async (span) => {
    await later(2);
    trace.getActiveSpan()?.setAttribute('active', name);
    span.end();
  });

const ways: Record<string, (request: Request) => Promise<Response>> = {
  async work() {
    await Promise.all([work('one'), work('two')]);
    return Response.json({ done: true });
  },
  async stream() {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        await later(60);
        await work('at its end');
        controller.enqueue(new TextEncoder().encode('said'));
        controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/plain' } });
  },
  async next() {
    return new Response(null, { headers: { 'x-middleware-next': '1' } });
  },
  async fail() {
    throw new TypeError('broken');
  },
  async fetch() {
    return new Response(await (await fetch(`${OWN}/heard`)).text());
  },
};

const handler = withTracing((request: Request) => ways[new URL(request.url).pathname.slice(1)](request));

addEventListener('fetch', (event) => {
  event.respondWith(handler(event.request));
});
