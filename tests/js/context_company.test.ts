// The Context Company, on the wire: a run is what Mastra exported, in one document; its id, sessions and
// feedback; what settings do. Titles name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { contextCompany, otlp, runIdOf } from 'edgespan/destinations';
import { native } from 'edgespan/dialects';
import { EdgespanExporter, type MastraSpan, type MastraTracingEvent } from 'edgespan/mastra';
import { scores } from 'edgespan/signals';
import { bare, env, json, place, RECORDINGS, send, sentTo, sink, type Json } from './formats.ts';
import { end, id, play, recorded, run, span, start, type TestSpan } from './spans.ts';

const KEY = 'tcc_prod_s3cr3tk3y';
const UUID = /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

const endedOf = (events: readonly MastraTracingEvent[]): MastraSpan[] =>
  events.filter(({ type }) => type === 'span_ended').map(({ exportedSpan }) => exportedSpan);

/** A span as it leaves: of a run that hides its input, instructions and what its tools are do not. */
function shown(one: TestSpan, root: TestSpan): TestSpan {
  if (root.type !== 'agent_run' || root.input !== undefined) return one;
  const { instructions, tools, availableTools, toolDescription, ...attributes } = one.attributes ?? {};
  return { ...one, attributes };
}

for (const name of RECORDINGS) {
  test(`rows 134-137, 139-141, 151-152: a run is what Mastra exported, in one request: ${name}`, async () => {
    const at = place();
    const events = recorded(name);
    const endpoint = sink.origin + at;
    const { receipt, said } = await send(
      [contextCompany({ apiKey: KEY, endpoint, env, dropTypes: [] })],
      events,
    );
    const ended = bare(endedOf(events)) as TestSpan[];
    const requests = sentTo(at);
    const roots = ended.filter(({ isRootSpan }) => isRootSpan);
    assert.equal(requests.length, roots.length);
    assert.equal(receipt.accepted, ended.length);
    assert.deepEqual(said, []);
    for (const request of requests) {
      assert.equal(request.path, `${at}/v1/mastra`);
      assert.equal(request.headers.authorization, `Bearer ${KEY}`);
      assert.equal(request.headers['content-type'], 'application/json');
      assert.equal(request.headers['content-encoding'], undefined);
      const { spans, ...document } = json(request);
      const root = roots.find(({ id: own }) => spans.some((s: Json) => s.id === own)) as TestSpan;
      const runId = runIdOf(root.traceId, root.id, root.metadata);
      assert.deepEqual(document, {
        runId,
        traceId: root.traceId,
        framework: 'mastra',
        metadata: {
          ...root.metadata,
          ...(root.metadata?.threadId !== undefined && { 'tcc.sessionId': root.metadata.threadId }),
        },
      });
      const sent = new Map(spans.map((s: Json) => [s.id, s]));
      const whole = ended.filter(({ traceId }) => traceId === root.traceId);
      assert.equal(sent.size, whole.length);
      for (const one of whole) {
        assert.ok(isDeepStrictEqual(sent.get(one.id), { ...shown(one, root), runId }), `${one.type} ${one.id}`);
      }
    }
  });
}

/** The document of a run with these members on its second span. */
async function documentOf(members: Json, metadata?: Json): Promise<{ document: Json; spans: MastraSpan[] }> {
  const at = place();
  const spans = run(1);
  Object.assign(spans[1], members);
  if (metadata) spans[0].metadata = metadata;
  const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env });
  await send([to], (exporter) => play(exporter, spans));
  const [request] = sentTo(at);
  return { document: json(request), spans };
}
const second = ({ document, spans }: { document: Json; spans: MastraSpan[] }): Json =>
  document.spans.find((s: Json) => s.id === spans[1].id);

test('any value comes through, and a name that would be dangerous is a name', async () => {
  const attributes = JSON.parse('{"__proto__":{"a":1},"dot.ted":"5","quote\\"d":[],"text":"{}"}');
  Object.assign(attributes, { usage: { inputTokens: 1 }, empty: {}, deep: { list: [1, 'two', null, { three: [] }] }, when: new Date(5) });
  const members = {
    attributes,
    input: '{"not":"parsed"}',
    output: ['🌨️', '\u2028', 0.1, -7, 2 ** 53 - 1, NaN, null, true],
    metadata: { 'a.b': { c: null }, gone: undefined },
    requestContext: { 'user-id': 'u' },
    entityType: 'tool',
    errorInfo: { message: 'no', stack: 'at x', details: { n: 1 } },
  };
  const told = second(await documentOf(members));
  for (const [name, value] of Object.entries(bare(members))) assert.deepEqual(told[name], value, name);
  assert.deepEqual(Object.keys(told.attributes).sort(), Object.keys(bare(attributes)).sort());
});

test('headers and live objects of parameters stay at home', async () => {
  const parameters = { temperature: 0.5, headers: { authorization: 'Bearer s3cr3t' }, abortSignal: {} };
  const told = await documentOf({ type: 'model_generation', attributes: { model: 'm', parameters } });
  assert.deepEqual(second(told).attributes, { model: 'm', parameters: { temperature: 0.5 } });
  const odd = await documentOf({ attributes: { parameters: 'none' } });
  assert.deepEqual(second(odd).attributes, { parameters: 'none' });
});

test('no members at all, an event, a root whose parent is elsewhere', async () => {
  const { document, spans } = await documentOf({ isEvent: true, endTime: undefined, input: undefined });
  const told = second({ document, spans });
  const { id: own, traceId, name, type, startTime, isEvent, isRootSpan, parentSpanId } = spans[1];
  const { runId } = document;
  assert.deepEqual(
    told,
    bare({ id: own, traceId, name, type, startTime, isEvent, isRootSpan, parentSpanId, runId }),
  );
  const at = place();
  const [root] = run(0, { externalParentSpanId: 'ab12ab12ab12ab12', attributes: {} });
  const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env });
  await send([to], (exporter) => play(exporter, [root]));
  const [alone] = json(sentTo(at)[0]).spans;
  assert.equal(alone.externalParentSpanId, 'ab12ab12ab12ab12');
  assert.deepEqual([alone.isRootSpan, alone.parentSpanId, alone.attributes], [true, undefined, {}]);
});

test('what limits cut is not what names the run and its session', async () => {
  const metadata = { note: 'x'.repeat(5_000), 'tcc.runId': 'order 66', threadId: 't1', empty: {} };
  const runId = runIdOf('', '', metadata);
  for (const cut of [{ limits: { attributeValueLengthLimit: 100 } }, { maxRequestBytes: 3_000 }]) {
    const at = place();
    const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env, ...cut });
    await send([to], (exporter) => play(exporter, run(1, { metadata })));
    const document = json(sentTo(at)[0]);
    assert.ok(document.metadata.note.length < 5_000);
    const { note: _, ...short } = document.metadata;
    assert.deepEqual(short, { 'tcc.runId': 'order 66', threadId: 't1', empty: {}, 'tcc.sessionId': 't1' });
    assert.equal(document.runId, runId);
  }
});

test('what limits cut stays a document, of a span and of a run that is too large', async () => {
  const long = { text: '"\\ 🌨️ '.repeat(3_000), list: Array.from({ length: 500 }, (_, i) => ({ i, s: 'x' })) };
  const members = { input: long, attributes: { n: 123456789.25, when: new Date(5), long, flag: true } };
  for (const [limits, maxRequestBytes] of [
    [{ attributeValueLengthLimit: 100 }, undefined],
    [{ attributeValueLengthLimit: 3 }, undefined],
    [{ attributeValueLengthLimit: 1 }, undefined],
    [{}, 4_000],
  ] as const) {
    const at = place();
    const spans = run(2);
    for (const one of spans.slice(1)) Object.assign(one, members);
    const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env, maxRequestBytes });
    const exporter = new EdgespanExporter({ destinations: [to], limits, spool: false, env });
    play(exporter, spans);
    await exporter.flush();
    const document = json(sentTo(at)[0]);
    assert.equal(document.spans.length, 3);
    for (const told of document.spans as Json[]) {
      assert.equal(typeof told.startTime, 'string');
      assert.ok(JSON.stringify(told.input ?? '').length < 4_000);
    }
  }
});

test('a dialect of another convention changes nothing', async () => {
  const at = place();
  const options = { apiKey: KEY, endpoint: sink.origin + at, env, dialect: 'genai', delivery: 'incremental' };
  const spans = run(1);
  await send([contextCompany(options)], (exporter) => play(exporter, spans));
  assert.deepEqual(json(sentTo(at)[0]).spans[1].input ?? json(sentTo(at)[0]).spans[0].input, { i: 0 });
});

test('rows 147-148: tcc.runId: a UUID as it is, other text as a UUID of its own with the original kept, none per root', async () => {
  const given = '0E2F9DE1-1111-4111-8111-111111111111';
  assert.equal((await documentOf({}, { 'tcc.runId': given })).document.runId, given);
  const metadata = { 'tcc.runId': 'order 66', custom: 1 };
  const first = (await documentOf({}, metadata)).document;
  assert.match(first.runId, UUID);
  assert.deepEqual(first.metadata, metadata);
  assert.equal((await documentOf({}, metadata)).document.runId, first.runId);
  assert.notEqual((await documentOf({}, { 'tcc.runId': 'order 67' })).document.runId, first.runId);
  // Two runs in one trace, as an HTTP request may start them.
  const at = place();
  const traceId = id(32);
  const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env });
  await send([to], (exporter) => {
    for (let i = 0; i < 2; i++) play(exporter, [span({ traceId, isRootSpan: true })]);
  });
  const ids = sentTo(at).map((request) => json(request).runId as string);
  assert.equal(new Set(ids).size, 2);
  for (const runId of ids) assert.match(runId, UUID);
});

test('the UUID is that of RFC 9562, version 5', () => {
  const space = Buffer.from('7d1f6a0e5c0b5e0a9a531c2f0f4b8e61', 'hex');
  for (const name of ['x', 'ü'.repeat(40), 'a'.repeat(55 - 16), 'b'.repeat(56 - 16), 'c'.repeat(300)]) {
    const hash = createHash('sha1').update(space).update(name).digest();
    hash[6] = (hash[6] & 0x0f) | 0x50;
    hash[8] = (hash[8] & 0x3f) | 0x80;
    const hex = hash.toString('hex').slice(0, 32);
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    assert.equal(runIdOf('t', 'r', { 'tcc.runId': name }), uuid);
  }
  assert.equal(runIdOf('AB', 'cd'), runIdOf('ab', 'CD', {}));
  assert.notEqual(runIdOf('a', 'bc'), runIdOf('ab', 'c'));
});

test('row 149: sessions by the name that groups runs there; a given one stays', async () => {
  const session = async (metadata: Json): Promise<unknown> =>
    (await documentOf({}, metadata)).document.metadata['tcc.sessionId'];
  assert.equal(await session({ sessionId: 's', threadId: 't' }), 's');
  assert.equal(await session({ threadId: 't' }), 't');
  assert.equal(await session({ 'tcc.sessionId': 'own', sessionId: 's' }), 'own');
  assert.equal(await session({ userId: 'u' }), undefined);
});

test('row 150: feedback is on the run that it names, by its id, its root or its trace', async () => {
  const feedback = (at: string): Json[] =>
    sentTo(at).filter((r) => r.path === `${at}/v1/feedback`).map(json);
  const at = place();
  const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env });
  const exporter = new EdgespanExporter({ destinations: [to], signals: [scores()], spool: false, env });
  const spans = run(1, { metadata: { 'tcc.runId': 'order 68' } });
  play(exporter, spans);
  await exporter.flush();
  const { runId, traceId } = json(sentTo(at)[0]);
  exporter.addFeedback({ traceId, value: 1, comment: 'good' });
  exporter.addFeedback({ traceId: id(32), value: -1, metadata: { 'tcc.runId': 'order 68' } });
  const [traceElse, rootElse] = [id(32), id()];
  exporter.addFeedback({ traceId: traceElse, spanId: rootElse, value: 1 });
  exporter.addFeedback({ traceId: id(32), value: 1 }); // of whatever run
  const { signals } = await exporter.flush();
  const told = feedback(at).map((body) => [body.runId, body.score]);
  assert.deepEqual(told.sort(), [
    [runId, 'thumbs_down'],
    [runId, 'thumbs_up'],
    [runIdOf(traceElse, rootElse), 'thumbs_up'],
  ].sort());
  assert.deepEqual(signals?.dropped, { leftOut: 1 });
});

test('row 156: a run that did not end leaves when its exporter is shut down', async () => {
  const at = place();
  const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env });
  const exporter = new EdgespanExporter({ destinations: [to], spool: false, env });
  const [root, ...children] = run(2);
  start(exporter, root, ...children);
  end(exporter, ...children);
  await exporter.flush();
  assert.equal(sentTo(at).length, 0);
  await exporter.shutdown();
  const [request] = sentTo(at);
  const { spans, traceId } = json(request);
  assert.equal(traceId, root.traceId);
  for (const { id: own } of children) assert.ok(spans.some((s: Json) => s.id === own));
});

test('row 145: debug names the run, not the key', async () => {
  const at = place();
  const lines: string[] = [];
  const log = console.log;
  console.log = (line: string): void => void lines.push(line);
  try {
    const to = contextCompany({ apiKey: KEY, endpoint: sink.origin + at, env, debug: true });
    await send([to], (exporter) => play(exporter, run(1)));
  } finally {
    console.log = log;
  }
  const { runId, traceId } = json(sentTo(at)[0]);
  assert.equal(lines.length, 1);
  assert.match(lines[0], new RegExp(`${runId}.*${traceId}.*2 spans`));
  assert.doesNotMatch(lines[0], /s3cr3t|127\.0\.0\.1/);
});

test('rows 143-144, 146: a dev_ key goes to the development host, unless an address is given', () => {
  const url = (options: Json): string => contextCompany({ env, ...options }).identity();
  assert.match(url({ apiKey: 'dev_abc' }), /^\["https:\/\/dev\.thecontext\.company\/v1\/mastra"/);
  assert.match(url({ apiKey: 'tcc_prod_abc' }), /^\["https:\/\/api\.thecontext\.company\/v1\/mastra"/);
  const variables = { TCC_API_KEY: 'dev_abc', TCC_BASE_URL: 'https://tcc.example.com/' };
  assert.match(url({ env: variables }), /^\["https:\/\/tcc\.example\.com\/v1\/mastra".*Bearer dev_abc/);
  const given = { env: variables, endpoint: 'https://own.example.com/v1/mastra', apiKey: 'k' };
  assert.match(url(given), /^\["https:\/\/own\.example\.com\/v1\/mastra".*Bearer k"/);
});

test('the native dialect is one for formats, with any address', () => {
  assert.equal(native.name, 'native');
  assert.equal(otlp({ endpoint: 'http://x', dialect: native }).problem, undefined);
});
