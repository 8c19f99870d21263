// The exporter's life in Node against the real core and a local receiver: what arrives, what is
// counted, what is said, and that nothing reaches the caller but receipts.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { type Destination, otlp, type OtlpOptions } from 'edgespan/destinations';
import * as dialects from 'edgespan/dialects';
import { langfuse, openinference } from 'edgespan/dialects';
import {
  EdgespanExporter,
  type EdgespanExporterOptions,
  type MastraSpan,
  type Receipt,
} from 'edgespan/mastra';
import { replay } from '../support/official.ts';
import { decodeProtobuf, lint, plain, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { end, id, play, recorded, run, span, start } from './spans.ts';

let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(async () => {
  await sink.close();
});

/** What the exporter said, and a logger that notes it. */
class Notes {
  readonly lines: string[] = [];
  readonly debug = (): void => {};
  readonly info = (): void => {};
  readonly warn = (line: string): void => void this.lines.push(line);
  readonly error = (line: string): void => void this.lines.push(line);
}

let names = 0;
/**
 * A destination of its own name (warnings are limited by it) under a path of the sink; of its own
 * settings, too: those that are equal share a circuit.
 */
function to(fate: string, options: Partial<OtlpOptions> = {}): Destination {
  const name = `d${++names}`;
  const headers = { 'x-test': name };
  return otlp({ endpoint: `${sink.origin}/${fate}`, name, headers, retryBudget: 300, ...options });
}

interface Bench {
  exporter: EdgespanExporter;
  notes: Notes;
  receipts: Receipt[];
}
function make(options: Partial<EdgespanExporterOptions> = {}): Bench {
  const receipts: Receipt[] = [];
  const notes = new Notes();
  const exporter = new EdgespanExporter({
    destinations: [to('ok')],
    spool: false, // what cannot be sent is lost: spool.test.ts has the rest
    onReceipt: (receipt) => void receipts.push(receipt),
    ...options,
  });
  exporter.__setLogger(notes);
  return { exporter, notes, receipts };
}

const arrivedIn = (path: string): WireSpan[] =>
  sink.requests.filter((r) => r.path.startsWith(path)).flatMap((r) => decodeProtobuf(r.body));
const arrived = (traceId: string): WireSpan[] =>
  arrivedIn('/').filter((s) => s.traceId === traceId.padStart(32, '0'));
const tick = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const total = (receipt: Receipt): number =>
  receipt.accepted +
  receipt.rejected +
  receipt.pending +
  Object.values(receipt.dropped).reduce((a, b) => a + b, 0);

describe('what arrives', () => {
  test('a run is sent when its root ends, once, without a flush', async () => {
    const { exporter, receipts } = make();
    const spans = run(5);
    play(exporter, spans);
    await sink.until(() => arrived(spans[0].traceId).length > 0, 'the run');
    await tick(20);
    const wire = arrived(spans[0].traceId);
    assert.deepEqual(wire.map((s) => s.spanId).sort(), spans.map((s) => s.id).sort());
    assert.deepEqual(wire.flatMap(lint), []);
    const request = sink.requests.at(-1);
    assert.equal(request?.headers['content-type'], 'application/x-protobuf');
    assert.equal(receipts.length, 1);
    assert.equal(receipts[0].accepted, 6);
    assert.equal(receipts[0].requests, 1);
    assert.equal(receipts[0].bytes, request?.body.length);
    assert.deepEqual([receipts[0].dropped, receipts[0].errors], [{}, []]);
  });

  test('streaming chunks stay at home by default, which is no loss', async () => {
    const { exporter, notes } = make({ serviceName: 'chunks' });
    const events = recorded('agent-stream-tool');
    for (const event of events) exporter.onTracingEvent(event);
    const ended = events.filter((e) => e.type === 'span_ended').map((e) => e.exportedSpan);
    const chunks = ended.filter((s) => s.type === 'model_chunk');
    const receipt = await exporter.flush();
    assert.ok(chunks.length > 0);
    assert.deepEqual(receipt.dropped, { leftOut: chunks.length });
    assert.equal(receipt.accepted, ended.length - chunks.length);
    const wire = arrivedIn('/').filter((s) => s.resource.get('service.name') === 'chunks');
    const call = wire.find((s) => s.attributes.get('mastra.span.type') === 'model_inference');
    assert.equal(typeof call?.attributes.get('gen_ai.response.time_to_first_chunk'), 'number');
    assert.deepEqual(notes.lines, []);
  });

  // The native tool reads the same recordings from JSON; other tests go by what it writes.
  for (const file of readdirSync(new URL('../data/mastra-events/', import.meta.url))) {
    const name = file.replace('.json', '');
    test(`recorded runs arrive whole, as the native core tells them: ${name}`, async () => {
      const { exporter } = make({ serviceName: name, destinations: [to('ok', { dropTypes: [] })] });
      const events = recorded(name);
      for (const event of events) exporter.onTracingEvent(event);
      const receipt = await exporter.flush();
      const ended = events.filter((e) => e.type === 'span_ended').map((e) => e.exportedSpan);
      assert.equal(receipt.accepted, ended.length);
      const wire = arrivedIn('/').filter((s) => s.resource.get('service.name') === name);
      assert.deepEqual(wire.map((s) => s.spanId).sort(), ended.map((s) => s.id).sort());
      assert.deepEqual(wire.flatMap(lint), []);
      const told = (spans: WireSpan[]): object[] =>
        spans
          .map(({ resource: _, scope: __, ...span }) => span)
          .sort((x, y) => (x.spanId < y.spanId ? -1 : 1));
      assert.deepEqual(told(wire), told(replay(events)));
    });
  }

  test('short ids are padded, an external parent is a remote one, event spans have no length', async () => {
    const { exporter } = make();
    const traceId = 'Ab1';
    const root = span({ traceId, id: '7', isRootSpan: true, externalParentSpanId: 'f0' });
    const event = span({ traceId, parentSpanId: '7', isEvent: true });
    play(exporter, [root, event]);
    await exporter.flush();
    const wire = arrived('ab1');
    assert.equal(wire.length, 2);
    const byId = new Map(wire.map((s) => [s.spanId, s]));
    assert.equal(byId.get('7'.padStart(16, '0'))?.parentSpanId, 'f0'.padStart(16, '0'));
    assert.equal((byId.get('7'.padStart(16, '0'))?.flags ?? 0) & 0x300, 0x300);
    const point = byId.get(event.id);
    assert.equal(point?.parentSpanId, '7'.padStart(16, '0'));
    assert.equal(point?.start, point?.end);
  });

  test('spans that end after their root go by themselves, together', async () => {
    const { exporter, receipts } = make();
    const spans = run(3);
    play(exporter, spans);
    await sink.until(() => arrived(spans[0].traceId).length === 4, 'the run');
    await tick(20);
    const requests = sink.requests.length;
    end(exporter, span({ traceId: spans[0].traceId, parentSpanId: spans[0].id }));
    end(exporter, span({ traceId: spans[0].traceId, parentSpanId: spans[0].id }));
    await sink.until(() => arrived(spans[0].traceId).length === 6, 'the late spans');
    await tick(20);
    assert.equal(sink.requests.length, requests + 1);
    assert.deepEqual(receipts.map((r) => r.accepted), [4, 2]);
  });

  test('overlapping runs with one trace id leave in bodies of their own', async () => {
    const { exporter } = make();
    const [a, ...as] = run(2);
    const b = span({ traceId: a.traceId, isRootSpan: true, type: 'agent_run' });
    const bs = [0, 1].map(() => span({ traceId: a.traceId, parentSpanId: b.id }));
    const first = sink.requests.length;
    start(exporter, a, b, ...as, ...bs);
    end(exporter, bs[0], ...as, a);
    await sink.until(() => sink.requests.length > first, 'the first run');
    end(exporter, bs[1], b);
    await sink.until(() => sink.requests.length > first + 1, 'the second run');
    const bodies = sink.requests.slice(first).map((r) =>
      decodeProtobuf(r.body)
        .map((s) => s.spanId)
        .sort(),
    );
    const ids = (spans: MastraSpan[]): string[] => spans.map((s) => s.id).sort();
    assert.deepEqual(bodies, [ids([a, ...as]), ids([b, ...bs])]);
  });

  test('exporters with different credentials never share, equal ones do', async () => {
    const spans = [run(1), run(1), run(1)];
    const keys = ['k-one-1', 'k-two-2', 'k-one-1'];
    const first = sink.requests.length;
    const all = keys.map((key) => {
      const headers = { 'x-key': key };
      return make({ destinations: [otlp({ endpoint: `${sink.origin}/keys`, headers })] }).exporter;
    });
    for (const [i, exporter] of all.entries()) start(exporter, ...spans[i]);
    for (const [i, exporter] of all.entries()) end(exporter, ...spans[i].toReversed());
    await Promise.all(all.map((exporter) => exporter.flush()));
    const seen = new Map<string, unknown>();
    for (const { body, headers } of sink.requests.slice(first)) {
      for (const s of decodeProtobuf(body)) seen.set(s.spanId, headers['x-key']);
    }
    assert.equal(seen.size, 6);
    for (const [i, list] of spans.entries()) {
      for (const s of list) assert.equal(seen.get(s.id), keys[i]);
    }
  });

  test('two destinations each get everything; gzip where asked', async () => {
    const { exporter } = make({ destinations: [to('one', { gzip: true }), to('two')] });
    const spans = run(3, { input: 'x'.repeat(5000) });
    play(exporter, spans);
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, 8);
    assert.equal(receipt.requests, 2);
    const [one, two] = ['/one', '/two'].map((path) => {
      const request = sink.requests.findLast((r) => r.path === `${path}/v1/traces`);
      assert.ok(request);
      return request;
    });
    assert.equal(one.headers['content-encoding'], 'gzip');
    assert.equal(two.headers['content-encoding'], undefined);
    assert.deepEqual(Buffer.from(one.body), Buffer.from(two.body));
  });

  test('a long run is cut by spans and by bytes', async () => {
    const { exporter } = make({ destinations: [to('cut', { maxRequestSpans: 10 })] });
    play(exporter, run(24));
    assert.equal((await exporter.flush()).requests, 3);
    const small = make({ destinations: [to('cut2', { maxRequestBytes: 20_000 })] });
    play(small.exporter, run(9, { input: 'y'.repeat(6000) }));
    const receipt = await small.exporter.flush();
    assert.equal(receipt.accepted, 10);
    assert.ok(receipt.requests >= 4, `${receipt.requests} requests`);
    for (const r of sink.requests.filter((r) => r.path === '/cut2/v1/traces')) {
      assert.ok(r.body.length <= 20_000, `${r.body.length} bytes`);
    }
  });

  test('the resource: whose service name wins, and what we add', async () => {
    const resourceAttributes = { 'service.name': 'from-attributes', shard: 3, 'a.b': [1, 'x'] };
    const cases: [Partial<EdgespanExporterOptions>, string | undefined, string][] = [
      [{ serviceName: 'explicit', resourceAttributes }, 'from-init', 'explicit'],
      [{ resourceAttributes }, 'from-init', 'from-attributes'],
      [{}, 'from-init', 'from-init'],
      [{}, undefined, 'unknown_service'],
    ];
    for (const [options, initial, expected] of cases) {
      const { exporter } = make(options);
      exporter.init({ config: { serviceName: initial } });
      const spans = run(0);
      play(exporter, spans);
      await exporter.flush();
      const [wire] = arrived(spans[0].traceId);
      assert.equal(wire.resource.get('service.name'), expected);
      assert.equal(wire.resource.get('telemetry.sdk.name'), 'edgespan');
      assert.equal(wire.resource.get('telemetry.sdk.language'), 'nodejs');
      assert.equal(wire.scope.name, 'edgespan/mastra');
      if (options.resourceAttributes) {
        assert.equal(wire.resource.get('shard'), 3n);
        assert.deepEqual(plain(wire.resource.get('a.b')), [1, 'x']);
      }
    }
  });

  test('a second configuration with another name is told once', () => {
    const { exporter, notes } = make();
    for (const serviceName of ['alpha', 'alpha', 'beta', 'beta']) exporter.init({ config: { serviceName } });
    assert.equal(notes.lines.length, 1);
    assert.match(notes.lines[0], /"alpha".*"beta".*serviceName/s);
  });
});

describe('what the caller sees', () => {
  test('handlers return nothing, at once, whatever they are given', async () => {
    const { exporter } = make();
    const junk = [undefined, null, {}, { type: 'span_ended' }, { type: 'span_ended', exportedSpan: null }];
    for (const event of junk) assert.equal(exporter.onTracingEvent(event as never), undefined);
    for (const fields of [{ id: '' }, { id: 5 }, { traceId: undefined }, { id: 'x'.repeat(99) }]) {
      end(exporter, span(fields as never));
    }
    assert.equal(await exporter.exportTracingEvent({ type: 'span_updated', exportedSpan: span() }), undefined);
    const receipt = await exporter.flush();
    assert.equal(receipt.dropped.malformed, 4);
  });

  test('span_updated changes nothing', async () => {
    const { exporter } = make();
    const spans = run(1);
    start(exporter, ...spans);
    exporter.onTracingEvent({ type: 'span_updated', exportedSpan: spans[1] });
    end(exporter, spans[1], spans[0]);
    assert.equal((await exporter.flush()).accepted, 2);
  });

  test('nothing shows a secret', async () => {
    const secret = 'sk-very-secret-0123456789';
    const destination = otlp({
      endpoint: `${sink.origin}/401?token=${secret}`,
      headers: { authorization: `Bearer ${secret}` },
      name: 'shy',
    });
    const { exporter, notes, receipts } = make({ destinations: [destination] });
    play(exporter, run(1));
    const receipt = await exporter.flush();
    const shown = [
      inspect(exporter, { depth: 9, showHidden: true }),
      inspect(destination, { depth: 9, showHidden: true }),
      JSON.stringify([exporter, destination, receipt, receipts]),
      JSON.stringify(exporter.serializeForSpan()),
      notes.lines.join('\n'),
    ].join('\n');
    assert.match(shown, /shy/);
    assert.doesNotMatch(shown, new RegExp(`${secret}|127\\.0\\.0\\.1`));
  });

  test("a receiver's words are passed on without secrets", async () => {
    const secret = 'tok_abcdefgh';
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(403, { 'content-type': 'application/json' });
      const given = new URL(request.url as string, 'http://x').searchParams.get('given');
      const message = `no access for ${secret} of ${given} at ${request.headers.host}`;
      response.end(JSON.stringify({ message }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?given=tok_ijklmnop`;
    const headers = { 'x-token': `key=${secret}` };
    const { exporter, notes } = make({ destinations: [otlp({ endpoint, headers, name: 'echo' })] });
    play(exporter, run(0));
    const { errors, rejected } = await exporter.flush();
    server.close();
    assert.equal(rejected, 1);
    assert.equal(errors[0].status, 403);
    assert.match(errors[0].message, /no access for \[redacted\] of \[redacted\] at \[redacted\]/);
    assert.equal(notes.lines.length, 1);
    assert.match(notes.lines[0], /"echo": HTTP 403; check the credentials in `headers`/);
  });

  for (const onReceipt of [
    () => {
      throw new Error('receipt');
    },
    async () => Promise.reject(new Error('receipt')), // the runner fails on what nobody handles
  ]) {
    test('hooks and loggers that throw are contained', async () => {
      const exporter = new EdgespanExporter({
        destinations: [to('401')],
        spool: false,
        onReceipt,
        waitUntil() {
          throw new Error('wait');
        },
      });
      exporter.__setLogger({
        debug() {},
        info() {},
        warn() {
          throw new Error('log');
        },
        error() {},
      });
      play(exporter, run(1));
      assert.equal((await exporter.flush()).rejected, 2);
    });
  }

  test('options that are not there do not throw', async () => {
    for (const options of [undefined, {}, { destinations: undefined }, { destinations: [null, {}, 5] }]) {
      const exporter = new EdgespanExporter(options as never);
      exporter.__setLogger(new Notes());
      play(exporter, run(1));
      const receipt = await exporter.flush();
      assert.ok((receipt.dropped.disabled ?? 0) >= 2);
    }
  });
});

describe('settings', () => {
  const broken: [string, Partial<OtlpOptions>, RegExp][] = [
    ['no endpoint', { endpoint: undefined }, /`endpoint` is missing/],
    ['empty endpoint', { endpoint: ' ' }, /`endpoint` is missing/],
    ['no URL', { endpoint: 'undefined/v1/traces' }, /`endpoint` is not a URL/],
    ['other scheme', { endpoint: 'ftp://example.com' }, /`endpoint` is not an http/],
    ['placeholder', { endpoint: 'https://undefined/otlp' }, /`endpoint` was built from a missing/],
    ['credentials', { endpoint: 'https://user:pw@example.com' }, /`endpoint` holds credentials/],
    ['no header', { headers: { authorization: undefined } }, /`headers.authorization` is missing/],
    ['undefined inside', { headers: { authorization: `Bearer ${undefined}` } }, /`headers.authorization` was built/],
    ['scheme only', { headers: { Authorization: 'Bearer ' } }, /`headers.Authorization` was built/],
    ['bad header', { headers: { 'x-key': 'a\nb' } }, /`headers.x-key` is not a valid header/],
    ['a dialect by name', { dialect: 'langfuse' as 'genai' }, /`dialect` is none: import one/],
    ['no dialect', { dialect: null as unknown as 'genai' }, /`dialect` is no dialect/],
    ['a parent of its own', { remoteParent: 'drop' as 'keep' }, /`remoteParent` is neither/],
  ];
  for (const [what, options, message] of broken) {
    test(`${what}: one warning that names the setting, no request, all counted`, async () => {
      const { exporter, notes } = make({ destinations: [to('ok', options)] });
      const before = sink.requests.length;
      play(exporter, run(2));
      play(exporter, run(2));
      const receipt = await exporter.flush();
      assert.deepEqual(receipt.dropped, { disabled: 6 });
      assert.equal(total(receipt), 6);
      assert.equal(sink.requests.length, before);
      assert.equal(notes.lines.length, 1);
      assert.match(notes.lines[0], message);
    });
  }

  test('a broken destination leaves its neighbour alone', async () => {
    const { exporter } = make({ destinations: [to('ok', { endpoint: undefined }), to('ok')] });
    play(exporter, run(2));
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, 3);
    assert.deepEqual(receipt.dropped, { disabled: 3 });
  });

  test('a table or a span type that is none turns the exporter off and says so', async () => {
    const lines: string[] = [];
    for (const options of [
      { dialect: { name: 'mine', table: ':!nonsense' } },
      { dropTypes: ['chunk'] },
    ]) {
      const { exporter, notes } = make({ destinations: [to('ok', options)] });
      play(exporter, run(1));
      play(exporter, run(1));
      const receipt = await exporter.flush();
      assert.equal(total(receipt), 4);
      assert.equal(receipt.accepted, 0);
      lines.push(...notes.lines);
    }
    assert.equal(lines.length, 1, 'the same words for both, said once');
    assert.match(lines[0], /`dropTypes` or `dialect`/);
  });

  test('each destination has its dialect, its parents and its types', async () => {
    const before = sink.requests.length;
    const { exporter, notes } = make({
      destinations: [
        to('ok/plain'),
        to('ok/langfuse', { dialect: langfuse }),
        to('ok/phoenix', { dialect: openinference, remoteParent: 'keep', dropTypes: ['tool_call'] }),
      ],
    });
    const [root, tool, other] = run(2, { type: 'generic' });
    Object.assign(root, { type: 'agent_run', externalParentSpanId: id() });
    tool.type = 'tool_call';
    play(exporter, [root, tool, other]);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.dropped], [8, { leftOut: 1 }]);
    assert.deepEqual(notes.lines, [], 'what was not wanted is no loss');
    const bodies = sink.requests.slice(before).map((r) => ({ path: r.path, body: r.body }));
    const at = (path: string): WireSpan[] =>
      bodies.filter((b) => b.path.includes(path)).flatMap((b) => decodeProtobuf(b.body));
    const kinds = (path: string, name: string): unknown[] =>
      at(path).map((s) => s.attributes.get(name));
    assert.equal(at('plain').length, 3);
    assert.ok(kinds('plain', 'gen_ai.operation.name').every((kind) => typeof kind === 'string'));
    assert.deepEqual(kinds('langfuse', 'langfuse.observation.type').sort(), ['agent', 'span', 'tool']);
    assert.deepEqual(kinds('phoenix', 'openinference.span.kind').sort(), ['AGENT', 'CHAIN']);
    const parents = (path: string): boolean =>
      at(path).some((s) => s.parentSpanId === root.externalParentSpanId);
    assert.deepEqual(['plain', 'langfuse', 'phoenix'].map(parents), [true, false, true]);
  });

  test('dialects with one address share nothing but their tables', async () => {
    const all = Object.values(dialects);
    assert.ok(all.length >= 12);
    assert.equal(new Set(all.map((d) => d.table)).size, all.length);
    for (const dialect of all) {
      assert.equal(dialects[dialect.name as keyof typeof dialects], dialect);
      const { exporter, notes } = make({ destinations: [to('ok', { dialect })] });
      play(exporter, run(2));
      const receipt = await exporter.flush();
      assert.deepEqual([receipt.accepted, notes.lines], [3, []], dialect.name);
    }
  });

  test('/v1/traces is appended to a base URL, and only to one', async () => {
    const paths = ['', '/', '/base', '/base/', '/v1/traces', '/base/v1/traces/', '/q?x=1'];
    const first = sink.requests.length;
    for (const path of paths) {
      const { exporter } = make({ destinations: [otlp({ endpoint: `${sink.origin}${path}` })] });
      play(exporter, run(0));
      await exporter.flush();
    }
    assert.deepEqual(
      sink.requests.slice(first).map((r) => r.path),
      [
        '/v1/traces',
        '/v1/traces',
        '/base/v1/traces',
        '/base/v1/traces',
        '/v1/traces',
        '/base/v1/traces',
        '/q/v1/traces?x=1',
      ],
    );
  });

  test('limits reach the core', async () => {
    const { exporter } = make({ limits: { attributeCountLimit: 3 } });
    const spans = run(0, { metadata: { a: 1, b: 2, c: 3, d: 4, e: 5 } });
    play(exporter, spans);
    await exporter.flush();
    const [wire] = arrived(spans[0].traceId);
    assert.equal(wire.attributes.size, 3);
    assert.ok(wire.dropped.attributes > 0);
  });
});

describe('when sending fails', () => {
  for (const status of [400, 401, 404, 413, 429, 500, 503]) {
    test(`HTTP ${status}: counted, in the receipt, one warning with a cure`, async () => {
      const { exporter, notes } = make({ destinations: [to(`${status}`)] });
      play(exporter, run(2));
      const receipt = await exporter.flush();
      assert.equal(total(receipt), 3);
      assert.equal(receipt.accepted + receipt.pending, 0);
      assert.equal(receipt.errors[0].status, status);
      assert.equal(notes.lines.length, 1);
      assert.match(notes.lines[0], new RegExp(`3 spans lost.*HTTP ${status}; .{10,}`));
      play(exporter, run(2));
      await exporter.flush();
      // Refused credentials: the second run was not even sent, which is told as well.
      assert.equal(notes.lines.length, status === 401 ? 2 : 1, 'said once a minute');
    });
  }

  test('no receiver: unsent, with the cause', async () => {
    const { exporter, notes } = make({
      destinations: [otlp({ endpoint: 'http://127.0.0.1:9', name: 'closed', retryBudget: 300 })],
    });
    play(exporter, run(2));
    const receipt = await exporter.flush();
    assert.deepEqual(receipt.dropped, { unsent: 3 });
    assert.equal(receipt.errors.length, 1);
    assert.equal(receipt.errors[0].status, undefined);
    assert.match(receipt.errors[0].message, /^no answer/);
    assert.match(notes.lines[0], /`endpoint` can be reached/);
  });

  test('no answer in time: unsent', async () => {
    const { exporter } = make({ destinations: [to('hang', { timeout: 80, retryBudget: 0 })] });
    play(exporter, run(0));
    const began = performance.now();
    const receipt = await exporter.flush();
    assert.ok(performance.now() - began < 3000);
    assert.deepEqual(receipt.dropped, { unsent: 1 });
    assert.match(receipt.errors[0].message, /no answer within 80 ms/);
    sink.release();
  });

  test('a redirect is not followed', async () => {
    let followed = 0;
    const server = createServer((request, response) => {
      request.resume();
      if (request.url?.startsWith('/elsewhere')) followed++;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exporter } = make({ destinations: [otlp({ endpoint, name: 'moved' })] });
    play(exporter, run(0));
    const receipt = await exporter.flush();
    server.close();
    assert.equal(receipt.errors[0].status, 307);
    assert.equal(followed, 0);
  });

  test('an answer of any size is read only in part', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/plain' });
      const chunk = Buffer.alloc(65536, 'x');
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk)) {}
      };
      response.on('drain', pump);
      pump();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exporter } = make({ destinations: [otlp({ endpoint, name: 'endless' })] });
    play(exporter, run(0));
    const receipt = await exporter.flush();
    server.closeAllConnections();
    server.close();
    assert.equal(receipt.accepted, 1);
  });

  test('an empty answer is not read, and gives its connection back', async () => {
    let connections = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'content-length': 0 }).end());
    });
    server.on('connection', () => connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exporter } = make({ destinations: [otlp({ endpoint, name: 'silent' })] });
    const { getReader } = ReadableStream.prototype;
    let readers = 0;
    ReadableStream.prototype.getReader = function (this: ReadableStream, ...rest: []) {
      // fetch itself opens streams of its own; ours is opened from the package's files.
      if (new Error().stack?.includes('otlp_http')) readers++;
      return getReader.apply(this, rest);
    } as typeof getReader;
    try {
      for (let i = 0; i < 12; i++) {
        play(exporter, run(0));
        assert.equal((await exporter.flush()).accepted, 1);
      }
    } finally {
      ReadableStream.prototype.getReader = getReader;
      server.closeAllConnections();
      server.close();
    }
    assert.equal(readers, 0);
    assert.ok(connections <= 2, `${connections} connections for 12 requests`);
  });
});

describe('waitUntil, flush and shutdown', () => {
  test('waitUntil gets one promise a run, and it settles when the run is delivered', async () => {
    const kept: Promise<unknown>[] = [];
    const { exporter, receipts } = make({ waitUntil: (promise) => void kept.push(promise) });
    play(exporter, run(2));
    play(exporter, run(2));
    assert.equal(kept.length, 2);
    assert.equal(receipts.length, 0, 'nothing before the response');
    await Promise.all(kept);
    assert.deepEqual(receipts.map((r) => r.accepted), [3, 3]);
  });

  for (const context of ['@vercel/request-context', '@next/request-context']) {
    test(`the request context is found: ${context}`, async () => {
      const symbol = Symbol.for(context);
      const holder = globalThis as unknown as Record<symbol, unknown>;
      const kept: Promise<unknown>[] = [];
      holder[symbol] = { get: () => ({ waitUntil: (p: Promise<unknown>) => kept.push(p) }) };
      try {
        const { exporter } = make();
        play(exporter, run(0));
      } finally {
        delete holder[symbol];
      }
      assert.equal(kept.length, 1);
      await kept[0];
    });
  }

  test('flush does not wait for what the platform keeps alive', async () => {
    const kept: Promise<unknown>[] = [];
    const { exporter } = make({
      destinations: [to('hang', { retryBudget: 10_000 })],
      waitUntil: (promise) => void kept.push(promise),
    });
    play(exporter, run(1));
    await sink.until(() => sink.held > 0, 'the request');
    const receipt = await exporter.flush();
    assert.equal(receipt.pending, 2);
    assert.equal(total(receipt), 2);
    sink.release();
    await Promise.all(kept);
    assert.equal((await exporter.flush()).accepted, 2);
  });

  test('flush sends what has ended of open runs, and nothing to who wants them whole', async () => {
    const { exporter } = make({ destinations: [to('ok'), to('whole', { delivery: 'whole' })] });
    const spans = run(2);
    start(exporter, ...spans);
    end(exporter, spans[1]);
    const before = await exporter.flush();
    assert.deepEqual([before.accepted, before.pending], [1, 1]);
    end(exporter, spans[2], spans[0]);
    const then = await exporter.flush();
    assert.deepEqual([then.accepted, then.pending], [5, 0]);
    const ids = spans.map((s) => s.id).sort();
    for (const path of ['/ok', '/whole']) {
      const wire = arrivedIn(path).filter((s) => s.traceId === spans[0].traceId);
      assert.deepEqual(wire.map((s) => s.spanId).sort(), ids);
    }
  });

  test('shutdown sends what has ended, counts what has not, and refuses what follows', async () => {
    const { exporter } = make();
    const spans = run(3);
    start(exporter, ...spans);
    end(exporter, spans[1], spans[2]);
    const receipt = await exporter.shutdown();
    assert.equal(receipt.accepted, 2);
    assert.equal(receipt.unended, 2);
    assert.equal(receipt.pending, 0);
    end(exporter, spans[3], spans[0]);
    const then = await exporter.flush();
    assert.deepEqual(then.dropped, { disabled: 2 });
    assert.equal(then.accepted, 0);
  });

  test('flush and shutdown on an exporter that saw nothing', async () => {
    const { exporter } = make();
    assert.equal(total(await exporter.flush()), 0);
    assert.equal(total(await exporter.shutdown()), 0);
    assert.equal(total(await exporter.shutdown()), 0);
  });
});

describe('customSpanFormatter', () => {
  test('changes content, not the envelope, and not the span that others see', async () => {
    const { exporter } = make({
      customSpanFormatter(s) {
        s.name = 'formatted';
        return { ...s, id: id(), traceId: id(32), parentSpanId: undefined, metadata: { hello: 'x' } };
      },
    });
    const spans = run(1);
    play(exporter, spans);
    await exporter.flush();
    const wire = arrived(spans[0].traceId);
    assert.deepEqual(wire.map((s) => s.spanId).sort(), spans.map((s) => s.id).sort());
    assert.equal(wire.find((s) => s.spanId === spans[1].id)?.parentSpanId, spans[0].id);
    assert.equal(wire[0].attributes.get('mastra.metadata.hello'), 'x');
    assert.equal(spans[1].name, 'child 0');
  });

  for (const [what, formatter] of [
    ['throws', () => assert.fail('formatter')],
    ['rejects', () => Promise.reject(new Error('formatter'))],
    ['gives no span', () => 7],
    ['gives nothing', async () => undefined],
  ] as const) {
    test(`${what}: the envelope leaves alone, counted`, async () => {
      const { exporter } = make({ customSpanFormatter: formatter as never });
      const spans = run(1, { input: 'private', metadata: { private: 'private' } });
      play(exporter, spans);
      await exporter.shutdown().then((receipt) => {
        assert.equal(receipt.accepted, 2);
        assert.equal(receipt.withheld, 2);
      });
      const wire = arrived(spans[0].traceId);
      assert.equal(wire.length, 2);
      assert.doesNotMatch(inspect(wire, { depth: 9 }), /private/);
      assert.deepEqual(wire.flatMap(lint), []);
    });
  }

  test('asynchronous: the run waits for its formatters, and leaves whole', async () => {
    const { exporter, receipts } = make({
      async customSpanFormatter(s) {
        await tick(s.isRootSpan ? 1 : 40);
        return { ...s, metadata: { late: true } };
      },
    });
    const spans = run(4);
    play(exporter, spans);
    await sink.until(() => arrived(spans[0].traceId).length > 0, 'the run');
    const wire = arrived(spans[0].traceId);
    assert.equal(wire.length, 5);
    for (const s of wire) assert.equal(s.attributes.get('mastra.metadata.late'), true);
    await tick(20);
    assert.deepEqual(receipts.map((r) => [r.accepted, r.withheld]), [[5, 0]]);
  });

  test('one that never answers is given up, its spans leave without content', async () => {
    const { exporter, receipts } = make({
      customSpanFormatter: (s) => (s.isRootSpan ? s : new Promise<MastraSpan>(() => {})),
    });
    const spans = run(2);
    play(exporter, spans);
    assert.equal((await exporter.flush()).pending, 0);
    assert.deepEqual(receipts.map((r) => [r.accepted, r.withheld]), [[3, 2]]);
  });
});

describe('objects', () => {
  test('a hostile one costs its span the content, not the span', async () => {
    const { exporter } = make();
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('hostile');
        },
      },
    );
    const spans = run(2);
    (spans[1] as unknown as Record<string, unknown>).input = { deep: [hostile] };
    play(exporter, spans);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.withheld], [3, 1]);
  });

  test('one that creates spans while it is read', async () => {
    const { exporter } = make();
    const spans = run(1);
    const inner = span({ traceId: spans[0].traceId, parentSpanId: spans[0].id });
    (spans[1] as unknown as Record<string, unknown>).input = {
      toJSON() {
        end(exporter, inner);
        void exporter.flush();
        return 'read';
      },
    };
    start(exporter, ...spans, inner);
    end(exporter, spans[1]);
    await tick();
    end(exporter, spans[0]);
    await exporter.flush();
    assert.equal(arrived(spans[0].traceId).length, 3);
  });

  test('long strings arrive, very long ones cut, with a note of how much', async () => {
    const { exporter } = make({ destinations: [to('long')] });
    for (const [unit, units] of [['z', 1e5], ['z', 1e6], ['天', 1e6], ['z', 80e6], ['天', 5e6]] as const) {
      const spans = run(1, { type: 'generic' });
      const input = unit.repeat(units);
      play(exporter, [spans[0], { ...spans[1], input } as MastraSpan]);
      const receipt = await exporter.flush();
      assert.deepEqual([receipt.accepted, receipt.dropped], [2, {}], `${units} of ${unit}`);
      const wire = arrived(spans[0].traceId).find((s) => s.spanId === spans[1].id);
      const value = wire?.attributes.get('mastra.generic.input') as string;
      const kept = Math.min(units, 2 ** 20);
      const note = kept < units ? `…[truncated ${units - kept}]` : '';
      assert.ok(value === unit.repeat(kept) + note, `${units} of ${unit}: ${value.length} arrived`);
    }
  });

  test('one that is larger than memory is withheld, and its neighbours are whole', async () => {
    const { exporter } = make();
    const spans = run(3);
    const fields = spans as unknown as Record<string, unknown>[];
    fields[1].input = Array.from({ length: 6e6 }, (_, i) => i);
    fields[2].input = Array.from({ length: 400 }, () => 'z'.repeat(100_000)); // 40 MB, none long enough to cut
    play(exporter, spans);
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, 4);
    assert.equal(receipt.withheld, 2);
    const wire = arrived(spans[0].traceId);
    assert.deepEqual(wire.map((s) => s.spanId).sort(), spans.map((s) => s.id).sort());
    assert.equal(wire.find((s) => s.spanId === spans[3].id)?.attributes.get('mastra.generic.input'), '{"i":2}');
    const next = run(1);
    play(exporter, next);
    assert.equal((await exporter.flush()).accepted, 2);
  });

  test('one that fits only alone on the tape is not cut', async () => {
    const { exporter } = make({ destinations: [to('alone', { maxRequestBytes: 10_000_000 })] });
    const spans = run(2);
    const fields = spans as unknown as Record<string, unknown>[];
    fields[1].input = ['y'.repeat(900_000), 'y'.repeat(900_000)];
    fields[2].input = Array.from({ length: 6 }, () => 'z'.repeat(900_000));
    play(exporter, spans);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.withheld], [3, 0]);
    const [wire] = arrived(spans[0].traceId).filter((s) => s.spanId === spans[2].id);
    assert.deepEqual(JSON.parse(wire.attributes.get('mastra.generic.input') as string), fields[2].input);
  });

  test('one that only fits when its strings are cut', async () => {
    const { exporter } = make();
    const spans = run(1);
    const field = spans[1] as unknown as Record<string, unknown>;
    field.input = Array.from({ length: 20 }, () => 'z'.repeat(2_000_000)); // 40 MB
    play(exporter, spans);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.withheld], [2, 0]);
    const [wire] = arrived(spans[0].traceId).filter((s) => s.spanId === spans[1].id);
    const texts = JSON.parse(wire.attributes.get('mastra.generic.input') as string) as string[];
    assert.equal(texts.length, 20);
    assert.match(texts[19], /^z{131072}…\[truncated 1868928\]$/);
  });
});

describe('built for every request', () => {
  test('more requests at once than the core has batches: they take turns', async () => {
    const made = Array.from({ length: 300 }, () => make({ destinations: [otlp({ endpoint: `${sink.origin}/crowd` })] }));
    for (const { exporter } of made) play(exporter, run(1));
    const receipts = await Promise.all(made.map(({ exporter }) => exporter.flush()));
    assert.equal(receipts.reduce((sum, r) => sum + r.accepted, 0), 600);
    assert.ok(receipts.every((r) => Object.keys(r.dropped).length === 0));
  });

  test('more exporters than the core holds: an evicted one opens itself again', async () => {
    const tenant = (): Bench => make({ destinations: [to('evicted', { headers: { n: `${names}` } })] });
    const others = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) {
        const { exporter } = tenant();
        play(exporter, run(0));
        assert.equal((await exporter.flush()).accepted, 1);
      }
    };
    const { exporter } = tenant();
    play(exporter, run(1));
    assert.equal((await exporter.flush()).accepted, 2);
    await others();
    play(exporter, run(3)); // evicted meanwhile
    assert.equal((await exporter.flush()).accepted, 4);
    const open = run(1);
    start(exporter, ...open);
    await others();
    end(exporter, open[1], open[0]); // was held by its open run
    assert.equal((await exporter.flush()).accepted, 2);
    await others();
    end(exporter, span({ traceId: open[0].traceId, parentSpanId: open[0].id })); // late
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, 1);
    assert.equal(total(receipt), 1);
  });

  test('ten thousand exporters leave memory flat', async () => {
    const { coreTape } = await import('../../js/dist/core/core.js');
    let before = 0;
    for (let i = 0; i < 10_000; i++) {
      if (i === 1000) before = coreTape().x.memory.buffer.byteLength;
      const exporter = new EdgespanExporter({
        destinations: [otlp({ endpoint: `${sink.origin}/per-request`, headers: { n: `${i % 300}` } })],
      });
      exporter.init({ config: { serviceName: 'per-request' } });
      const spans = run(1);
      start(exporter, ...spans);
      if (i % 500 === 0) {
        end(exporter, spans[1], spans[0]);
        assert.equal((await exporter.flush()).accepted, 2);
      } else {
        await exporter.shutdown();
      }
    }
    assert.equal(coreTape().x.memory.buffer.byteLength, before);
  });
});
