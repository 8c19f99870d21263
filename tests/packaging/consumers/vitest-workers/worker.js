import { env } from 'cloudflare:workers';
import { ask, makeMastra } from './app/agent.js';

const mastra = makeMastra(env.OTEL_EXPORTER_OTLP_ENDPOINT);

export default { fetch: async () => Response.json(await ask(mastra)) };
