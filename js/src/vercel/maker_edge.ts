/**
 * Who makes the tracing of an edge isolate that is registered: its first handler (shared.ts says why).
 * @module
 */
import type { Make } from './shared.js';

export const maker: Make | undefined = undefined;
