// Hono in real workerd: its requests' spans have their routes, the app's work is below them, and streamed
// answers end with their last byte; by our middleware, alone and below instrument(), and by @hono/otel.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Miniflare } from 'miniflare';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { bundleWorker, startWorker } from '../support/workerd.ts';

const CALLER = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

describe('Hono on Workers', () => {
  let sink: Sink;
  let outdir: string;
  let worker: Miniflare;

  before(async () => {
    sink = await Sink.start();
    outdir = await bundleWorker(new URL('./hono/', import.meta.url));
    worker = await startWorker(outdir, { SINK: sink.origin });
  });
  after(async () => {
    await worker.dispose();
    await sink.close();
    await rm(outdir, { recursive: true });
  });

  /** Asks; the answer's text, and all spans that arrive for it, in the requests that brought them. */
  async function ask(path: string, headers = {}): Promise<{ text: string; bodies: WireSpan[][] }> {
    const first = sink.requests.length;
    const response = await worker.dispatchFetch(`http://shop.test${path}`, { headers });
    assert.equal(response.status, 200);
    const text = await response.text();
    await sink.until(() => sink.requests.length > first, 'the trace');
    await new Promise((resolve) => setTimeout(resolve, 100)); // what comes too often has come by then
    return { text, bodies: sink.requests.slice(first).map(({ body }) => decodeProtobuf(body)) };
  }
  const named = (spans: WireSpan[], name: string): WireSpan => {
    const found = spans.filter((span) => span.name === name);
    assert.equal(found.length, 1, `${name} of ${spans.map((span) => span.name)}`);
    return found[0];
  };

  for (const way of ['own', 'below']) {
    it(`${way}: one span of the request, by its route, one request for the trace`, async () => {
      const { text, bodies } = await ask(`/${way}/users/7?key=s3cret`, CALLER);
      assert.equal(bodies.length, 1);
      const [spans] = bodies;
      assert.equal(spans.length, 2);
      const root = named(spans, `GET /${way}/users/:id`);
      const load = named(spans, 'load');
      assert.deepEqual(JSON.parse(text), { id: '7', traceId: load.traceId, parentSpanId: load.spanId });
      assert.deepEqual([root.kind, root.parentSpanId], [2, 'b7ad6b7169203331']);
      assert.equal(root.attributes.get('http.route'), `/${way}/users/:id`);
      assert.equal(root.attributes.get('url.query'), 'key=REDACTED');
      assert.equal(load.parentSpanId, root.spanId);
    });

    it(`${way}: a streamed answer`, async () => {
      const { text, bodies } = await ask(`/${way}/words`);
      assert.equal(text, 'one two');
      assert.equal(bodies.length, 1);
      const root = named(bodies[0], `GET /${way}/words`);
      assert.ok(root.end - root.start >= 50_000_000n, `${root.end - root.start} ns`);
    });
  }

  it('@hono/otel, below instrument()', async () => {
    const { text, bodies } = await ask('/otel/users/7');
    assert.equal(bodies.length, 1, 'one request');
    const [spans] = bodies;
    const root = named(spans, 'GET');
    const theirs = named(spans, 'GET /otel/users/:id');
    const load = named(spans, 'load');
    assert.deepEqual([theirs.parentSpanId, load.parentSpanId], [root.spanId, theirs.spanId]);
    assert.equal(theirs.scope.name, '@hono/otel');
    assert.equal(JSON.parse(text).traceId, root.traceId);
  });
});
