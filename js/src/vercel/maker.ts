/**
 * Who makes the tracing of a process that is registered: whoever registers it.
 * @module
 */
import { make } from './make.js';
import type { Make } from './shared.js';

export const maker: Make | undefined = make;
