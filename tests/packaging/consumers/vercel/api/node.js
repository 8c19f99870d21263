import { ask, makeMastra } from '../app/agent.js';

const mastra = makeMastra(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);

export const GET = async () => Response.json(await ask(mastra));
