import { player } from './app/events.js';
import { exporters } from './app/exporter.js';

export const config = { matcher: '/middleware' };

const play = player(exporters(process.env.OTEL_EXPORTER_OTLP_ENDPOINT));

export const middleware = () => Response.json(play());
