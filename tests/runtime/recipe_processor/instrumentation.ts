// The recipe's own processor, with our exporter in place of OTLPTraceExporter, on a provider of ours.
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { lemma } from 'edgespan/destinations';
import { EdgespanSpanExporter, EdgespanTracerProvider } from 'edgespan/otel';

export const lemmaProcessor = new LangfuseSpanProcessor({
  exporter: new EdgespanSpanExporter({ serviceName: 'support-agent', destinations: [lemma()] }),
});

new EdgespanTracerProvider({ spanProcessors: [lemmaProcessor] }).register();
