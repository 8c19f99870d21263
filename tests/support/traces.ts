// What tests of reading traces back share: exporters that keep theirs.
import assert from 'node:assert/strict';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions } from 'edgespan/mastra';
import { type RecordedTrace, traceStore } from 'edgespan/traces';
import { startSink } from './exporter.ts';
import type { Sink } from './sink.ts';

export type Make = (options?: Partial<EdgespanExporterOptions>) => EdgespanExporter;

/** A sink until the tests of the file are over, and exporters to it that keep their traces. */
export async function startKeeping(): Promise<{ sink: Sink; make: Make }> {
  const sink = await startSink();
  return {
    sink,
    make: (options) =>
      new EdgespanExporter({
        // Runs that nobody waits for may meet a closed sink: once, and in silence.
        destinations: [otlp({ endpoint: `${sink.origin}/ok`, retryBudget: 0 })],
        keepTraces: traceStore(),
        logLevel: 'silent',
        ...options,
      }),
  };
}

/** A trace that must be there. */
export async function read(exporter: EdgespanExporter, traceId: string | undefined): Promise<RecordedTrace> {
  const trace = await exporter.getTrace(traceId ?? '');
  assert.ok(trace, `no trace ${traceId}`);
  return trace;
}
