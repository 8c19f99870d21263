// What leaves of a run before its root has ended: when, for whom, and what a flush says of the rest.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { otlp, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type MastraSpan } from 'edgespan/mastra';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { end, recorded, run, start } from './spans.ts';

let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(() => sink.close());

let places = 0;
/** An exporter with one destination, and what arrived there, one list for each request. */
function make(options: Partial<EdgespanExporterOptions> = {}, destination: Partial<OtlpOptions> = {}) {
  const path = `/ok/${++places}`;
  const kept: Promise<unknown>[] = [];
  const wrong: unknown[] = [];
  const exporter = new EdgespanExporter({
    destinations: [otlp({ endpoint: sink.origin + path, ...destination })],
    waitUntil: (promise) => void kept.push(promise),
    onReceipt: ({ errors }) => void wrong.push(...errors),
    ...options,
  });
  const requests = (): WireSpan[][] =>
    sink.requests.filter((r) => r.path === `${path}/v1/traces`).map((r) => decodeProtobuf(r.body));
  const sent = async (): Promise<string[][]> => {
    await Promise.all(kept);
    assert.deepEqual(wrong, []);
    return requests().map((spans) => spans.map((s) => s.spanId));
  };
  return { exporter, kept, requests, sent };
}

/** Lets `ms` pass on the spans' own clock. */
const later = (span: MastraSpan, ms: number): MastraSpan =>
  Object.assign(span, {
    startTime: new Date(span.startTime.getTime() + ms),
    endTime: new Date((span.endTime ?? span.startTime).getTime() + ms),
  });
const ids = (...spans: MastraSpan[]): string[] => spans.map((s) => s.id);

describe('ended spans of a run that goes on', () => {
  test('leave when enough of them are there', async () => {
    const { exporter, kept, sent } = make({ early: { spans: 3 } });
    const [root, ...children] = run(7);
    start(exporter, root);
    for (const child of children.slice(0, 6)) {
      start(exporter, child);
      end(exporter, child);
      await Promise.all(kept);
    }
    assert.equal(kept.length, 2);
    assert.deepEqual(await sent(), [ids(...children.slice(0, 3)), ids(...children.slice(3, 6))]);
    start(exporter, children[6]);
    end(exporter, children[6], root);
    assert.deepEqual((await sent())[2], ids(children[6], root));
    assert.equal(kept.length, 3);
  });

  test('leave when they are large', async () => {
    const { exporter, kept, sent } = make({ early: { bytes: 100_000 } });
    const [root, ...children] = run(4);
    start(exporter, root);
    for (const child of children) {
      child.input = 'x'.repeat(40_000);
      end(exporter, child);
    }
    assert.equal(kept.length, 1);
    // What ends while they travel goes with them.
    assert.deepEqual(await sent(), [ids(...children.slice(0, 3)), ids(children[3])]);
  });

  test('leave when they are old, at the next start or end', async () => {
    const { exporter, kept, sent } = make();
    const [root, a, b, c] = run(3);
    start(exporter, root, a);
    end(exporter, a);
    start(exporter, later(b, 9_000));
    assert.equal(kept.length, 0);
    start(exporter, later(c, 10_500));
    assert.deepEqual(await sent(), [ids(a)]);
    end(exporter, b);
    assert.equal(kept.length, 1);
    end(exporter, later(c, 10_000));
    assert.deepEqual(await sent(), [ids(a), ids(b, c)]);
  });

  test('leave when steps have ended', async () => {
    const { exporter, sent } = make({ early: { steps: 2 } });
    const [root, ...children] = run(5);
    children[0].type = children[2].type = 'model_step';
    children[3].type = 'workflow_step';
    start(exporter, root);
    end(exporter, ...children.slice(0, 3));
    assert.deepEqual(await sent(), [ids(...children.slice(0, 3))]);
    end(exporter, ...children.slice(3));
    assert.equal((await sent()).length, 1);
  });

  test('stay until the end where nothing is due, or for who wants runs whole', async () => {
    const early = { age: 0, spans: 1, bytes: 1, steps: 1 };
    const never = { age: Infinity, spans: Infinity, bytes: Infinity };
    for (const { exporter, kept, sent } of [
      make({ early }, { delivery: 'whole' }),
      make({ early: never }),
    ]) {
      const spans = run(600);
      const [root, ...children] = spans;
      start(exporter, root);
      for (const child of children) end(exporter, later(child, 60_000));
      assert.equal(kept.length, 0);
      end(exporter, root);
      const all = await sent();
      assert.deepEqual(all.flat().sort(), ids(...spans).sort());
    }
  });

  test('a run of which nothing is heard leaves with the next run that starts', async () => {
    for (const delivery of ['whole', 'incremental'] as const) {
      const { exporter, kept, sent } = make({ early: { silence: 60_000 } }, { delivery });
      const [root, a, b] = run(2);
      const [next, last] = [run(0), run(0)].flat() as [MastraSpan, MastraSpan];
      start(exporter, root, a);
      end(exporter, a);
      start(exporter, later(next, 59_000));
      await Promise.all(kept);
      start(exporter, later(last, 62_000));
      assert.deepEqual(await sent(), [ids(a)]);
      // It was only slow.
      end(exporter, b, root, next, last);
      assert.deepEqual((await sent()).slice(1), [ids(b, root), ids(next), ids(last)]);
    }
  });

  test('a run whose request died when its root ended leaves with a later one', async () => {
    const { exporter, requests } = make({ early: { silence: 60_000 } });
    const [root, a] = run(1);
    const [next] = run(0);
    start(exporter, root, a);
    const { setTimeout: real } = globalThis;
    // Of a request that was cancelled no timer fires, and no promise goes on.
    globalThis.setTimeout = (() => 0) as unknown as typeof setTimeout;
    end(exporter, a, root);
    globalThis.setTimeout = real;
    start(exporter, later(next, 62_000));
    for (let turns = 0; requests().length === 0 && turns < 200; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(requests().map((spans) => spans.map((s) => s.spanId)), [ids(a, root)]);
    end(exporter, next);
  });

  test('a whole run is one request, whatever its size', async () => {
    const { exporter, sent } = make({}, { delivery: 'whole' });
    const [root, ...children] = run(2_000);
    start(exporter, root);
    end(exporter, ...children, root);
    assert.deepEqual((await sent()).map((body) => body.length), [2_001]);
  });

  test('one early delivery at a time for a run', async () => {
    const receipts: number[] = [];
    const kept: Promise<unknown>[] = [];
    const exporter = new EdgespanExporter({
      destinations: [otlp({ endpoint: `${sink.origin}/hang/early` })],
      waitUntil: (promise) => void kept.push(promise),
      onReceipt: ({ accepted }) => void receipts.push(accepted),
      early: { spans: 2 },
    });
    // One that is under way may take along what has ended meanwhile.
    const answered = async (): Promise<void> => {
      await sink.until(() => sink.held > 0, 'a request');
      assert.equal(sink.held, 1);
      const timer = setInterval(() => sink.release(), 10);
      await Promise.all(kept);
      clearInterval(timer);
    };
    const [root, ...children] = run(8);
    start(exporter, root);
    end(exporter, ...children.slice(0, 2));
    await sink.until(() => sink.held > 0, 'the first request');
    end(exporter, ...children.slice(2, 6));
    assert.equal(kept.length, 1);
    await answered();
    end(exporter, children[6]); // due since long
    assert.equal(kept.length, 2);
    end(exporter, children[7], root);
    await answered();
    assert.equal(receipts.reduce((sum, spans) => sum + spans, 0), 9);
  });

  test('runs of one exporter leave in requests of their own', async () => {
    const { exporter, kept, requests, sent } = make({ early: { spans: 4 } });
    const runs = Array.from({ length: 5 }, () => run(9));
    for (const [root] of runs) start(exporter, root);
    for (let i = 1; i < 10; i++) {
      for (const spans of runs) end(exporter, spans[i]);
      await Promise.all(kept);
    }
    for (const [root] of runs) end(exporter, root);
    await sent();
    for (const spans of runs) {
      const bodies = requests().filter((body) => body.some((s) => s.traceId === spans[0].traceId));
      assert.ok(bodies.length > 1);
      assert.deepEqual([...new Set(bodies.flat().map((s) => s.traceId))], [spans[0].traceId]);
      assert.deepEqual(bodies.flat().map((s) => s.spanId).sort(), ids(...spans).sort());
    }
  });

  test('recorded runs, span by span, are what they are whole', async () => {
    for (const name of ['agent-generate-tool-opts', 'agent-tool-error', 'agent-error', 'agent-stream-tool']) {
      const early = make({ early: { spans: 1 } });
      const whole = make({}, { delivery: 'whole' });
      for (const event of recorded(name)) {
        early.exporter.onTracingEvent(event);
        await Promise.all(early.kept);
        whole.exporter.onTracingEvent(event);
      }
      await early.sent();
      await whole.sent();
      const bySpan = (bodies: WireSpan[][]) =>
        bodies.flat().sort((a, b) => a.spanId.localeCompare(b.spanId));
      assert.deepEqual(bySpan(early.requests()), bySpan(whole.requests()), name);
      assert.equal(whole.requests().length, 1);
      // Where a provider failed, all wait for whoever knows why.
      if (name !== 'agent-error') assert.ok(early.requests().length > 1, name);
    }
  });
});

describe('what does not fit', () => {
  test('a span that is too large for a request is trimmed, and says how long it was', async () => {
    const { exporter, requests, sent } = make({}, { maxRequestBytes: 20_000 });
    const [root, child] = run(1);
    child.input = { question: 'ä'.repeat(50_000), page: 3 };
    start(exporter, root);
    end(exporter, child, root);
    await sent();
    const [wire] = requests().flat();
    const input = wire.attributes.get('mastra.generic.input') as string;
    assert.match(JSON.parse(input).question, /^ä+$/);
    assert.ok(input.length > 1_000);
    assert.equal(
      wire.attributes.get('edgespan.original_length.mastra.generic.input'),
      BigInt(JSON.stringify(child.input).length + 50_000),
    );
  });

  test('one that does not fit however it is trimmed is counted, and the root tells', async () => {
    const { exporter, requests } = make({ logLevel: 'silent' }, { maxRequestBytes: 3_000 });
    const [root, child] = run(1);
    child.metadata = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i]));
    start(exporter, root);
    end(exporter, child, root);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.dropped], [1, { tooLarge: 1 }]);
    const [wire] = requests().flat();
    assert.equal(wire.attributes.get('edgespan.dropped_spans'), 1n);
  });
});
