// Formats that are not OTLP, on the wire: what The Context Company and Mastra's platform get is what
// Mastra exported, the latter beside the bytes of Mastra's own exporter; Zipkin's spans are those that
// OpenTelemetry's exporter makes of the same; the tree is read as a person would. And what a setting, a
// quota or a hostile value does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { MastraPlatformExporter } from '@mastra/observability';
import {
  consoleTree,
  contextCompany,
  type Destination,
  mastraPlatform,
  otlp,
  runIdOf,
  zipkin,
} from 'edgespan/destinations';
import { native } from 'edgespan/dialects';
import { EdgespanExporter, type MastraSpan, type MastraTracingEvent, type Receipt } from 'edgespan/mastra';
import { scores } from 'edgespan/signals';
import { decodeProtobuf, plain, type WireSpan } from '../support/otlp.ts';
import { Sink, type SinkRequest } from '../support/sink.ts';
import { end, id, play, recorded, run, span, start } from './spans.ts';

type Json = Record<string, any>;

const RECORDINGS = readdirSync(new URL('../data/mastra-events/', import.meta.url)).map((file) =>
  file.replace('.json', ''),
);
const KEY = 'tcc_prod_s3cr3tk3y';
const UUID = /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const env = {}; // of the test's own process nothing counts

let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(() => sink.close());

let places = 0;
/** A path of the sink that nobody else sends to. */
const place = (): string => `/ok/place-${++places}`;
const sentTo = (path: string): SinkRequest[] => sink.requests.filter((r) => r.path.startsWith(`${path}/`));
const json = (request: SinkRequest): any => JSON.parse(Buffer.from(request.body).toString());
const bare = (value: unknown): any => JSON.parse(JSON.stringify(value));

/** What the exporter said while it was given events, and what became of them. */
async function send(
  destinations: readonly Destination[],
  feed: readonly MastraTracingEvent[] | ((exporter: EdgespanExporter) => void),
): Promise<{ receipt: Receipt; said: string[] }> {
  const exporter = new EdgespanExporter({ destinations, serviceName: 'formats', spool: false, env });
  const said: string[] = [];
  const note = (line: string): void => void said.push(line);
  exporter.__setLogger({ debug: note, info: note, warn: note, error: note });
  if (typeof feed === 'function') feed(exporter);
  else for (const event of feed) exporter.onTracingEvent(event);
  return { receipt: await exporter.flush(), said };
}

const endedOf = (events: readonly MastraTracingEvent[]): MastraSpan[] =>
  events.filter(({ type }) => type === 'span_ended').map(({ exportedSpan }) => exportedSpan);

describe('The Context Company', () => {
  for (const name of RECORDINGS) {
    test(`rows 134-137, 139-141, 151-152: a run is what Mastra exported, in one request: ${name}`, async () => {
      const at = place();
      const events = recorded(name);
      const endpoint = sink.origin + at;
      const { receipt, said } = await send(
        [contextCompany({ apiKey: KEY, endpoint, env, dropTypes: [] })],
        events,
      );
      const ended = bare(endedOf(events)) as MastraSpan[];
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
        const root = roots.find(({ id: own }) => spans.some((s: Json) => s.id === own)) as MastraSpan;
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
          assert.ok(isDeepStrictEqual(sent.get(one.id), { ...one, runId }), `${one.type} ${one.id}`);
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
});

describe("Mastra's platform", () => {
  const TOKEN = 'mst_s3cr3tt0k3n';

  for (const name of RECORDINGS) {
    test(`the bytes of Mastra's own exporter: ${name}`, async () => {
      const [ours, theirs] = [place(), place()];
      const events = recorded(name);
      const settings = { accessToken: TOKEN, projectId: 'p-1' };
      const tracesEndpoint = (at: string): string => `${sink.origin}${at}/projects/p-1/ai/spans/publish`;
      await send([mastraPlatform({ ...settings, tracesEndpoint: tracesEndpoint(ours), env })], events);
      const official = new MastraPlatformExporter({
        ...settings,
        tracesEndpoint: tracesEndpoint(theirs),
        resolveFromEnv: false,
      });
      for (const event of events) {
        await official.exportTracingEvent(event as Parameters<typeof official.exportTracingEvent>[0]);
      }
      await official.shutdown();

      const [request] = sentTo(ours);
      const [beside] = sentTo(theirs);
      for (const header of ['authorization', 'content-type', 'x-mastra-observability-capabilities']) {
        assert.equal(request.headers[header], beside.headers[header]);
      }
      assert.equal(request.path.slice(ours.length), beside.path.slice(theirs.length));
      /** Each record's text by its span's id, without the moment at which it was made. */
      const records = (requests: SinkRequest[]): [string, string][] =>
        requests
          .flatMap((r) => json(r).spans as Json[])
          .map((record): [string, string] => [record.id, JSON.stringify({ ...record, createdAt: '' })])
          .sort();
      const [mine, official_] = [records(sentTo(ours)), records(sentTo(theirs))];
      assert.ok(mine.length > 1);
      assert.ok(isDeepStrictEqual(mine, official_), 'the same texts');
      for (const { createdAt } of json(request).spans) {
        assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 60_000);
      }
    });
  }

  test('where it sends, by options and variables as the official exporter has them', async () => {
    const at = place();
    const base = sink.origin + at;
    const cases: [Json, string][] = [
      [{ accessToken: TOKEN, endpoint: base }, '/ai/spans/publish'],
      [{ accessToken: TOKEN, endpoint: base, projectId: 'a_b' }, '/projects/a_b/ai/spans/publish'],
      [{ accessToken: TOKEN, tracesEndpoint: `${base}/x/spans/publish`, projectId: 'p' }, '/x/spans/publish'],
      [
        {
          env: {
            MASTRA_CLOUD_ACCESS_TOKEN: TOKEN,
            MASTRA_PROJECT_ID: 'q',
            MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT: base,
          },
        },
        '/projects/q/ai/spans/publish',
      ],
    ];
    for (const [options, path] of cases) {
      await send([mastraPlatform({ env, ...options })], (exporter) => play(exporter, run(0)));
      assert.equal(sink.requests.at(-1)?.path, at + path);
      assert.equal(sink.requests.at(-1)?.headers.authorization, `Bearer ${TOKEN}`);
    }
    const malformed = mastraPlatform({ accessToken: TOKEN, projectId: 'a/b', env });
    assert.match(`${malformed.problem}`, /`projectId` \(or MASTRA_PROJECT_ID\) is not/);
    const variables = { MASTRA_PLATFORM_ACCESS_TOKEN: TOKEN };
    assert.equal(mastraPlatform({ env: variables }).problem, undefined);
    assert.match(
      `${mastraPlatform({ env: variables, resolveFromEnv: false }).problem}`,
      /^`accessToken` \(or MASTRA_PLATFORM_ACCESS_TOKEN, MASTRA_CLOUD_ACCESS_TOKEN\) is missing$/,
    );
  });

  test('an exhausted quota is a pause: nothing is posted until then, and no batch is refused', async () => {
    const at = place().replace('/ok', '/402');
    const to = mastraPlatform({ accessToken: `${TOKEN}-402`, endpoint: sink.origin + at, env });
    const exporter = new EdgespanExporter({ destinations: [to], spool: false, env, logLevel: 'silent' });
    play(exporter, run(1));
    const first = await exporter.flush();
    assert.equal(sentTo(at).length, 1);
    assert.equal(first.rejected, 0);
    assert.match(first.errors[0].message, /^the quota is exhausted \(HTTP 402\)/);
    play(exporter, run(1));
    const second = await exporter.flush();
    assert.equal(sentTo(at).length, 1, 'no request during the pause');
    assert.equal(second.accepted, 0);
  });

  test('a batch has at most a thousand spans', async () => {
    const at = place();
    const to = mastraPlatform({ accessToken: TOKEN, endpoint: sink.origin + at, env });
    await send([to], (exporter) => play(exporter, run(1200)));
    const sizes = sentTo(at).map((request) => json(request).spans.length as number);
    assert.deepEqual(sizes.sort(), [1000, 201]);
  });
});

describe('Zipkin', () => {
  const { toZipkinSpan } = createRequire(import.meta.url)(
    '@opentelemetry/exporter-zipkin/build/src/transform.js',
  );
  const hr = (ns: bigint): [number, number] => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
  const members = (attributes: WireSpan['attributes']): Json =>
    Object.fromEntries([...attributes].map(([key, value]) => [key, plain(value)]));

  /** What OpenTelemetry's own exporter makes of a span that arrived as OTLP. */
  function official(wire: WireSpan): Json {
    return bare(
      toZipkinSpan(
        {
          name: wire.name,
          kind: wire.kind - 1,
          spanContext: () => ({ traceId: wire.traceId, spanId: wire.spanId }),
          parentSpanContext: wire.parentSpanId ? { spanId: wire.parentSpanId } : undefined,
          startTime: hr(wire.start),
          duration: hr(wire.end - wire.start),
          status: wire.status,
          attributes: members(wire.attributes),
          events: wire.events.map(({ name, time }) => ({ name, time: hr(time) })),
          resource: { attributes: members(wire.resource) },
          droppedAttributesCount: wire.dropped.attributes,
        },
        'formats',
        'otel.status_code',
        'error',
      ),
    );
  }

  for (const name of RECORDINGS) {
    test(`spans are those of OpenTelemetry's exporter: ${name}`, async () => {
      const [at, beside] = [place(), place()];
      const settings = { dropTypes: [] };
      await send(
        [
          zipkin({ endpoint: sink.origin + at, ...settings, env }),
          otlp({ endpoint: sink.origin + beside, ...settings }),
        ],
        recorded(name),
      );
      const request = sentTo(at)[0];
      assert.equal(request.path, `${at}/api/v2/spans`);
      assert.equal(request.headers['content-type'], 'application/json');
      assert.ok(request.body.every((byte) => byte < 0x80), 'Zipkin breaks compressed UTF-8');
      const ours = sentTo(at).flatMap((r) => json(r) as Json[]);
      const wire = sentTo(beside).flatMap((r) => decodeProtobuf(r.body));
      assert.equal(ours.length, wire.length);
      for (const [i, one] of ours.entries()) {
        const theirs = official(wire[i]);
        const { tags, annotations, remoteEndpoint, duration, ...rest } = one;
        const { tags: theirTags, annotations: theirAnnotations, duration: theirDuration, ...theirRest } = theirs;
        assert.deepEqual(rest, theirRest);
        assert.equal(duration, theirDuration || 1);
        assert.equal(tags['otel.scope.name'], 'edgespan/mastra');
        for (const [key, value] of Object.entries(theirTags)) {
          // The specification wants lists as JSON; String() makes rows of commas of them.
          const list = wire[i].attributes.get(key);
          const wanted = Array.isArray(list) ? JSON.stringify(plain(list)) : value;
          assert.equal(tags[key], wanted, key);
        }
        for (const value of Object.values(tags)) assert.equal(typeof value, 'string');
        assert.equal('error' in tags, wire[i].status.code === 2);
        // The specification has an event's attributes behind its name; the official exporter loses them.
        wire[i].events.forEach((event, n) => {
          assert.equal(annotations[n].timestamp, theirAnnotations[n].timestamp);
          const attributes = JSON.parse(annotations[n].value.slice(`"${event.name}": `.length));
          assert.deepEqual(attributes, members(event.attributes));
        });
        const server = wire[i].attributes.get('server.address');
        if (one.kind === 'CLIENT' && server) assert.equal(remoteEndpoint.serviceName, server);
        else assert.equal(remoteEndpoint, undefined);
      }
    });
  }

  test('integers of 64 bits are text, whole; a boolean error that is false is no error', async () => {
    const at = place();
    const spans = run(1);
    spans[1].metadata = { big: 2n ** 63n - 1n, yes: true, list: ['a', 1] };
    spans[1].attributes = { serverAddress: 'api.example.com', serverPort: 8443 };
    spans[1].type = 'model_generation';
    await send([zipkin({ url: sink.origin + at, env })], (exporter) => play(exporter, spans));
    const one = json(sentTo(at)[0]).find((s: Json) => s.id === spans[1].id);
    assert.equal(one.tags['mastra.metadata.big'], '9223372036854775807');
    assert.equal(one.tags['mastra.metadata.yes'], 'true');
    assert.deepEqual(one.remoteEndpoint, { serviceName: 'api.example.com', port: 8443 });
  });

  test('the whole address is used as it is, also from the environment', async () => {
    const at = place();
    const variables = { OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${sink.origin}${at}/api/v2/spans` };
    await send([zipkin({ env: variables })], (exporter) => play(exporter, run(0)));
    assert.equal(sentTo(at)[0].path, `${at}/api/v2/spans`);
    assert.match(zipkin({ env }).identity(), /^\["http:\/\/localhost:9411\/api\/v2\/spans"/);
    const { problem } = zipkin({ env: { OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'nowhere' } });
    assert.equal(problem, '`endpoint` (or OTEL_EXPORTER_ZIPKIN_ENDPOINT) is not a URL');
  });
});

describe('the tree', () => {
  async function shown(
    feed: readonly MastraTracingEvent[] | ((exporter: EdgespanExporter) => void),
    options: Parameters<typeof consoleTree>[0] = {},
  ): Promise<{ texts: string[]; receipt: Receipt }> {
    const texts: string[] = [];
    const tree = consoleTree({ log: (text) => texts.push(text), color: false, ...options });
    const { receipt } = await send([tree], feed);
    return { texts, receipt };
  }

  test('a run, as a person reads it', async () => {
    const before = sink.requests.length;
    const { texts, receipt } = await shown(recorded('agent-generate-tool'));
    assert.deepEqual(texts, [
      `trace b88418b4dd9ae5710c4334ff388e1f23 · 7 spans · 2 model calls · 717 → 40 tokens
invoke_agent weather-agent  195 ms
└─ model_generation gpt-4o-mini  111 ms
   ├─ agent_step weather-agent  63 ms
   │  ├─ chat gpt-4o-mini  client · 58 ms · 305 → 17 tokens
   │  └─ execute_tool weather  29 ms
   │        args {"city":"Paris"}
   │        gave {"tempC":21,"sky":"sunny"}
   └─ agent_step weather-agent  29 ms
      └─ chat gpt-4o-mini  client · 28 ms · 412 → 23 tokens`,
    ]);
    assert.equal(receipt.accepted, 7);
    assert.equal(sink.requests.length, before);
  });

  test('errors, and colours where they are wanted', async () => {
    const { texts } = await shown(recorded('agent-error'), { color: true });
    assert.match(texts[0], /\x1b\[31merror: mock provider exploded \(429\)\x1b\[0m/);
    assert.match(texts[0], /\x1b\[1minvoke_agent error-agent\x1b\[0m/);
    const bland = await shown(recorded('agent-error'));
    assert.match(bland.texts[0], /error: mock provider exploded \(429\)/);
    assert.doesNotMatch(bland.texts[0], /\x1b/);
  });

  test('long texts are cut, and none moves the cursor', async () => {
    const spans = run(1);
    Object.assign(spans[1], {
      type: 'tool_call',
      entityName: 'evil\x1b[2J\rtool',
      input: `${'\x1b]0;title\x07'}${'🌨️ snow '.repeat(10_000)}`,
      errorInfo: { message: 'line one\nline two' },
    });
    const { texts } = await shown((exporter) => play(exporter, spans), { width: 40 });
    const lines = texts[0].split('\n');
    assert.equal(lines.length, 4);
    assert.doesNotMatch(texts[0].replaceAll('\n', ''), /\p{Cc}/u);
    assert.match(texts[0], /error: line one line two/);
    const args = lines.find((line) => line.includes('args')) as string;
    assert.ok(args.endsWith('…') && Array.from(args).length < 60, args);
  });

  test('nothing of what other destinations know is shown, and what throws is counted', async () => {
    const texts: string[] = [];
    const headers = { authorization: 'Bearer s3cr3t' };
    const { receipt } = await send(
      [
        otlp({ endpoint: `${sink.origin}${place()}`, headers }),
        consoleTree({ log: (text) => texts.push(text), color: false }),
        consoleTree({
          name: 'broken',
          log: () => {
            throw new Error('closed');
          },
        }),
      ],
      (exporter) => play(exporter, run(2)),
    );
    assert.doesNotMatch(texts.join(), /s3cr3t|127\.0\.0\.1/);
    assert.equal(receipt.accepted, 6);
    assert.equal(receipt.rejected, 3);
    assert.match(receipt.errors[0].message, /^`log` threw \(Error: closed\)/);
  });
});

describe('settings', () => {
  test('a missing key disables, is named once, and its spans are counted', async () => {
    for (const [to, name] of [
      [contextCompany({ env }), /"context-company" is off: `apiKey` \(or TCC_API_KEY\) is missing/],
      [mastraPlatform({ env }), /"mastra-platform" is off: `accessToken` \(or MASTRA_PLATFORM_ACCESS_TOKEN/],
    ] as const) {
      const { receipt, said } = await send([to], (exporter) => play(exporter, run(1)));
      assert.deepEqual(receipt.dropped, { disabled: 2 });
      assert.equal(said.length, 1);
      assert.match(said[0], name);
    }
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
});
