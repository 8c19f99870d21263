// On Vercel: its request context keeps what was recorded alive until it has been sent, its variables
// become the resource, its drains the parent; and traces go on to own deployments alone.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { type VercelOptions, withTracing } from 'edgespan/vercel';
import { startSite } from '../support/exporter.ts';

const CONTEXT = Symbol.for('@vercel/request-context');
const ROOT_SPAN = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1 };
const ENV = {
  VERCEL: '1',
  VERCEL_ENV: 'preview',
  VERCEL_TARGET_ENV: 'staging',
  VERCEL_REGION: 'fra1',
  VERCEL_DEPLOYMENT_ID: 'dpl_7',
  VERCEL_PROJECT_ID: 'prj_1',
  VERCEL_URL: 'shop-7.vercel.app',
  VERCEL_BRANCH_URL: 'shop-git-main.vercel.app',
  VERCEL_PROJECT_PRODUCTION_URL: 'shop.example',
  VERCEL_GIT_PROVIDER: 'github',
  VERCEL_GIT_REPO_OWNER: 'acme',
  VERCEL_GIT_REPO_SLUG: 'shop',
  VERCEL_GIT_COMMIT_REF: 'main',
  VERCEL_GIT_COMMIT_SHA: 'fa1eade47b73733d6312d5abfad33ce9e4068081',
};

const site = await startSite();
const globals = globalThis as Record<symbol, unknown>;

/** What the platform is told, and knows, while a request is under way. */
class Platform {
  readonly kept: Promise<unknown>[] = [];
  /** Afterwards nobody listens any more. */
  over = false;
  headers: Record<string, string> = { 'x-vercel-id': 'fra1::iad1::abc-123' };
  telemetry: unknown;
  get = () =>
    this.over
      ? undefined
      : {
          headers: this.headers,
          telemetry: this.telemetry,
          waitUntil: (promise: Promise<unknown>) => void this.kept.push(promise),
        };
}
let platform: Platform;
beforeEach(() => {
  platform = new Platform();
  globals[CONTEXT] = platform;
});
afterEach(() => delete globals[CONTEXT]);

function setUp(more: Partial<VercelOptions> = {}) {
  const place = site.place('ok');
  const options: VercelOptions = { destinations: [place.to], env: ENV, ...more };
  return { place, options };
}
const ask = (headers: Record<string, string> = {}): Request =>
  new Request('https://shop-7.vercel.app/api/orders', { headers });

describe('waitUntil', () => {
  test('holds from the beginning of a request until its trace has been sent', async () => {
    const { place, options } = setUp();
    let write: ReadableStreamDefaultController | undefined;
    const body = new ReadableStream({ start: (controller) => void (write = controller) });
    const response = withTracing((_: Request) => new Response(body), options)(ask());
    assert.equal(platform.kept.length, 1, 'at once');
    // The platform has its answer's head, and is not to be asked any more when its end comes.
    platform.over = true;
    let settled = false;
    const kept = platform.kept[0].then(() => (settled = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(settled, false, 'the answer goes on, longer than fifty milliseconds');
    write?.close();
    await response.text();
    await kept;
    assert.equal(place.spans().length, 1, 'it has arrived when the platform may stop');
  });

  test('holds for what is being delivered, whoever is slow', async () => {
    const { options } = setUp();
    const slow = site.place('hang');
    options.destinations = [slow.to];
    await withTracing((_: Request) => new Response('x', { headers: { 'content-length': '1' } }), options)(ask());
    let settled = false;
    const kept = Promise.all(platform.kept).then(() => (settled = true));
    await site.sink.until(() => slow.spans().length > 0, 'the span');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(settled, false);
    site.sink.release();
    await kept;
  });
});

test('its variables are the resource; options and OTEL_RESOURCE_ATTRIBUTES win', async () => {
  const env = { ...ENV, OTEL_RESOURCE_ATTRIBUTES: 'cloud.region=here,team=a%20b', OTEL_SERVICE_NAME: 'env' };
  const { place, options } = setUp({ env, resourceAttributes: { 'service.version': '7.0.0' } });
  await withTracing((_: Request) => new Response(null), options)(ask());
  await Promise.all(platform.kept);
  const [span] = place.spans();
  const { 'telemetry.sdk.version': _, ...resource } = Object.fromEntries(span.resource);
  assert.deepEqual(resource, {
    'cloud.provider': 'vercel',
    'cloud.region': 'here',
    'deployment.environment.name': 'staging',
    'deployment.id': 'dpl_7',
    'service.name': 'env',
    'service.version': '7.0.0',
    team: 'a b',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'edgespan',
    'vcs.owner.name': 'acme',
    'vcs.provider.name': 'github',
    'vcs.ref.head.name': 'main',
    'vcs.ref.head.revision': 'fa1eade47b73733d6312d5abfad33ce9e4068081',
    'vcs.repository.name': 'shop',
    'vercel.branch_url': 'shop-git-main.vercel.app',
    'vercel.project_id': 'prj_1',
    'vercel.url': 'shop-7.vercel.app',
  });
});

test('elsewhere it adds nothing of Vercel', async () => {
  delete globals[CONTEXT];
  const { place, options } = setUp({ env: { VERCEL_REGION: 'nowhere' } });
  await withTracing((_: Request) => new Response(null), options)(ask({ 'x-vercel-id': 'a::b::c' }));
  await site.sink.until(() => place.spans().length > 0, 'the span');
  const [span] = place.spans();
  const names = [...span.resource.keys(), ...span.attributes.keys()];
  assert.deepEqual(names.filter((name) => /cloud|vercel|faas|route/.test(name)), []);
});

test('the request’s id, the place where it came in, and its route', async () => {
  platform.headers['x-matched-path'] = '/api/[kind]';
  const { place, options } = setUp();
  await withTracing((_: Request) => new Response(null), options)(ask());
  await Promise.all(platform.kept);
  const [span] = place.spans();
  assert.equal(span.name, 'GET /api/[kind]');
  assert.equal(span.attributes.get('http.route'), '/api/[kind]');
  assert.equal(span.attributes.get('faas.invocation_id'), 'abc-123');
  assert.equal(span.attributes.get('vercel.edge_region'), 'fra1');
});

describe('Vercel’s own span', () => {
  const cases = [
    { name: 'is the parent where drains send it on', drains: ['drn_1'], id: 'x::1', parent: ROOT_SPAN.spanId },
    { name: 'is none where nobody would see it', drains: [], id: 'x::1', parent: 'b7ad6b7169203331' },
    { name: 'is none of a message’s', drains: ['drn_1'], id: undefined, parent: 'b7ad6b7169203331' },
  ];
  for (const { name, drains, id, parent } of cases) {
    test(name, async () => {
      platform.telemetry = { rootSpanContext: ROOT_SPAN, traceDrains: drains };
      const { place, options } = setUp();
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const headers = { traceparent, ...(id && { 'x-vercel-id': id }) };
      await withTracing((_: Request) => new Response(null), options)(ask(headers));
      await Promise.all(platform.kept);
      assert.equal(place.spans()[0].parentSpanId, parent);
    });
  }
});

describe('fetch within a handler', () => {
  const heard: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    heard.push({ url: request.url, ...request.headers });
    response.end('ok');
  }).listen(0, '127.0.0.1');
  after(() => server.close());
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  // The global `fetch` is traced once for a process, as its first handler wants it.
  const place = site.place('ok');
  const options: VercelOptions = {
    destinations: [place.to],
    env: ENV,
    propagate: (url) => url.pathname.startsWith('/own'),
  };

  test('is a span below it; others than own deployments hear nothing of the trace', async () => {
    const handler = withTracing(async (_: Request) => {
      const answers = await Promise.all([fetch(`${origin()}/own?key=s3cret`), fetch(`${origin()}/other`)]);
      return Response.json(await Promise.all(answers.map((answer) => answer.text())));
    }, options);
    assert.deepEqual(await (await handler(ask())).json(), ['ok', 'ok']);
    await Promise.all(platform.kept);
    assert.equal(place.bodies().length, 1, 'one body');
    const [server, ...clients] = [...place.spans()].sort((a, b) => a.kind - b.kind);
    assert.deepEqual(clients.map(({ kind, parentSpanId }) => [kind, parentSpanId]), [
      [3, server.spanId],
      [3, server.spanId],
    ]);
    const own = clients.find((span) => `${span.attributes.get('url.full')}`.includes('/own'));
    assert.equal(own?.attributes.get('url.full'), `${origin()}/own?key=REDACTED`);
    assert.deepEqual(
      heard.map(({ url, traceparent }) => [url, traceparent]).sort(),
      [
        ['/other', undefined],
        ['/own?key=s3cret', `00-${own?.traceId}-${own?.spanId}-03`],
      ],
    );
  });

  test('outside of a trace it is the platform’s', async () => {
    const before = place.spans().length;
    assert.equal(await (await fetch(`${origin()}/alone`)).text(), 'ok');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(place.spans().length, before);
    assert.equal(heard.at(-1)?.traceparent, undefined);
  });
});
