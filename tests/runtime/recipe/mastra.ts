// The recipe's configuration; current Mastra needs `observability` and the bridge beside it.
import { Mastra } from '@mastra/core';
import { Observability } from '@mastra/observability';
import { EdgespanBridge } from 'edgespan/mastra';
import { supportAgent } from './agent.ts';

export const mastra = new Mastra({
  agents: { supportAgent },
  // @ts-expect-error Mastra 1 has no such option any more, and ignores it.
  telemetry: {
    serviceName: 'support-agent',
    enabled: true,
  },
  observability: new Observability({
    configs: { default: { serviceName: 'support-agent', bridge: new EdgespanBridge() } },
  }),
});
