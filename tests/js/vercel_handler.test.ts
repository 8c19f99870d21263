// withTracing(): a span for each request, a child of its caller's, that ends with the answer's last byte
// and says what HTTP's conventions want; and what the handler and its caller see is what they would see
// without it.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { type Carrier, inject, tracingOptions } from 'edgespan/context';
import { active } from 'edgespan/otel';
import { type VercelOptions, withTracing } from 'edgespan/vercel';
import { startSite } from '../support/exporter.ts';
import type { WireSpan } from '../support/otlp.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const site = await startSite();

/** Options of their own, and the spans that arrive by them, once there are so many. */
function setUp(more: Partial<VercelOptions> = {}) {
  const place = site.place('ok');
  const options: VercelOptions = { serviceName: 'handlers', destinations: [place.to], ...more };
  const spans = async (count = 1): Promise<WireSpan[]> => {
    await site.sink.until(() => place.spans().length >= count, `${count} spans`);
    await new Promise((resolve) => setTimeout(resolve, 30)); // what comes too often has come by then
    assert.equal(place.spans().length, count);
    return place.spans();
  };
  return { place, options, spans };
}
const ask = (path = '/', init?: RequestInit): Request => new Request(`http://shop.test${path}`, init);
const plain = (span: WireSpan): Record<string, unknown> => Object.fromEntries(span.attributes);

describe('a function (request) => response', () => {
  test('is a span with the names of HTTP, a child of its caller’s', async () => {
    const { options, spans } = setUp();
    const handler = withTracing(
      async (request: Request) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return Response.json({ path: request.url }, { status: 201 });
      },
      options,
    );
    const headers = { traceparent: TRACEPARENT, tracestate: 'a=1', 'user-agent': 'test/1' };
    const response = await handler(ask('/orders?token=s3cret&x', { method: 'POST', headers }));
    assert.equal(response.status, 201);
    assert.deepEqual(await response.json(), { path: 'http://shop.test/orders?token=s3cret&x' });
    const [span] = await spans();
    assert.deepEqual(plain(span), {
      'http.request.method': 'POST',
      'http.response.status_code': 201n,
      'server.address': 'shop.test',
      'server.port': 80n,
      'url.path': '/orders',
      'url.query': 'token=REDACTED&x',
      'url.scheme': 'http',
      'user_agent.original': 'test/1',
    });
    assert.equal(span.name, 'POST');
    assert.equal(span.kind, 2, 'SERVER');
    assert.deepEqual([span.traceId, span.parentSpanId], [TRACE, 'b7ad6b7169203331']);
    assert.equal(span.traceState, 'a=1');
    assert.ok(span.end - span.start >= 4_000_000n);
  });

  test('its work is below it', async () => {
    const { options, spans } = setUp();
    const handler = withTracing(async (_: Request) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return Response.json(tracingOptions());
    }, options);
    const inside = await (await handler(ask())).json();
    const [span] = await spans();
    assert.deepEqual(inside, { traceId: span.traceId, parentSpanId: span.spanId });
  });

  test('this, arguments and properties are the handler’s', async () => {
    const { options, spans } = setUp();
    const seen: unknown[] = [];
    function handler(this: unknown, ...args: unknown[]): Response {
      seen.push(this, ...args.slice(1));
      return new Response(null, { status: 204 });
    }
    const owner = { GET: withTracing(Object.assign(handler, { maxDuration: 60 }), options) };
    const answer = owner.GET(ask(), { params: 7 }, 'third');
    assert.ok(answer instanceof Response, 'a synchronous answer stays one');
    assert.deepEqual(seen, [owner, { params: 7 }, 'third']);
    assert.equal(owner.GET.maxDuration, 60);
    assert.equal(owner.GET.name, 'handler');
    await spans();
  });

  test('an object with fetch', async () => {
    const { options, spans } = setUp();
    class App {
      #name = 'private';
      port = 3000;
      fetch(_: Request): Response {
        return new Response(this.#name);
      }
    }
    const app = withTracing(new App(), options);
    assert.equal(await (await app.fetch(ask())).text(), 'private');
    assert.equal(app.port, 3000);
    await spans();
  });

  test('what it throws is thrown, and told', async () => {
    const { options, spans } = setUp();
    const broken = new RangeError('too far');
    const sync = withTracing((_: Request): Response => {
      throw broken;
    }, options);
    assert.throws(() => sync(ask()), broken);
    await assert.rejects(withTracing(async (_: Request) => sync(ask()), options)(ask()), broken);
    const all = await spans(2);
    for (const span of all) {
      assert.deepEqual(span.status, { code: 2, message: 'too far' });
      assert.equal(span.attributes.get('error.type'), 'RangeError');
      assert.equal(span.events[0].name, 'exception');
    }
  });

  test('whatever is thrown is thrown on, and ends the span', async () => {
    const { options, spans } = setUp();
    const things: unknown[] = [Symbol('s'), Object.create(null), undefined, 'text'];
    for (const thing of things) {
      const handler = withTracing((_: Request): Response => {
        throw thing;
      }, options);
      let caught: unknown = 'nothing';
      try {
        handler(ask());
      } catch (error) {
        caught = error;
      }
      assert.equal(caught, thing);
    }
    for (const span of await spans(things.length)) assert.equal(span.status.code, 2);
  });

  test('an answer in JSON, and one of another class, is the object that it was', async () => {
    const { options, spans } = setUp();
    class Special extends Response {}
    const answers = [
      Response.json({ a: 1 }),
      new Special('said', { headers: { 'content-type': 'text/html' } }),
      new Response('{}', { headers: { 'content-type': 'application/problem+json; charset=utf-8' } }),
    ];
    for (const answer of answers) assert.equal(withTracing((_: Request) => answer, options)(ask()), answer);
    await spans(answers.length);
  });

  test('frozen, an app and a function are traced', async () => {
    const { options, spans } = setUp();
    const app = Object.freeze({ fetch: (_: Request) => new Response(null), name: 'app' });
    const traced = withTracing(app, options);
    assert.deepEqual([traced.fetch(ask()).status, traced.name, Object.keys(traced), 'fetch' in traced], [
      200,
      'app',
      ['fetch', 'name'],
      true,
    ]);
    assert.equal({ ...traced }.name, 'app');
    const handler = withTracing(Object.freeze(() => new Response(null)) as (request: Request) => Response, options);
    assert.equal(handler.length, 0);
    assert.equal(handler(ask()).status, 200);
    await spans(2);
  });

  test('an answer of 500 is an error, one of 404 is none; a client’s method may be anything', async () => {
    const { options, spans } = setUp({ capture: { requestHeaders: ['x-a'], responseHeaders: ['x-b'] } });
    const handler = withTracing(
      (request: Request) => {
        const status = Number(new URL(request.url).pathname.slice(1));
        return new Response('said', { status, headers: { 'x-b': 'B' } });
      },
      options,
    );
    for (const status of ['404', '503']) {
      await (await handler(ask(`/${status}`, { method: 'BREW', headers: { 'x-a': 'A' } }))).text();
    }
    const [missing, failed] = await spans(2);
    assert.equal(missing.status.code, 0);
    assert.equal(failed.status.code, 2);
    assert.equal(failed.attributes.get('error.type'), '503');
    assert.equal(failed.name, 'HTTP');
    assert.equal(failed.attributes.get('http.request.method_original'), 'BREW');
    assert.deepEqual(failed.attributes.get('http.request.header.x-a'), ['A']);
    assert.deepEqual(failed.attributes.get('http.response.header.x-b'), ['B']);
  });

  test('Routing Middleware: what lets a request pass is none of its answers', async () => {
    const { options, spans } = setUp();
    const passing = withTracing((_: Request): Response | undefined => undefined, options);
    assert.equal(passing(ask()), undefined);
    const headers = { 'x-middleware-next': '1' };
    const next = withTracing((_: Request) => new Response(null, { headers }), options)(ask());
    assert.equal(next.headers.get('x-middleware-next'), '1');
    const names = (await spans(2)).map((span) => span.name);
    assert.deepEqual(names, ['GET', 'middleware']);
  });

  test('within a span of this process it adds none', async () => {
    const { options, spans } = setUp();
    const inner = withTracing(async (_: Request) => new Response('inner'), options);
    const outer = withTracing((request: Request) => inner(request), options);
    await (await outer(ask())).text();
    await spans(1);
  });

  test('a client that was not sampled is not, here', async () => {
    const { options, place } = setUp();
    const handler = withTracing((_: Request) => Response.json(inject()), options);
    const headers = { traceparent: TRACEPARENT.replace(/01$/, '00') };
    const { traceparent } = (await (await handler(ask('/', { headers }))).json()) as Carrier;
    assert.match(`${traceparent}`, new RegExp(`^00-${TRACE}-[^-]+-00$`));
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(place.spans(), []);
  });

  test('a request that cannot be read is answered untraced', (t) => {
    const said = t.mock.method(console, 'warn', () => {});
    const { options } = setUp({
      propagator: {
        fields: () => [],
        inject() {},
        extract: () => {
          throw new Error('no');
        },
      },
    });
    const request = ask();
    assert.equal(withTracing((given: Request) => given, options)(request), request);
    assert.match(`${said.mock.calls.at(-1)?.arguments}`, /A request is not traced: Error: no/);
    const broken = { destinations: [], spanProcessors: 7 } as never;
    assert.equal(withTracing((given: Request) => given, broken)(request), request);
    assert.match(`${said.mock.calls.at(-1)?.arguments}`, /Nothing is traced: its options threw/);
    for (const nothing of [undefined, null, {}, 'text']) {
      assert.equal(withTracing((given: unknown) => given, options)(nothing), nothing);
    }
  });
});

describe('a streamed answer', () => {
  /** A body in three pieces, and what it is told. */
  function pieces(fail = false): { body: ReadableStream<Uint8Array>; cancelled: () => unknown } {
    let reason: unknown;
    let n = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (n === 3 && fail) controller.error(new TypeError('broken off'));
        else if (n === 3) controller.close();
        else controller.enqueue(new TextEncoder().encode(`piece ${n++};`));
      },
      cancel(given) {
        reason = given;
      },
    });
    return { body, cancelled: () => reason };
  }
  const TEXT = { headers: { 'content-type': 'text/plain; charset=utf-8' } };

  test('ends with its last byte', async () => {
    const { options, spans, place } = setUp();
    const handler = withTracing((_: Request) => new Response(pieces().body, TEXT), options);
    const response = handler(ask());
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(place.spans(), [], 'not before it was read');
    assert.equal(await response.text(), 'piece 0;piece 1;piece 2;');
    const [span] = await spans();
    assert.ok(span.end - span.start > 100_000_000n, `${span.end - span.start} ns`);
    assert.equal(span.status.code, 0);
  });

  test('ends when it breaks', async () => {
    const { options, spans } = setUp();
    const handler = withTracing((_: Request) => new Response(pieces(true).body, TEXT), options);
    await assert.rejects(handler(ask()).text(), /broken off/);
    const [span] = await spans();
    assert.deepEqual(span.status, { code: 2, message: 'broken off' });
    assert.equal(span.attributes.get('error.type'), 'TypeError');
  });

  test('ends when the client goes, and its source hears of it', async () => {
    const { options, spans } = setUp();
    const source = pieces();
    const reader = withTracing((_: Request) => new Response(source.body, TEXT), options)(ask()).body?.getReader();
    await reader?.read();
    await reader?.cancel('enough');
    assert.equal(source.cancelled(), 'enough');
    const [span] = await spans();
    assert.equal(span.attributes.get('edgespan.response.cancelled'), true);
    assert.equal(span.status.code, 0);
  });

  test('to HEAD, which nobody reads, does not wait', async () => {
    const { options, spans } = setUp();
    withTracing((_: Request) => new Response(pieces().body), options)(ask('/', { method: 'HEAD' }));
    await spans();
  });

  test('that somebody replaced, and nobody reads, does not keep the platform waiting', async (t) => {
    const { options, spans, place } = setUp();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    withTracing((_: Request) => new Response('said'), options)(ask());
    t.mock.timers.tick(9_999);
    assert.deepEqual(place.spans(), []);
    for (let i = 0; i < 3; i++) {
      t.mock.timers.tick(1);
      await null;
    }
    t.mock.timers.reset();
    const [span] = await spans();
    assert.equal(span.attributes.get('edgespan.response.cancelled'), true);
  });

  test('of known length is left alone', async () => {
    const { options, spans } = setUp();
    const answer = new Response('four', { headers: { 'content-length': '4' } });
    assert.equal(withTracing((_: Request) => answer, options)(ask()), answer);
    await spans();
  });
});

describe('a handler of Node (request, response)', () => {
  const servers: Server[] = [];
  after(() => servers.forEach((server) => server.close()));
  async function serve(handler: (request: IncomingMessage, response: ServerResponse) => unknown) {
    const server = createServer(handler);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('is a span that ends with what it wrote', async () => {
    const { options, spans } = setUp();
    let inside: unknown;
    const url = await serve(
      withTracing(async (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/plain' });
        response.write('first ');
        await new Promise((resolve) => setTimeout(resolve, 40));
        inside = tracingOptions();
        response.end('last');
      }, options),
    );
    const headers = { traceparent: TRACEPARENT, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.test' };
    assert.equal(await (await fetch(`${url}/orders?id=7`, { headers })).text(), 'first last');
    const [span] = await spans();
    assert.equal(span.parentSpanId, 'b7ad6b7169203331');
    assert.deepEqual(inside, { traceId: TRACE, parentSpanId: span.spanId });
    assert.ok(span.end - span.start >= 39_000_000n);
    const { 'user_agent.original': _, ...rest } = plain(span);
    assert.deepEqual(rest, {
      'http.request.method': 'GET',
      'http.response.status_code': 200n,
      'server.address': 'shop.test',
      'server.port': 443n,
      'url.path': '/orders',
      'url.query': 'id=REDACTED',
      'url.scheme': 'https',
    });
  });

  test('a client that goes ends it', async () => {
    const { options, spans } = setUp();
    const url = await serve(
      withTracing((_: IncomingMessage, response: ServerResponse) => void response.write('first'), options),
    );
    const abort = new AbortController();
    const response = await fetch(url, { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    const [span] = await spans();
    assert.equal(span.attributes.get('edgespan.response.cancelled'), true);
  });

  test('what it rejects with is its host’s, and told', async () => {
    const { options, spans } = setUp();
    const broken = new Error('broken');
    const handler = withTracing(async (_: IncomingMessage, __: ServerResponse) => {
      throw broken;
    }, options);
    const url = await serve((request, response) =>
      handler(request, response).catch((error: unknown) => {
        assert.equal(error, broken);
        response.writeHead(500).end();
      }),
    );
    assert.equal((await fetch(url)).status, 500);
    const [span] = await spans();
    assert.deepEqual(span.status, { code: 2, message: 'broken' });
    assert.equal(span.attributes.get('http.response.status_code'), 500n);
  });
});

test('outside of its handlers nothing is active', () => {
  assert.deepEqual(tracingOptions(active()), {});
});
