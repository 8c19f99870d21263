// What is left to do by hand where a bundler cannot be told of the `workerd` condition.
import { env, waitUntil } from 'cloudflare:workers';
import { initCore } from 'edgespan';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import module from 'edgespan/module.wasm';
import { player } from './app/events.js';

initCore(module);
const exporter = new EdgespanExporter({
  destinations: [otlp({ endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT })],
  waitUntil,
});
const play = player([exporter]);

export default { fetch: async () => Response.json(play()) };
