/**
 * The one tracing of a process, or of an edge isolate. Next.js bundles this package once for each entry,
 * and instrumentation.ts is one: all copies meet here.
 *
 * In edge code only an entry that wraps its handler brings the core: the module it is compiled to is
 * given to a function whose own imports reach it, and instrumentation.ts, which is run before every
 * function, would fail in all others. So there it brings options, and `withTracing()` the rest.
 * @module
 */
import type { Tracing } from '../hosts/options.js';
import { Log } from '../log.js';
import type { VercelOptions } from './options.js';

export type Make = (options: VercelOptions | undefined) => Tracing;

interface Shared {
  registered?: boolean;
  options?: VercelOptions | undefined;
  make?: Make | undefined;
  made?: Tracing | undefined;
}

const PLACE = Symbol.for('edgespan.vercel');

export function shared(): Shared {
  const place = globalThis as unknown as Record<symbol, Shared | undefined>;
  return (place[PLACE] ??= {});
}

/** undefined while nobody could make it. */
export function sharedTracing(): Tracing | undefined {
  const place = shared();
  return (place.made ??= place.make && made(place.make, place.options));
}

/** Makes it; undefined where options are such that it cannot be made, which the log says. */
export function made(make: Make, options: VercelOptions | undefined): Tracing | undefined {
  try {
    return make(options);
  } catch (error) {
    new Log(undefined).warn('options', `Nothing is traced: its options threw (${error})`);
    return undefined;
  }
}
