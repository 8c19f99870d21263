// The application, as the AI SDK's documents have it: `registerTelemetry()` once, and programs that know
// nothing of it. Recorded by us, or by the official SDK: `node run.js edgespan|official`. Prints what came
// of each program and, of the official SDK, the spans.
import { OpenTelemetry } from '@ai-sdk/otel';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import * as ai from 'ai';
import * as test from 'ai/test';
import { otlp } from 'edgespan/destinations';
import { EdgespanTracerProvider } from 'edgespan/otel';
import * as zod from 'zod';
import { programsOf } from './program.js';

const memory = new InMemorySpanExporter();
const provider =
  process.argv[2] === 'official'
    ? new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
    : new EdgespanTracerProvider({ destinations: [otlp({ endpoint: process.env.OTEL_EXPORTER_OTLP_ENDPOINT })] });
provider.register();
ai.registerTelemetry(new OpenTelemetry());

const outcomes = {};
for (const [name, program] of Object.entries(programsOf({ ai, test, zod }))) {
  const [{ value, reason }] = await Promise.allSettled([program()]);
  outcomes[name] = reason ? `${reason}` : typeof value === 'object' ? 'done' : value;
  await new Promise((resolve) => setTimeout(resolve, 20)); // a stream's last span ends by itself
}
await provider.forceFlush();
const spans = memory.getFinishedSpans().map((span) => ({
  name: span.name,
  kind: span.kind,
  status: span.status,
  attributes: span.attributes,
  events: span.events,
  instrumentationScope: span.instrumentationScope,
  parentSpanContext: span.parentSpanContext,
  context: span.spanContext(),
}));
console.log(JSON.stringify({ outcomes, spans }));
