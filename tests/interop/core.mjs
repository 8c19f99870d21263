// Encodes OpenTelemetry spans with the shipped core.wasm, through the C ABI (wasm/abi.h) and the
// tape grammar (src/edgespan/model/tape.h) alone: a second writer of the tape, which shares the
// generated constants with the shim and nothing else. It exists to put every OTLP value kind on the
// wire.
import { readFileSync } from 'node:fs';
import * as S from '../../js/src/core/schema.gen.ts';

export class Core {
  #wasm;
  #exporter;
  #keys;

  /** @param resource attributes of the resource, by name */
  constructor(path, resource) {
    const module = new WebAssembly.Module(readFileSync(path));
    this.#wasm = new WebAssembly.Instance(module).exports;
    const keys = Buffer.from(this.#wasm.memory.buffer, this.#wasm.edgespan_keys());
    const names = keys.toString('utf8', 0, keys.indexOf(0)).split('\n').slice(0, -1);
    this.#keys = new Map(names.map((name, i) => [name, i + 1]));
    const tape = new Tape(this.#keys);
    tape.word(S.OP_CONFIG);
    tape.member('destinations', [new Map([['dialect', 'genai']])]);
    tape.member('resource', resource);
    tape.member(
      'scope',
      new Map([
        ['name', 'interop'],
        ['version', '1.0'],
      ]),
    );
    tape.word(S.OP_END);
    this.#exporter = this.#send(tape, (...areas) => this.#wasm.edgespan_open_exporter(...areas));
    this.#check(this.#exporter, 'edgespan_open_exporter');
  }

  /** The body for one trace; the last span is its root. For spans see tests/support/otlp.ts. */
  encode(spans) {
    const tape = new Tape(this.#keys);
    tape.trace(spans[0].traceId);
    spans.forEach((span, i) => tape.span(span, i === spans.length - 1));
    const commit = (...areas) => this.#wasm.edgespan_commit(this.#exporter, ...areas);
    const trace = this.#check(this.#send(tape, commit), 'edgespan_commit');
    const bodies = [];
    for (;;) {
      const batch = this.#check(this.#wasm.edgespan_cut(this.#exporter, 0, trace, 0, 0), 'edgespan_cut');
      if (batch === 0) return Buffer.concat(bodies); // concatenated requests are one request
      this.#check(this.#wasm.edgespan_batch(batch), 'edgespan_batch');
      const [at, size] = this.#result(2);
      bodies.push(Buffer.from(new Uint8Array(this.#wasm.memory.buffer, at, size)));
      this.#check(this.#wasm.edgespan_judge(batch, 200, 0, 0, 0, 0, 0, 0), 'edgespan_judge');
      this.#check(this.#wasm.edgespan_release(batch, 0), 'edgespan_release');
    }
  }

  #result(fields) {
    return new Uint32Array(this.#wasm.memory.buffer, this.#wasm.edgespan_result(), fields);
  }

  #check(result, call) {
    if (result < 0) throw new Error(`${call}: status ${result}`);
    return result;
  }

  #send(tape, call) {
    const rope = Buffer.from(tape.rope);
    const ropeAt = tape.text.length;
    const text = Buffer.concat([tape.text, rope]);
    const { words, doubles } = tape;
    this.#check(
      this.#wasm.edgespan_lend(words.length, doubles.length, text.length),
      'edgespan_lend',
    );
    const [wordsAt, doublesAt, textAt] = this.#result(3);
    const { buffer } = this.#wasm.memory;
    new Uint32Array(buffer, wordsAt, words.length).set(words);
    new Float64Array(buffer, doublesAt, doubles.length).set(doubles);
    new Uint8Array(buffer, textAt, text.length).set(text);
    return call(words.length, doubles.length, ropeAt, rope.length, tape.rope.length);
  }
}

class Tape {
  words = [];
  doubles = [];
  rope = '';
  text = Buffer.alloc(0);
  #keys;

  constructor(keys) {
    this.#keys = keys;
  }

  word(op, key = 0, arg = 0) {
    this.words.push((op | (key << 4) | (arg << 18)) >>> 0);
  }

  trace(id) {
    this.word(S.OP_TRACE, 0, id.length);
    this.rope += id;
  }

  span(span, isRoot) {
    const flags = S.FLAG_HAS_END | S.FLAG_OTEL | (isRoot ? S.FLAG_IS_ROOT : 0);
    this.word(S.OP_SPAN, S.TYPE_GENERIC, flags | (span.kind << S.KIND_SHIFT));
    const { name, spanId, parentSpanId } = span;
    this.words.push((name.length | (spanId.length << 16) | (parentSpanId.length << 24)) >>> 0);
    this.rope += spanId + parentSpanId + name;
    this.doubles.push(Number(span.start / 1_000_000n), Number(span.end / 1_000_000n));
    this.member('attributes', span.attributes);
    this.member('traceState', span.traceState);
    this.member('flags', span.flags);
    this.member('status', new Map(Object.entries(span.status)));
    this.member('droppedAttributesCount', span.dropped.attributes);
    this.member('droppedEventsCount', span.dropped.events);
    this.member('droppedLinksCount', span.dropped.links);
    this.member(
      'events',
      span.events.map(
        ({ time, name, attributes, dropped }) =>
          new Map(
            Object.entries({
              time: Number(time / 1_000_000n),
              name,
              attributes,
              droppedAttributesCount: dropped,
            }),
          ),
      ),
    );
    this.member(
      'links',
      span.links.map(
        ({ dropped, ...link }) =>
          new Map(Object.entries({ ...link, droppedAttributesCount: dropped })),
      ),
    );
    this.word(S.OP_END);
  }

  /** A member by name: an interned key where the core knows the name, else an inline one. */
  member(name, value) {
    const key = this.#keys.get(name) ?? 0;
    if (key === 0) {
      this.word(S.OP_KEY, 0, name.length);
      this.rope += name;
    }
    this.#value(key, value);
  }

  #value(key, value) {
    if (typeof value === 'string') return this.#string(key, value);
    if (typeof value === 'number') {
      this.word(S.OP_NUMBER, key);
      return this.doubles.push(value);
    }
    if (typeof value === 'bigint') {
      this.word(S.OP_INT64, key);
      const bits = BigInt.asUintN(64, value);
      return this.words.push(Number(bits & 0xffffffffn), Number(bits >> 32n));
    }
    if (value === null || typeof value === 'boolean') {
      return this.word(S.OP_LITERAL, key, value === null ? 0 : value ? 2 : 1);
    }
    if (value instanceof Uint8Array) return this.#bytes(S.OP_BYTES, key, value);
    this.word(Array.isArray(value) ? S.OP_ARRAY : S.OP_OBJECT, key);
    if (Array.isArray(value)) for (const item of value) this.#value(0, item);
    else for (const [name, item] of value) this.member(name, item);
    return this.word(S.OP_END);
  }

  // Short strings go on the rope, long ones alone: by turns as UTF-8 and as UTF-16.
  #string(key, value) {
    if (value.length < S.ROPE_MAX) {
      this.word(S.OP_STRING, key, value.length);
      this.rope += value;
    } else if (value.length % 2 === 0) {
      this.#bytes(S.OP_UTF8, key, Buffer.from(value));
    } else {
      this.#bytes(S.OP_UTF16, key, Buffer.from(value, 'utf16le'), value.length);
    }
  }

  #bytes(op, key, bytes, size = bytes.length) {
    if (this.text.length % 2 === 1) this.text = Buffer.concat([this.text, Buffer.alloc(1)]);
    this.word(op, key);
    this.words.push(this.text.length, size);
    this.text = Buffer.concat([this.text, bytes]);
  }
}
