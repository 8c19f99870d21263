// What is kept of traces is bounded, in traces and in bytes, and its estimate of memory is honest.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { traceStore } from 'edgespan/traces';
import type { Keeper } from '../../js/dist/engine/lane.js';
import { read, startKeeping } from '../support/traces.ts';
import { end, play, run, start } from './spans.ts';

const { make } = await startKeeping();

describe('bounds', () => {
  test('the oldest trace gives way, by count', async () => {
    const keepTraces = traceStore({ count: 3 });
    const exporter = make({ keepTraces });
    const runs = Array.from({ length: 5 }, () => run(2));
    for (const spans of runs) play(exporter, spans);
    const kept = await Promise.all(runs.map(([root]) => exporter.getTrace(root.traceId)));
    assert.deepEqual(kept.map((trace) => trace?.spans.length), [undefined, undefined, 3, 3, 3]);
    assert.equal(keepTraces.count, 3);
    keepTraces.clear();
    assert.deepEqual([keepTraces.count, keepTraces.bytes], [0, 0]);
  });

  test('by bytes; one that is too large takes only itself', async () => {
    const keepTraces = traceStore({ bytes: 100_000 });
    const exporter = make({ keepTraces });
    const runs = Array.from({ length: 20 }, () => run(1, { input: 'x'.repeat(10_000) }));
    for (const spans of runs) {
      play(exporter, spans);
      assert.ok(keepTraces.bytes <= 100_000);
    }
    assert.equal(keepTraces.count, 4);
    const large = run(30, { input: 'é'.repeat(4_000) });
    play(exporter, large);
    assert.equal(await exporter.getTrace(large[0].traceId), null);
    play(exporter, runs[0]);
    assert.equal((await read(exporter, runs[0][0].traceId)).spans.length, 2);
    assert.ok(keepTraces.bytes > 0 && keepTraces.bytes <= 100_000);
  });

  test('a run that gave way is not read in part', async () => {
    const exporter = make({ keepTraces: traceStore({ count: 1 }) });
    const [first, second] = [run(2), run(1)];
    start(exporter, ...first);
    end(exporter, first[1]);
    play(exporter, second);
    end(exporter, first[2], first[0]);
    assert.equal(await exporter.getTrace(first[0].traceId), null);
    assert.equal((await exporter.findTraces()).length, 1);
  });

  test('scores count', async () => {
    const keepTraces = traceStore({ bytes: 50_000 });
    const exporter = make({ keepTraces });
    const [root] = run(0);
    play(exporter, [root]);
    const trace = await read(exporter, root.traceId);
    for (let i = 0; i < 20; i++) await trace.addScore({ name: 'x', value: i, comment: 'x'.repeat(5_000) });
    assert.ok(keepTraces.bytes <= 50_000);
    assert.equal(await exporter.getTrace(root.traceId), null);
  });

  for (const [what, runs, input] of [
    ['long strings', 600, (i: number) => `${i}`.repeat(1_000)],
    ['strings beyond Latin-1', 600, (i: number) => `Schnee 🌨️ ${i}`.repeat(300)],
    ['short spans', 5_000, (i: number) => i],
  ] as const) {
    test(`the estimate is honest: ${what}`, () => {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as () => void;
      const store = traceStore({ count: 1e9, bytes: 1e9 });
      const lane: { keeper?: Keeper } = {}; // an exporter's, to which the store connects itself
      store.connect(lane, {});
      const { keeper } = lane;
      assert.ok(keeper);
      const fill = (count: number): void => {
        for (let i = 0; i < count; i++) {
          const [root, ...rest] = run(4, { input: input(i) });
          keeper.started(root.traceId);
          for (const s of [...rest, root]) keeper.ended(s, s);
        }
      };
      fill(200);
      gc();
      const [heap, bytes] = [process.memoryUsage().heapUsed, store.bytes];
      fill(runs);
      gc();
      const ratio = (process.memoryUsage().heapUsed - heap) / (store.bytes - bytes);
      assert.ok(ratio > 0.7 && ratio < 1.15, `memory is ${ratio.toFixed(2)} of the estimate`);
    });
  }

  test('exporters that are built for each request share a store', async () => {
    const keepTraces = traceStore();
    const runs = Array.from({ length: 3 }, () => run(1));
    for (const spans of runs) play(make({ keepTraces }), spans);
    const last = make({ keepTraces });
    for (const [root] of runs) assert.equal((await read(last, root.traceId)).spans.length, 2);
  });
});
