/**
 * A redaction: what an exporter asks of `redact()`. Its key and its hook are nobody else's.
 * @module
 */
import type { CoreExports } from '../core/core.js';
import type { Pipeline } from '../core/pipeline.js';
import type { SpanFormatter } from '../destinations/destination.js';
import type { FormattingOptions } from '../engine/formatting.js';
import type { Lane } from '../engine/lane.js';
import type { HookAbout, Redaction } from '../engine/privacy.js';
import { hookOf, WITHHELD } from './hook.js';
import { HookedLane, type Show } from './lane.js';
import { type Policy, policyOf, type RedactOptions } from './options.js';
import { placeIn } from './redactor.js';
import { wholeWords } from './whole_words.js';

/** Bytes behind a text that the core may read (its kTextSlack, generously). */
const SLACK = 64;

export class CoreRedaction implements Redaction {
  readonly warnings: readonly string[];
  readonly #policy: Policy;
  readonly #show: Show | undefined;
  // Of each exporter, by its formatters.
  readonly #lanes = new WeakMap<object, Map<object | undefined, HookedLane>>();

  constructor(options: RedactOptions | undefined) {
    const { policy, warnings } = policyOf(options);
    this.#policy = policy;
    this.warnings = warnings;
    this.#show = hookOf(options, warnings);
  }

  get hashes(): boolean {
    return this.#policy.hashKey !== undefined;
  }

  settings(core: object): object {
    return { hooks: placeIn(core as CoreExports), ...this.#policy };
  }

  text(pipeline: object, to: number, text: string): string {
    return this.#clean(pipeline as Pipeline, to, text);
  }

  cut(text: string, limit: number): string {
    return wholeWords(text, limit);
  }

  #clean(pipeline: Pipeline, to: number, text: string, count?: (values: number) => void): string {
    const { tape } = pipeline;
    if (text === '') return text;
    // Asked from within an object that is being walked: its tape's text is not ours.
    if (tape.busy) return WITHHELD;
    try {
      pipeline.attach();
      pipeline.commit(); // the text goes where the tape's text lies
      if (!tape.fits(3 * text.length + SLACK)) return WITHHELD;
      const { written } = new TextEncoder().encodeInto(text, tape.text);
      const status = tape.x.edgespan_redact(pipeline.handle, to, written);
      const [at, bytes, found] = tape.result;
      const clean = status < 0 ? WITHHELD : tape.read(at, bytes);
      tape.refresh();
      tape.clear();
      if (status >= 0) count?.(found);
      return clean;
    } catch {
      return WITHHELD; // the core trapped, or has no room: whoever sends a span says so
    }
  }

  event(pipeline: object, to: number, said: object, about: object): object | Promise<object> {
    const { withheld, redacted } = about as HookAbout;
    const clean = (shown: object): object => {
      const text = this.#clean(pipeline as Pipeline, to, JSON.stringify(shown), redacted);
      try {
        return JSON.parse(text) as object;
      } catch {
        withheld(1); // it is withheld whole, which is no JSON
        return { withheld: true };
      }
    };
    const shown = this.shown(said, about);
    return shown instanceof Promise ? shown.then(clean) : clean(shown);
  }

  shown(said: object, about: object): object | Promise<object> {
    return this.#show ? this.#show(said, about as HookAbout) : said;
  }

  lane(
    options: object,
    fail: (error: unknown, lane: never) => void,
    format?: object,
  ): HookedLane | undefined {
    if (!this.#show) return undefined;
    const lanes = this.#lanes.get(options) ?? new Map<object | undefined, HookedLane>();
    this.#lanes.set(options, lanes);
    const lane =
      lanes.get(format) ??
      new HookedLane(
        this.#show,
        format as SpanFormatter | undefined,
        options as FormattingOptions,
        fail as (error: unknown, lane: Lane) => void,
      );
    lanes.set(format, lane);
    return lane;
  }
}
