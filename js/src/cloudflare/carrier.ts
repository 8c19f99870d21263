/**
 * Context beside what is sent: a member of a message, or a last argument of a call. Only to whoever the
 * user named, and taken away again before the user's code on the other side sees it.
 * @module
 */
import type { Context, TextMapGetter, TextMapSetter } from '../otel/api.js';
import { type InstrumentOptions, propagatorOf } from './options.js';
import { original } from './view.js';

/** The member's name; the same as a last argument's only one. */
const MEMBER = 'edgespan.context';

type Carrier = Record<string, string>;

/** Reads and writes context in plain objects. */
export const MEMBERS: TextMapGetter & TextMapSetter = {
  keys: Object.keys,
  get: (carrier: Carrier, key) => (typeof carrier?.[key] === 'string' ? carrier[key] : undefined),
  set: (carrier: Carrier, key, value) => {
    carrier[key] = value;
  },
};

/** What stands beside, of a context. */
export function beside(options: InstrumentOptions, context: Context): { [MEMBER]: Carrier } {
  const carrier: Carrier = {};
  propagatorOf(options).inject(context, carrier, MEMBERS);
  return { [MEMBER]: carrier };
}

/** Whether an object is one that a member may be added to. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * What is given away, with the objects of views in their places: the platform copies objects, lists and maps,
 * and knows no views. Copied only where there is one. `known`: what came of objects, which may hold each other.
 */
export function given<T>(value: T, depth = 1e3, known: Map<unknown, unknown> = new Map()): T {
  const self: any = original(value);
  const isList = Array.isArray(self) || self instanceof Map || self instanceof Set;
  if (self !== value || depth === 0 || !(isList || isPlain(self))) return self;
  if (known.has(self)) return known.get(self) as T;
  known.set(self, self);
  let copy: any;
  const entries = isList ? [...self] : Object.entries(self);
  entries.forEach((one, i) => {
    if (typeof one !== 'object' && typeof one !== 'function') return;
    entries[i] = given(one, depth - (isList ? 1 : 0), known);
    if (entries[i] !== one) copy = entries;
  });
  if (copy && !isList) copy = Object.fromEntries(entries);
  else if (copy && !Array.isArray(self)) copy = self instanceof Map ? new Map(entries as []) : new Set(entries);
  known.set(self, copy ?? self);
  return copy ?? self;
}

/** Takes away what stands beside, if anything does. */
export function takeFrom(value: unknown): Carrier | undefined {
  if (!isPlain(value) || !isPlain(value[MEMBER])) return undefined;
  const found = value[MEMBER] as Carrier;
  delete value[MEMBER];
  return found;
}

/** The same of a call's arguments. */
export function takeLast(args: unknown[]): Carrier | undefined {
  const last = args.at(-1);
  const found = isPlain(last) && Object.keys(last).length === 1 ? takeFrom(last) : undefined;
  if (found) args.pop();
  return found;
}
