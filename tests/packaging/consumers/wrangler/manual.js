// What is left to do by hand where a bundler cannot be told of the `workerd` condition.
import { env, waitUntil } from 'cloudflare:workers';
import { initCore } from 'edgespan';
import module from 'edgespan/module.wasm';
import { initRedactor } from 'edgespan/privacy';
import redactor from 'edgespan/redactor-module.wasm';
import { player } from './app/events.js';
import { exporters } from './app/exporter.js';

initCore(module);
initRedactor(redactor);
const play = player(exporters(env.OTEL_EXPORTER_OTLP_ENDPOINT, { waitUntil }));

export default { fetch: async () => Response.json(play()) };
