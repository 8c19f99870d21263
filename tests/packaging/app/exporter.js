// What a user adds to an application to have it traced.
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';

export const exporters = (endpoint) => [
  new EdgespanExporter({ destinations: [otlp({ endpoint })] }),
];
