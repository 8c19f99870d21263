// Compiled, never run: the exporter is Mastra's ObservabilityExporter under strict, and what users
// write against the public types compiles.
import type {
  AnyExportedSpan,
  CustomSpanFormatter,
  ObservabilityExporter,
} from '@mastra/core/observability';
import type { OtelExporterConfig as OfficialConfig } from '@mastra/otel-exporter';
import { type Destination, otlp } from 'edgespan/destinations';
import { EdgespanExporter, type MastraSpan, type Receipt } from 'edgespan/mastra';
import { OtelExporter, type OtelExporterConfig } from 'edgespan/mastra/compat';
import { type RecordedTrace, traceStore } from 'edgespan/traces';
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
const mastras: CustomSpanFormatter = (one) => one;
const third = new EdgespanExporter({
  destinations: [otlp({ endpoint: '', customSpanFormatter: mastras })],
  customSpanFormatter: mastras,
  onFormatterError: 'original',
  formatterTimeout: 100,
  keepTraces: traceStore({ count: 1, bytes: 1 }),
});

// Whatever was given to the official exporter can be given to ours.
const official: OfficialConfig = { provider: { dash0: { apiKey: 'k', endpoint: 'e' } }, logLevel: 'debug' };
const taken: OtelExporterConfig = official;
const inItsPlace: ObservabilityExporter = new OtelExporter(taken);

// The reader of Mastra's documentation.
async function readBack(traceId: string): Promise<number> {
  const trace: RecordedTrace | null = await third.getTrace(traceId);
  if (!trace) return 0;
  trace.addScore({ name: 'accuracy', value: 0.95, comment: 'High accuracy response' });
  trace.addFeedback({ value: -1, comment: 'Incorrect information' });
  trace.spans.find((s) => s.type === 'tool_call')?.addScore({ scorerId: 'relevance', score: 0.8 });
  trace.rootSpan.children.forEach((child) => child.children.forEach((s) => console.log(s.name)));
  const duration = trace.rootSpan.endTime!.getTime() - trace.rootSpan.startTime.getTime();
  return trace.spans
    .filter((s) => s.type === 'model_generation')
    .reduce((sum, s) => sum + (s.attributes?.usage?.inputTokens || 0), duration);
}

try {
  initCore();
} catch (error) {
  if (error instanceof EdgespanError) console.log(error.code);
}
export { asMastraSees, inItsPlace, readBack, receipts, second, span };
