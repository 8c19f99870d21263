import { registerEdgespan } from 'edgespan/vercel';

export function register() {
  registerEdgespan({
    serviceName: 'packaging',
    resourceAttributes: { 'test.runtime': process.env.NEXT_RUNTIME },
    propagate: [process.env.ORIGIN],
  });
}
