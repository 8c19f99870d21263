// Processors see OpenTelemetry's spans alone: Mastra's own bridge makes some of Mastra's.
import { Mastra } from '@mastra/core';
import { Observability } from '@mastra/observability';
import { OtelBridge } from '@mastra/otel-bridge';
import { supportAgent } from '../recipe/agent.ts';

export const mastra = new Mastra({
  agents: { supportAgent },
  observability: new Observability({
    configs: { default: { serviceName: 'support-agent', bridge: new OtelBridge() } },
  }),
});
