/**
 * What runs want hidden of their content, told by their spans; it holds for their logs and for what is said
 * of them, too. The core decides the like for the spans themselves ("Content" in src/README.md), run by run,
 * by spans that ended, and as formatters left them; logs may leave earlier, and quote more.
 * @module
 */
import { putLast } from '../bounded.js';
import type { Envelope } from '../engine/record.js';
import { hexId } from './otlp.js';

/** Nothing of what is hashed leaves beside spans, which is as good as `off`. */
export type Wish = 'truncated' | 'off';

/** The reserved name among metadata. */
const ASKED = 'edgespan.content';
/** Runs that are remembered: those that go on, and those that hid something, of which scorers speak later. */
const MAX_RUNS = 1_024;

// What is known of the runs of a trace id.
const ASKED_TRUNCATED = 1;
const ASKED_OFF = 2;
const INPUT = 4;
const OUTPUT = 8;
/** Lacked by a span which always has one: unless another has it, Mastra hid it. */
const NO_INPUT = 16;
const NO_OUTPUT = 32;
const GOES_ON = 64;

type Members = Readonly<Record<string, unknown>>;

export class Hidden {
  readonly #runs = new Map<string, number>();

  /** Looks at a span that began or ended; what cannot be read hides its run. */
  heed(ended: boolean, span: Envelope, content: { readonly metadata?: unknown }): void {
    const id = hexId(span.traceId, 32);
    if (id === undefined) return;
    const known = this.#runs.get(id) ?? 0;
    let run = known;
    try {
      run |= told(ended, span, content as Members);
      // A scorer's spans quote the run that they name.
      const { targetTraceId } = Object(content.metadata) as Members;
      if (targetTraceId) run |= asked(this.of(hexId(targetTraceId, 32)));
    } catch {
      run |= ASKED_OFF;
    }
    if (span.isRootSpan && !ended) run |= GOES_ON;
    if (span.isRootSpan && ended) {
      // What one run has must not speak for the next one.
      run = wishOf(run) === 'off' ? ASKED_OFF : run & ASKED_TRUNCATED;
      if (run === 0) this.#runs.delete(id);
    }
    if (run !== known && run !== 0) putLast(this.#runs, id, run, MAX_RUNS);
  }

  /** What the runs of a trace want, as far as their spans have told. */
  of(traceId: string | undefined): Wish | undefined {
    return wishOf(this.#runs.get(traceId ?? '') ?? 0);
  }

  /** Whether one goes on, and may tell more. */
  goesOn(traceId: string | undefined): boolean {
    return ((this.#runs.get(traceId ?? '') ?? 0) & GOES_ON) !== 0;
  }
}

function told(ended: boolean, { type, errorInfo }: Envelope, content: Members): number {
  const { metadata, attributes, input, output } = content;
  const wish = stricter(wishIn(metadata), wishIn(attributes));
  let run = asked(wish);
  const always = type === 'agent_run' || type === 'model_generation';
  if (input !== undefined) run |= INPUT;
  else if (always) run |= NO_INPUT;
  if (output !== undefined) run |= OUTPUT;
  else if (always && ended && !errorInfo) run |= NO_OUTPUT;
  return run;
}

function asked(wish: Wish | undefined): number {
  return wish ? (wish === 'off' ? ASKED_OFF : ASKED_TRUNCATED) : 0;
}

function wishOf(run: number): Wish | undefined {
  const noInput = (run & (NO_INPUT | INPUT)) === NO_INPUT;
  const noOutput = (run & (NO_OUTPUT | OUTPUT)) === NO_OUTPUT;
  if (run & ASKED_OFF || noInput || noOutput) return 'off';
  return run & ASKED_TRUNCATED ? 'truncated' : undefined;
}

/** What metadata asks. */
export function wishIn(metadata: unknown): Wish | undefined {
  const asked = (metadata as Members | null | undefined)?.[ASKED];
  if (asked === undefined || asked === 'full') return undefined;
  return asked === 'truncated' ? asked : 'off';
}

/** Metadata without what it asks. */
export function withoutWish(metadata: Members): Record<string, unknown> {
  const { [ASKED]: _asked, ...rest } = metadata;
  return rest;
}

export function stricter(one: Wish | undefined, other: Wish | undefined): Wish | undefined {
  return one === 'off' || other === 'off' ? 'off' : (one ?? other);
}
