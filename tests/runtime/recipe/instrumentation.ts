// In place of NodeTracerProvider, LangfuseSpanProcessor and OTLPTraceExporter.
import { lemma } from 'edgespan/destinations';
import { EdgespanTracerProvider } from 'edgespan/otel';

export const lemmaProcessor = new EdgespanTracerProvider({
  serviceName: 'support-agent',
  destinations: [lemma()],
});

lemmaProcessor.register();
