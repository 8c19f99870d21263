// A program that runs the agent twice and ends.
import { ask, makeMastra } from './app/agent.js';

const mastra = makeMastra(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
for (let run = 0; run < 2; run++) console.log(`answer ${JSON.stringify(await ask(mastra))}`);
await mastra.observability.shutdown();
