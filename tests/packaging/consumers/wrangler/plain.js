// A Worker without nodejs_compat, in which Mastra itself does not run.
import { env } from 'cloudflare:workers';
import { player } from './app/events.js';
import { exporters } from './app/exporter.js';

const play = player(exporters(env.OTEL_EXPORTER_OTLP_ENDPOINT));

export default { fetch: async () => Response.json(play()) };
