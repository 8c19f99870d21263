import { player } from '../events.js';
import { exporters } from '../exporter.js';

export const runtime = 'edge';
export const dynamic = 'force-dynamic';

const play = player(exporters(process.env.OTEL_EXPORTER_OTLP_ENDPOINT));

export const GET = async () => Response.json(play());
