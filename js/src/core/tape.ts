/**
 * The tape: how spans cross into the core. The grammar is the comment of src/edgespan/model/tape.h.
 *
 * Small strings are concatenated into one rope, which is encoded once per commit: an encodeInto()
 * has a large fixed price, a concatenation next to none. There is one tape in an isolate; whoever
 * writes to it attaches first (pipeline.ts). Nothing here reads a clock or does I/O.
 * @module
 */
import {
  ARG_SHIFT,
  CUT_UNITS,
  FILLED_UNITS,
  FRACTIONS,
  KEY_SHIFT,
  MAX_DOUBLES,
  MAX_KEY_UNITS,
  MAX_TEXT,
  MAX_UNITS,
  MAX_WORDS,
  PATIENCE,
  PLACES,
  SLACK,
  WIDE_RUN,
} from '../limits.js';
import type { CoreExports } from './core.js';
import type { Pipeline } from './pipeline.js';
import {
  MAX_KEY,
  OP_BYTES,
  OP_KEY,
  OP_STRING,
  OP_UTF16,
  OP_UTF8,
  ROPE_MAX,
} from './schema.gen.js';
import { STAT_FIELDS } from '../transport/receipt.js';

/** Thrown when an area is full and may not grow; the writer rolls back and tries with less. */
export const FULL: unique symbol = /* @__PURE__ */ Symbol('full');

const encoder: TextEncoder = /* @__PURE__ */ new TextEncoder();
// Keys worth a place in the core's bounded table: names, not the ids that data is keyed by.
const PLAUSIBLE_KEY = /^(?!.*\d{5})[A-Za-z_$@][\w$@.:/-]{0,63}$/;

/** The Buffer methods that we use, where a Buffer exists; neither is documented API. */
interface NodeBuffer extends Uint8Array {
  utf8Write(text: string, at: number, bytes: number): number;
  ucs2Write(text: string, at: number, bytes: number): number;
}
interface NodeBufferConstructor {
  prototype: Partial<NodeBuffer>;
  from(buffer: ArrayBufferLike, offset: number, length: number): NodeBuffer;
}

/** A place on the tape to come back to. */
export type Mark = Pick<Tape, 'w' | 'd' | 'at' | 'rope' | 'traceId'>;

export class Tape {
  readonly x: CoreExports;
  /** The lent areas. A store past the end is lost, not harmful; counters still tell what is used. */
  words!: Int32Array;
  doubles!: Float64Array;
  text!: Uint8Array;
  /** Used words, doubles and bytes of text. */
  w = 0;
  d = 0;
  at = 0;
  rope = '';
  /** The trace of the items that follow. */
  traceId = '';
  /** Beyond these, grow() before the next member or number. */
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

  // Key ids by text. `#names` and `#next` are the fast way there: the key that stood in this place of
  // an object last time.
  readonly #keys = new Map<string, number>();
  readonly #names: string[] = [''];
  readonly #next: Uint16Array = new Uint16Array(PLACES);
  readonly #wide: Uint8Array = new Uint8Array(MAX_KEY + 1);
  readonly #fractions: Float64Array = new Float64Array(FRACTIONS);
  readonly #fractionTexts: string[] = new Array(FRACTIONS).fill('');
  #keysFull = false;
  #textBytes = 0;
  #result: Uint32Array = new Uint32Array(0);
  #grown = false;
  #patience = PATIENCE;
  #buffer: NodeBuffer | undefined;

  constructor(x: CoreExports) {
    this.x = x;
    this.#lend(0, 0, 0);
    const keys = x.edgespan_keys();
    const bytes = new Uint8Array(x.memory.buffer, keys).indexOf(0) - 1;
    for (const name of this.read(keys, bytes).split('\n')) {
      this.#keys.set(name, this.#names.push(name) - 1);
    }
  }

  /** Text of the core's. */
  read(at: number, bytes: number): string {
    return new TextDecoder().decode(new Uint8Array(this.x.memory.buffer, at, bytes));
  }

  /** The core's result area; valid until the core is called again. */
  get result(): Uint32Array {
    if (this.#result.length === 0) {
      this.#result = new Uint32Array(this.x.memory.buffer, this.x.edgespan_result(), STAT_FIELDS);
    }
    return this.#result;
  }

  #lend(words: number, doubles: number, text: number): boolean {
    const status = this.x.edgespan_lend(words, doubles, text);
    const [wordsAt, doublesAt, textAt, wordCount, doubleCount, textBytes] = this.result;
    const { buffer } = this.x.memory;
    this.words = new Int32Array(buffer, wordsAt, wordCount);
    this.doubles = new Float64Array(buffer, doublesAt, doubleCount);
    this.text = new Uint8Array(buffer, textAt, textBytes);
    this.wLimit = wordCount - SLACK;
    this.dLimit = doubleCount - SLACK;
    this.#textBytes = textBytes;
    this.#buffer = undefined;
    this.#grown = words > 0;
    return status >= 0;
  }

  /** Looks at the lent areas again, if a call into the core has grown memory: views are empty then. */
  refresh(): void {
    if (this.text.length > 0) return;
    this.#lend(this.wLimit + SLACK, this.dLimit + SLACK, this.#textBytes);
  }

  /** Whether what lies on the tape should go before the next span. */
  get filled(): boolean {
    return (
      this.rope.length > FILLED_UNITS ||
      this.at > this.#textBytes >> 1 ||
      this.w > this.wLimit >> 1 ||
      this.d > this.dLimit >> 1
    );
  }

  /** More words and doubles; throws FULL when there are none. */
  grow(): void {
    const words = this.words.length * (this.w > this.wLimit ? 2 : 1);
    const doubles = this.doubles.length * (this.d > this.dLimit ? 2 : 1);
    if (words > MAX_WORDS || doubles > MAX_DOUBLES) throw FULL;
    if (!this.#lend(words, doubles, this.#textBytes)) throw FULL;
  }

  /** Whether there is room for `bytes` of text and for the rope behind them, after growing. */
  fits(bytes: number): boolean {
    const need = this.at + bytes + 3 * this.rope.length;
    if (need <= this.#textBytes) return true;
    return need <= MAX_TEXT && this.#lend(this.words.length, this.doubles.length, need);
  }

  /** The end of the tape; rollback() takes away what was written since. */
  mark(): Mark {
    const { w, d, at, rope, traceId } = this;
    return { w, d, at, rope, traceId };
  }

  rollback(mark: Mark): void {
    Object.assign(this, mark);
  }

  /** Empties the tape, after a call into the core, and gives back what the areas grew by. */
  clear(): void {
    this.refresh();
    this.w = this.d = this.at = this.ended = 0;
    for (let i = 0; i < this.stack.length; i++) this.stack[i] = undefined;
    this.rope = this.traceId = '';
    if (this.#grown) this.#lend(0, 0, 0);
  }

  /** Writes the rope behind the text, for the core; its bytes. REQUIRES: fits(0). */
  encode(): number {
    return this.#encode(this.rope);
  }

  put(word: number): void {
    this.words[this.w++] = word;
  }

  double(value: number): void {
    if (this.d > this.dLimit) this.grow();
    this.doubles[this.d++] = value;
  }

  /** A word with a rope piece of up to 16383 units, which is returned: it goes onto the rope. */
  piece(word: number, text: string): string {
    this.words[this.w++] = word | (text.length << ARG_SHIFT);
    return text;
  }

  /** A fraction's text, which takes an engine long to find: those of late are remembered. */
  fractionText(value: number): string {
    const slot = (value * 1_000_003) & (FRACTIONS - 1);
    if (this.#fractions[slot] === value) return this.#fractionTexts[slot];
    this.#fractions[slot] = value;
    return (this.#fractionTexts[slot] = `${value}`);
  }

  /** The beginning of a text that is too long. */
  cut(text: string, limit: number): string {
    return this.owner?.cutText(text, limit) ?? text.slice(0, limit);
  }

  /** A key outside the table. */
  inlineKey(name: string): string {
    return this.piece(OP_KEY, name.length > MAX_KEY_UNITS ? `${this.cut(name, MAX_KEY_UNITS)}…` : name);
  }

  /** A string value, `key` already in its place in the word; returns what goes onto the rope. */
  string(key: number, value: string): string {
    return value.length < ROPE_MAX
      ? this.piece(OP_STRING | key, value)
      : this.#bigString(key, value);
  }

  /** Raw bytes; they are never cut. */
  bytes(key: number, value: Uint8Array): string {
    if (!this.fits(value.length)) throw FULL;
    this.text.set(value, this.at);
    return this.#area(OP_BYTES | key, this.at, value.length, value.length);
  }

  #area(word: number, at: number, length: number, bytes: number): string {
    this.put(word);
    this.put(at);
    this.put(length);
    this.at = at + bytes;
    return '';
  }

  // UTF-8 at the end of the text; returns its bytes. REQUIRES: fits(3 * units).
  #encode(text: string): number {
    if (this.#buffer) return this.#buffer.utf8Write(text, this.at, 3 * text.length);
    return encoder.encodeInto(text, this.text.subarray(this.at)).written;
  }

  // Text with characters beyond Latin-1 is two bytes a unit in the host as well: copying it and
  // transcoding in the core is several times faster than encoding it. A key's last text predicts.
  #bigString(key: number, value: string): string {
    const limit = this.cutting ? CUT_UNITS : MAX_UNITS;
    if (value.length > limit) {
      const kept = this.cut(value, limit);
      value = `${kept}…[truncated ${value.length - kept.length}]`;
    }
    const units = value.length;
    const slot = key >> KEY_SHIFT;
    const room = this.fits(3 * units + 1); // 3 bytes a unit is the worst case
    if (this.#patience > 0) this.#patience--;
    else this.#buffer ??= nodeBuffer(this.text);
    if (room && this.#buffer && this.#wide[slot] > 0) {
      this.#wide[slot]--;
      const at = (this.at + 1) & ~1;
      this.#buffer.ucs2Write(value, at, 2 * units);
      return this.#area(OP_UTF16 | key, at, units, 2 * units);
    }
    let bytes: number;
    if (room) {
      bytes = this.#encode(value);
    } else {
      // ASCII, the usual case, may fit where three bytes a unit do not.
      if (!this.fits(units)) throw FULL;
      const rest = this.text.subarray(this.at, this.#textBytes - 3 * this.rope.length);
      const { read, written } = encoder.encodeInto(value, rest);
      if (read < units) throw FULL;
      bytes = written;
    }
    if (bytes !== units) {
      this.#wide[slot] = WIDE_RUN;
      this.#patience = 0;
    }
    return this.#area(OP_UTF8 | key, this.at, bytes, bytes);
  }

  /** The id of `name`, 0: it must go inline. `place` is any number that names its place. */
  key(place: number, name: string): number {
    const id = this.#next[place & (PLACES - 1)];
    return this.#names[id] === name ? id : this.#lookup(place, name);
  }

  #lookup(place: number, name: string): number {
    const id = this.#keys.get(name) ?? this.#intern(name);
    if (id !== 0) {
      this.#next[place & (PLACES - 1)] = id;
      this.#names[id] = name; // the caller's own string: the next comparison is one of pointers
    }
    return id;
  }

  #intern(name: string): number {
    if (this.#keysFull || !PLAUSIBLE_KEY.test(name) || !this.fits(name.length)) return 0;
    const { text, at } = this;
    for (let i = 0; i < name.length; i++) text[at + i] = name.charCodeAt(i);
    const id = this.x.edgespan_intern(at, name.length);
    this.refresh();
    this.#keysFull = id <= 0; // plausible keys are refused for that reason alone
    if (this.#keysFull) return 0;
    this.#keys.set(name, id);
    return id;
  }
}

function nodeBuffer(text: Uint8Array): NodeBuffer | undefined {
  const { Buffer } = globalThis as { Buffer?: NodeBufferConstructor };
  const { utf8Write, ucs2Write } = Buffer?.prototype ?? {};
  if (!utf8Write || !ucs2Write) return undefined;
  return Buffer?.from(text.buffer, text.byteOffset, text.length);
}
