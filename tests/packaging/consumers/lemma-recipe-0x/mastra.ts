// As the recipe has it.
import { Mastra } from '@mastra/core';
import { supportAgent } from './agent.ts';

export const mastra = new Mastra({
  agents: { supportAgent },
  telemetry: {
    serviceName: 'support-agent',
    enabled: true,
  },
});
