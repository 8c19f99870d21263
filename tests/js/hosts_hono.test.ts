// Hono: our middleware, alone and below a host that traces; and @hono/otel, unmodified, over our provider.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { httpInstrumentationMiddleware } from '@hono/otel';
import { tracing, type TracingConfig } from 'edgespan/hono';
import { tracingOptions } from 'edgespan/context';
import { EdgespanTracerProvider } from 'edgespan/otel';
import { withTracing } from 'edgespan/vercel';
import { Hono, type MiddlewareHandler } from 'hono';
import { streamText } from 'hono/streaming';
import { startSite } from '../support/exporter.ts';
import type { WireSpan } from '../support/otlp.ts';

const CALLER = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const site = await startSite();

/** An app behind a middleware, written by somebody who knows nothing of tracing. */
function shop(...middleware: MiddlewareHandler[]): Hono {
  const app = new Hono();
  for (const one of middleware) app.use(one);
  app.get('/users/:id', (c) => c.json({ id: c.req.param('id'), ...tracingOptions() }));
  app.get('/fail', () => {
    throw new RangeError('too far');
  });
  app.get('/words', (c) =>
    streamText(c, async (stream) => {
      for (const word of ['one ', 'two']) {
        await stream.sleep(30);
        await stream.write(word);
      }
    }),
  );
  const nested = new Hono();
  nested.get('/:item', (c) => c.text(c.req.param('item')));
  app.route('/items', nested);
  return app;
}

function setUp() {
  const place = site.place('ok');
  const options = { serviceName: 'hono', destinations: [place.to] };
  const only = async (): Promise<WireSpan> => {
    await site.sink.until(() => place.spans().length > 0, 'a span');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(place.spans().length, 1);
    return place.spans()[0];
  };
  return { place, options, only };
}

describe('tracing()', () => {
  test('a span for a request, named by its route', async () => {
    const { options, only } = setUp();
    const response = await shop(tracing(options)).request('/users/7?token=s3cret', { headers: CALLER });
    const inside = await response.json();
    const span = await only();
    assert.deepEqual(inside, { id: '7', traceId: span.traceId, parentSpanId: span.spanId });
    assert.equal(span.name, 'GET /users/:id');
    assert.equal(span.kind, 2);
    assert.equal(span.parentSpanId, 'b7ad6b7169203331');
    assert.equal(span.attributes.get('http.route'), '/users/:id');
    assert.equal(span.attributes.get('url.query'), 'token=REDACTED');
    assert.equal(span.attributes.get('http.response.status_code'), 200n);
  });

  test('a nested app’s route; none where none answered', async () => {
    const { place, options } = setUp();
    const app = shop(tracing(options));
    assert.equal(await (await app.request('/items/cup')).text(), 'cup');
    assert.equal(await (await app.request('/nowhere')).text(), '404 Not Found');
    await site.sink.until(() => place.spans().length === 2, 'two spans');
    const [item, missing] = place.spans();
    assert.equal(item.name, 'GET /items/:item');
    assert.equal(missing.name, 'GET');
    assert.equal(missing.attributes.get('http.response.status_code'), 404n);
    assert.equal(missing.status.code, 0);
  });

  test('what a handler throws is Hono’s to answer, and told', async () => {
    const { options, only } = setUp();
    const app = shop(tracing(options));
    app.onError((error, c) => c.text(error.message, 500));
    const response = await app.request('/fail');
    assert.deepEqual([response.status, await response.text()], [500, 'too far']);
    const span = await only();
    assert.deepEqual(span.status, { code: 2, message: 'too far' });
    assert.equal(span.attributes.get('error.type'), 'RangeError');
    assert.equal(span.events[0].name, 'exception');
  });

  test('a streamed answer ends with its last byte, and keeps its headers', async () => {
    const { options, only } = setUp();
    const app = shop(tracing(options), async (c, next) => {
      await next();
      c.header('x-added', 'yes');
    });
    const response = await app.request('/words');
    assert.equal(response.headers.get('x-added'), 'yes');
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal(await response.text(), 'one two');
    const span = await only();
    assert.ok(span.end - span.start >= 59_000_000n, `${span.end - span.start}`);
  });

  test('an answer to HEAD, whose body nobody reads', async () => {
    const { options, only } = setUp();
    const response = await shop(tracing(options)).request('/items/cup', { method: 'HEAD' });
    assert.equal(response.body, null);
    assert.equal((await only()).name, 'HEAD /items/:item');
  });

  test('the host’s span gets the route, and stays the only one', async () => {
    const { options, only } = setUp();
    const handler = withTracing(shop(tracing()).fetch as (request: Request) => Promise<Response>, options);
    await (await handler(new Request('http://shop.test/users/7'))).text();
    const span = await only();
    assert.equal(span.name, 'GET /users/:id');
    assert.equal(span.attributes.get('http.route'), '/users/:id');
  });

  test('without options, and with options that throw, the app answers', async (t) => {
    t.mock.method(console, 'warn', () => {});
    const broken: TracingConfig = () => {
      throw new Error('no binding');
    };
    for (const middleware of [tracing(), tracing(broken)]) {
      assert.equal((await shop(middleware).request('/items/cup')).status, 200);
    }
  });
});

test('@hono/otel over our provider', async () => {
  const { place } = setUp();
  const provider = new EdgespanTracerProvider({ serviceName: 'hono', destinations: [place.to] });
  provider.register();
  const app = shop(httpInstrumentationMiddleware({ serviceName: 'hono' }) as unknown as MiddlewareHandler);
  const inside = await (await app.request('/users/7', { headers: CALLER })).json();
  await site.sink.until(() => place.spans().length > 0, 'a span');
  const [span] = place.spans();
  assert.equal(span.scope.name, '@hono/otel');
  assert.equal(span.name, 'GET /users/:id');
  assert.equal(span.parentSpanId, 'b7ad6b7169203331');
  assert.deepEqual(inside, { id: '7', traceId: span.traceId, parentSpanId: span.spanId });
});
