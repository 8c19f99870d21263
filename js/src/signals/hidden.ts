/**
 * What runs want hidden of their content, told by their spans; it holds for their logs and for what is said
 * of them, too. The core decides the same for the spans themselves ("Content" in src/README.md), but by
 * those that ended: logs leave earlier, and an input is there from the start.
 * @module
 */
import { putLast } from '../bounded.js';

/** Nothing of what is hashed leaves beside spans, which is as good as `off`. */
export type Wish = 'truncated' | 'off';

/** The reserved name among metadata. */
const ASKED = 'edgespan.content';
/** Runs that are remembered, most of them ended: scorers speak of them afterwards. */
const MAX_RUNS = 1_024;

// What is known of a run.
const ASKED_TRUNCATED = 1;
const ASKED_OFF = 2;
const INPUT = 4;
const OUTPUT = 8;
/** Lacked by a span which always has one: unless another has it, Mastra hid it. */
const NO_INPUT = 16;
const NO_OUTPUT = 32;

type Members = Readonly<Record<string, unknown>>;

export class Hidden {
  readonly #runs = new Map<string, number>();

  /** Looks at a span that began or ended. */
  heed(ended: boolean, span: object, content: object): void {
    const { traceId, type, errorInfo } = span as Members;
    const { metadata, attributes, input, output } = content as Members;
    const id = `${traceId}`.toLowerCase().padStart(32, '0'); // as events have it
    const known = this.#runs.get(id) ?? 0;
    const wish = wishIn(metadata) ?? wishIn(attributes);
    let run = known | (wish ? (wish === 'off' ? ASKED_OFF : ASKED_TRUNCATED) : 0);
    const isAgent = type === 'agent_run';
    if (input !== undefined) run |= INPUT;
    else if (isAgent || type === 'model_generation') run |= NO_INPUT;
    if (output !== undefined) run |= OUTPUT;
    else if (ended && isAgent && !errorInfo) run |= NO_OUTPUT;
    if (run !== known) putLast(this.#runs, id, run, MAX_RUNS);
  }

  /** What the run of a trace wants, as far as its spans have told. */
  of(traceId: string | undefined): Wish | undefined {
    const run = this.#runs.get(traceId ?? '') ?? 0;
    const noInput = (run & (NO_INPUT | INPUT)) === NO_INPUT;
    const noOutput = (run & (NO_OUTPUT | OUTPUT)) === NO_OUTPUT;
    if (run & ASKED_OFF || noInput || noOutput) return 'off';
    return run & ASKED_TRUNCATED ? 'truncated' : undefined;
  }
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
