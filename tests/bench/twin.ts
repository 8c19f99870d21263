// The control: what JavaScript alone can do. ReadableSpans straight into protobuf, without an object in
// between, with everything that made it faster on either host; the same bytes as ours (check.ts). What
// encodeSpans() is faster by is what WebAssembly brings.
//
// What pays: key prefixes encoded once and found by the key that followed last time; short ASCII by a
// loop, longer text by Buffer's utf8Write where there is one, else by encodeInto; lengths by prediction
// (bytes as many as UTF-16 units), moved where that was wrong.
import type { ReadableSpan } from 'edgespan/otel';

type Attributes = ReadableSpan['attributes'];
type HrTime = ReadableSpan['startTime'];

const encoder = new TextEncoder();
interface Utf8Buffer extends Uint8Array {
  utf8Write(text: string, at: number, bytes: number): number;
}
const NodeBuffer = (globalThis as unknown as { Buffer?: { from(b: ArrayBuffer): Utf8Buffer } }).Buffer;

/** Up to so many units a loop is faster than a call. */
const SHORT = 40;

let bytes = new Uint8Array(1 << 16);
let view = new DataView(bytes.buffer);
let buffer = NodeBuffer?.from(bytes.buffer);
let at = 0;

function room(size: number): void {
  if (at + size <= bytes.length) return;
  const larger = new Uint8Array(2 ** Math.ceil(Math.log2(at + size)));
  larger.set(bytes);
  bytes = larger;
  view = new DataView(bytes.buffer);
  buffer = NodeBuffer?.from(bytes.buffer);
}

// ---- Numbers -----------------------------------------------------------------------------------------

const widthOf = (size: number): number =>
  size < 0x80 ? 1 : size < 0x4000 ? 2 : size < 0x20_0000 ? 3 : size < 0x1000_0000 ? 4 : 5;

function varint(value: number): void {
  while (value > 0x7f) {
    bytes[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  bytes[at++] = value;
}

/** An int64 that a double holds exactly, in two's complement. */
function int64(value: number): void {
  if (value >= 0 && value < 2 ** 31) return varint(value);
  let low = value % 2 ** 32 >>> 0;
  let high = Math.floor(value / 2 ** 32) >>> 0;
  while (high > 0 || low > 0x7f) {
    bytes[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  bytes[at++] = low;
}

/** Nanoseconds of the epoch as fixed64: 2^53 is too little for them. */
function time([seconds, nanoseconds]: HrTime): void {
  const low = (seconds & 0xffff) * 1e9 + nanoseconds;
  const high = Math.floor(seconds / 0x10000) * 1e9;
  const sum = (low % 2 ** 32) + (high % 0x10000) * 0x10000;
  view.setUint32(at, sum >>> 0, true);
  const carry = sum >= 2 ** 32 ? 1 : 0;
  view.setUint32(at + 4, Math.floor(low / 2 ** 32) + Math.floor(high / 0x10000) + carry, true);
  at += 8;
}

const HEX = new Uint8Array(128);
for (let i = 0; i < 16; i++) HEX[i.toString(16).charCodeAt(0)] = HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i;

function id(tag: number, text: string): void {
  const size = text.length >> 1;
  bytes[at++] = tag;
  bytes[at++] = size;
  for (let i = 0; i < size; i++) {
    bytes[at++] = (HEX[text.charCodeAt(2 * i)] << 4) | HEX[text.charCodeAt(2 * i + 1)];
  }
}

// ---- Texts -------------------------------------------------------------------------------------------

/** UTF-8 at the end; its bytes. REQUIRES: room for three a unit. */
function utf8(text: string): number {
  const { length } = text;
  if (length <= SHORT) {
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      seen |= unit;
      bytes[at + i] = unit;
    }
    if (seen < 0x80) return length;
  }
  if (buffer) return buffer.utf8Write(text, at, 3 * length);
  return encoder.encodeInto(text, bytes.subarray(at)).written;
}

/** A field of text. */
function textField(tag: number, text: string): void {
  room(3 * text.length + 16);
  bytes[at++] = tag;
  const begin = at;
  const width = widthOf(text.length);
  at += width;
  const size = utf8(text);
  at = begin + width + size;
  close(begin, width);
}

/** Writes the length of what follows `begin`, for which `width` bytes were left. */
function close(begin: number, width: number): void {
  const size = at - begin - width;
  const needed = widthOf(size);
  if (needed !== width) {
    room(8);
    bytes.copyWithin(begin + needed, begin + width, at);
  }
  at = begin;
  varint(size);
  at = begin + needed + size;
}

// ---- Attributes --------------------------------------------------------------------------------------

const PLACES = 4096;
const ids = new Map<string, number>();
const names: string[] = [''];
/** A key's field, its value's tag behind it. */
const prefixes: Uint8Array[] = [new Uint8Array(0)];
const successor = new Uint16Array(PLACES);
let previous = 0;

function prefixOf(name: string): Uint8Array {
  const place = previous & (PLACES - 1);
  const found = successor[place];
  if (names[found] === name) {
    previous = found;
    return prefixes[found];
  }
  let known = ids.get(name);
  if (known === undefined) {
    const text = encoder.encode(name);
    const saved = at;
    room(text.length + 16);
    bytes[at++] = 0x0a;
    varint(text.length);
    bytes.set(text, at);
    at += text.length;
    bytes[at++] = 0x12;
    const prefix = bytes.slice(saved, at);
    at = saved;
    if (names.length === 0xffff) return prefix;
    known = names.push(name) - 1;
    prefixes.push(prefix);
    ids.set(name, known);
  }
  successor[place] = known;
  names[known] = name;
  previous = known;
  return prefixes[known];
}

function copy(from: Uint8Array): void {
  for (let i = 0; i < from.length; i++) bytes[at + i] = from[i];
  at += from.length;
}

function attribute(tag: number, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  const prefix = prefixOf(name);
  if (typeof value === 'string') return textAttribute(tag, prefix, value);
  room(prefix.length + 32);
  bytes[at++] = tag;
  const outer = at++;
  copy(prefix);
  const inner = at++;
  anyValue(value);
  close(inner, 1);
  close(outer, 1);
}

/** message KeyValue { string key = 1; AnyValue value = 2; }  AnyValue { string string_value = 1; ... } */
function textAttribute(tag: number, prefix: Uint8Array, value: string): void {
  room(prefix.length + 3 * value.length + 32);
  const begin = at;
  let size = value.length;
  let head = headOf(prefix, size);
  at = begin + head;
  const written = utf8(value);
  if (written !== size) {
    size = written;
    const needed = headOf(prefix, size);
    if (needed !== head) bytes.copyWithin(begin + needed, begin + head, begin + head + size);
    head = needed;
  }
  at = begin;
  const inner = 1 + widthOf(size) + size;
  bytes[at++] = tag;
  varint(prefix.length + widthOf(inner) + inner);
  copy(prefix);
  varint(inner);
  bytes[at++] = 0x0a;
  varint(size);
  at = begin + head + size;
}

/** Bytes in front of such a text. */
function headOf(prefix: Uint8Array, size: number): number {
  const inner = 1 + widthOf(size) + size;
  const all = prefix.length + widthOf(inner) + inner;
  return 1 + widthOf(all) + prefix.length + widthOf(inner) + 1 + widthOf(size);
}

function anyValue(value: unknown): void {
  room(32);
  if (typeof value === 'string') return textField(0x0a, value);
  if (typeof value === 'boolean') {
    bytes[at++] = 0x10;
    bytes[at++] = value ? 1 : 0;
  } else if (typeof value === 'number') {
    if (Number.isInteger(value)) {
      bytes[at++] = 0x18;
      int64(value);
    } else {
      bytes[at++] = 0x21;
      view.setFloat64(at, value, true);
      at += 8;
    }
  } else if (Array.isArray(value)) {
    // message ArrayValue { repeated AnyValue values = 1; }
    bytes[at++] = 0x2a;
    const begin = at++;
    for (const one of value) {
      room(8);
      bytes[at++] = 0x0a;
      const inner = at++;
      anyValue(one);
      close(inner, 1);
    }
    close(begin, 1);
  } else {
    throw new TypeError(`no attribute: ${typeof value}`);
  }
}

function attributes(tag: number, all: Attributes): void {
  previous = 0;
  for (const name in all) attribute(tag, name, all[name]);
}

// ---- Spans -------------------------------------------------------------------------------------------

// How many bytes the last span's length took: that of the next one, mostly.
let spanWidth = 2;

function span(one: ReadableSpan): void {
  room(256);
  const { traceId, spanId, traceFlags } = one.spanContext();
  const { parentSpanContext, status, events } = one;
  bytes[at++] = 0x12;
  const begin = at;
  const width = spanWidth;
  at += width;
  id(0x0a, traceId);
  id(0x12, spanId);
  if (parentSpanContext) id(0x22, parentSpanContext.spanId);
  if (one.name !== '') textField(0x2a, one.name);
  room(64);
  bytes[at++] = 0x30;
  bytes[at++] = one.kind + 1;
  bytes[at++] = 0x39;
  time(one.startTime);
  bytes[at++] = 0x41;
  time(one.endTime);
  attributes(0x4a, one.attributes);
  for (const event of events) {
    room(64);
    bytes[at++] = 0x5a;
    const inner = at;
    at += 2;
    bytes[at++] = 0x09;
    time(event.time);
    textField(0x12, event.name);
    if (event.attributes) attributes(0x1a, event.attributes);
    close(inner, 2);
  }
  if (status.code !== 0 || status.message) {
    room(16);
    bytes[at++] = 0x7a;
    const inner = at++;
    if (status.message) textField(0x12, status.message);
    if (status.code !== 0) {
      bytes[at++] = 0x18;
      bytes[at++] = status.code;
    }
    close(inner, 1);
  }
  room(16);
  bytes[at++] = 0x85;
  bytes[at++] = 0x01;
  view.setUint32(at, (traceFlags & 0xff) | 0x100 | (parentSpanContext?.isRemote ? 0x200 : 0), true);
  at += 4;
  close(begin, width);
  spanWidth = widthOf(at - begin);
}

/** A body of spans of one resource and one scope, which is all that is needed here. */
export function encodeTwin(spans: readonly ReadableSpan[]): Uint8Array {
  const [{ resource, instrumentationScope: scope }] = spans;
  at = 0;
  bytes[at++] = 0x0a;
  const body = at;
  at += 3;
  bytes[at++] = 0x0a;
  const resourceAt = at;
  at += 2;
  attributes(0x0a, resource.attributes);
  close(resourceAt, 2);
  bytes[at++] = 0x12;
  const scopeSpans = at;
  at += 3;
  bytes[at++] = 0x0a;
  const scopeAt = at++;
  textField(0x0a, scope.name);
  if (scope.version) textField(0x12, scope.version);
  close(scopeAt, 1);
  for (const one of spans) {
    if (one.links.length > 0 || one.resource !== resource || one.instrumentationScope !== scope) {
      throw new TypeError('not a span of this workload');
    }
    span(one);
  }
  close(scopeSpans, 3);
  close(body, 3);
  return bytes.slice(0, at);
}
