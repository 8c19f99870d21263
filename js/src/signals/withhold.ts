/**
 * What of a log, of a score's metadata and the like may leave. Mastra hands whole objects of its own to
 * its logger, and with them the exporters' settings: endpoints, keys, headers. Nothing is taken on trust:
 * - Mastra's machinery (an object that holds an exporter, a bus, an instance or a span of its own) stays;
 * - what stands under a name that names a secret is replaced by `[REDACTED]`, whatever it is; so is what
 *   follows such a name in a list, as headers do, and the `value` beside such a `name`;
 * - in texts, what follows `Bearer` or `Basic`, credentials in URLs, and what the destinations know to be theirs, is cut out;
 * - what cannot be read, lies too deep or does not end is replaced by a mark.
 * Linear in what it reads, and bounded: an object is read as often as it is referred to.
 * @module
 */
import type { Destination } from '../destinations/destination.js';

export const REDACTED = '[REDACTED]';
const CUT = '[Truncated]';
const MAX_DEPTH = 12;
/** Values and characters that are read of one object; the rest is replaced by a mark. */
const MAX_VALUES = 32_768;
const MAX_UNITS = 1_048_576;
/** A longer text is no name. */
const MAX_NAME = 256;

// Mastra's own objects: what they have, and what they are called.
const HAVE = /* @__PURE__ */ 'observabilityInstance observabilityBus exportTracingEvent'.split(' ');
const CALLED = /^(currentSpan|observability(Instance|Bus)|exporters|spanOutputProcessors)$/;
// Names without what is between their words, in small letters: those of Mastra's SensitiveDataFilter,
// and their kin.
const WORDS =
  'auth|authorization|proxyauthorization|bearer|cookies?|setcookie|credentials?|headers|' +
  'jwt|keys?|pass|passwd|password|passphrase|pwd|refresh|secrets?|ssn|tokens?';
const ENDS =
  'apikey|accesskey|accesskeyid|privatekey|secretkey|signingkey|licensekey|ingestionkey|token|secret|' +
  'password|connectionstring|dsn';
const SECRET = /* @__PURE__ */ new RegExp(`^(${WORDS})$|(${ENDS})$`);
// Of those the ones that are no words of a list: `auth` may be a tag.
const HEADER = /* @__PURE__ */ new RegExp(`^(proxy)?authorization$|^(set)?cookie$|(${ENDS})$`);
const IN_URL = /:\/\/[^\s/?#@"'<>]{1,512}@/g;
const CREDENTIAL = /\b(Bearer|Basic)\s+(?=\S*[\d=_.-])[\w\-.~+/=]{8,}/gi;

// Shorter ones are words: a log is not a receiver's answer.
const MIN_SECRET = 7;

export class Withholder {
  readonly #secrets: readonly string[];
  #kept = 0;
  // What may still be read of an object.
  #values = 0;
  #units = 0;

  constructor(destinations: readonly Destination[]) {
    const secrets = new Set(destinations.flatMap((to) => to.secrets?.() ?? []));
    const long = [...secrets].filter(({ length }) => length >= MIN_SECRET);
    this.#secrets = long.sort((a, b) => b.length - a.length); // the whole before its parts
  }

  /** Whether anything was withheld since this was last asked. */
  get withheld(): boolean {
    const withheld = this.#kept > 0;
    this.#kept = 0;
    return withheld;
  }

  /** A text as it may leave. */
  text(value: unknown): string {
    const given = typeof value === 'string' ? value : `${value}`;
    let text = given.replace(CREDENTIAL, `$1 ${REDACTED}`).replace(IN_URL, `://${REDACTED}@`);
    for (const secret of this.#secrets) text = text.replaceAll(secret, REDACTED);
    if (text !== given) this.#kept++;
    return text;
  }

  /**
   * The members of an object as they may leave: scalars as they are, the rest as plain data. Those that
   * are withheld whole are absent.
   */
  members(object: Readonly<Record<string, unknown>> | undefined): [key: string, value: unknown][] {
    const members: [string, unknown][] = [];
    if (typeof object !== 'object' || object === null) return members;
    this.#values = MAX_VALUES;
    this.#units = MAX_UNITS;
    for (const key of Object.keys(object)) {
      if (this.#spent(key.length)) break;
      const value = this.#member(object, key, []);
      if (value !== undefined && value !== null) members.push([this.text(key), value]);
    }
    return members;
  }

  #member(object: object, key: string, open: readonly object[]): unknown {
    let value: unknown;
    try {
      value = (object as Record<string, unknown>)[key];
      if (value === undefined || value === null) return value;
      if (SECRET.test(wordOf(key)) || (key === 'value' && isNamed(object))) return this.#withhold(REDACTED);
      if (CALLED.test(key) && isObject(Array.isArray(value) ? value[0] : value)) {
        return this.#withhold(undefined);
      }
      return this.#value(value, open);
    } catch {
      return this.#withhold('[Throws]');
    }
  }

  #withhold<T>(mark: T): T {
    this.#kept++;
    return mark;
  }

  /** Counts a value of so many characters; true: it is one too many, and stays. */
  #spent(units: number): boolean {
    this.#units -= units;
    if (--this.#values >= 0 && this.#units >= 0) return false;
    this.#kept++;
    return true;
  }

  #list(list: readonly unknown[], open: readonly object[]): unknown[] {
    const values: unknown[] = [];
    let secret = false;
    for (const one of list) {
      if (this.#spent(0)) {
        values.push(CUT);
        break;
      }
      const isText = typeof one === 'string';
      values.push(secret && isText ? this.#withhold(REDACTED) : this.#value(one, open));
      secret = !secret && isText && HEADER.test(wordOf(one));
    }
    return values;
  }

  #value(value: unknown, open: readonly object[]): unknown {
    if (typeof value === 'string') return this.#spent(value.length) ? CUT : this.text(value);
    if (typeof value === 'bigint') return `${value}`;
    if (typeof value === 'function' || typeof value === 'symbol') return undefined;
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (open.includes(value)) return '[Circular]';
    if (open.length >= MAX_DEPTH) return '[MaxDepth]';
    const inside = [...open, value];
    if (Array.isArray(value)) return this.#list(value, inside);
    if (HAVE.some((name) => name in value)) return this.#withhold(undefined);
    if (value instanceof Error) {
      const { name, message, stack } = value;
      return this.#value({ name, message, stack }, inside);
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    const plain: Record<string, unknown> = {};
    const before = this.#kept;
    for (const key of Object.keys(value)) {
      if (this.#spent(key.length)) {
        plain[CUT] = true;
        break;
      }
      const member = this.#member(value, key, inside);
      if (member !== undefined) plain[this.text(key)] = member;
    }
    // Where all of it stays, so does its shell.
    return this.#kept > before && Object.keys(plain).length === 0 ? undefined : plain;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** A name without what is between its words. */
function wordOf(name: string): string {
  return name.length > MAX_NAME ? '' : name.replace(/[^a-zA-Z0-9]/g, '').toLowerCase();
}

/** Whether it says beside its `value` that this is a secret: `{ name: 'x-api-key', value: … }`. */
function isNamed(object: object): boolean {
  const { name, key, header } = object as Record<string, unknown>;
  return [name, key, header].some((one) => typeof one === 'string' && SECRET.test(wordOf(one)));
}
