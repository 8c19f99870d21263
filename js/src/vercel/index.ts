/**
 * Vercel: functions, Next.js, Routing Middleware; and whatever else serves requests with a function.
 * @module
 */
export type { HandlerOptions } from '../hosts/options.js';
export type { Propagate } from '../http/propagate.js';
export type { VercelOptions } from './options.js';
export { registerEdgespan, type Registration } from './register.js';
export { withTracing } from './with_tracing.js';
