/**
 * A setup: where spans go, and what becomes of them on the way. A provider has one, `instrument()` makes
 * one for each invocation; spans hand theirs down.
 * @module
 */
import type { Engine } from '../engine/engine.js';
import { joinRuns } from '../engine/joins.js';
import { deliverIn } from '../quietly.js';
import type { Context, IdGenerator, Resource, Sampler, SpanProcessor } from './api.js';
import type { OtelSpanLimits } from './attributes.js';
import { SPAN, suppressed } from './context.js';
import { followParent } from './sampler.js';

export interface Setup {
  /** Sends what is sampled; without one spans are for processors alone. */
  readonly engine: Engine | undefined;
  readonly sampler: Sampler;
  readonly limits: Required<OtelSpanLimits>;
  readonly processors: readonly SpanProcessor[];
  /** Ours are random. */
  readonly idGenerator: IdGenerator | undefined;
  /** As processors see it: the engine has its own, with the same attributes. */
  readonly resource: Resource;
}

/** OpenTelemetry's defaults, where nothing else is said. */
export function setupOf(given: Partial<Omit<Setup, 'limits'>> & { limits?: OtelSpanLimits }): Setup {
  const counts: OtelSpanLimits = {};
  for (const name of COUNTS) counts[name] = given.limits?.[name] ?? 128;
  const { attributeValueLengthLimit = Infinity } = given.limits ?? {};
  deliverIn(suppressed);
  joinRuns();
  let { resource } = given;
  return {
    engine: given.engine,
    sampler: given.sampler ?? given.engine?.head?.sampler ?? given.engine?.tail?.sampler ?? followParent,
    limits: { ...(counts as Required<OtelSpanLimits>), attributeValueLengthLimit },
    processors: given.processors ?? [],
    idGenerator: given.idGenerator,
    // Not before it is wanted: Mastra may yet tell the engine its service name.
    get resource() {
      return (resource ??= { attributes: given.engine?.config.resource ?? {} });
    },
  };
}

const COUNTS = [
  'attributeCountLimit',
  'eventCountLimit',
  'linkCountLimit',
  'attributePerEventCountLimit',
  'attributePerLinkCountLimit',
] as const;

const SETUP = Symbol.for('edgespan.setup');

/** A context in which tracers without a setup of their own use this one. */
export function withSetup(context: Context, setup: Setup): Context {
  return context.setValue(SETUP, setup);
}

/** That of the context's span, else of the context. */
export function setupIn(context: Context): Setup | undefined {
  const span = context.getValue(SPAN) as { setup?: Setup } | undefined;
  return span?.setup ?? (context.getValue(SETUP) as Setup | undefined);
}
