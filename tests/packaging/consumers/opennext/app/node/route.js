import { ask, makeMastra } from '../agent.js';

export const dynamic = 'force-dynamic';

const mastra = makeMastra(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);

export const GET = async () => Response.json(await ask(mastra));
