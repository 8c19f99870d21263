// A module that is not the redactor: nothing leaves unredacted, the reason is said, and nothing is left behind
// in the core. In a file of its own: a process has one module.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { initRedactor, redact } from 'edgespan/privacy';
import { startSink } from '../support/exporter.ts';
import { play, run } from './spans.ts';

test('a module that is none of this core turns exporters off, by a reason', async (t) => {
  const sink = await startSink();
  const { Table } = WebAssembly as unknown as { Table: { prototype: { grow(by: number): number } } };
  const grown = t.mock.method(Table.prototype, 'grow').mock;
  initRedactor(new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)));
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  for (let i = 0; i < 2; i++) {
    const exporter = new EdgespanExporter({
      destinations: [otlp({ endpoint: `${sink.origin}/ok/module`, redact: redact() })],
    });
    exporter.__setLogger({ debug: note, info: note, warn: note, error: note });
    for (let runs = 0; runs < 3; runs++) play(exporter, run(0, { input: 'text' }));
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, 0);
    assert.deepEqual(receipt.dropped, { disabled: 3 });
  }
  assert.equal(sink.requests.length, 0);
  assert.equal(grown.callCount(), 0);
  assert.deepEqual(lines, [
    '[edgespan] Tracing is off; spans are dropped: redactor.wasm is none of this core (EDGESPAN_ABI_MISMATCH)',
  ]);
});
