// What users hang on spans, read as it is: hostile objects, and very large ones.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as tick } from 'node:timers/promises';
import type { MastraSpan } from 'edgespan/mastra';
import { startSite } from '../support/exporter.ts';
import { end, play, run, span, start } from './spans.ts';

// Without a spool what cannot be sent is lost: spool_memory.test.ts has the rest.
const { arrived, make, to } = await startSite({ spool: false });

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
