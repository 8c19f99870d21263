// As `mastra init` lays it out, with Cloudflare's deployer; its storage (files and a native module)
// does not run in Workers and is left out. Ours: the import and the exporters.
import { Mastra } from '@mastra/core/mastra';
import { CloudflareDeployer } from '@mastra/deployer-cloudflare';
import { PinoLogger } from '@mastra/loggers';
import { Observability, SensitiveDataFilter } from '@mastra/observability';
import { exporters } from '../../app/exporter.js';
import { reporter } from './agents/reporter';

export const mastra = new Mastra({
  agents: { reporter },
  logger: new PinoLogger({ name: 'Mastra', level: 'info' }),
  observability: new Observability({
    configs: {
      default: {
        serviceName: 'packaging',
        exporters: exporters(process.env.OTEL_EXPORTER_OTLP_ENDPOINT),
        spanOutputProcessors: [new SensitiveDataFilter()],
      },
    },
  }),
  deployer: new CloudflareDeployer({ name: 'consumer' }),
});
