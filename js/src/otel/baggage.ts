/**
 * W3C baggage: https://www.w3.org/TR/baggage/
 * @module
 */
import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from './api.js';
import { BAGGAGE, SUPPRESSED } from './context.js';

export interface BaggageEntry {
  value: string;
  /** Properties as they are written after the value, without the `;`. */
  metadata?: { toString(): string } | undefined;
}

const HEADER = 'baggage';
// OpenTelemetry's, above the least that W3C asks for.
const MAX_MEMBERS = 180;
const MAX_MEMBER_UNITS = 4096;
const MAX_UNITS = 8192;

/** Immutable, as the API's. */
export class Baggage {
  readonly #entries: ReadonlyMap<string, BaggageEntry>;

  constructor(entries: Iterable<readonly [string, BaggageEntry]> = []) {
    this.#entries = new Map(entries);
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.#entries.get(key);
    return entry && { ...entry };
  }
  getAllEntries(): [string, BaggageEntry][] {
    return [...this.#entries];
  }
  setEntry(key: string, entry: BaggageEntry): Baggage {
    return new Baggage([...this.#entries, [key, entry]]);
  }
  removeEntry(key: string): Baggage {
    return this.removeEntries(key);
  }
  removeEntries(...keys: string[]): Baggage {
    return new Baggage([...this.#entries].filter(([key]) => !keys.includes(key)));
  }
  clear(): Baggage {
    return new Baggage();
  }
}

/** Hands on what is in a context's baggage. */
export const baggagePropagator: TextMapPropagator = {
  fields: () => [HEADER],

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = context.getValue(BAGGAGE) as Baggage | undefined;
    if (!baggage || context.getValue(SUPPRESSED) === true) return;
    let header = '';
    for (const [key, { value, metadata }] of baggage.getAllEntries().slice(0, MAX_MEMBERS)) {
      let member: string;
      try {
        member = `${encodeURIComponent(key)}=${encodeURIComponent(value)}${metadata ? `;${metadata}` : ''}`;
      } catch {
        continue; // half of a character has no form in UTF-8
      }
      const longer = header ? `${header},${member}` : member;
      if (member.length <= MAX_MEMBER_UNITS && longer.length <= MAX_UNITS) header = longer;
    }
    if (header) setter.set(carrier, HEADER, header);
  },

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = [getter.get(carrier, HEADER) ?? []].flat().join(',');
    const entries: [string, BaggageEntry][] = [];
    let units = -1;
    for (const member of header.split(',')) {
      const [, key, value, properties] = /^\s*([^=;]+?)\s*=\s*([^;]*?)\s*(?:;(.*))?$/s.exec(member) ?? [];
      if (!key || !value || member.length > MAX_MEMBER_UNITS) continue;
      units += 1 + member.length;
      if (units > MAX_UNITS || entries.length === MAX_MEMBERS) break;
      try {
        const metadata = properties ? { toString: () => properties } : undefined;
        const entry = { value: decodeURIComponent(value), ...(metadata && { metadata }) };
        entries.push([decodeURIComponent(key), entry]);
      } catch {
        // What is no percent-encoded UTF-8 has no value.
      }
    }
    return entries.length > 0 ? context.setValue(BAGGAGE, new Baggage(entries)) : context;
  },
};
