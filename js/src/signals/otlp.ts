/**
 * OTLP/JSON, as far as logs and metrics need it. It is made here, not in the core: it is optional, off
 * every hot path, and its tree is small.
 * @module
 */
import { VERSION } from '../version.js';

/** A KeyValue. */
interface Attribute {
  readonly key: string;
  readonly value: object;
}

/** An AnyValue; null for what has none. */
export function anyValue(value: unknown): object | null {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      if (Number.isSafeInteger(value)) return { intValue: `${value}` };
      // JSON has no other way to say these.
      return { doubleValue: Number.isFinite(value) ? value : `${value}` };
    default:
      return value === undefined || value === null ? null : { stringValue: JSON.stringify(value) };
  }
}

export function attributes(members: Iterable<readonly [key: string, value: unknown]>): Attribute[] {
  const list: Attribute[] = [];
  for (const [key, given] of members) {
    const value = anyValue(given);
    if (value) list.push({ key, value });
  }
  return list;
}

/** Nanoseconds as JSON has them; undefined for what is no time, which a Worker's global scope has none of. */
export function nanoseconds(time: unknown): string | undefined {
  const ms = time instanceof Date ? time.getTime() : new Date(time as string).getTime();
  return ms > 0 ? `${Math.floor(ms)}000000` : undefined;
}

/** An id as OTLP wants it; undefined for what is none. */
export function hexId(id: unknown, digits: number): string | undefined {
  if (typeof id !== 'string' || !/^[0-9a-f]+$/i.test(id) || id.length > digits) return undefined;
  return id.toLowerCase().padStart(digits, '0');
}

/** One resource's one scope. `inside`: its text of JSON. */
export function envelope(
  [outer, inner, items]: readonly [outer: string, inner: string, items: string],
  resource: Record<string, unknown>,
  inside: string,
): string {
  const from = JSON.stringify({ attributes: attributes(Object.entries(resource)) });
  const scope = JSON.stringify({ name: 'edgespan/mastra', version: VERSION });
  return `{"${outer}":[{"resource":${from},"${inner}":[{"scope":${scope},"${items}":[${inside}]}]}]}`;
}
