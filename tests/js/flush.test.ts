// What keeps deliveries alive, and what flush() and shutdown() wait for and tell.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startSite, total } from '../support/exporter.ts';
import { end, play, run, start } from './spans.ts';

// Without a spool what cannot be sent is lost: spool_memory.test.ts has the rest.
const { arrivedIn, make, sink, to } = await startSite({ spool: false });

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
