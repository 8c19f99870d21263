/**
 * Attributes as spans hold them: what OTLP has a form for, counted and cut.
 * @module
 */
import { MAX_NESTING } from '../limits.js';
import type { Attributes } from './api.js';

/** Limits of a span, with OpenTelemetry's names and meanings. */
export interface OtelSpanLimits {
  /** Attributes of a span; 128 by default. */
  attributeCountLimit?: number;
  /** UTF-16 units of a text, in lists and maps as well; unlimited by default. */
  attributeValueLengthLimit?: number;
  /** Events of a span, of which the last are kept; 128 by default. */
  eventCountLimit?: number;
  /** Links of a span, of which the last are kept; 128 by default. */
  linkCountLimit?: number;
  /** 128 by default. */
  attributePerEventCountLimit?: number;
  /** 128 by default. */
  attributePerLinkCountLimit?: number;
}

// Of one value: shared parts can multiply without end. What is left then is the core's to cut.
const MAX_PARTS = 10_000;

/** Takes attributes, as many as `count`, and tells how many were not taken. */
export class Bag {
  readonly values: Attributes = {};
  dropped = 0;
  #size = 0;
  readonly #count: number;
  readonly #length: number;

  constructor(count: number, length: number) {
    this.#count = count;
    this.#length = length;
  }

  set(key: unknown, value: unknown): void {
    // null and the like are no values; a function has none that could be sent.
    const kind = typeof value;
    if (typeof key !== 'string' || key === '' || value == null || kind === 'function' || kind === 'symbol') return;
    const { values } = this;
    const isNew = !Object.hasOwn(values, key);
    // The latter would change what the object is.
    if ((isNew && this.#size >= this.#count) || key === '__proto__') this.dropped++;
    else {
      values[key] = cut(value, this.#length);
      if (isNew) this.#size++;
    }
  }

  /** Those that throw are dropped. */
  all(attributes: unknown): this {
    if (typeof attributes === 'object' && attributes !== null) {
      for (const key of Object.keys(attributes)) {
        try {
          this.set(key, (attributes as Attributes)[key]);
        } catch {
          this.dropped++;
        }
      }
    }
    return this;
  }
}

/** Lists are copied, as the SDK does; what lies deeper only where something of it may have to be cut. */
function cut(value: unknown, length: number, budget: { parts: number } = { parts: MAX_PARTS }, depth = 0): unknown {
  if (typeof value === 'string') {
    if (value.length <= length || !(length > 0)) return value;
    // Not between the two halves of one character.
    return value.slice(0, length - +/[\ud800-\udbff]/.test(value[length - 1]));
  }
  if (typeof value !== 'object' || value === null || depth > MAX_NESTING || budget.parts-- <= 0) return value;
  const isList = Array.isArray(value);
  if (length === Infinity) return isList ? value.slice() : value;
  const part = (one: unknown): unknown => cut(one, length, budget, depth + 1);
  if (isList) return value.map(part);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, part(one)]));
}
