/**
 * The sampler that OpenTelemetry's environment variables name.
 * @module
 */
import type { Env } from '../transport/env.js';
import type { Sampler } from './api.js';
import { alwaysOff, alwaysOn, followParent, parentBased } from './sampler.js';

const SAMPLERS: Readonly<Record<string, Sampler>> = {
  always_on: alwaysOn,
  always_off: alwaysOff,
  parentbased_always_on: followParent,
  parentbased_always_off: /* @__PURE__ */ parentBased({ root: alwaysOff }),
};

/** That given, else the environment's; undefined where both say nothing that can be used. */
export function samplerOf(given: Sampler | undefined, env: Env): Sampler | undefined {
  if (typeof given?.shouldSample === 'function') return given;
  if (given) env.warnings.push('`sampler` is ignored: it has no shouldSample()');
  const name = env.get('OTEL_TRACES_SAMPLER');
  if (name === undefined) return undefined;
  const found = Object.hasOwn(SAMPLERS, name.toLowerCase()) ? SAMPLERS[name.toLowerCase()] : undefined;
  if (!found) {
    const known = Object.keys(SAMPLERS).join(', ');
    env.warnings.push(`OTEL_TRACES_SAMPLER is ignored: it is none of ${known}; give a \`sampler\``);
  }
  return found;
}
