/**
 * The walk: writes any JavaScript value onto the tape, once, without naming a field of it. What JSON
 * has a form for keeps it; what it has not (functions, cycles, depth, a getter that throws) becomes a
 * mark in brackets or is left out. Only a hostile object (a Proxy that throws) or a full tape throws:
 * the caller rolls back.
 * @module
 */
import {
  MAX_KEY,
  OP_ARRAY,
  OP_DATE,
  OP_END,
  OP_INT64,
  OP_LITERAL,
  OP_NUMBER,
  OP_OBJECT,
} from './schema.gen.js';
import { ARG_SHIFT, KEY_SHIFT, type Tape } from './tape.js';

/** Containers inside containers, one span: below the core's own limit. */
export const MAX_NESTING = 60;
/** Words of one tape beyond which containers are left out: shared parts can multiply without end. */
const MAX_WORDS = 1 << 18;
const MAX_EXACT = 2 ** 53;
// Spreads the seeds of span types over the table of predictions; a collision is a miss, no more.
const KINDS = 397;
const THROWS = '[Throws]';

const NULL: number = OP_LITERAL;
const FALSE: number = OP_LITERAL | (1 << ARG_SHIFT);
const TRUE: number = OP_LITERAL | (2 << ARG_SHIFT);

/** Writes one value. `key` is the key's id in its place in the word, 0 in arrays and after a kKey. */
export function writeValue(t: Tape, key: number, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      t.string(key, value);
      return;
    case 'number':
      t.doubles[t.d++] = value;
      if ((value | 0) === value || (Number.isInteger(value) && Math.abs(value) <= MAX_EXACT)) {
        t.words[t.w++] = OP_NUMBER | key;
      } else {
        t.piece(OP_NUMBER | key, Number.isFinite(value) ? `${value}` : '');
      }
      return;
    case 'boolean':
      t.words[t.w++] = (value ? TRUE : FALSE) | key;
      return;
    case 'object':
      if (value !== null) return writeObject(t, key, value as Record<string, unknown>, depth);
      break;
    case 'bigint':
      return writeBigInt(t, key, value);
    default: // undefined, a function or a symbol, where it cannot be left out
  }
  t.words[t.w++] = NULL | key;
}

/** Writes the members of a plain object; `previous` seeds the prediction of its keys. */
export function writeMembers(
  t: Tape,
  object: Record<string, unknown>,
  previous: number,
  depth: number,
): void {
  // The load stands in the loop itself: only there does V8 read it from the enumeration's cache.
  for (const name in object) {
    let value: unknown;
    try {
      value = object[name];
    } catch {
      value = THROWS;
    }
    previous = writeMember(t, name, value, previous, depth);
  }
}

/** Writes one member, or nothing where JSON would have none; returns the key for the prediction. */
export function writeMember(
  t: Tape,
  name: string,
  value: unknown,
  previous: number,
  depth: number,
): number {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
    return previous;
  }
  if (t.w > t.wLimit || t.d > t.dLimit) t.grow();
  let id = t.next[previous];
  if (t.names[id] !== name) id = t.lookup(previous, name);
  if (id === 0) {
    t.inlineKey(name);
    id = previous;
    writeValue(t, 0, value, depth);
  } else {
    writeValue(t, id << KEY_SHIFT, value, depth);
  }
  return id;
}

/** The value of a member, or what stands for one that cannot be read. */
function read(object: object, name: string): unknown {
  try {
    return (object as Record<string, unknown>)[name];
  } catch {
    return THROWS;
  }
}

function writeObject(t: Tape, key: number, object: Record<string, unknown>, depth: number): void {
  const { stack } = t;
  if (depth >= MAX_NESTING) return t.string(key, '[MaxDepth]');
  if (t.w > MAX_WORDS) return t.string(key, '[Truncated]');
  for (let i = 0; i < depth; i++) if (stack[i] === object) return t.string(key, '[Circular]');
  stack[depth] = object;
  if (Array.isArray(object)) {
    writeArray(t, key, object, depth);
  } else {
    const prototype = Object.getPrototypeOf(object);
    if (
      (prototype === Object.prototype || prototype === null) &&
      typeof object.toJSON !== 'function'
    ) {
      t.words[t.w++] = OP_OBJECT | key;
      writeMembers(t, object, first(t, key, depth), depth + 1);
      t.words[t.w++] = OP_END;
    } else {
      writeExotic(t, key, object, depth);
    }
  }
  stack[depth] = undefined;
}

/** What seeds the prediction of an object's first key: its own, at the top by type of span. */
function first(t: Tape, key: number, depth: number): number {
  const own = key >> KEY_SHIFT;
  return depth === 0 ? (own + t.kind * KINDS) & MAX_KEY : own;
}

function writeArray(t: Tape, key: number, values: ArrayLike<unknown>, depth: number): void {
  t.words[t.w++] = OP_ARRAY | key;
  for (let i = 0; i < values.length; i++) {
    if (t.w > t.wLimit || t.d > t.dLimit) t.grow();
    writeValue(t, 0, values[i], depth + 1);
  }
  t.words[t.w++] = OP_END;
}

function writeBigInt(t: Tape, key: number, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) return t.string(key, value.toString());
  t.words[t.w] = OP_INT64 | key;
  t.words[t.w + 1] = Number(BigInt.asIntN(32, value));
  t.words[t.w + 2] = Number(BigInt.asIntN(32, value >> 32n));
  t.w += 3;
}

// Everything that is not a plain object: rare, so the order is by meaning, not by speed.
function writeExotic(t: Tape, key: number, object: object, depth: number): void {
  if (object instanceof Date) {
    const time = Date.prototype.getTime.call(object);
    if (Number.isNaN(time)) {
      t.words[t.w++] = NULL | key;
    } else {
      t.words[t.w++] = OP_DATE | key;
      t.doubles[t.d++] = time;
    }
    return;
  }
  if (object instanceof ArrayBuffer) return t.bytes(key, new Uint8Array(object));
  if (ArrayBuffer.isView(object)) {
    if (object instanceof DataView || (object as Uint8Array).BYTES_PER_ELEMENT === 1) {
      const { buffer, byteOffset, byteLength } = object;
      return t.bytes(key, new Uint8Array(buffer, byteOffset, byteLength));
    }
    return writeArray(t, key, object as unknown as ArrayLike<unknown>, depth); // embeddings
  }
  const { toJSON } = object as { toJSON?: unknown };
  if (typeof toJSON === 'function') {
    let json: unknown;
    try {
      json = toJSON.call(object, '');
    } catch {
      json = THROWS;
    }
    if (json !== object) return writeValue(t, key, json, depth + 1);
  }
  if (
    object instanceof String ||
    object instanceof Number ||
    object instanceof Boolean ||
    object instanceof BigInt
  ) {
    return writeValue(t, key, object.valueOf(), depth + 1);
  }
  if (object instanceof RegExp) return t.string(key, String(object));
  if (object instanceof Set) return writeArray(t, key, [...object], depth);
  if (object instanceof Map) return writeMap(t, key, object, depth);
  t.words[t.w++] = OP_OBJECT | key;
  let previous = key >> KEY_SHIFT;
  if (object instanceof Error) {
    // Own, but not enumerable (`name` often inherited).
    for (const name of ['name', 'message', 'stack', 'cause']) {
      previous = writeMember(t, name, read(object, name), previous, depth + 1);
    }
  }
  for (const name of Object.keys(object)) {
    if (object instanceof Error && /^(name|message|stack|cause)$/.test(name)) continue;
    previous = writeMember(t, name, read(object, name), previous, depth + 1);
  }
  t.words[t.w++] = OP_END;
}

function writeMap(t: Tape, key: number, map: Map<unknown, unknown>, depth: number): void {
  const entries = [...map];
  if (entries.some(([name]) => typeof name === 'object' && name !== null)) {
    return writeArray(t, key, entries, depth);
  }
  t.words[t.w++] = OP_OBJECT | key;
  let previous = key >> KEY_SHIFT;
  for (const [name, value] of entries) {
    previous = writeMember(t, String(name), value, previous, depth + 1);
  }
  t.words[t.w++] = OP_END;
}
