/**
 * Tail sampling: which runs a destination gets, decided when they have ended. Here are its settings, and
 * the way of scores to it; the core decides (src/edgespan/sampling).
 * @module
 */
import { numberOf } from '../destinations/scores/score.js';
import type { Engine } from '../engine/engine.js';
import { DECIDED, type Decided } from '../engine/hooks.js';
import { type Envelope, recordScore, type RunMembers } from '../engine/record.js';
import type { Context, Sampler, SamplingResult, Span } from '../otel/api.js';
import { SPAN } from '../otel/context.js';
import { followParent } from '../otel/sampler.js';
import { spanContextIn } from '../otel/span_context.js';
import type { SignalHandlers, SignalSinks } from '../signals/signal.js';
import { membersOf } from './members.js';
import { leastOf, oddsOf } from './threshold.js';

/** Keeps runs beside those of the ratio; made by `onError()` and its kin. */
export interface KeepRule {
  readonly on: string;
  readonly [setting: string]: unknown;
}

export interface TailOptions {
  /** The part of all runs that is kept beside those of the rules, 0 to 1; 0 by default. */
  ratio?: number;
  /** What is kept in any case; runs that any of them fits. */
  keep?: readonly KeepRule[];
}

/** Made by `tail()`: `tail` of destinations, exporters, providers, `instrument()`, `registerEdgespan()`. */
export interface TailSampler {
  /** What the core is told; undefined: all is kept. */
  readonly settings: TailOptions | undefined;
  /** For an engine of which a destination has this; what is wrong with the settings. */
  open(engine: object): readonly string[];
}

/**
 * Sends a part of all runs, and those that matter. It is decided when a run's root has ended, for each
 * destination by its own. With a setting that cannot be, everything is sent, and a warning names it.
 *
 * @example
 * otlp({ endpoint, tail: tail({ ratio: 0.05, keep: [onError(), slowerThan(5000), withTag('vip')] }) })
 */
export function tail(options: TailOptions): TailSampler {
  const { ratio = 0, keep = [] } = { ...options };
  const problems: string[] = [];
  if (!isRatio(ratio)) problems.push('tail({ ratio }) is none of 0 to 1');
  if (!Array.isArray(keep)) problems.push('tail({ keep }) is no list');
  else {
    for (const rule of keep as Partial<Made>[]) {
      const wrong = rule?.on ? rule[WRONG] : 'holds what onError() and its kin did not make';
      if (wrong) problems.push(`tail({ keep }) ${wrong}`);
    }
  }
  if (problems.length > 0) {
    return { settings: undefined, open: () => problems.map((one) => `${one}: all runs are sent`) };
  }
  const byScore = keep.some(({ on }) => on === 'score');
  return {
    settings: { ratio: leastOf(ratio), keep },
    open(given) {
      const engine = given as Engine;
      const connect = byScore ? (exporter: object): void => hear(exporter, engine) : engine.tail?.connect;
      engine.tail = { connect, runOf, sampler: FOLLOW };
      return problems;
    },
  };
}

/** Runs that failed: their root, or any span of theirs. */
export function onError(): KeepRule {
  return made('error', {});
}

/** Runs that a processor of Mastra's stopped. */
export function onTripwire(): KeepRule {
  return made('tripwire', {});
}

/** Of which spans: all of the run's by default its root alone. */
export interface Operation {
  /** Mastra's span type, such as `tool_call`. */
  type?: string;
  name?: string;
}

/** Runs that took so many milliseconds or longer; with an operation, runs with such a span that did. */
export function slowerThan(ms: number, operation?: Operation): KeepRule {
  const { type, name } = { ...operation };
  return made('slow', { ms, type, name }, isCount(ms) && isText(type) && isText(name));
}

/** Runs that used more than so many tokens. */
export function tokensOver(tokens: number): KeepRule {
  return made('tokens', { atLeast: tokens + 1 }, isCount(tokens));
}

/** Runs that cost so many dollars or more, as Mastra estimates it; with 0, anything at all. */
export function costOver(usd: number): KeepRule {
  return made('cost', { atLeast: usd || Number.MIN_VALUE }, isCount(usd));
}

/** Runs with a tag. */
export function withTag(tag: string): KeepRule {
  return made('tag', { value: tag }, isName(tag));
}

/** Runs whose metadata has a key; with a value, this one. */
export function withMetadata(key: string, value?: string | number | boolean): KeepRule {
  return made('metadata', { key, value }, isName(key));
}

/** Runs that got a score or feedback below this while they went on; with a name, under that. */
export function scoreBelow(mark: number, name?: string): KeepRule {
  return made('score', { below: mark, name }, Number.isFinite(mark) && isText(name));
}

/** So many runs a minute for each name, entity, tag, or value of a key of the metadata. */
export function perMinute(
  count: number,
  of?: { by?: 'name' | 'entity' | 'tag' | 'metadata'; key?: string },
): KeepRule {
  const { by = 'name', key } = { ...of };
  const isBy = ['name', 'entity', 'tag', 'metadata'].includes(by) && (by === 'metadata') === isName(key);
  return made('rate', { perMinute: count, by, key }, isCount(count) && isBy);
}

/** What an engine has whose destinations may leave runs out. */
export interface Tail {
  /** Of OpenTelemetry's spans, where nothing else samples: as by default, and says how likely that was. */
  readonly sampler: Sampler;
  /** Has it hear of an exporter's scores. */
  readonly connect: ((exporter: object) => void) | undefined;
  /** What is said of a run of Mastra's that no head decides; `before`: of Mastra's own sampling. */
  runOf(span: Envelope, before: RunMembers | undefined): RunMembers | undefined;
}

const FOLLOW: Sampler = {
  shouldSample(context: Context, ...rest): SamplingResult {
    const above = context.getValue(SPAN) as Span | undefined;
    const threshold = above && spanContextIn(context) ? oddsOf(above) : 0;
    return { ...followParent.shouldSample(context, ...rest), threshold };
  },
  toString: () => `${followParent}`,
};

const runOf = (span: Envelope & Decided, before?: RunMembers): RunMembers | undefined =>
  membersOf(span[DECIDED]?.threshold ?? 0, before, span[DECIDED]?.parent, true);

const WRONG = Symbol('wrong');

interface Made extends KeepRule {
  readonly [WRONG]?: string;
}

function made(on: string, settings: object, isRight = true): KeepRule {
  const wrong = `has a rule '${on}' with settings that cannot be: ${JSON.stringify(settings)}`;
  return { on, ...settings, [WRONG]: isRight ? undefined : wrong } as Made;
}

const isRatio = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;
const isCount = (value: unknown): boolean =>
  typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER;
const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isText = (value: unknown): boolean => value === undefined || isName(value);

/** Has the core told of an exporter's scores and feedback. */
function hear(exporter: SignalHandlers, engine: Engine): void {
  const take = (given: object | undefined): void => {
    try {
      const all = (given ?? {}) as Record<string, any>;
      const traceId = all.traceId ?? all.correlationContext?.traceId;
      const value = numberOf(all.score ?? all.value);
      // As signals call feedback that says no type.
      const kind = typeof all.value === 'string' || value === 1 ? 'thumbs' : 'rating';
      const said = all.name ?? all.scorerName ?? all.scorerId ?? all.feedbackType ?? kind;
      if (typeof traceId !== 'string' || value === undefined) return;
      const score = { traceId, spanId: all.spanId, name: said, value };
      for (const { pipeline } of engine.lanes) if (pipeline) recordScore(pipeline, score);
    } catch (error) {
      engine.fail(error, false, []);
    }
  };
  const { onScoreEvent, onFeedbackEvent, addScoreToTrace } = exporter;
  exporter.onScoreEvent = (event) => {
    take(event?.score);
    onScoreEvent?.(event);
  };
  exporter.onFeedbackEvent = (event) => {
    take(event?.feedback);
    onFeedbackEvent?.(event);
  };
  // Those of signals end in the handlers above.
  exporter.addScoreToTrace = addScoreToTrace ?? (async (score) => take(score));
  // What the user says by hand is taken, though nobody sends it.
  engine.sinks ??= {
    send: async () => {},
    peek: () => {},
    pending: 0,
    annotate: (_, given) => {
      take(given);
      return true;
    },
  } satisfies SignalSinks;
}
