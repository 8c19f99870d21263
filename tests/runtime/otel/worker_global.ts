// The app as a Worker that sets all up where no request is yet, and traces there, which has no ids to be
// traced by: no entropy, no clock.
import { env } from 'cloudflare:workers';
import { trace } from '@opentelemetry/api';
import { handle, setUp, type Settings } from './app.ts';

const settings = env as unknown as Settings;
setUp(settings);
const early = trace.getTracer('early').startSpan('early', { attributes: { a: 1 } });
early.end();

export default { fetch: (request: Request): Promise<Response> => handle(request, settings) };
