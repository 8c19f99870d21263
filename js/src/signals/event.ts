/**
 * An event as it waits, and as it may leave: what destinations let leave differs.
 * @module
 */
import type { Destination } from '../destinations/destination.js';
import type { Annotation } from '../destinations/scores/score.js';
import { type Privacy, type PrivacyOptions, privacyOf, type Redaction } from '../engine/privacy.js';
import type { Wish } from './hidden.js';

const OFF = { policy: 'off', limit: 0 };
/** Where a run wants it, and the destination says nothing (guard.h). */
const CUT = { policy: 'truncated', limit: 256 };

/** Plain data, in three parts: a body has the members of all, those of the later parts winning. */
export interface Event {
  /** Ids, times, numbers: what no redaction is shown. */
  readonly plain: object;
  /** Names and words. */
  readonly said: object;
  /** What may quote prompts and completions. */
  readonly content: object;
  /** The trace that it is of. */
  readonly traceId?: string | undefined;
  /** What it wants hidden itself. */
  readonly wish?: Wish | undefined;
  /** A part of it stayed here. */
  readonly withheld?: boolean | undefined;
}

/** Destinations for which an event is the same. */
export function alike(all: readonly Destination[], standard: PrivacyOptions): Destination[][] {
  const groups: Destination[][] = [];
  for (const to of all) {
    const own = privacyOf(to.privacy, standard);
    const like = groups.find(([one]) => {
      const { redaction, content } = privacyOf(one.privacy, standard);
      const same = content?.policy === own.content?.policy && content?.limit === own.content?.limit;
      return redaction === own.redaction && same;
    });
    if (like) like.push(to);
    else groups.push([to]);
  }
  return groups;
}

/**
 * What of an event may leave for a destination.
 * @param wish What it and its run want hidden, whatever destinations say.
 * @param clean What its redaction makes of what it is shown; undefined without one. What will be cut is
 *   shown whole: `cuts`.
 */
export function eventFor(
  event: Event,
  to: Destination,
  standard: PrivacyOptions,
  wish: Wish | undefined,
  clean: (redaction: Redaction, shown: object, cuts: boolean) => object | Promise<object>,
): Event | Promise<Event> {
  const { redaction, content: own } = privacyOf(to.privacy, standard);
  const policy = wish === 'off' ? OFF : wish ? (own ?? CUT) : own;
  const { plain, said } = event;
  const limited = limitedTo(policy);
  const content = limited(event.content);
  const withheld = event.withheld || JSON.stringify(content) !== JSON.stringify(event.content);
  if (!redaction) return { plain, said, content, withheld };
  // Cut afterwards: half a secret is not found.
  const cuts = policy?.policy === 'truncated';
  const kept = clean(redaction, { said, content: cuts ? event.content : content }, cuts);
  // What could not be read is withheld whole.
  const read = (left: Partial<Event>): Event => ({
    plain,
    said: left.said ?? {},
    content: limited(left.content ?? {}),
    withheld: left.withheld || withheld,
  });
  return kept instanceof Promise ? kept.then(read) : read(kept);
}

/** The parts of a score or feedback, together. */
export function annotationOf({ plain, said, content }: Event): Annotation {
  return { ...plain, ...said, ...content } as Annotation;
}

/** Of what is hashed nothing leaves: there are no texts here that would be equal. */
function limitedTo(policy: Privacy['content']): (content: object) => object {
  if (!policy) return (content) => content;
  return (content) => (policy.policy === 'truncated' ? (cut(content, policy.limit) as object) : {});
}

/** Plain data whose texts have so many bytes at most. */
function cut(value: unknown, bytes: number): unknown {
  if (typeof value === 'string') {
    if (value.length * 3 <= bytes) return value;
    const room = new Uint8Array(Math.min(bytes, value.length * 3));
    return value.slice(0, new TextEncoder().encodeInto(value, room).read);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => cut(one, bytes));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cut(one, bytes)]));
}
