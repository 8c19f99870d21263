// Every way to invoke a Worker under `instrument()`, in workerd with and without Node's modules: answers
// are what they are without tracing, spans are the conventions', and each trace is sent when it is over.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Lab, type Tree } from './cloudflare/lab.ts';

const SERVER = 2; // OTLP's
const CONSUMER = 5;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const flags of [['nodejs_compat', 'enable_request_signal'], []]) {
  describe(`handlers, ${flags[0] ?? 'without Node’s modules'}`, { timeout: 120_000 }, () => {
    let lab: Lab;
    before(async () => void (lab = await Lab.start(flags)));
    after(() => lab.close());

    const served = (path: string, count = 1): Promise<Tree> =>
      lab.trace(path, (span) => span.attributes.get('url.path') === path, count);
    const named = (name: string, count = 1): Promise<Tree> =>
      lab.trace(name, (span) => span.name === name, count);

    it('fetch: HTTP and FaaS conventions, captured headers alone, the resource', async () => {
      const trace = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
      const answer = await lab.get('/hello?code=s3cret&x', {
        headers: {
          traceparent: `00-${trace.join('-')}-01`,
          tracestate: 'vendor=1',
          'x-told': 'yes',
          'x-secret': 'no',
          'user-agent': 'tests',
        },
      });
      assert.equal(await answer.text(), 'hello');
      const span = (await served('/hello')).one('GET');
      const { 'faas.coldstart': cold, 'cloudflare.colo': _, ...said } = Object.fromEntries(span.attributes);
      assert.equal(cold, true);
      assert.deepEqual(said, {
        'faas.trigger': 'http',
        'network.protocol.version': '1.1',
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'url.path': '/hello',
        'url.query': 'code=REDACTED&x',
        'server.address': '127.0.0.1',
        'server.port': BigInt(lab.url.port),
        'user_agent.original': 'tests',
        'http.request.header.x-told': ['yes'],
        'http.response.status_code': 200n,
        'http.response.header.x-answer': ['yes'],
      });
      assert.deepEqual([span.traceId, span.parentSpanId], trace);
      assert.deepEqual([span.kind, span.traceState, span.status.code], [SERVER, 'vendor=1', 0]);
      assert.equal(span.resource.get('service.name'), 'cloudflare');
      assert.equal(span.resource.get('cloud.provider'), 'cloudflare');
      assert.equal(span.resource.get('cloud.platform'), 'cloudflare.workers');
      assert.deepEqual([span.scope.name], ['edgespan/cloudflare']);
    });

    it('a caller that is not trusted begins a new trace, which links to its own', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b8-01';
      await (await lab.get('/untrusted', { headers: { traceparent } })).text();
      const span = (await served('/untrusted')).one('GET');
      assert.notEqual(span.traceId, traceparent.slice(3, 35));
      assert.equal(span.parentSpanId, '');
      assert.deepEqual(span.links.map(({ traceId, spanId }) => [traceId, spanId]), [
        ['4bf92f3577b34da6a3ce929d0e0e4737', '00f067aa0ba902b8'],
      ]);
    });

    it('status: errors of the server are errors, others are not', async () => {
      for (const [path, status, code] of [['/empty', 204, 0], ['/missing', 404, 0], ['/broken', 503, 2]] as const) {
        const answer = await lab.get(path);
        assert.deepEqual([answer.status, await answer.text()], [status, status === 204 ? '' : 'no']);
        const span = (await served(path)).one('GET');
        assert.equal(span.attributes.get('http.response.status_code'), BigInt(status));
        assert.deepEqual([span.status.code, span.attributes.get('error.type')], [code, code ? `${status}` : undefined]);
      }
      const head = await lab.get('/hello', { method: 'HEAD' });
      assert.deepEqual([head.status, await head.text()], [200, '']);
      assert.equal((await named('HEAD')).one('HEAD').status.code, 0);
    });

    it('what a handler throws is recorded, and answered as ever', async () => {
      for (const [path, message] of [['/throws', 'it broke'], ['/rejects', 'it broke later']]) {
        const [bare, traced] = [await lab.get(`${path}?bare`), await lab.get(path)];
        assert.deepEqual([traced.status, (await traced.text()).split('\n')[0]], [500, `RangeError: ${message}`]);
        assert.deepEqual([bare.status, (await bare.text()).split('\n')[0]], [500, `RangeError: ${message}`]);
        const span = (await served(path)).one('GET');
        assert.deepEqual(span.status, { code: 2, message });
        assert.equal(span.attributes.get('error.type'), 'RangeError');
        assert.equal(span.events[0].attributes.get('exception.message'), message);
      }
    });

    it('an answer that is no stream is the handler’s own object', async () => {
      assert.equal(await (await lab.get('/identity')).text(), 'true');
    });

    it('waitUntil: the answer is not kept waiting, the trace is', async () => {
      const begin = Date.now();
      assert.equal(await (await lab.get('/wait')).text(), 'at once');
      const answered = Date.now() - begin;
      const tree = await served('/wait', 2);
      assert.equal(`${tree}`, 'GET\n  get KV');
      const [root, late] = [tree.one('GET'), tree.one('get KV')];
      assert.ok(late.end > root.end, 'the span ends with the answer');
      assert.ok(Number(root.end - root.start) / 1e6 < answered + 50);
    });

    it('a stream ends its span with its last byte', async () => {
      const answer = await lab.get('/sse');
      assert.equal(answer.headers.get('content-type'), 'text/event-stream');
      assert.equal(await answer.text(), 'data: 0\n\ndata: 1\n\ndata: 2\n\n');
      const span = (await served('/sse')).one('GET');
      assert.ok(Number(span.end - span.start) > 150e6, `${Number(span.end - span.start) / 1e6} ms`);
      assert.equal(span.status.code, 0);
    });

    it('a stream whose source breaks', async () => {
      const text = await lab.get('/sse-broken').then((answer) => answer.text()).catch(String);
      assert.ok(text.includes('data: 1') || text.includes('TypeError'), text);
      const span = (await served('/sse-broken')).one('GET');
      assert.deepEqual(span.status, { code: 2, message: 'source broke' });
    });

    it('a stream whose client goes away: its source is cancelled, the span ends', async () => {
      const abort = new AbortController();
      const answer = await lab.get('/sse-forever', { signal: abort.signal });
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      await reader.read();
      abort.abort();
      const span = (await served('/sse-forever')).one('GET');
      assert.equal(span.attributes.get('edgespan.response.cancelled'), true);
      assert.equal(span.status.code, 0);
      assert.equal(((await (await lab.get('/cancelled?bare')).json()) as string[]).length, 1);
    });

    it('a request whose client goes away before it is answered', async () => {
      const abort = new AbortController();
      const answer = lab.get('/slow', { signal: abort.signal }).catch((error) => error.name);
      await sleep(150);
      abort.abort();
      assert.equal(await answer, 'AbortError');
      const tree = await served('/slow', 2);
      assert.equal(`${tree}`, 'GET\n  get KV');
      assert.equal(tree.one('GET').status.code, 0);
    });

    it('a WebSocket is handed over as it is', async () => {
      const socket = new WebSocket(new URL('/websocket', lab.url).href.replace('http', 'ws'));
      const said = new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
      socket.onopen = () => socket.send('hi');
      assert.equal(await said, 'echo hi');
      socket.close();
      assert.equal((await served('/websocket')).one('GET').attributes.get('http.response.status_code'), 101n);
    });

    it('scheduled', async () => {
      const worker: any = await lab.worker.getWorker('main');
      await worker.scheduled({ cron: '* * * * *', scheduledTime: new Date(1e12) });
      const tree = await named('scheduled * * * * *', 3);
      assert.equal(`${tree}`, 'scheduled * * * * *\n  put KV\n  get KV');
      const said = tree.said('scheduled * * * * *', 'faas.trigger', 'faas.cron', 'faas.time');
      assert.deepEqual(said, {
        'faas.trigger': 'timer',
        'faas.cron': '* * * * *',
        'faas.time': '2001-09-09T01:46:40.000Z',
      });
      const { outcome } = await worker.scheduled({ cron: 'fail' });
      assert.equal(outcome, 'exception');
      assert.deepEqual((await named('scheduled fail', 3)).one('scheduled fail').status, { code: 2, message: 'no time' });
    });

    it('queue', async () => {
      const worker: any = await lab.worker.getWorker('main');
      const message = { id: '1', timestamp: new Date(), attempts: 1, body: { plain: true } };
      const { outcome, ackAll } = await worker.queue('direct', [message]);
      assert.deepEqual([outcome, ackAll], ['ok', true]);
      const tree = await named('process direct', 2);
      assert.equal(`${tree}`, 'process direct\n  put KV');
      const { 'faas.coldstart': _, ...said } = tree.said('process direct');
      assert.deepEqual(said, {
        'faas.trigger': 'pubsub',
        'messaging.system': 'cloudflare.queues',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': 'direct',
        'messaging.batch.message_count': 1n,
      });
      assert.equal(tree.one('process direct').kind, CONSUMER);
    });

    it('email', async () => {
      const query = new URLSearchParams({ from: 'a@b.example', to: 'c@d.example' });
      const body = 'From: a@b.example\r\nTo: c@d.example\r\nMessage-ID: <1@b.example>\r\n\r\nhello';
      const answer = await lab.get(`/cdn-cgi/handler/email?${query}`, { method: 'POST', body });
      assert.equal(answer.status, 200);
      const seen = (await (await lab.get('/seen?bare')).json()) as { email?: string }[];
      assert.deepEqual(seen.filter(({ email }) => email), [{ email: 'a@b.example' }]);
      const span = (await named('email')).one('email');
      assert.equal(span.attributes.get('cloudflare.email.size'), BigInt(body.length));
      assert.ok(![...span.attributes.values()].some((value) => `${value}`.includes('@')));
    });

    it('tail', async () => {
      await (await lab.worker.dispatchFetch('http://tailed/')).text();
      const span = (await named('tail')).one('tail');
      assert.equal(span.attributes.get('cloudflare.tail.events'), 1n);
    });

    it('a Durable Object’s alarm', async () => {
      await (await lab.get('/alarm')).text();
      const tree = await named('Counter/alarm', 2);
      assert.equal(`${tree}`, 'Counter/alarm\n  put KV');
      assert.equal(tree.said('Counter/alarm')['faas.trigger'], 'timer');
    });

    it('hibernating WebSockets: each message is a trace, a failure is recorded', async () => {
      const socket = new WebSocket(new URL('/talk', lab.url).href.replace('http', 'ws'));
      const said = new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
      socket.onopen = () => socket.send('hi');
      assert.equal(await said, 'echo hi 1');
      const tree = await named('Talk/webSocketMessage', 2);
      assert.equal(`${tree}`, 'Talk/webSocketMessage\n  put KV');
      assert.equal(tree.said('Talk/webSocketMessage')['cloudflare.websocket.size'], 2n);
      socket.close(4001);
      const closed = await named('Talk/webSocketClose');
      assert.equal(closed.said('Talk/webSocketClose')['cloudflare.websocket.code'], 4001n);
    });

    for (const fails of [false, true]) {
      it(`a Workflow${fails ? ' that fails' : ''}: one trace, each attempt and pause a span`, async () => {
        const id = `order-${fails ? 'fail' : 'good'}`;
        assert.equal(await (await lab.get(`/flow?id=${id}`)).json(), id);
        const status = async (): Promise<any> => (await lab.get(`/status?bare&id=${id}`)).json();
        const isOf = (span: Lab['spans'][number]): boolean =>
          span.attributes.get('cloudflare.workflow.instance_id') === id && span.name !== 'create FLOW';
        await lab.trace('steps', (span) => isOf(span), 5);
        await (await lab.get(`/poke?bare&id=${id}`)).text();
        const tree = await lab.trace('the run', (span) => isOf(span), 7);
        assert.equal(`${tree}`, 'Flow/run\n  first\n    put KV\n  nap\n  second\n  second\n  poke');
        const [once, again] = tree.spans.filter(({ name }) => name === 'second');
        assert.deepEqual([once.status, again.status.code], [{ code: 2, message: 'once more' }, 0]);
        assert.ok(Number(tree.one('nap').end - tree.one('nap').start) >= 50e6);
        const root = tree.one('Flow/run');
        assert.deepEqual([root.status.code, root.parentSpanId], [fails ? 2 : 0, '']);
        assert.ok(root.start <= tree.one('first').start && root.end >= tree.one('poke').end);
        const { status: state, output } = await status();
        assert.deepEqual([state, output], fails ? ['errored', null] : ['complete', 3]);
      });
    }

    it('an app of Hono, private fields and all', async () => {
      assert.deepEqual(await lab.app('hono', '/called'), [200, 'shop']);
      assert.deepEqual(await lab.app('hono', '/items/3'), [200, '{"id":"3","kept":"x"}']);
      const tree = await served('/items/3', 4);
      const lines = `${tree}`.split('\n').sort();
      assert.deepEqual(lines, ['  get KV', '  get KV', '  put KV', 'GET /items/:id']);
      const root = tree.one('GET /items/:id').attributes;
      assert.deepEqual(root.get('http.response.header.x-answer'), ['from hono']);
      assert.equal(root.get('http.route'), '/items/:id');
      assert.deepEqual(await lab.app('hono', '/fails'), [500, 'Internal Server Error']);
      assert.equal((await served('/fails')).one('GET').status.code, 2);
    });

    it('a function of Pages', async () => {
      assert.deepEqual(await lab.app('page', '/page'), [200, 'page 7 next']);
      assert.equal(`${await served('/page', 2)}`, 'GET\n  get KV');
    });

    it('bindings are the same objects in each request, where requests tell themselves', async () => {
      const answers = [await lab.app('maker'), await lab.app('maker')];
      assert.deepEqual(answers.map(([, text]) => text), ['false', `${flags.length > 0}`]);
    });

    it('a handler that is frozen', async () => {
      assert.deepEqual(await lab.app('frozen', '/frozen'), [200, '']);
      assert.equal(`${await served('/frozen', 2)}`, 'GET\n  get KV');
    });

    it('tracing that cannot work changes nothing', async () => {
      for (const name of ['threw', 'broken', 'nowhere']) assert.deepEqual(await lab.app(name), [200, 'hello']);
      assert.deepEqual(await lab.app('alone'), [200, 'undefined undefined']);
      assert.deepEqual(await lab.app('unsampled'), [200, '']);
      assert.deepEqual(await lab.app('judged', '/judged'), [200, '1']);
      assert.equal(`${await served('/judged', 2)}`, 'GET\n  get KV');
      assert.deepEqual(await lab.app('unbound', '/unbound'), [200, '']);
      assert.equal(`${await served('/unbound')}`, 'GET');
      assert.equal(lab.sink.requests.some(({ path }) => path.startsWith('/unsampled')), false);
      lab.printed.length = 0; // it says so
    });

    it('nothing was lost, and nothing went wrong', async () => {
      const receipts = (await (await lab.get('/receipts?bare')).json()) as { accepted: number; lost?: number }[];
      assert.ok(receipts.length > 10);
      assert.deepEqual(lab.printed.filter((line) => line.includes('edgespan')), []);
      await sleep(0);
    });
  });
}

describe('a Workflow that lives twice', { timeout: 60_000 }, () => {
  it('is one trace: steps of the first life are told once, the second life tells the rest', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'edgespan-workflow-'));
    const lab = await Lab.start(['nodejs_compat'], false, folder);
    test.after(async () => {
      await lab.close();
      await rm(folder, { recursive: true });
    });
    await (await lab.get('/flow?id=twice')).text();
    const isOf = (span: Lab['spans'][number]): boolean =>
      span.attributes.get('cloudflare.workflow.instance_id') === 'twice' && span.name !== 'create FLOW';
    const first = await lab.trace('the first life', isOf, 5);
    assert.deepEqual(first.spans.map(({ name }) => name).sort(), ['first', 'nap', 'put KV', 'second', 'second']);
    await lab.reload();
    await (await lab.get('/poke?bare&id=twice')).text();
    const whole = await lab.trace('both lives', isOf, 7);
    assert.equal(`${whole}`, 'Flow/run\n  first\n    put KV\n  nap\n  second\n  second\n  poke');
    const status = (await (await lab.get('/status?bare&id=twice')).json()) as { output: number };
    assert.equal(status.output, 3);
  });
});
