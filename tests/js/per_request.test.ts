// Exporters that are built for every request: more of them than the core holds, and memory stays flat.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { startSite, total, type Watched } from '../support/exporter.ts';
import { end, play, run, span, start } from './spans.ts';

// Without a spool what cannot be sent is lost: spool_memory.test.ts has the rest.
const { make, sink, to } = await startSite({ spool: false });

describe('built for every request', () => {
  test('more requests at once than the core has batches: they take turns', async () => {
    const made = Array.from({ length: 300 }, () => make({ destinations: [otlp({ endpoint: `${sink.origin}/crowd` })] }));
    for (const { exporter } of made) play(exporter, run(1));
    const receipts = await Promise.all(made.map(({ exporter }) => exporter.flush()));
    assert.equal(receipts.reduce((sum, r) => sum + r.accepted, 0), 600);
    assert.ok(receipts.every((r) => Object.keys(r.dropped).length === 0));
  });

  test('more exporters than the core holds: an evicted one opens itself again', async () => {
    const tenant = (): Watched => make({ destinations: [to('evicted')] });
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
