// What becomes of runs that a sampler drops: nothing of them is sent or kept, each span is counted, and
// runs beside them, of the same trace, too, lose nothing. By made events, for their order is the matter.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { traceStore } from 'edgespan/traces';
import { always, custom, never, parentBased, ratio, rules } from 'edgespan/sampling';
import { startSite, total } from '../support/exporter.ts';
import { end, ids, play, run, span, start, type TestSpan } from './spans.ts';

const site = await startSite();

/** An exporter to a place of its own. */
function lab(options: object) {
  const to = site.place('ok');
  return { ...site.make({ destinations: [to.to], ...options }), to };
}
/** Drops runs of this name. */
const without = (name: string) => rules([{ when: { name }, sample: never() }]);
const named = (name: string, traceId: string, children = 2): TestSpan[] =>
  run(children).map((one) => ({ ...one, traceId, name: one.isRootSpan ? name : `${name} child` }));
const random = (): string => randomBytes(16).toString('hex');

describe('a run that is dropped', () => {
  test('is not sent, each of its spans is counted once for each destination, and it is no loss', async () => {
    const places = [site.place('ok'), site.place('ok')];
    const { exporter, notes, receipts } = site.make({
      destinations: places.map(({ to }) => to),
      sampling: without('dropped'),
    });
    play(exporter, named('dropped', random(), 3));
    play(exporter, named('kept', random(), 1));
    const receipt = await exporter.flush();
    assert.deepEqual(receipt.dropped, { sampled: 8 });
    assert.deepEqual([receipt.accepted, receipt.pending, total(receipt)], [4, 0, 12]);
    for (const { spans } of places) assert.equal(spans().length, 2);
    assert.deepEqual(exporter.stats().dropped, { sampled: 8 });
    assert.deepEqual((await exporter.flush()).dropped, {}, 'told once');
    assert.deepEqual(notes.lines, []);
    assert.deepEqual(receipts.map(({ dropped }) => dropped.sampled ?? 0).reduce((a, b) => a + b), 8);
  });

  test('costs no request and loads no core', async () => {
    const { exporter, receipts, to } = lab({ sampling: never(), keepTraces: traceStore() });
    const spans = run(2);
    play(exporter, spans);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.requests, to.spans().length], [0, 0]);
    assert.deepEqual([receipt.dropped, receipts.map(({ dropped }) => dropped)], [{ sampled: 3 }, [{ sampled: 3 }]]);
    assert.equal(await exporter.getTrace(spans[0]!.traceId), null);
  });

  test('a destination that is off counts its spans as disabled all the same', async () => {
    const { exporter, notes } = site.make({
      destinations: [site.to('ok'), site.to('ok', { endpoint: 'nowhere' })],
      sampling: never(),
    });
    play(exporter, run(1));
    assert.deepEqual((await exporter.flush()).dropped, { sampled: 2, disabled: 2 });
    assert.match(notes.lines.join(), /is off: `endpoint`/);
  });
});

describe('runs of one trace', () => {
  for (const first of ['dropped', 'kept']) {
    test(`overlap, the ${first} one first: each span goes the way of its own run`, async () => {
      const { exporter, to } = lab({ sampling: without('dropped') });
      const traceId = random();
      const both = [named('dropped', traceId), named('kept', traceId)];
      if (first === 'kept') both.reverse();
      const [[rootA, ...a], [rootB, ...b]] = both as [TestSpan[], TestSpan[]];
      start(exporter, rootA!, a[0]!, rootB!, b[0]!, a[1]!, b[1]!);
      const below = [a[0]!, b[0]!].map((parent) => span({ traceId, parentSpanId: parent.id, isEvent: true }));
      end(exporter, ...below, b[1]!, a[1]!, a[0]!, rootA!, b[0]!, rootB!);
      const receipt = await exporter.flush();
      const kept = [...both.find(([root]) => root!.name === 'kept')!, below[first === 'kept' ? 0 : 1]!];
      assert.deepEqual(ids(to.spans()), ids(kept));
      assert.deepEqual(receipt.dropped, { sampled: 4 });
    });
  }

  test('follow each other: what is late goes the way of its run', async () => {
    const { exporter, to } = lab({ sampling: without('dropped') });
    const traceId = random();
    const [gone, next, again] = ['dropped', 'kept', 'dropped'].map((name) => named(name, traceId));
    play(exporter, gone!);
    end(exporter, span({ traceId, parentSpanId: gone![0]!.id })); // after its root
    play(exporter, next!);
    play(exporter, again!);
    const receipt = await exporter.flush();
    assert.deepEqual(ids(to.spans()), ids(next!));
    assert.deepEqual(receipt.dropped, { sampled: 7 });
  });

  test('one of an event alone, or that began in another isolate, is decided at its end', async () => {
    const { exporter, to } = lab({ sampling: rules([{ when: { name: 'dropped' }, sample: never() }], ratio(0.5)) });
    const traces = Array.from({ length: 40 }, random);
    for (const traceId of traces) {
      end(exporter, span({ traceId, name: 'kept', isRootSpan: true, isEvent: true }));
      end(exporter, span({ traceId, name: 'kept', isRootSpan: true }));
      end(exporter, span({ traceId: random(), name: 'dropped', isRootSpan: true }));
    }
    await exporter.flush();
    const kept = traces.filter((traceId) => Number.parseInt(traceId.slice(18, 20), 16) >= 128);
    assert.equal(to.spans().length, 2 * kept.length);
    assert.ok(to.spans().every(({ name, traceId }) => name.includes('kept') && kept.includes(traceId)));
  });

  test('one that goes on is remembered, however many others are dropped that are over', async () => {
    const { exporter, to } = lab({ sampling: without('dropped') });
    const [[root, ...children], quiet] = [named('dropped', random(), 3), named('dropped', random(), 1)];
    start(exporter, root!, ...quiet);
    for (let i = 0; i < 9000; i++) {
      if (i % 100 === 0) start(exporter, children[0]!);
      play(exporter, named('dropped', random(), 0));
    }
    end(exporter, ...children, root!, quiet[1]!, quiet[0]!);
    const receipt = await exporter.flush();
    assert.deepEqual(ids(to.spans()), []);
    assert.deepEqual(receipt.dropped, { sampled: 9006 });
  });

  test('one that never ends is remembered as long as it is heard of', async () => {
    const { exporter, to } = lab({ sampling: without('dropped') });
    const [root, child] = named('dropped', random(), 1);
    start(exporter, root!);
    for (let i = 0; i < 9000; i++) start(exporter, named('dropped', random(), 0)[0]!, ...(i % 1000 ? [] : [child!]));
    end(exporter, child!, root!);
    await exporter.flush();
    assert.deepEqual(ids(to.spans()), []);
  });

  test('that never end take no more room than so many: 10,000 of them, and those beside them are whole', async () => {
    const { exporter, to } = lab({ sampling: without('dropped') });
    const kept = named('kept', random());
    start(exporter, ...kept);
    for (let i = 0; i < 10_000; i++) start(exporter, ...named('dropped', i % 2 ? random() : kept[0]!.traceId, 1));
    const last = named('dropped', random());
    play(exporter, last);
    end(exporter, ...kept.slice(1), kept[0]!);
    const receipt = await exporter.flush();
    assert.deepEqual(ids(to.spans()), ids(kept));
    assert.deepEqual(receipt.dropped, { sampled: 3 });
  });
});

test('a function that throws keeps the run, and is warned of once; so are settings that cannot be', async () => {
  const failing = lab({
    sampling: custom(() => {
      throw new Error('no tier');
    }),
  });
  for (const spans of [run(1), run(1)]) play(failing.exporter, spans);
  await failing.exporter.flush();
  assert.equal(failing.to.spans().length, 4);
  assert.deepEqual(failing.notes.lines, ['[edgespan] `sampling` threw (Error: no tier): runs are kept.']);

  const wrong = lab({ sampling: parentBased({ root: ratio(3) }) });
  play(wrong.exporter, run(1));
  const empty = lab({ sampling: rules([null as never]) });
  play(empty.exporter, run(1));
  const odd = lab({ sampling: { type: 'ratio', probability: 0 } as never });
  play(odd.exporter, run(1));
  for (const { exporter, to } of [wrong, empty, odd]) {
    await exporter.flush();
    assert.equal(to.spans().length, 2);
  }
  assert.match(wrong.notes.lines.join(), /ratio\(3\) is none of 0 to 1/);
  assert.match(empty.notes.lines.join(), /a rule has no `when`/);
  assert.match(odd.notes.lines.join(), /`sampling` or `tail` is ignored/);
});

test('what is kept says in tracestate how likely that was, on every span', async () => {
  const { exporter, to } = lab({ sampling: rules([{ when: { name: 'all' }, sample: always() }], ratio(0.25)) });
  const traceId = `${'a'.repeat(18)}${'f'.repeat(14)}`;
  play(exporter, named('some', traceId));
  play(exporter, named('all', random()));
  await exporter.flush();
  const states = (part: string) => to.spans().filter(({ name }) => name.includes(part)).map((one) => one.traceState);
  assert.deepEqual(states('some'), ['ot=th:c', 'ot=th:c', 'ot=th:c']);
  assert.deepEqual(states('all'), ['', '', '']);
});
