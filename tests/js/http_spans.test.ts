// What spans of HTTP say and do not say, on both sides; what goes with a request.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Begin } from '../../js/dist/http/server.js';

const at = (path: string): string => new URL(`../../js/dist/${path}.js`, import.meta.url).href;
const { scrubUrl, scrubQuery } = await import(at('http/url'));
const { serverSpan } = (await import(at('http/server'))) as {
  serverSpan(request: Request, capture?: object): Begin;
};
const { fetchWithin } = await import(at('http/client'));
const { Tracer } = await import(at('otel/tracer'));
const { setupOf } = await import(at('otel/setup'));
const { ROOT } = await import(at('otel/context'));

describe('addresses', () => {
  for (const [given, told] of [
    ['https://user:pass@host:8443/a/b?code=s3cret&state=#here', 'https://REDACTED:REDACTED@host:8443/a/b?code=REDACTED&state=REDACTED'],
    ['http://host/?flag&a=b=c&a=d', 'http://host/?flag&a=REDACTED&a=REDACTED'],
    ['https://host', 'https://host/'],
    ['https://user@host/', 'https://REDACTED:REDACTED@host/'],
    ['https://host/?', 'https://host/'],
    ['https://host/?s3cret', 'https://host/?REDACTED'],
    ['data:text/plain,very-s3cret', 'data:'],
    ['/relative?x=s3cret', ''],
    ['', ''],
  ]) {
    it(JSON.stringify(given), () => assert.equal(scrubUrl(given), told));
  }
  it('a query over several lines', () => assert.equal(scrubQuery('?a=1\n2&b'), 'a=REDACTED&b'));
});

describe('a request that is served', () => {
  it('has the conventions’ attributes, and of headers only those that were asked for', () => {
    const headers = { 'user-agent': 'me', cookie: 's3cret', 'X-Told': 'yes' };
    const request = new Request('https://shop.example/items/3?q=s3cret', { headers });
    const { name, kind, attributes } = serverSpan(request, { requestHeaders: ['x-told', 'x-missing'] });
    assert.deepEqual([name, kind], ['GET', 1]);
    assert.deepEqual(JSON.parse(JSON.stringify(attributes)), {
      'http.request.method': 'GET',
      'url.scheme': 'https',
      'url.path': '/items/3',
      'url.query': 'q=REDACTED',
      'server.address': 'shop.example',
      'server.port': 443,
      'user_agent.original': 'me',
      'http.request.header.x-told': ['yes'],
    });
  });

  it('a method that nobody knows does not become a name', () => {
    const { name, attributes } = serverSpan(new Request('http://h/', { method: 'PURGE' }));
    assert.equal(name, 'HTTP');
    assert.equal(attributes?.['http.request.method'], '_OTHER');
    assert.equal(attributes?.['http.request.method_original'], 'PURGE');
  });
});

describe('a request that is made', () => {
  interface Ended {
    name: string;
    kind: number;
    attributes: Record<string, unknown>;
    status: { code: number };
    events: { name: string }[];
    spanContext(): { traceId: string; spanId: string };
  }
  const ended: Ended[] = [];
  const onEnd = (span: Ended): void => void ended.push(span);
  const processor = { onStart() {}, onEnd, forceFlush: async () => {}, shutdown: async () => {} };
  const tracer = new Tracer({ name: 'tests' }, setupOf({ processors: [processor] }));

  /** What `fetch` was called with, its result, and the span. */
  async function made(
    input: unknown,
    init: object | undefined,
    answer: () => Promise<Response>,
    propagate: boolean | (() => boolean) = true,
  ): Promise<{ args: any[]; result: unknown; span: Ended }> {
    const calls: unknown[][] = [];
    const fetch = (...args: unknown[]): Promise<Response> => {
      calls.push(args);
      return answer();
    };
    ended.length = 0;
    const goes = typeof propagate === 'function' ? propagate : () => propagate;
    const options = { tracer, parent: ROOT, propagate: goes };
    const result = await (fetchWithin(fetch, input, init, options) as Promise<Response>).catch((error) => error);
    assert.deepEqual([calls.length, ended.length], [1, 1]);
    return { args: calls[0], result, span: ended[0] };
  }
  const ok = async (): Promise<Response> => new Response('ok');

  it('carries its span’s context, and is otherwise as it was', async () => {
    const init = { method: 'post', body: 'x', headers: { a: '1' }, cf: { cacheTtl: 5 } };
    const { args, span } = await made('http://h/p?k=s3cret', init, ok);
    const [input, { headers, ...rest }] = args;
    assert.deepEqual([input, rest], ['http://h/p?k=s3cret', { method: 'post', body: 'x', cf: { cacheTtl: 5 } }]);
    const { traceId, spanId } = span.spanContext();
    assert.deepEqual([...headers], [['a', '1'], ['traceparent', `00-${traceId}-${spanId}-03`]]);
    assert.deepEqual(init.headers, { a: '1' });
    assert.deepEqual([span.name, span.kind], ['POST', 2]);
    assert.equal(span.attributes['url.full'], 'http://h/p?k=REDACTED');
  });

  it('a Request keeps its own headers, and so does one that another is made of', async () => {
    const request = new Request('http://h/', { method: 'PUT', body: 'x', headers: { a: '1' } });
    const one = await made(request, undefined, ok);
    assert.equal(one.args[0], request);
    assert.equal(one.args[1].headers.get('a'), '1');
    const again = await made('http://h/other', request, ok);
    assert.deepEqual([again.args[0].method, again.args[0].url], ['PUT', 'http://h/other']);
    assert.equal(await again.args[0].text(), 'x');
    assert.equal(again.args[1].headers.get('a'), '1');
  });

  it('a context that the user set stays', async () => {
    const { args } = await made('http://h/', { headers: { traceparent: 'mine' } }, ok);
    assert.equal(args[1].headers.get('traceparent'), 'mine');
  });

  it('without propagation the arguments are the user’s own', async () => {
    const init = { headers: {} };
    const { args } = await made('http://h/', init, ok, false);
    assert.equal(args[1], init);
  });

  it('answers and failures are given back, and told', async () => {
    const answer = new Response('no', { status: 404 });
    const missing = await made('http://h/', undefined, async () => answer);
    assert.equal(missing.result, answer);
    assert.deepEqual([missing.span.status.code, missing.span.attributes['error.type']], [2, '404']);
    const failure = new TypeError('no network');
    const failed = await made('http://h/', undefined, () => Promise.reject(failure));
    assert.equal(failed.result, failure);
    assert.deepEqual([failed.span.status.code, failed.span.attributes['error.type']], [2, 'TypeError']);
    assert.equal(failed.span.events[0].name, 'exception');
  });

  it('what is wrong with the request, or with the settings, is not told by us', async () => {
    const init = { headers: { 'not a name': 'x' } };
    const { args } = await made('http://h/', init, ok);
    assert.equal(args[1], init);
    const broken = await made('http://h/', undefined, ok, () => {
      throw new Error('propagate broke');
    });
    assert.deepEqual(broken.args, ['http://h/', undefined]);
  });

  it('a stand-in for fetch may answer with anything', async () => {
    const { result } = await made('http://h/', undefined, async () => undefined as never);
    assert.equal(result, undefined);
    await new Promise((resolve) => setTimeout(resolve, 5)); // nothing is rejected in the background
  });

  it('what is no address is the platform’s to refuse', async () => {
    const { args } = await made('no address', undefined, ok);
    assert.deepEqual(args, ['no address', undefined]);
  });
});
