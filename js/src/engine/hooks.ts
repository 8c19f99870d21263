/**
 * What others ask of all engines. A module of its own, which brings no core: who registers a provider
 * asks, and Next.js' Edge code cannot load the core there.
 * @module
 */
import type { SpanContext } from '../otel/api.js';
import { shared } from '../shared.js';
import type { Envelope } from './record.js';

/** On a root that a bridge has told of: what one sampler said of the run. */
export const DECIDED: unique symbol = Symbol.for('edgespan.decided') as never;
export interface Decided {
  readonly [DECIDED]?: Decision;
}
export interface Decision {
  /** Who said it: each exporter decides by its own. */
  readonly sampler: unknown;
  /** Undefined: it did not say how likely the run was. */
  readonly threshold: number | undefined;
  /** What the run is below, outside of Mastra. */
  readonly parent: SpanContext | undefined;
}

type Tell = (span: Envelope) => Envelope;

/** Of engines of all copies: a bridge knows nothing of whose code sends its spans. */
const none = (): Record<string, Tell> => ({});
const tells = (): Record<string, Tell> => shared('tells', none);

/** For who knows more of Mastra's spans than Mastra says: each is told as `more` gives it back. */
export function tellMore(who: string, more: Tell): void {
  tells()[who] = more;
}

/** A span, as everybody tells it. */
export function told(given: Envelope): Envelope {
  let span = given;
  const all = tells();
  for (const who in all) span = (all[who] as Tell)(span);
  return span;
}
