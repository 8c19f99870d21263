// What a candidate is. One to a process: two in one would share V8's feedback, and whichever ran first
// would decide how the other is compiled.
import type { MastraTracingEvent } from 'edgespan/mastra';

export interface Candidate<Input = readonly MastraTracingEvent[]> {
  /** Takes one run through; resolves when nothing of it is left to do. */
  run(input: Input): void | Promise<void>;
  /** The last run's body, or only its length for candidates without one; valid until the next run. */
  body(): Uint8Array | number;
}

export const RESOURCE = { 'deployment.environment': 'production' };
export const SERVICE = 'travel-edge';
