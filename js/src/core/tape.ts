/**
 * The tape: how spans cross into the core. The grammar is the comment of src/edgespan/model/tape.h.
 *
 * Small strings are concatenated into one rope, which is encoded once per commit: an encodeInto()
 * has a large fixed price, a concatenation next to none. There is one tape in an isolate; whoever
 * writes to it attaches first (pipeline.ts). Nothing here reads a clock or does I/O.
 * @module
 */
import type { CoreExports } from './core.js';
import type { Pipeline } from './pipeline.js';
import {
  FIRST_DYNAMIC_KEY,
  MAX_KEY,
  OP_BYTES,
  OP_KEY,
  OP_STRING,
  OP_TRACE,
  OP_UTF16,
  OP_UTF8,
  ROPE_MAX,
} from './schema.gen.js';

/** Where key and argument lie in a word. */
export const KEY_SHIFT = 4;
export const ARG_SHIFT = 18;

/** Thrown when an area is full and may not grow; the writer rolls back and tries with less. */
export const FULL: unique symbol = /* @__PURE__ */ Symbol('full');

// Words and doubles that are free whenever a member begins: a key, a value, the ends of all open
// containers and the next item's envelope.
const SLACK = 160;
// A commit before the next span once the rope is this long; of the areas, once half is used.
const FILLED_UNITS = 30_000;
// How often a key's text goes over as UTF-16 before UTF-8 is tried again.
const WIDE_RUN = 64;
// What one tape may take: the core would give up other spans for it, so not all of its memory.
const MAX_WORDS = 1 << 19;
const MAX_DOUBLES = 1 << 18;
const MAX_TEXT = 6 << 20;
const MAX_KEY_UNITS = 4096;
// Longer strings are cut: the core holds a span up to three times (here, as a record, in a batch).
const MAX_UNITS = 1 << 20;
const CUT_UNITS = 1 << 17;

const encoder: TextEncoder = /* @__PURE__ */ new TextEncoder();
// Keys worth a place in the core's bounded table: names, not the ids that data is keyed by.
const PLAUSIBLE_KEY = /^[A-Za-z_$@][\w$@.:/-]{0,63}$/;
const DIGITS = /\d{5}/;

/** The Buffer methods that we use, where a Buffer exists; neither is documented API. */
interface NodeBuffer extends Uint8Array {
  ucs2Write(text: string, at: number, bytes: number): number;
}
interface NodeBufferConstructor {
  prototype: Partial<NodeBuffer>;
  from(buffer: ArrayBufferLike, offset: number, length: number): NodeBuffer;
}

export class Tape {
  readonly x: CoreExports;
  /** The lent areas. A store past the end is lost, not harmful; counters still tell what is used. */
  words!: Int32Array;
  doubles!: Float64Array;
  text!: Uint8Array;
  /** Used words, doubles, bytes of text and UTF-16 units of the rope. */
  w = 0;
  d = 0;
  at = 0;
  units = 0;
  rope = '';
  /** Beyond these, grow() before the next member. */
  wLimit = 0;
  dLimit = 0;
  /** Set while an object is walked: its getters and toJSON() may call back into an exporter. */
  busy = false;
  /** The type of the span that is being written: what its objects' keys are predicted by. */
  kind = 0;
  /** Set to cut strings that are merely long, so that a span that did not fit does. */
  cutting = false;
  /** Whose spans are on the tape, and the ended ones' number. */
  owner: Pipeline | undefined;
  ended = 0;
  /** Pipelines opened so far: only opening one can evict another. */
  opened = 0;
  /** Containers being walked, outermost first. */
  readonly stack: unknown[] = [];

  // Key ids by text; `names` and `next` are the fast way there: the key that followed last time.
  readonly names: (string | undefined)[] = [undefined];
  readonly next: Uint16Array = new Uint16Array(MAX_KEY + 1);
  readonly #keys = new Map<string, number>();
  readonly #wide: Uint8Array = new Uint8Array(MAX_KEY + 1);
  #Buffer: NodeBufferConstructor | null | undefined;
  #textBuffer: NodeBuffer | undefined;
  #keysFull = false;
  #traceId = '';

  // Where rollback() returns to.
  #w = 0;
  #d = 0;
  #at = 0;
  #units = 0;
  #rope = '';
  #trace = '';

  constructor(x: CoreExports) {
    this.x = x;
    x.edgespan_lend(0, 0, 0);
    this.refresh();
    const bytes = new Uint8Array(x.memory.buffer, x.edgespan_keys(), x.edgespan_keys_size());
    for (const name of new TextDecoder().decode(bytes).split('\n').slice(0, FIRST_DYNAMIC_KEY - 1)) {
      this.#keys.set(name, this.names.length);
      this.names.push(name);
    }
  }

  /** Looks at the lent areas again: after any call that may have moved them or grown memory. */
  refresh(): void {
    const x = this.x;
    const buffer = x.memory.buffer;
    const words = x.edgespan_words();
    const doubles = x.edgespan_doubles();
    const text = x.edgespan_text();
    const wordCount = x.edgespan_words_capacity();
    const doubleCount = x.edgespan_doubles_capacity();
    const textBytes = x.edgespan_text_capacity();
    const same = this.text !== undefined && this.text.buffer === buffer;
    if (!same || this.words.byteOffset !== words || this.words.length !== wordCount) {
      this.words = new Int32Array(buffer, words, wordCount);
      this.wLimit = wordCount - SLACK;
    }
    if (!same || this.doubles.byteOffset !== doubles || this.doubles.length !== doubleCount) {
      this.doubles = new Float64Array(buffer, doubles, doubleCount);
      this.dLimit = doubleCount - SLACK;
    }
    if (!same || this.text.byteOffset !== text || this.text.length !== textBytes) {
      this.text = new Uint8Array(buffer, text, textBytes);
      this.#textBuffer = undefined;
    }
  }

  /** Whether what lies on the tape should go before the next span. */
  get filled(): boolean {
    return (
      this.units > FILLED_UNITS ||
      this.at > this.text.length >> 1 ||
      this.w > this.wLimit >> 1 ||
      this.d > this.dLimit >> 1
    );
  }

  /** More words and doubles; throws FULL when there are none. */
  grow(): void {
    const words = this.words.length * (this.w > this.wLimit ? 2 : 1);
    const doubles = this.doubles.length * (this.d > this.dLimit ? 2 : 1);
    if (words > MAX_WORDS || doubles > MAX_DOUBLES) throw FULL;
    if (!this.#lend(words, doubles, this.text.length)) throw FULL;
  }

  /** Whether there is room for `bytes` of text and for the rope behind them, after growing. */
  fits(bytes: number): boolean {
    const need = this.at + bytes + 3 * this.units;
    if (need <= this.text.length) return true;
    return need <= MAX_TEXT && this.#lend(this.words.length, this.doubles.length, need);
  }

  #lend(words: number, doubles: number, text: number): boolean {
    const status = this.x.edgespan_lend(words, doubles, text);
    this.refresh();
    return status >= 0;
  }

  /** Remembers the end of the tape; rollback() takes away what was written since. */
  mark(): void {
    this.#w = this.w;
    this.#d = this.d;
    this.#at = this.at;
    this.#units = this.units;
    this.#rope = this.rope;
    this.#trace = this.#traceId;
  }

  rollback(): void {
    this.w = this.#w;
    this.d = this.#d;
    this.at = this.#at;
    this.units = this.#units;
    this.rope = this.#rope;
    this.#traceId = this.#trace;
    this.stack.length = 0;
  }

  /** Empties the tape. */
  clear(): void {
    this.w = this.d = this.at = this.units = this.ended = 0;
    this.rope = this.#traceId = '';
    this.stack.length = 0;
  }

  /** Encodes the rope behind the text; returns its bytes. REQUIRES: fits(0). */
  putRope(): number {
    if (this.units === 0) return 0;
    return encoder.encodeInto(this.rope, this.text.subarray(this.at)).written;
  }

  /** Names the trace of the items that follow. */
  trace(id: string): void {
    if (id === this.#traceId) return;
    this.#traceId = id;
    this.piece(OP_TRACE, id);
  }

  /** A word with a rope piece of up to 16383 units. */
  piece(word: number, text: string): void {
    const units = text.length;
    this.rope += text;
    this.units += units;
    this.words[this.w++] = word | (units << ARG_SHIFT);
  }

  /** A key outside the table. */
  inlineKey(name: string): void {
    this.piece(OP_KEY, name.length > MAX_KEY_UNITS ? `${name.slice(0, MAX_KEY_UNITS)}…` : name);
  }

  /** A string value; `key` already in its place in the word. */
  string(key: number, value: string): void {
    const units = value.length;
    if (units < ROPE_MAX) {
      this.rope += value;
      this.units += units;
      this.words[this.w++] = OP_STRING | key | (units << ARG_SHIFT);
    } else {
      this.#bigString(key, value);
    }
  }

  /** Raw bytes; they are never cut. */
  bytes(key: number, value: Uint8Array): void {
    if (!this.fits(value.length)) throw FULL;
    this.text.set(value, this.at);
    this.#area(OP_BYTES | key, this.at, value.length, value.length);
  }

  #area(word: number, at: number, length: number, used: number): void {
    const { words } = this;
    words[this.w] = word;
    words[this.w + 1] = at;
    words[this.w + 2] = length;
    this.w += 3;
    this.at += used;
  }

  // Text with characters beyond Latin-1 is two bytes a unit in the host as well: copying it and
  // transcoding in the core is several times faster than encodeInto(). A key's last text predicts.
  #bigString(key: number, value: string): void {
    const limit = this.cutting ? CUT_UNITS : MAX_UNITS;
    if (value.length > limit) {
      value = `${value.slice(0, limit)}…[truncated ${value.length - limit}]`;
    }
    const units = value.length;
    const slot = key >> KEY_SHIFT;
    if (this.#wide[slot] !== 0 && this.#Buffer && this.fits(2 * units + 1)) {
      this.#wide[slot]--;
      const at = (this.at + 1) & ~1;
      const { text } = this;
      this.#textBuffer ??= this.#Buffer.from(text.buffer, text.byteOffset, text.length);
      this.#textBuffer.ucs2Write(value, at, 2 * units);
      this.#area(OP_UTF16 | key, at, units, at - this.at + 2 * units);
      return;
    }
    // 3 bytes a unit is the worst case; ASCII, the usual one, may fit where that does not.
    if (!this.fits(3 * units) && !this.fits(units)) throw FULL;
    const end = Math.min(this.at + 3 * units, this.text.length - 3 * this.units);
    const { read, written } = encoder.encodeInto(value, this.text.subarray(this.at, end));
    if (read < units) throw FULL;
    if (written !== units) this.#widen(slot);
    this.#area(OP_UTF8 | key, this.at, written, written);
  }

  // globalThis.Buffer is looked up here and not before: on workerd the first look loads node:buffer.
  #widen(slot: number): void {
    if (this.#Buffer === undefined) {
      const found = (globalThis as { Buffer?: NodeBufferConstructor }).Buffer;
      this.#Buffer = typeof found?.prototype?.ucs2Write === 'function' ? found : null;
    }
    if (this.#Buffer) this.#wide[slot] = WIDE_RUN;
  }

  /** The id of `name`, 0 for a key that must go inline; learns that it follows `previous`. */
  lookup(previous: number, name: string): number {
    let id = this.#keys.get(name);
    if (id === undefined) id = this.#intern(name);
    if (id !== 0) {
      this.next[previous] = id;
      this.names[id] = name; // the caller's own string: the next comparison is one of pointers
    }
    return id;
  }

  #intern(name: string): number {
    if (this.#keysFull || !PLAUSIBLE_KEY.test(name) || DIGITS.test(name)) return 0;
    if (!this.fits(name.length)) return 0;
    const { written } = encoder.encodeInto(name, this.text.subarray(this.at));
    const id = this.x.edgespan_intern(this.at, written);
    this.refresh();
    this.#keysFull = id <= 0; // plausible keys are refused for that reason alone
    if (this.#keysFull) return 0;
    this.#keys.set(name, id);
    return id;
  }
}
