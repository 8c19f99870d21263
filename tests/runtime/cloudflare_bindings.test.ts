// Every binding under `instrument()`, in workerd with and without Node's modules: what the spans say, and
// that the user's code gets what it gets without tracing.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Lab, type Tree } from './cloudflare/lab.ts';

const CLIENT = 3; // OTLP's
const PRODUCER = 4;

for (const flags of [['nodejs_compat'], []]) {
  describe(`bindings, ${flags[0] ?? 'without Node’s modules'}`, { timeout: 120_000 }, () => {
    const als = flags.length > 0;
    let lab: Lab;
    before(async () => void (lab = await Lab.start(flags)));
    after(() => lab.close());

    /** Asks for a path with and without tracing; the answers must be the same. The trace of the former. */
    async function both(path: string, count: number, answer?: unknown): Promise<Tree> {
      const bare = await (await lab.get(`${path}?bare`)).text();
      const first = lab.sink.requests.length;
      const traced = await lab.get(path);
      assert.equal(await traced.text(), bare);
      assert.equal(traced.status, 200);
      if (answer !== undefined) assert.deepEqual(JSON.parse(bare), answer);
      const isIt = (span: Lab['spans'][number]): boolean => span.attributes.get('url.path') === path;
      const tree = await lab.trace(path, isIt, count);
      assert.ok(lab.sink.requests.length > first);
      return tree;
    }

    it('KV', async () => {
      const tree = await both('/kv', 10);
      assert.equal(
        `${tree}`,
        'GET\n  put KV\n  put KV\n  get KV\n  getWithMetadata KV\n  get KV\n  get KV\n  list KV\n  delete KV\n  get KV',
      );
      assert.deepEqual(tree.said('list KV'), {
        'db.system.name': 'cloudflare.kv',
        'db.operation.name': 'list',
        'db.response.returned_rows': 2n,
        'cloudflare.binding.name': 'KV',
      });
      const [one, none, many, failed] = tree.spans.filter(({ name }) => name === 'get KV');
      assert.deepEqual(one.attributes.get('cloudflare.keys'), ['a']);
      assert.equal(one.kind, CLIENT);
      assert.deepEqual(
        [one, none, many].map((span) => span.attributes.get('db.response.returned_rows')),
        [1n, 0n, 2n],
      );
      assert.equal(many.attributes.get('db.operation.batch.size'), 2n);
      assert.deepEqual(failed.status, { code: 2, message: 'Key name cannot be empty.' });
      assert.equal(failed.attributes.get('error.type'), 'TypeError');
      assert.equal(failed.events[0].name, 'exception');
    });

    it('R2, multipart uploads included', async () => {
      const tree = await both('/r2', 11, ['object', 4, 6, 2, null, true]);
      assert.deepEqual(
        tree.spans.slice(0, -1).map(({ name }) => name.split(' ')[0]),
        ['put', 'get', 'createMultipartUpload', 'uploadPart', 'complete', 'head', 'list', 'delete', 'get', 'abort'],
      );
      assert.deepEqual(tree.said('list R2', 'db.system.name', 'db.response.returned_rows'), {
        'db.system.name': 'cloudflare.r2',
        'db.response.returned_rows': 2n,
      });
      assert.equal(tree.one('abort R2').status.code, 2);
      assert.equal(tree.one('delete R2').attributes.get('db.operation.batch.size'), 2n);
    });

    it('D1: the query’s shape, never its literals', async () => {
      const tree = await both('/d1', 9);
      assert.equal(
        `${tree}`,
        'GET\n  exec DB\n  run DB\n  batch DB\n  all DB\n  first DB\n  raw DB\n  first DB\n  run DB',
      );
      assert.deepEqual(tree.said('all DB'), {
        'db.system.name': 'cloudflare.d1',
        'db.operation.name': 'all',
        'db.query.text': 'SELECT name FROM t WHERE id >= ? AND name <> ?',
        'db.response.returned_rows': 2n,
        'cloudflare.d1.rows_read': 2n,
        'cloudflare.d1.rows_written': 0n,
        'cloudflare.binding.name': 'DB',
      });
      const insert = 'INSERT INTO t VALUES (?, ?)';
      assert.deepEqual(tree.said('batch DB', 'db.query.text', 'db.operation.batch.size'), {
        'db.query.text': insert, // twice,
        'db.operation.batch.size': 2n,
      });
      const failed = tree.spans.filter(({ name }) => name === 'run DB')[1];
      assert.match(failed.status.message, /syntax error/);
      const [, session] = tree.spans.filter(({ name }) => name === 'first DB');
      assert.equal(session.attributes.get('db.query.text'), 'SELECT count(*) AS n FROM t');
    });

    it('Workers AI and Vectorize (fakes), Analytics Engine, rate limits, caches, Hyperdrive', async () => {
      const tree = await both('/others', als ? 11 : 8);
      assert.deepEqual(tree.said('chat @cf/meta/llama'), {
        'gen_ai.provider.name': 'cloudflare.workers_ai',
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': '@cf/meta/llama',
        'gen_ai.request.max_tokens': 9n,
        'gen_ai.usage.input_tokens': 5n,
        'gen_ai.usage.output_tokens': 3n,
        'cloudflare.binding.name': 'AI',
      });
      assert.equal(tree.one('generate_content none').status.message, 'no such model');
      assert.equal(tree.one('query INDEX').attributes.get('db.response.returned_rows'), 2n);
      assert.equal(tree.one('query INDEX').attributes.has('db.operation.batch.size'), false);
      assert.equal(tree.one('upsert INDEX').attributes.get('db.operation.batch.size'), 2n);
      assert.equal(tree.one('writeDataPoint EVENTS').attributes.get('db.system.name'), 'cloudflare.analytics_engine');
      assert.equal(tree.one('limit LIMIT').attributes.get('cloudflare.rate_limit.success'), true);
      const { 'server.address': address, 'server.port': port, ...hyper } = tree.said('connect HYPER');
      assert.deepEqual([typeof address, typeof port], ['string', 'bigint']);
      assert.deepEqual(hyper, {
        'db.system.name': 'cloudflare.hyperdrive',
        'db.operation.name': 'connect',
        'db.namespace': 'shop',
        'cloudflare.binding.name': 'HYPER',
      });
      if (!als) return; // nothing tells which invocation uses a global after an await
      assert.equal(tree.one('put caches').attributes.get('url.full'), 'http://cache/a?k=REDACTED');
      const hits = tree.spans.filter(({ name }) => name === 'match caches');
      assert.deepEqual(hits.map((span) => span.attributes.get('db.response.returned_rows')), [1n, 0n]);
    });

    it('email', async () => {
      const tree = await both('/email', 2);
      assert.deepEqual(tree.said('send MAIL'), {
        'messaging.system': 'cloudflare.email',
        'messaging.operation.type': 'send',
        'messaging.operation.name': 'send',
        'cloudflare.binding.name': 'MAIL',
      });
      assert.equal(tree.one('send MAIL').kind, PRODUCER);
    });

    it('queues: consumers link to producers, and others see messages as they were sent', async () => {
      lab.sink.requests.length = 0;
      await (await lab.get('/send')).text();
      const sent = await lab.trace('/send', (span) => span.attributes.get('url.path') === '/send', 4);
      const [one, batch] = [sent.one('send JOBS'), sent.one('sendBatch JOBS')];
      assert.equal(one.kind, PRODUCER);
      assert.equal(batch.attributes.get('messaging.batch.message_count'), 2n);
      await lab.sink.until(() => lab.spans.filter(({ name }) => name.startsWith('process ')).length > 1, 'both queues');
      const processed = lab.spans.filter(({ name }) => name === 'process jobs');
      const links = processed.flatMap((span) => span.links.map(({ traceId, spanId }) => [traceId, spanId]));
      assert.deepEqual(
        links.sort(),
        [one, batch].map(({ traceId, spanId }) => [traceId, spanId]).sort(),
      );
      assert.notEqual(processed[0].traceId, one.traceId);
      assert.equal(processed[0].attributes.get('faas.trigger'), 'pubsub');
      const quiet = lab.spans.filter(({ name }) => name === 'process quiet');
      assert.deepEqual(quiet.flatMap((span) => span.links), []);
      const seen = (await (await lab.get('/seen?bare')).json()) as { bodies?: unknown[] }[];
      const bodies = seen.flatMap((one) => one.bodies ?? []);
      assert.deepEqual(bodies.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))), [
        'text',
        { job: 1 },
        { job: 2 },
        { job: 3 },
      ]);
    });

    it('Durable Objects: one trace through fetch, methods and storage', async () => {
      const tree = await both('/object', 15, [[10, 0], '1', 'TypeError: broke: x', 2]);
      const text =
        'GET\n  COUNTER/add\n    Counter/add\n      put storage\n      get storage\n' +
        '  GET\n    GET\n      exec storage\n      exec storage\n      put storage\n      transaction storage\n' +
        `${als ? '  ' : ''}      put storage\n      put KV\n      get storage\n` +
        '  COUNTER/breaks\n    Counter/breaks\n  PLAIN/count';
      // Without an active context the inner put is a sibling, of which the clock may say that it began first.
      const lines = (tree: string): string[] => (als ? [tree] : tree.split('\n').sort());
      assert.deepEqual(lines(`${tree}`), lines(text));
      const call = tree.one('COUNTER/add');
      const served = tree.one('Counter/add');
      assert.deepEqual([call.kind, served.kind], [CLIENT, 2]);
      assert.equal(served.attributes.get('rpc.method'), 'add');
      assert.match(`${served.attributes.get('cloudflare.durable_object.id')}`, /^[\da-f]{64}$/);
      for (const name of ['COUNTER/breaks', 'Counter/breaks']) {
        assert.deepEqual(tree.one(name).status, { code: 2, message: 'broke: x' });
      }
      const queries = tree.spans.filter(({ name }) => name === 'exec storage');
      assert.equal(queries[1].attributes.get('db.query.text'), 'INSERT INTO s VALUES (?)');
    });

    it('services: fetch and methods; who is not instrumented sees nothing but a header', async () => {
      const bare = await (await lab.get('/services?bare')).json();
      const traced = await (await lab.get('/services')).json();
      const common = [[13, 0], 'made', 'v1', 'entry /x', 3];
      assert.deepEqual([bare, traced], [[...common, false], [...common, true]]);
      const tree = await lab.trace('/services', (span) => span.attributes.get('url.path') === '/services', 10);
      assert.equal(
        `${tree}`,
        'GET\n  ENTRY/add\n    Entry/add\n      put KV\n      get KV\n  ENTRY/maker\n    Entry/maker\n' +
          '  GET\n    GET\n  OTHER/count\n  GET',
      );
    });

    it('fetch: addresses scrubbed, context only to whom it may go, failures and aborts', async () => {
      lab.sink.requests.length = 0;
      const tree = await both('/fetch', als ? 6 : 2);
      assert.deepEqual(tree.spans.find(({ name, kind }) => name === 'GET' && kind === CLIENT)?.attributes, new Map<string, unknown>([
        ['http.request.method', 'GET'],
        ['url.full', `${lab.sink.origin}/told/a?token=REDACTED`],
        ['server.address', '127.0.0.1'],
        ['server.port', BigInt(new URL(lab.sink.origin).port)],
        ['cloudflare.binding.name', 'fetch'],
        ['http.response.status_code', 200n],
      ]));
      const headers = (path: string): (string | undefined)[] =>
        lab.sink.requests.filter((r) => r.path.startsWith(path)).map((r) => r.headers.traceparent as string);
      const told = tree.spans.find((span) => `${span.attributes.get('url.full')}`.includes('/told'));
      assert.deepEqual(headers('/told'), [undefined, `00-${told?.traceId}-${told?.spanId}-03`]);
      assert.deepEqual(headers('/untold'), [undefined, undefined]);
      assert.deepEqual(headers('/404'), ['mine', 'mine']);
      if (!als) return;
      const failed = tree.spans.filter(({ status }) => status.code === 2);
      assert.equal(failed.length, 3);
      assert.equal(failed[0].attributes.get('error.type'), '404');
      assert.equal(failed[0].attributes.get('http.response.status_code'), 404n);
      assert.match(failed[1].status.message, /network|connection/i);
      assert.equal(failed[2].attributes.get('error.type'), 'TimeoutError');
    });

    it('spans of the user’s own, by OpenTelemetry’s API', async () => {
      assert.equal(await (await lab.get('/api')).text(), `${als}`);
      const tree = await lab.trace('/api', (span) => span.attributes.get('url.path') === '/api', 3);
      // Without an active context the API has none after an await; the call before it is within the span.
      assert.equal(`${tree}`, 'GET\n  work\n    get KV');
      assert.deepEqual([tree.one('work').status.code, tree.one('work').scope.name], [1, 'user']);
    });

    it('what runs at once within a request keeps its parents', async () => {
      assert.equal(await (await lab.get('/branches')).text(), 'done');
      const tree = await lab.trace('/branches', (span) => span.attributes.get('url.path') === '/branches', 13);
      const names = new Map(tree.spans.map(({ spanId, name }) => [spanId, name]));
      for (const n of ['1', '2', '3']) {
        const calls = tree.spans.filter(({ attributes }) => `${attributes.get('cloudflare.keys')}` === n);
        const parents = calls.map(({ parentSpanId }) => names.get(parentSpanId));
        // Without an active context, what comes after an await is told of the request.
        const later = als ? `branch ${n}` : 'GET';
        assert.deepEqual(parents.sort(), [`branch ${n}`, later, later].sort());
      }
    });

    it('a binding that was kept of another request is never told of as that one’s', async () => {
      for (const path of ['/first', '/second']) assert.equal((await lab.app('keeper', path))[0], 200);
      const of = (path: string, count: number) =>
        lab.trace(path, (span) => span.attributes.get('url.path') === path, count);
      assert.equal(`${await of('/second', als ? 2 : 1)}`, als ? 'GET\n  get KV' : 'GET');
      assert.equal(`${await of('/first', 2)}`, 'GET\n  get KV');
    });

    it('stubs are handed on, and requests are made of requests, as without tracing', async () => {
      lab.sink.requests.length = 0;
      await both('/passed', als ? 7 : 6, [2, 2, 1, 200, '']);
      const posts = lab.sink.requests.filter(({ path }) => path === '/told/again');
      assert.deepEqual(
        posts.map(({ headers, body }) => [`${Buffer.from(body)}`, headers['x-own'], 'traceparent' in headers]),
        [['body', '1', false], ['body', '1', als]],
      );
    });

    it('calls that run at once stay below their own requests', async () => {
      const tree = await both('/nested', 13, ['x3', 'x1', 'x2']);
      const branches = tree.spans.filter((span) => span.attributes.get('url.path') === '/branch');
      assert.equal(branches.length, 3);
      for (const branch of branches) {
        const n = /n=(\d)/.exec(`${branch.attributes.get('url.query')}`);
        assert.equal(n, null); // values are not told
        const keys = tree.spans
          .filter(({ parentSpanId }) => parentSpanId === branch.spanId)
          .map((span) => (span.attributes.get('cloudflare.keys') as string[])[0]);
        assert.equal(keys.length, 2);
        assert.equal(keys[0], keys[1]);
      }
    });
  });
}
