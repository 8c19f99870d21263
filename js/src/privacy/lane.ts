/**
 * A lane that shows the strings of its spans to a redaction's hook: those of a formatted span, if it has a
 * formatter. A hook withholds what it fails on by itself; a span that it does not give back before its
 * run is sent leaves without content.
 * @module
 */
import { FLAG_OTEL } from '../core/schema.gen.js';
import type { SpanFormatter } from '../destinations/destination.js';
import { FormattingLane, type FormattingOptions, spanOf } from '../engine/formatting.js';
import type { Content, Lane } from '../engine/lane.js';
import type { HookAbout } from '../engine/privacy.js';
import type { Envelope } from '../engine/record.js';

/** Makes a copy of what a span, or another signal, says; never throws, never rejects. */
export type Show = (said: object, about: HookAbout) => object | Promise<object>;

export class HookedLane extends FormattingLane {
  protected override readonly always: boolean = true;
  readonly #show: Show;

  constructor(
    show: Show,
    format: SpanFormatter | undefined,
    options: FormattingOptions,
    fail: (error: unknown, lane: Lane) => void,
  ) {
    super(format, options, fail);
    this.#show = show;
  }

  protected override made(
    format: SpanFormatter | undefined,
    span: Envelope,
    content: Content,
    flags: number,
  ): unknown {
    const withheld = (values: number): void => void (this.withheld += values);
    const about = { kind: 'span', spanType: span.type, withheld } as const;
    const show = (made: unknown): unknown => {
      const shown = flags & FLAG_OTEL ? (made as object) : (spanOf(made) ?? super.original(span));
      return shown && this.#show(shown, about);
    };
    try {
      const made = super.made(format, span, content, flags) as Promise<unknown> | undefined;
      return typeof made?.then === 'function' ? made.then(show, () => show(undefined)) : show(made);
    } catch {
      return show(undefined); // the formatter threw
    }
  }

  /** What the hook was not shown stays. */
  protected override original(): undefined {
    return undefined;
  }
}
