/**
 * Sampling: which runs are recorded, and which of those a destination gets. A bundle has the code of what
 * it imports.
 * @module
 */
export {
  always,
  custom,
  type Match,
  never,
  type ParentBased,
  parentBased,
  ratio,
  type Rule,
  rules,
  type When,
} from './head.js';
export type { HeadSampler, RunParent, RunStart } from './sampler.js';
export {
  costOver,
  type KeepRule,
  onError,
  onTripwire,
  type Operation,
  perMinute,
  scoreBelow,
  slowerThan,
  tail,
  type TailOptions,
  type TailSampler,
  tokensOver,
  withMetadata,
  withTag,
} from './tail.js';
