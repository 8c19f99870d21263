/**
 * Samplers that decide by nothing but the parent. Any of OpenTelemetry's may be used in their place.
 * @module
 */
import type { Context, Sampler, SamplingResult } from './api.js';
import { SAMPLED, spanContextIn } from './span_context.js';

export const NOT_RECORD = 0;
export const RECORD_AND_SAMPLED = 2;

const always = (decision: number, name: string): Sampler => ({
  shouldSample: (): SamplingResult => ({ decision }),
  toString: () => name,
});

/** Records and sends every span. */
export const alwaysOn: Sampler = /* @__PURE__ */ always(RECORD_AND_SAMPLED, 'AlwaysOnSampler');
/** Records none. */
export const alwaysOff: Sampler = /* @__PURE__ */ always(NOT_RECORD, 'AlwaysOffSampler');

/**
 * As the parent did, else on: what `parentBased({ root: alwaysOn })` does, for bundles in which nobody
 * asks for more.
 */
export const followParent: Sampler = {
  shouldSample: (context: Context) => {
    const parent = spanContextIn(context);
    return { decision: parent && !(parent.traceFlags & SAMPLED) ? NOT_RECORD : RECORD_AND_SAMPLED };
  },
  toString: () => 'ParentBased{root=AlwaysOnSampler}',
};

/** Who decides, by what the parent is; without a parent `root` does. */
export interface ParentBasedOptions {
  root: Sampler;
  /** Of another process, which sampled it; on by default. */
  remoteParentSampled?: Sampler;
  /** Of another process, which did not; off by default. */
  remoteParentNotSampled?: Sampler;
  /** Of this process, which sampled it; on by default. */
  localParentSampled?: Sampler;
  /** Of this process, which did not; off by default. */
  localParentNotSampled?: Sampler;
}

/** Does as the parent did. */
export function parentBased(options: ParentBasedOptions): Sampler {
  const { root, remoteParentSampled = alwaysOn, remoteParentNotSampled = alwaysOff } = options;
  const { localParentSampled = alwaysOn, localParentNotSampled = alwaysOff } = options;
  const by = [localParentNotSampled, localParentSampled, remoteParentNotSampled, remoteParentSampled];
  return {
    shouldSample(context: Context, ...rest) {
      const parent = spanContextIn(context);
      const sampler = parent ? by[+!!parent.isRemote * 2 + (parent.traceFlags & SAMPLED)] : root;
      return sampler.shouldSample(context, ...rest);
    },
    toString: () =>
      `ParentBased{root=${root}, remoteParentSampled=${by[3]}, remoteParentNotSampled=${by[2]}, ` +
      `localParentSampled=${by[1]}, localParentNotSampled=${by[0]}}`,
  };
}
