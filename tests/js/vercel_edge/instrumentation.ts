// What Next.js runs before an edge function: a bundle of its own, which brings no core.
import { otlp } from 'edgespan/destinations';
import { registerEdgespan } from 'edgespan/vercel';

const { SINK, OWN } = globalThis as unknown as { SINK: string; OWN: string };

registerEdgespan({
  serviceName: 'edge',
  destinations: [otlp({ endpoint: SINK })],
  propagate: [OWN],
});
