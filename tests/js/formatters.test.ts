// Custom span formatters, for an exporter and for a destination: each destination gets its own form of
// every span, formatters may take their time, and the accounts stay exact. With hand-made spans; titles
// name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as tick } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type Destination, otlp } from 'edgespan/destinations';
import type { MastraSpan, Receipt } from 'edgespan/mastra';
import { type Place, startSite, total } from '../support/exporter.ts';
import { decodeProtobuf, lint, type WireSpan } from '../support/otlp.ts';
import { end, id, ids, marked, play, run, span, start } from './spans.ts';

const { arrived, make, place, sink } = await startSite();

const marks = (spans: WireSpan[]): unknown[] => [
  ...new Set(spans.map((s) => s.attributes.get('mastra.metadata.mark'))),
];

describe("the exporter's formatter", () => {
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
});

describe('one formatter for each destination', () => {
  test('rows 75, 76: each destination gets its own form, in bodies of its own, once', async () => {
    const [plain, own, other] = [place('ok'), place('ok', { customSpanFormatter: marked('own') }), place('ok')];
    const { exporter, receipts } = make({
      destinations: [plain.to, own.to, other.to],
      customSpanFormatter: marked('exporter'),
    });
    const spans = run(4, { input: 'x' });
    play(exporter, spans);
    await exporter.flush();
    for (const [at, mark] of [[plain, 'exporter'], [own, 'own'], [other, 'exporter']] as const) {
      assert.deepEqual(ids(at.spans()), ids(spans));
      assert.deepEqual(marks(at.spans()), [mark]);
      assert.deepEqual(at.spans().flatMap(lint), []);
    }
    assert.deepEqual(receipts.map((r) => [r.accepted, r.requests]), [[15, 3]], 'one receipt a run');
  });

  test('a formatter runs once for a span, however many destinations share it', async () => {
    const calls: string[] = [];
    const customSpanFormatter = (s: MastraSpan): MastraSpan => (calls.push(s.id), s);
    const own = (): Place => place('ok', { customSpanFormatter });
    const [a, b, c] = [own(), own(), place('ok')];
    const { exporter } = make({ destinations: [a.to, c.to, b.to] });
    const spans = run(3);
    play(exporter, spans);
    assert.equal((await exporter.flush()).accepted, 12);
    assert.deepEqual(calls.sort(), ids(spans));
  });

  test('a span crosses once for each form', async () => {
    let reads = 0;
    // Read each time that the span is written onto a tape.
    const seen = (s: MastraSpan): MastraSpan =>
      Object.defineProperty({ ...s }, 'input', { enumerable: true, get: () => (reads++, 'x') });
    const other = (s: MastraSpan): MastraSpan => seen(s);
    const own = (customSpanFormatter = seen): Destination => place('ok', { customSpanFormatter }).to;
    const { exporter } = make({ destinations: [own(), own(other), own(), own(), place('ok').to] });
    const spans = run(3);
    play(exporter, spans);
    assert.equal((await exporter.flush()).accepted, 5 * spans.length);
    assert.equal(reads, 2 * spans.length);
  });

  test('two forms for one address do not mix', async () => {
    const endpoint = `${sink.origin}/ok/same-address`;
    const { exporter } = make({
      destinations: ['a', 'b'].map((m) => otlp({ endpoint, customSpanFormatter: marked(m) })),
    });
    const spans = run(3);
    play(exporter, spans);
    const receipt = await exporter.flush();
    const requests = sink.requests.filter((r) => r.path.includes('same-address'));
    const bodies = requests.map((r) => decodeProtobuf(r.body));
    assert.deepEqual(bodies.flatMap(marks).sort(), ['a', 'b']);
    for (const body of bodies) assert.deepEqual(ids(body), ids(spans));
    assert.deepEqual([receipt.accepted, total(receipt)], [8, 8]);
  });

  test('what one formatter hides, another destination still gets, and the other way round', async () => {
    const hide = (s: MastraSpan): MastraSpan => ({ ...s, input: undefined }) as MastraSpan;
    const [open, closed] = [place('ok'), place('ok', { customSpanFormatter: hide })];
    const { exporter } = make({ destinations: [open.to, closed.to] });
    play(exporter, run(2, { input: 'private' }));
    await exporter.flush();
    assert.match(inspect(open.spans(), { depth: 9 }), /private/);
    assert.doesNotMatch(inspect(closed.spans(), { depth: 9 }), /private/);
  });

  test('a destination does not wait for the formatter of another', async () => {
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    const customSpanFormatter = (s: MastraSpan): Promise<MastraSpan> => held.then(() => s);
    const [fast, slow] = [place('ok'), place('ok', { customSpanFormatter })];
    const { exporter, receipts } = make({ destinations: [slow.to, fast.to] });
    const spans = run(2);
    play(exporter, spans);
    await sink.until(() => fast.spans().length === 3, 'the run, where nothing formats');
    assert.deepEqual([slow.spans().length, receipts.length], [0, 0]);
    answer();
    await sink.until(() => slow.spans().length === 3, 'the run, formatted');
    await exporter.flush();
    assert.deepEqual(receipts.map((r) => r.accepted), [6]);
  });

  test('a span that is being formatted is pending for each destination of its form', async () => {
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    const customSpanFormatter = (s: MastraSpan): Promise<MastraSpan> => held.then(() => s);
    const slow = [place('ok', { customSpanFormatter }), place('ok', { customSpanFormatter })];
    const promises: Promise<unknown>[] = [];
    const { exporter } = make({
      destinations: [...slow, place('ok')].map((d) => d.to),
      waitUntil: (promise) => void promises.push(promise),
    });
    play(exporter, run(2));
    const early = await exporter.flush();
    assert.deepEqual([early.accepted, early.pending], [3, 6]);
    answer();
    await Promise.all(promises);
    const late = await exporter.flush();
    assert.deepEqual([late.accepted, late.pending, total(late)], [6, 0, 6]);
  });

  test('every span is accounted for, for every destination, whatever becomes of it', async () => {
    const ok = place('ok', { customSpanFormatter: marked('x') });
    const refused = place('400', { customSpanFormatter: () => assert.fail('formatter') });
    const off = place('ok', { endpoint: undefined, customSpanFormatter: marked('y') });
    const odd = place('ok', { dropTypes: ['none'], customSpanFormatter: marked('z') });
    const slow = place('ok', { customSpanFormatter: async (s) => (await tick(10), s) });
    const { exporter } = make({ destinations: [ok, refused, off, odd, slow].map((d) => d.to) });
    const spans = run(3);
    play(exporter, spans);
    const early = await exporter.flush();
    assert.equal(total(early), 5 * spans.length);
    play(exporter, run(0));
    const last = await exporter.shutdown();
    assert.equal(total(last) + total(early) - early.pending, 5 * (spans.length + 1));
    assert.equal(last.pending, 0);
    const sum = (of: (receipt: Receipt) => number): number => of(early) + of(last);
    assert.equal(sum((r) => r.accepted), 10);
    assert.equal(sum((r) => r.rejected), 5);
    assert.equal(sum((r) => r.withheld), 5);
    assert.equal(sum((r) => (r.dropped.disabled ?? 0) + (r.dropped.failed ?? 0)), 10);
  });
});

describe('asynchronous formatters', () => {
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
    await exporter.flush(); // whatever else is under way
    assert.deepEqual(receipts.map((r) => [r.accepted, r.withheld]), [[5, 0]]);
  });

  test('a span that ends after its root is waited for, and sent by itself', async () => {
    const at = place('ok', { customSpanFormatter: async (s) => (await tick(20), marked('late')(s)) });
    const promises: Promise<unknown>[] = [];
    const { exporter } = make({
      destinations: [at.to],
      waitUntil: (promise) => void promises.push(promise),
    });
    const [root, child] = run(1);
    play(exporter, [root]);
    await Promise.all(promises);
    end(exporter, child);
    assert.equal(promises.length, 2);
    await promises[1];
    assert.deepEqual(ids(at.spans()), ids([root, child]));
    assert.deepEqual(marks(at.spans()), ['late']);
  });

  test('runs that share a trace id leave whole', async () => {
    const at = place('ok', { customSpanFormatter: async (s) => (await tick(s.isRootSpan ? 0 : 15), s) });
    const { exporter } = make({ destinations: [at.to] });
    const first = run(2);
    const { traceId } = first[0];
    const root = span({ traceId, isRootSpan: true });
    const second = [root, span({ traceId, parentSpanId: root.id })];
    start(exporter, ...first, ...second);
    end(exporter, ...first.slice(1), first[0], second[1], second[0]);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.withheld, receipt.pending], [5, 0, 0]);
    assert.deepEqual(ids(at.spans()), ids([...first, ...second]));
  });

  test('shutdown waits for them', async () => {
    const at = place('ok', { customSpanFormatter: async (s) => (await tick(20), marked('made')(s)) });
    const { exporter } = make({ destinations: [at.to] });
    const [root, child] = run(1);
    start(exporter, root);
    end(exporter, child);
    const receipt = await exporter.shutdown();
    assert.deepEqual([receipt.accepted, receipt.unended], [1, 1]);
    assert.deepEqual(marks(at.spans()), ['made']);
  });
});
