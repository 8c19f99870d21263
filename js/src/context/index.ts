/**
 * Traces that go on elsewhere: in a queue's consumer, an alarm, a workflow's step, a socket that wakes up,
 * a run that is resumed.
 * @module
 */
export { refusedCarriers } from './carrier.js';
export type { Carrier, CarrierRefusal } from './carrier.js';
export { continueFrom, inject, tracingOptions } from './continue.js';
export type { ContinueOptions, InjectOptions, TracerLike, TracingIds } from './continue.js';
export { sign, verify } from './sign.js';
export type { CarrierKey, HmacKey, SignOptions, Verified, VerifyOptions } from './sign.js';
export { extract } from './source.js';
export type { SpanIds, TraceSource } from './source.js';
