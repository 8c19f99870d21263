/**
 * What an engine without samplers knows of sampling: how to let them in.
 * @module
 */
import type { HeadSampler } from '../sampling/sampler.js';
import type { TailSampler } from '../sampling/tail.js';

/** Lets in what `edgespan/sampling` made; what is wrong with its settings. */
export function letIn(part: HeadSampler | TailSampler | false | undefined, engine: object): readonly string[] {
  if (!part) return [];
  return part.open?.(engine) ?? ['`sampling` or `tail` is ignored: edgespan/sampling makes them'];
}
