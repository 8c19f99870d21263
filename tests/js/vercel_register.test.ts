// registerEdgespan(): what Next.js and other users of OpenTelemetry's API make is one tree, kept alive by
// the platform, and sent as its root ends. (With Next.js itself: tests/packaging/consumers/next-otel.)
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { registerEdgespan, withTracing } from 'edgespan/vercel';
import { startSite } from '../support/exporter.ts';

const site = await startSite();
const place = site.place('ok');
const heard: unknown[] = [];
const own = createServer((request, response) => {
  heard.push(request.headers.traceparent);
  response.end('heard');
});
await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
after(() => own.close());
const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;

const kept: Promise<unknown>[] = [];
const platform = { get: () => ({ waitUntil: (promise: Promise<unknown>) => void kept.push(promise) }) };
(globalThis as Record<symbol, unknown>)[Symbol.for('@vercel/request-context')] = platform;

let answered: Promise<void> = Promise.resolve();
const processor = { onStart() {}, onEnd() {}, shutdown: async () => {}, forceFlush: () => answered };

const registration = registerEdgespan({
  serviceName: 'registered',
  destinations: [place.to],
  env: { VERCEL: '1' },
  propagate: [url],
  spanProcessors: [processor],
});

/** What Next.js does with a request, in short. */
function next<T>(headers: Record<string, string>, render: () => Promise<T>): Promise<T> {
  const parent = propagation.extract(ROOT_CONTEXT, headers);
  const tracer = trace.getTracer('next.js', '16');
  return context.with(parent, () =>
    tracer.startActiveSpan('GET /page', { kind: SpanKind.SERVER }, async (root) => {
      try {
        return await tracer.startActiveSpan('render', async (span) => {
          const result = await render();
          span.end();
          return result;
        });
      } finally {
        root.end();
      }
    }),
  );
}

describe('registerEdgespan()', () => {
  test('what the API’s users make, our fetch, and a handler below: one tree, one request', async () => {
    const handler = withTracing(async (_: Request) => new Response(await (await fetch(url)).text()));
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const text = await next(headers, async () => {
      assert.equal(kept.length, 1, 'the platform waits from the beginning');
      return (await handler(new Request('http://shop.test/'))).text();
    });
    assert.equal(text, 'heard');
    await Promise.all(kept);
    assert.equal(place.bodies().length, 1, 'it has been sent when the platform may stop');
    const [spans] = place.bodies();
    const byName = new Map(spans.map((span) => [span.name, span]));
    assert.deepEqual([...byName.keys()].sort(), ['GET', 'GET /page', 'render'], 'nothing of the delivery');
    const [root, render, client] = ['GET /page', 'render', 'GET'].map((name) => byName.get(name));
    assert.equal(root?.parentSpanId, 'b7ad6b7169203331');
    assert.equal(render?.parentSpanId, root?.spanId);
    assert.deepEqual([client?.kind, client?.parentSpanId], [3, render?.spanId]);
    assert.deepEqual(heard, [`00-${client?.traceId}-${client?.spanId}-01`]);
    assert.equal(process.env.NEXT_OTEL_FETCH_DISABLED, '1', 'Next.js makes no second span of it');
  });

  test('a process has one: later calls change nothing', async () => {
    const other = site.place('ok');
    assert.equal(registerEdgespan({ destinations: [other.to] }), registration);
    assert.equal(registerEdgespan(null as never), registration);
    const before = place.spans().length;
    trace.getTracer('app').startSpan('later').end();
    const { accepted } = (await registration.forceFlush()) ?? {};
    assert.ok((accepted ?? 0) >= 1);
    assert.equal(place.spans().length, before + 1);
    assert.deepEqual(other.spans(), []);
  });

  test('addresses in spans of Next.js are told as ours are', async () => {
    const tracer = trace.getTracer('next.js', '16');
    const attributes = { 'http.method': 'GET', 'http.target': '/page?token=s3cret&x=1' };
    tracer.startSpan('GET /page', { kind: SpanKind.SERVER, attributes }).end();
    const address = 'https://user:s3cret@api.test/v1?key=s3cret';
    const client = { 'http.url': address, 'http.method': 'GET' };
    tracer.startSpan(`fetch GET ${address}`, { kind: SpanKind.CLIENT, attributes: client }).end();
    await registration.forceFlush();
    const [page, fetched] = place.spans().slice(-2);
    assert.equal(page.attributes.get('http.target'), '/page?token=REDACTED&x=REDACTED');
    const scrubbed = 'https://REDACTED:REDACTED@api.test/v1?key=REDACTED';
    assert.deepEqual([fetched.attributes.get('http.url'), fetched.name], [scrubbed, `fetch GET ${scrubbed}`]);
  });

  test('a processor that never answers holds no flush', async ({ mock }) => {
    answered = new Promise(() => {});
    const said = mock.method(console, 'warn', () => {});
    mock.timers.enable({ apis: ['setTimeout'] });
    const flushed = registration.forceFlush();
    mock.timers.tick(30_000);
    mock.timers.reset();
    assert.equal((await flushed)?.pending, 0);
    assert.match(`${said.mock.calls[0]?.arguments}`, /forceFlush\(\) of a span processor or exporter did not answer/);
    answered = Promise.resolve();
  });

  test('propagation out of it is W3C’s', () => {
    const carrier: Record<string, string> = {};
    registration.getTracer('app').startActiveSpan('out', (span) => {
      propagation.inject(context.active(), carrier);
      span.end();
    });
    assert.match(carrier.traceparent, /^00-[\da-f]{32}-[\da-f]{16}-03$/);
  });

  test('shutdown tells what became of everything', async () => {
    const receipt = await registration.shutdown();
    assert.deepEqual([receipt?.pending, receipt?.dropped], [0, {}]);
  });
});
