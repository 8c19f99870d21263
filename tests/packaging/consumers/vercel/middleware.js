import { player } from './app/events.js';
import { exporters } from './app/exporter.js';

export const config = { runtime: 'edge' };

const play = player(exporters(process.env.OTEL_EXPORTER_OTLP_ENDPOINT));

export default () => Response.json(play());
