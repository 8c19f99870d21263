/**
 * The walk: writes any JavaScript value onto the tape, once, without naming a field of it. What JSON
 * has a form for keeps it; what it has not (functions, cycles, depth, a getter that throws) becomes a
 * mark in brackets or is left out. Only a hostile object (a Proxy that throws) or a full tape throws:
 * the caller rolls back.
 * @module
 */
import { ARG_SHIFT, KEY_SHIFT, MAX_CONTENT_WORDS, MAX_NESTING } from '../limits.js';
import {
  KEY_ID,
  KEY_IS_INTERNAL,
  OP_ARRAY,
  OP_DATE,
  OP_END,
  OP_INT64,
  OP_LITERAL,
  OP_NUMBER,
  OP_OBJECT,
} from './schema.gen.js';
import type { Tape } from './tape.js';

const MAX_EXACT = 2 ** 53;
const THROWS = '[Throws]';
const DIGIT_NINE = 57;

const NULL: number = OP_LITERAL;
const FALSE: number = OP_LITERAL | (1 << ARG_SHIFT);
const TRUE: number = OP_LITERAL | (2 << ARG_SHIFT);

/**
 * Writes the members of a plain object, those that JSON would have. `key` is its own. At depth 0 it is
 * the span itself, whose envelope is not content: its keys are neighbours in the schema. Returns what
 * belongs at the end of the rope, as all writers here do: a string in a register costs less than one
 * that every piece is stored into.
 */
export function writeMembers(
  t: Tape,
  object: Record<string, unknown>,
  key: number,
  depth: number,
): string {
  let place = placeOf(t, key, depth);
  let rope = '';
  // The load stands in the loop itself: only there does V8 read it from the enumeration's cache.
  for (const name in object) {
    let value: unknown;
    try {
      value = object[name];
    } catch {
      value = THROWS;
    }
    place++;
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') continue;
    const id = t.key(place, name);
    if (depth === 0 && id >= KEY_ID && id <= KEY_IS_INTERNAL) continue;
    if (t.w > t.wLimit) t.grow();
    if (id === 0) rope += t.inlineKey(name);
    rope += writeValue(t, id << KEY_SHIFT, value, depth);
  }
  return rope;
}

/**
 * Where an object's keys are predicted (Tape.key): objects of one key, depth and span type have like
 * keys, if any have.
 */
function placeOf(t: Tape, key: number, depth: number): number {
  return (key >> KEY_SHIFT) * 331 + depth * 7919 + t.kind * 3571;
}

/** Whether V8 may keep members by index: they come first, and their names begin with a digit. */
function indexed(object: object): boolean {
  for (const name in object) return name.charCodeAt(0) <= DIGIT_NINE;
  return false;
}

/** Writes one value. `key` is the key's id in its place in the word, 0 in arrays and after a kKey. */
function writeValue(t: Tape, key: number, value: unknown, depth: number): string {
  if (typeof value === 'string') return t.string(key, value);
  if (typeof value === 'number') return writeNumber(t, key, value);
  if (typeof value === 'boolean') return t.piece((value ? TRUE : FALSE) | key, '');
  if (typeof value === 'bigint') return writeBigInt(t, key, value);
  if (typeof value === 'object' && value !== null) {
    return writeObject(t, key, value as Record<string, unknown>, depth);
  }
  return t.piece(NULL | key, ''); // also undefined and functions, where they cannot be left out
}

// The core tells integers from fractions; of the latter it wants the text as JavaScript prints it.
function writeNumber(t: Tape, key: number, value: number): string {
  t.double(value);
  const plain =
    (value | 0) === value ||
    (Number.isInteger(value) ? Math.abs(value) <= MAX_EXACT : !Number.isFinite(value));
  return t.piece(OP_NUMBER | key, plain ? '' : t.fractionText(value));
}

function writeBigInt(t: Tape, key: number, value: bigint): string {
  if (BigInt.asIntN(64, value) !== value) return t.string(key, `${value}`);
  t.put(OP_INT64 | key);
  t.put(Number(BigInt.asIntN(32, value)));
  t.put(Number(BigInt.asIntN(32, value >> 32n)));
  return '';
}

function writeObject(t: Tape, key: number, object: Record<string, unknown>, depth: number): string {
  const { stack } = t;
  if (depth >= MAX_NESTING) return t.string(key, '[MaxDepth]');
  if (t.w > MAX_CONTENT_WORDS) return t.string(key, '[Truncated]');
  for (let i = 0; i < depth; i++) if (stack[i] === object) return t.string(key, '[Circular]');
  stack[depth] = object;
  if (Array.isArray(object)) return writeArray(t, key, object, depth);
  if (
    Object.getPrototypeOf(object) !== Object.prototype ||
    typeof object.toJSON === 'function' ||
    indexed(object)
  ) {
    return writeExotic(t, key, object, depth);
  }
  t.put(OP_OBJECT | key);
  const rope = writeMembers(t, object, key, depth + 1);
  t.put(OP_END);
  return rope;
}

function writeArray(t: Tape, key: number, values: ArrayLike<unknown>, depth: number): string {
  let rope = '';
  t.put(OP_ARRAY | key);
  for (let i = 0; i < values.length; i++) {
    if (t.w > t.wLimit) t.grow();
    rope += writeValue(t, 0, values[i], depth + 1);
  }
  t.put(OP_END);
  return rope;
}

// Everything that is not a plain object: rare, so the order is by meaning, not by speed.
function writeExotic(t: Tape, key: number, object: object, depth: number): string {
  if (object instanceof Date) return writeDate(t, key, object);
  if (object instanceof ArrayBuffer || ArrayBuffer.isView(object)) {
    const view = object as Partial<Float64Array>;
    if ((view.BYTES_PER_ELEMENT ?? 1) > 1) {
      return writeArray(t, key, object as unknown as ArrayLike<unknown>, depth); // embeddings
    }
    const { buffer = object as ArrayBuffer, byteOffset, byteLength } = view;
    return t.bytes(key, new Uint8Array(buffer, byteOffset, byteLength));
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
  if ([String, Number, Boolean, BigInt].some((box) => object instanceof box)) {
    return writeValue(t, key, object.valueOf(), depth + 1);
  }
  if (object instanceof RegExp) return t.string(key, `${object}`);
  if (object instanceof Set) return writeArray(t, key, [...object], depth);
  if (object instanceof Map) {
    const entries = [...object];
    return entries.some(([name]) => typeof name === 'object' && name !== null)
      ? writeArray(t, key, entries, depth)
      : writeObject(t, key, Object.fromEntries(entries), depth);
  }
  let names = Object.keys(object);
  // An error's own are not enumerable, and its name is mostly inherited.
  if (object instanceof Error) names = [...new Set(['name', 'message', 'stack', 'cause', ...names])];
  // Not by the loop for plain objects: one object that V8 keeps as a hash table or by index would make
  // it several times slower for all that follow.
  let place = placeOf(t, key, depth + 1);
  let rope = '';
  t.put(OP_OBJECT | key);
  for (const name of names) {
    let value: unknown;
    try {
      value = (object as Record<string, unknown>)[name];
    } catch {
      value = THROWS;
    }
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') continue;
    if (t.w > t.wLimit) t.grow();
    const id = t.key(++place, name);
    if (id === 0) rope += t.inlineKey(name);
    rope += writeValue(t, id << KEY_SHIFT, value, depth + 1);
  }
  t.put(OP_END);
  return rope;
}

function writeDate(t: Tape, key: number, date: Date): string {
  const time = Date.prototype.getTime.call(date);
  t.double(time);
  return t.piece(OP_DATE | key, Number.isNaN(time) ? '' : Date.prototype.toISOString.call(date));
}
