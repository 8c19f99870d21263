/**
 * Shows a user's hook every string of a span, a log or the like, before the core sees it: makes a copy in
 * which what the hook gave back stands in its place. A copy has no more forms than JSON, dates, bigints
 * and bytes; the hook's own mistakes withhold one string each.
 * @module
 */
import type { HookAbout } from '../engine/privacy.js';
import { FLUSH_MS, MAX_NESTING } from '../limits.js';
import { within } from '../transport/deliver.js';
import { objectOf } from '../transport/env.js';
import type { Show } from './lane.js';
import type { RedactHook, RedactOptions, Shown } from './options.js';

/** What stands for a text that could not be read; the core writes the same. */
export const WITHHELD = '[WITHHELD]';
const HOOK_MS = 1_000;
/** Strings that are shown of one span; the rest is withheld. */
const MAX_STRINGS = 65_536;

// What is an id or a word of Mastra's and OpenTelemetry's own; nothing of it is content.
const ENVELOPE = /* @__PURE__ */ new Set(
  'id traceId parentSpanId externalParentSpanId type startTime endTime isEvent isRootSpan traceState'.split(' '),
);
const LINKS = /* @__PURE__ */ new Set(['traceId', 'spanId', 'traceState']);

type Holder = Record<string, unknown> | unknown[];

/** The hook as lanes want it; undefined without one. */
export function hookOf(options: RedactOptions | undefined, warnings: string[]): Show | undefined {
  const { hook, hookTimeout } = objectOf(options);
  if (hook === undefined || hook === null) return undefined;
  if (typeof hook !== 'function') {
    warnings.push('`redact.hook` is no function: all text is withheld');
    return showing(() => undefined, HOOK_MS);
  }
  const wanted = typeof hookTimeout === 'number' && hookTimeout > 0 ? hookTimeout : HOOK_MS;
  return showing(hook, Math.min(wanted, FLUSH_MS));
}

function showing(hook: RedactHook, timeout: number): Show {
  return (said, about) => {
    const show = new Showing(hook, about);
    const copy = show.copy(said, [], []);
    // What cannot be read at all is withheld whole.
    return show.answered(timeout, typeof copy === 'object' && copy !== null ? copy : {});
  };
}

class Showing {
  readonly #hook: RedactHook;
  readonly #about: HookAbout;
  /** Answers that are still to come. */
  readonly #pending: Promise<void>[] = [];
  #shown = 0;
  #withheld = 0;
  #late = false;

  constructor(hook: RedactHook, about: HookAbout) {
    this.#hook = hook;
    this.#about = about;
  }

  /** The copy, once all is answered, or as it is when time is up. */
  answered<T>(timeout: number, copy: T): T | Promise<T> {
    const done = (): T => {
      this.#late = true; // what comes now must not change what is being sent
      if (this.#withheld > 0) this.#about.withheld(this.#withheld);
      return copy;
    };
    return this.#pending.length > 0 ? within(timeout, Promise.all(this.#pending)).then(done) : done();
  }

  /** @param open Objects around it, outermost first. */
  copy(value: unknown, path: readonly string[], open: readonly object[]): unknown {
    if (typeof value !== 'object' || value === null) return value;
    try {
      if (open.includes(value)) return '[Circular]';
      if (open.length >= MAX_NESTING) return '[MaxDepth]';
      return this.#object(value, path, [...open, value]);
    } catch {
      this.#withheld++; // it cannot be read
      return WITHHELD;
    }
  }

  #object(value: object, path: readonly string[], open: readonly object[]): unknown {
    if (value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value;
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.#inside(toJSON.call(value, ''), path, open);
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return this.#inside(value.valueOf(), path, open);
    }
    if (value instanceof RegExp) return this.#inside(`${value}`, path, open);
    if (value instanceof Map || value instanceof Set) {
      const isPlain = value instanceof Map && [...value.keys()].every((key) => typeof key !== 'object');
      const plain = isPlain ? Object.fromEntries(value as Map<string, unknown>) : [...value];
      return this.#members(plain as Holder, Object.keys(plain), path, open);
    }
    const names = new Set(Object.keys(value));
    // An error's own are not enumerable, and its name is mostly inherited.
    if (value instanceof Error) for (const name of ['name', 'message', 'stack', 'cause']) names.add(name);
    return this.#members(value as Holder, names, path, open);
  }

  /** What stands for an object. */
  #inside(value: unknown, path: readonly string[], open: readonly object[]): unknown {
    const holder: { value: unknown } = { value };
    const copy = this.#members(holder, ['value'], path, open, path) as typeof holder;
    return copy.value;
  }

  #members(
    from: Holder,
    names: Iterable<string>,
    path: readonly string[],
    open: readonly object[],
    at?: readonly string[],
  ): Holder {
    const source = from as Record<string, unknown>;
    const copy: Record<string, unknown> = Array.isArray(from) ? ([] as never) : {};
    for (const name of names) {
      let value: unknown;
      try {
        value = source[name];
      } catch {
        value = '[Throws]';
      }
      if (name === '__proto__') continue; // would be no member of the copy
      if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
        if (Array.isArray(from)) copy[name] = null;
        continue;
      }
      const below = at ?? [...path, name];
      if (typeof value !== 'string' || isId(path, name, this.#about)) {
        copy[name] = this.copy(value, below, open);
      } else this.#show(value, below, copy, name);
    }
    return copy as Holder;
  }

  #show(value: string, path: readonly string[], copy: Record<string, unknown>, name: string): void {
    copy[name] = WITHHELD;
    this.#withheld++;
    const put = (answer: unknown): void => {
      if (typeof answer !== 'string' || this.#late) return;
      copy[name] = answer;
      this.#withheld--;
    };
    if (value === '') return put(value);
    if (this.#shown++ >= MAX_STRINGS) return;
    try {
      const answer: unknown = this.#hook(value, shown(path, this.#about));
      if (typeof (answer as Promise<unknown> | undefined)?.then !== 'function') put(answer);
      else this.#pending.push(Promise.resolve(answer).then(put, () => {}));
    } catch {
      // Withheld, and counted.
    }
  }
}

function shown(from: readonly string[], { kind, spanType }: HookAbout): Shown {
  const path = kind === 'span' ? from : from.slice(1); // of an event, which has parts (signals/event.ts)
  let key = path.length - 1;
  while (key > 0 && /^\d+$/.test(path[key])) key--;
  return { key: path[key], path, kind, spanType };
}

function isId(path: readonly string[], name: string, { kind }: HookAbout): boolean {
  if (kind !== 'span') return false;
  return path.length === 0 ? ENVELOPE.has(name) : path[0] === 'links' && path.length === 2 && LINKS.has(name);
}
