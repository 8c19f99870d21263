// What of runs arrives at a receiver: which spans, once, in which bodies, with which resource. In Node,
// against the real core.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import type { EdgespanExporterOptions, MastraSpan } from 'edgespan/mastra';
import { startSite } from '../support/exporter.ts';
import { replay } from '../support/official.ts';
import { decodeProtobuf, lint, plain, type WireSpan } from '../support/otlp.ts';
import { end, play, recorded, run, span, start } from './spans.ts';

// Without a spool what cannot be sent is lost: spool_memory.test.ts has the rest.
const { arrived, arrivedIn, make, sink, to } = await startSite({ spool: false });

describe('what arrives', () => {
  test('a run is sent when its root ends, once, without a flush', async () => {
    const { exporter, receipts } = make();
    const spans = run(5);
    play(exporter, spans);
    await sink.until(() => arrived(spans[0].traceId).length > 0, 'the run');
    await exporter.flush(); // whatever else is under way
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
    await exporter.flush();
    const requests = sink.requests.length;
    end(exporter, span({ traceId: spans[0].traceId, parentSpanId: spans[0].id }));
    end(exporter, span({ traceId: spans[0].traceId, parentSpanId: spans[0].id }));
    await sink.until(() => arrived(spans[0].traceId).length === 6, 'the late spans');
    await exporter.flush();
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
