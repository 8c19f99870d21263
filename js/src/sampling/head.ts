/**
 * Samplers for the head: what they are made of decides what a bundle carries.
 * @module
 */
import { NEVER, UNKNOWN_ODDS } from '../limits.js';
import { HeadSampler, type RunStart } from './sampler.js';
import { against, thresholdOf } from './threshold.js';

/** Keeps every run. */
export function always(): HeadSampler {
  return new HeadSampler('always', () => 0);
}

/** Keeps none. */
export function never(): HeadSampler {
  return new HeadSampler('never', () => NEVER);
}

/**
 * Keeps this part of all traces, 0 to 1, at least one in 2^32: the same ones wherever the same or a larger
 * ratio is asked for, here, in other services, and by all samplers of OpenTelemetry's consistent
 * probability sampling, of which the SDKs' older TraceIdRatioBased is none. It is the trace's id that
 * decides, so ids must be random, as Mastra's and OpenTelemetry's are.
 *
 * @example
 * new EdgespanExporter({ destinations, sampling: ratio(0.1) })
 */
export function ratio(part: number): HeadSampler {
  const isRatio = part >= 0 && part <= 1;
  const threshold = isRatio ? thresholdOf(part) : 0;
  return new HeadSampler(
    `ratio(${part})`,
    ({ randomness }) => against(threshold, randomness),
    isRatio ? [] : [`ratio(${part}) is none of 0 to 1`],
  );
}

/**
 * Asks a function: a number is a ratio, decided as `ratio()` does, so that counts stay right; `true` and
 * `false` keep and drop, and nobody knows how likely that was. A run of which it throws is kept.
 *
 * @example
 * custom(({ metadata }) => (metadata.userTier === 'premium' ? 0.5 : 0.01))
 */
export function custom(decide: (run: RunStart) => number | boolean): HeadSampler {
  if (typeof decide !== 'function') return new HeadSampler('custom', () => 0, ['custom() takes a function']);
  return new HeadSampler('custom', (run) => {
    const said: unknown = decide(run);
    if (typeof said === 'number' && said >= 0 && said <= 1) return against(thresholdOf(said), run.randomness);
    if (typeof said === 'boolean') return said ? UNKNOWN_ODDS : NEVER;
    throw new TypeError(`custom() wants a boolean or a ratio, not ${String(said)}`);
  });
}

/** Who decides, by what a parent in another process did; without one, or if nobody knows, `root`. */
export interface ParentBased {
  root: HeadSampler;
  /** By default it is kept, as likely as the parent was. */
  remoteParentSampled?: HeadSampler;
  /** `never()` by default. */
  remoteParentNotSampled?: HeadSampler;
}

/**
 * Does as the caller did, where that is known: from a `traceparent`, by OpenTelemetry's context, for
 * Mastra's runs by `EdgespanBridge`.
 */
export function parentBased(options: ParentBased): HeadSampler {
  const { root, remoteParentSampled: sampled, remoteParentNotSampled: not } = { ...options };
  const parts = new Parts('parentBased()');
  const [first, kept, dropped] = [parts.take(root), sampled && parts.take(sampled), parts.take(not ?? never())];
  return new HeadSampler(
    `parentBased(${first})`,
    (run) => {
      const { parent } = run;
      if (!parent) return first.decide(run);
      if (!parent.sampled) return dropped.decide(run);
      return kept ? kept.decide(run) : parent.threshold;
    },
    parts.problems,
  );
}

/** A text, number or boolean that is equal, a pattern that is found, or any of several such. */
export type Match = string | number | boolean | RegExp | readonly (string | number | boolean | RegExp)[];

/** What a run must have, all of it. */
export interface When {
  name?: Match;
  /** Mastra's span type (`agent_run`, `workflow_run`); of OpenTelemetry's spans their kind (`server`). */
  type?: Match;
  /** An agent's, workflow's or tool's name or id. */
  entity?: Match;
  tag?: Match;
  /** By key; `user.id` is found within `user`, too. Of OpenTelemetry's spans their attributes. */
  metadata?: Readonly<Record<string, Match>>;
  /** The same of Mastra's request context. */
  requestContext?: Readonly<Record<string, Match>>;
}

export interface Rule {
  when: When;
  sample: HeadSampler;
}

/**
 * The first rule that fits a run decides; else `otherwise`, by default `always()`.
 *
 * @example
 * rules([
 *   { when: { requestContext: { tier: 'premium' } }, sample: always() },
 *   { when: { entity: /^health/ }, sample: never() },
 * ], ratio(0.05))
 */
export function rules(list: readonly Rule[], otherwise: HeadSampler = always()): HeadSampler {
  const parts = new Parts('rules()');
  const known: { fits: (run: RunStart) => boolean; sample: HeadSampler }[] = [];
  for (const rule of Array.isArray(list) ? (list as (Rule | null)[]) : []) {
    const { when, sample } = rule ?? ({} as Partial<Rule>);
    const strange = Object.keys(when ?? {}).filter((key) => !Object.hasOwn(TESTS, key));
    if (typeof when !== 'object' || !when) parts.problems.push('rules(): a rule has no `when`: it is left out');
    else if (strange.length > 0) {
      parts.problems.push(`rules(): \`when.${strange[0]}\` is unknown: the rule is left out`);
    } else {
      const tests = Object.entries(when).filter(([, wanted]) => wanted !== undefined);
      const fits = (run: RunStart): boolean =>
        tests.every(([key, wanted]) => TESTS[key as keyof When](run, wanted as never));
      known.push({ fits, sample: parts.take(sample) });
    }
  }
  if (!Array.isArray(list)) parts.problems.push('rules() takes a list');
  const last = parts.take(otherwise);
  const name = `rules(${known.map(({ sample }) => sample).join()};${last})`;
  return new HeadSampler(name, (run) => (known.find(({ fits }) => fits(run))?.sample ?? last).decide(run), parts.problems);
}

/** What a sampler is made of, and what is wrong with that. */
class Parts {
  readonly problems: string[] = [];
  readonly #whose: string;

  constructor(whose: string) {
    this.#whose = whose;
  }

  /** What is no sampler keeps all, and is a problem. */
  take(given: HeadSampler | undefined): HeadSampler {
    const isOne = typeof given?.decide === 'function';
    const one = isOne ? given : new HeadSampler('none', () => 0, [`${this.#whose} wants samplers of edgespan/sampling`]);
    this.problems.push(...one.problems);
    return one;
  }
}

const TESTS: { [K in keyof When]-?: (run: RunStart, wanted: NonNullable<When[K]>) => boolean } = {
  name: ({ name }, wanted) => fits(name, wanted),
  type: ({ type }, wanted) => fits(type, wanted),
  entity: ({ entityName, entityId }, wanted) => fits(entityName, wanted) || fits(entityId, wanted),
  tag: ({ tags }, wanted) => tags.some((tag) => fits(tag, wanted)),
  metadata: ({ metadata }, wanted) => has(metadata, wanted),
  requestContext: ({ requestContext }, wanted) => has(requestContext, wanted),
};

function fits(value: unknown, wanted: Match): boolean {
  if (Array.isArray(wanted)) return wanted.some((one: Match) => fits(value, one));
  // search() heeds no state of a pattern's.
  if (wanted instanceof RegExp) {
    return value !== undefined && typeof value !== 'object' && `${value}`.search(wanted) >= 0;
  }
  return value === wanted;
}

function has(values: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, Match>>): boolean {
  return Object.entries(wanted).every(([key, one]) => fits(values[key] ?? within(values, key), one));
}

function within(values: unknown, path: string): unknown {
  return path.split('.').reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], values);
}
