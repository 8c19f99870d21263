/**
 * W3C tracestate: what vendors hand on, the one who wrote last in front.
 * https://www.w3.org/TR/trace-context-2/#tracestate-header
 * @module
 */
import type { TraceState as Api } from './api.js';

const MAX_MEMBERS = 32;
const MAX_UNITS = 512;
const LONG = 128;

// Section 3.3.1.3: `key` and `value` of a list-member. Keys with a tenant are those of level 1, which
// W3C's suite wants: level 2 has an `@` anywhere.
const KEY = /^(?!.*[A-Z])[a-z\d]([\w*/-]{0,255}|[\w*/-]{0,240}@[a-z][\w*/-]{0,13})$/;
const VALUE = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

const isMember = (key: string, value: string): boolean =>
  KEY.test(key) && VALUE.test(value);

/** Immutable; the first of its entries is the one that was set last. */
export class TraceState implements Api {
  readonly #entries: ReadonlyMap<string, string>;

  constructor(entries: ReadonlyMap<string, string> = new Map()) {
    this.#entries = entries;
  }

  /** Of a header; undefined where it holds nothing, or anything that is wrong: then all of it is. */
  static parse(header: string): TraceState | undefined {
    const entries = new Map<string, string>();
    for (const member of header.split(',')) {
      const trimmed = member.replace(/^[ \t]+|[ \t]+$/g, '');
      if (trimmed === '') continue;
      const at = trimmed.indexOf('=');
      const [key, value] = [trimmed.slice(0, at), trimmed.slice(at + 1)];
      if (at < 0 || !isMember(key, value) || entries.has(key)) return undefined;
      entries.set(key, value);
    }
    return entries.size > 0 && entries.size <= MAX_MEMBERS ? new TraceState(entries) : undefined;
  }

  get(key: string): string | undefined {
    return this.#entries.get(key);
  }

  /** The same one, where key or value may not be. */
  set(key: string, value: string): TraceState {
    if (!isMember(key, value)) return this;
    const rest = [...this.#entries].filter(([other]) => other !== key);
    return new TraceState(new Map([[key, value] as const, ...rest].slice(0, MAX_MEMBERS)));
  }

  unset(key: string): TraceState {
    return new TraceState(new Map([...this.#entries].filter(([other]) => other !== key)));
  }

  /** What is too much goes: long members first, then from the end (section 3.3.1.5). */
  serialize(): string {
    const members = [...this.#entries].map(([key, value]) => `${key}=${value}`);
    while (members.join(',').length > MAX_UNITS) {
      const long = members.map((member) => member.length > LONG).lastIndexOf(true);
      members.splice(long < 0 ? members.length - 1 : long, 1);
    }
    return members.join(',');
  }
}
