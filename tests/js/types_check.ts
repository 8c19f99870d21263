// Compiled, never run: the exporter is Mastra's ObservabilityExporter under strict, and what users
// write against the public types compiles.
import type { AnyExportedSpan, ObservabilityExporter } from '@mastra/core/observability';
import { type Destination, otlp } from 'edgespan/destinations';
import { EdgespanExporter, type MastraSpan, type Receipt } from 'edgespan/mastra';
import { EdgespanError, initCore } from 'edgespan';

const destination: Destination = otlp({ endpoint: undefined, headers: { authorization: undefined } });
const exporter = new EdgespanExporter({
  destinations: [destination],
  serviceName: 'x',
  resourceAttributes: { 'deployment.environment.name': 'test', shard: 3 },
  customSpanFormatter: (span) => ({ ...span, name: span.name.toUpperCase() }),
  limits: { attributeCountLimit: 64 },
  onReceipt: (receipt) => console.log(receipt.dropped.unsent ?? 0),
  waitUntil: (promise: Promise<unknown>) => void promise,
  logLevel: 'warn',
});
const asMastraSees: ObservabilityExporter = exporter;

async function receipts(): Promise<number> {
  const receipt: Receipt = await exporter.flush();
  return receipt.accepted + (await exporter.shutdown()).rejected;
}

// A formatter written for Mastra's own exporters fits.
const formatter = async (span: AnyExportedSpan): Promise<AnyExportedSpan> => ({ ...span });
const second = new EdgespanExporter({ destinations: [], customSpanFormatter: formatter });
const span: MastraSpan = {} as AnyExportedSpan;

try {
  initCore();
} catch (error) {
  if (error instanceof EdgespanError) console.log(error.code);
}
export { asMastraSees, receipts, second, span };
