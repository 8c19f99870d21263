// Custom span formatters that fail, or take too long: what they were to change is withheld and counted,
// the envelope leaves, and nothing waits longer than it may. Titles name rows of the promises
// (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as tick } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { MastraSpan } from 'edgespan/mastra';
import { startSite, total } from '../support/exporter.ts';
import { lint, type WireSpan } from '../support/otlp.ts';
import { end, ids, marked, play, run, start } from './spans.ts';

const { arrived, make, place } = await startSite();

describe('a formatter that fails', () => {
  const never = new Promise<MastraSpan>(() => {});
  const failures = [
    ['throws', () => assert.fail('formatter')],
    ['rejects', () => Promise.reject(new Error('formatter'))],
    ['gives no span', () => 7],
    ['gives an empty object', () => ({})],
    ['gives a list', () => []],
    ['gives a Date', () => new Date()],
    ['gives a part of a span', (s: MastraSpan) => ({ id: s.id, name: s.name, input: 1 })],
    ['gives what cannot be read', () => hostile],
    ['gives nothing, later', async () => undefined],
    ['never answers', () => never],
  ] as const;
  const hostile = Object.defineProperty({}, 'id', { get: () => assert.fail('id') });
  const error = { message: 'private', name: 'Private', stack: 'private' };
  // Wherever users write; what of a span is its envelope says nothing of them.
  const secrets = {
    name: 'order of private',
    entityName: 'private',
    entityId: 'private',
    input: 'private',
    attributes: { model: 'private' },
    metadata: { private: 'private' },
    tags: ['private'],
    errorInfo: error,
  };

  for (const [what, formatter] of failures) {
    const customSpanFormatter = formatter as () => MastraSpan;

    test(`${what}: withheld and counted, for its destination alone`, async () => {
      const [failing, whole] = [place('ok', { customSpanFormatter }), place('ok')];
      const { exporter } = make({ destinations: [failing.to, whole.to], formatterTimeout: 50 });
      const spans = run(1, secrets);
      play(exporter, spans);
      const receipt = await exporter.flush();
      assert.deepEqual([receipt.accepted, receipt.withheld, receipt.pending], [4, 2, 0]);
      assert.deepEqual(failing.spans().map((s) => s.name).sort(), ['generic', 'invoke_agent']);
      assert.deepEqual(ids(failing.spans()), ids(spans));
      assert.deepEqual(failing.spans().flatMap(lint), []);
      assert.doesNotMatch(inspect(failing.spans(), { depth: 9 }), /private/i);
      assert.match(inspect(whole.spans(), { depth: 9 }), /private/);
      // That a span failed is part of its envelope.
      for (const s of failing.spans()) assert.deepEqual(s.status, { code: 2, message: '' });
    });

    test(`${what}, with onFormatterError 'original': the span leaves as it was`, async () => {
      const [formatted, plain] = [place('ok', { customSpanFormatter }), place('ok')];
      const { exporter } = make({
        destinations: [formatted.to, plain.to],
        onFormatterError: 'original',
        formatterTimeout: 50,
      });
      play(exporter, run(2, secrets));
      const receipt = await exporter.flush();
      assert.deepEqual([receipt.accepted, receipt.withheld], [6, 0]);
      const sorted = (spans: WireSpan[]): WireSpan[] =>
        spans.sort((a, b) => a.spanId.localeCompare(b.spanId));
      assert.deepEqual(sorted(formatted.spans()), sorted(plain.spans()));
    });
  }

  test('row 78: formatterTimeout is the time that a run waits', async () => {
    // Slower than one timeout and faster than the other by far: the machine may be busy.
    const at = place('ok', { customSpanFormatter: async (s) => (await tick(400), s) });
    const after: number[] = [];
    for (const formatterTimeout of [20, 30_000]) {
      const { exporter } = make({ destinations: [at.to], formatterTimeout });
      play(exporter, run(1));
      after.push((await exporter.flush()).withheld);
    }
    assert.deepEqual(after, [2, 0]);
  });

  test('a formatter that takes the name away leaves the type', async () => {
    const at = place('ok', { customSpanFormatter: ({ name: _, ...s }) => s as MastraSpan });
    const { exporter } = make({ destinations: [at.to] });
    play(exporter, run(1, { name: 'order of private' }));
    assert.deepEqual([(await exporter.flush()).withheld, at.spans().length], [0, 2]);
    assert.doesNotMatch(inspect(at.spans(), { depth: 9 }), /private/);
  });

  test('an answer that comes too late changes nothing', async () => {
    let answer: (s: MastraSpan) => void = () => {};
    const held = new Promise<MastraSpan>((resolve) => (answer = resolve));
    const at = place('ok', { customSpanFormatter: (s) => (s.isRootSpan ? s : held) });
    const { exporter } = make({ destinations: [at.to], formatterTimeout: 20 });
    const spans = run(1);
    play(exporter, spans);
    await exporter.flush();
    answer(spans[1]);
    await tick();
    const receipt = await exporter.flush();
    assert.deepEqual([total(receipt), at.spans().length], [0, 2]);
  });

  test('spans that wait are bounded: the oldest leaves without content', async () => {
    const answers: (() => void)[] = [];
    const customSpanFormatter = (s: MastraSpan): Promise<MastraSpan> =>
      new Promise((resolve) => answers.push(() => resolve(marked('made')(s))));
    const at = place('ok', { customSpanFormatter });
    const { exporter } = make({ destinations: [at.to], formatterTimeout: 20 });
    const [root, ...children] = run(4_100);
    start(exporter, root);
    end(exporter, ...children);
    const early = await exporter.flush();
    // Those may leave before their run has ended.
    assert.deepEqual([early.pending, early.withheld, early.accepted], [4_096, 4, 4]);
    for (const answer of answers) answer();
    await tick();
    const receipt = await exporter.shutdown();
    assert.deepEqual([receipt.accepted, receipt.withheld, total(receipt)], [4_096, 0, 4_096]);
    const bare = at.spans().filter((s) => !s.attributes.has('mastra.metadata.mark'));
    assert.deepEqual(ids(bare), ids(children.slice(0, 4)));
  });
});

describe("the exporter's formatter, where it fails", () => {
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
