// A Mastra agent behind instrument(), in real workerd: a tool that asks the web, KV and D1 gives one trace
// in one request, and this is its tree.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { Miniflare } from 'miniflare';
import { decodeProtobuf, lint, plain, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { treeOf } from '../support/span_tree.ts';
import { bundleWorker, describeWorker } from '../support/workerd.ts';

const WEATHER = ['get KV', 'first DB', 'GET', 'put KV'];
const AGENT = [
  'invoke_agent reporter',
  '  model_generation gpt-4o-mini',
  '    agent_step reporter',
  '      chat gpt-4o-mini',
  '      execute_tool weather',
  ...WEATHER.map((name) => `        ${name}`),
  '    agent_step reporter',
  '      chat gpt-4o-mini',
];
const below = (root: string, lines: string[]): string[] => [root, ...lines.map((line) => `  ${line}`)];

describe('a Mastra agent behind instrument()', { timeout: 120_000 }, () => {
  let sink: Sink;
  let worker: Miniflare;
  let outdir: string;
  before(async () => {
    sink = await Sink.start();
    outdir = await bundleWorker(new URL('./bridge/', import.meta.url));
    worker = new Miniflare({
      ...(await describeWorker(outdir, { SINK: sink.origin })),
      kvNamespaces: ['KV'],
      d1Databases: ['DB'],
    });
    const db = await worker.getD1Database('DB');
    await db.exec('CREATE TABLE weather (city TEXT, celsius INTEGER)');
    await db.exec("INSERT INTO weather VALUES ('Bern', -5)");
  });
  after(async () => {
    await worker.dispose();
    await sink.close();
    await rm(outdir, { recursive: true });
  });

  /** Asks for a path; the bodies that `spans` spans came in. */
  async function ask(path: string, text: string, spans: number): Promise<WireSpan[][]> {
    const first = sink.requests.length;
    const bodies = (): WireSpan[][] =>
      sink.requests
        .slice(first)
        .filter((request) => request.path === '/ok/v1/traces')
        .map(({ body }) => decodeProtobuf(body));
    const response = await worker.dispatchFetch(`http://worker${path}`);
    assert.equal(await response.text(), text);
    await sink.until(() => bodies().flat().length >= spans, `${spans} spans of ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 100)); // for what must not come
    assert.deepEqual(bodies().flat().flatMap(lint), []);
    return bodies();
  }
  const get = (span: WireSpan | undefined, name: string): unknown => plain(span?.attributes.get(name));

  it('one trace, one body: the request, the agent, its tool, and what the tool asks', async () => {
    const bodies = await ask('/ask', 'It snows.', 12);
    assert.deepEqual(bodies.map(treeOf), [below('GET', AGENT)]);
    const [spans] = bodies as [WireSpan[]];
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
    const root = spans.find(({ parentSpanId }) => parentSpanId === '');
    assert.equal(get(root, 'url.path'), '/ask');
    const tool = spans.find(({ name }) => name === 'execute_tool weather') as WireSpan;
    assert.equal(get(tool, 'gen_ai.tool.call.arguments'), '{"city":"Bern"}');
    assert.match(`${get(tool, 'gen_ai.tool.call.result')}`, /"celsius":-5/);
    const asked = spans.filter(({ parentSpanId }) => parentSpanId === tool.spanId);
    assert.deepEqual(asked.map((span) => get(span, 'db.system.name')).filter(Boolean).sort(), [
      'cloudflare.d1',
      'cloudflare.kv',
      'cloudflare.kv',
    ]);
    const web = asked.find(({ name }) => name === 'GET');
    assert.equal(get(web, 'http.response.status_code'), 200);
    assert.match(`${get(web, 'url.full')}`, /\/200\/weather\/Bern$/);
    for (const span of asked) assert.ok(span.start >= tool.start, `${span.name} begins within the tool`);
  });

  it('a streamed answer', async () => {
    assert.deepEqual((await ask('/stream', 'It snows.', 12)).map(treeOf), [below('GET', AGENT)]);
  });

  it('an agent that is called in waitUntil', async () => {
    assert.deepEqual((await ask('/later', 'later', 12)).map(treeOf), [below('GET', AGENT)]);
  });

  it('a workflow', async () => {
    assert.deepEqual((await ask('/workflow', 'success', 7)).map(treeOf), [
      below('GET', [
        'invoke_workflow report',
        '  workflow_step look',
        ...WEATHER.map((name) => `    ${name}`),
      ]),
    ]);
  });

  it('two agents at once', async () => {
    const bodies = await ask('/both', 'both', 23);
    assert.equal(bodies.length, 1);
    const [spans] = bodies as [WireSpan[]];
    const tree = treeOf(spans);
    assert.equal(tree[0], 'GET');
    assert.equal(tree.filter((line) => line === '  invoke_agent reporter').length, 2);
    const tools = spans.filter(({ name }) => name === 'execute_tool weather');
    for (const { spanId } of tools) {
      const names = spans.filter((span) => span.parentSpanId === spanId).map(({ name }) => name);
      assert.deepEqual(names, WEATHER);
    }
  });

  it('requests at once keep their own trees', async () => {
    const first = sink.requests.length;
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => (await worker.dispatchFetch('http://worker/ask')).text()),
    );
    assert.deepEqual([...new Set(answers)], ['It snows.']);
    const bodies = (): WireSpan[][] =>
      sink.requests
        .slice(first)
        .filter((request) => request.path === '/ok/v1/traces')
        .map(({ body }) => decodeProtobuf(body));
    await sink.until(() => bodies().flat().length >= 72, 'six traces');
    const traces = new Map<string, WireSpan[]>();
    for (const span of bodies().flat()) {
      traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
    }
    assert.deepEqual([...traces.values()].map(treeOf), Array(6).fill(below('GET', AGENT)));
  });

  it('an exporter beside the bridge: each span once, the same tree', async () => {
    const bodies = await ask('/beside', 'It snows.', 12);
    const spans = bodies.flat();
    assert.deepEqual(treeOf(spans), below('GET', AGENT));
    assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 12);
  });
});
