/**
 * What a package has once, though bundlers copy its code into each entry (Next.js): all copies of one
 * version find it on the global object. Nothing is done at import.
 * @module
 */
import { VERSION } from './version.js';

const PLACE: unique symbol = Symbol.for(`edgespan@${VERSION}`) as never;
const holder = globalThis as { [PLACE]?: Record<string, unknown> };

/** What is called so; made by whoever asks first. */
export function shared<T>(name: string, make: () => T): T {
  return ((holder[PLACE] ??= {})[name] ??= make()) as T;
}
