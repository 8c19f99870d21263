/**
 * What joins runs: spans of OpenTelemetry's that go on, and the runs of Mastra's that are parts of
 * theirs. A run that begins below a span that goes on here is a part of that one's run, which ends with
 * the last of its parts. There where spans of OpenTelemetry's are told; Mastra's alone need none of it.
 * @module
 */
import { putLast } from '../bounded.js';
import { FLAG_IS_ROOT, FLAG_OTEL, FLAG_OUTLIVED } from '../core/schema.gen.js';
import { MAX_LIVE } from '../limits.js';
import { type Join, joinBy } from './lane.js';
import type { Envelope } from './record.js';

/** A span of OpenTelemetry's that goes on, or a Mastra run that is a part of such a one's run. */
export interface Live {
  /** The run's root; itself, if it is that. */
  root: Live;
  /** When it began, by the wall's clock. */
  since: number;
  /** Of a root: how many go on, of itself and the Mastra runs that are parts of its run. */
  parts: number;
}

/** Has lanes join runs. */
export function joinRuns(): void {
  joinBy(() => new Joins());
}

/** Those of a pipeline. */
class Joins implements Join {
  // By span id.
  readonly #live = new Map<string, Live>();

  above(span: Envelope, isOpen: boolean, silence: number): Live | undefined {
    const { isRootSpan, parentSpanId, externalParentSpanId } = span;
    const above = this.#live.get(parentSpanId ?? externalParentSpanId ?? '');
    if (!above || !isRootSpan) return above;
    // A run that left is joined no more, nor one of which nobody knows whether it will ever end.
    const left = above.root.parts === 0 || !isOpen;
    return left || Date.now() - above.since > silence ? undefined : above;
  }

  began({ id, isRootSpan }: Envelope, flags: number, above: Live | undefined): void {
    const isOtel = flags & FLAG_OTEL;
    if (!isOtel && !(isRootSpan && above)) return;
    const one = { since: Date.now(), parts: 1 } as Live;
    one.root = above?.root ?? one;
    // What Mastra's spans say, those around them tell: they are kept together to their run's end.
    if (!isOtel && !this.#live.has(id)) one.root.parts++;
    putLast(this.#live, id, one, MAX_LIVE);
  }

  ended({ id, isRootSpan }: Envelope, flags: number): number {
    const one = this.#live.get(id);
    this.#live.delete(id);
    if (!isRootSpan) return flags;
    if (!one) return flags | FLAG_IS_ROOT;
    const root = one.root === one;
    if (!root && flags & FLAG_OTEL) return flags;
    const last = --one.root.parts === 0;
    return flags | (root ? FLAG_IS_ROOT : 0) | (last === root ? 0 : FLAG_OUTLIVED);
  }
}
