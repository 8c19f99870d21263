/**
 * Whose child a request's span is, on Vercel.
 * @module
 */
import type { TextMapPropagator } from '../otel/api.js';
import { SPAN } from '../otel/context.js';
import { NonRecordingSpan, SAMPLED } from '../otel/span_context.js';
import { drainedParent } from './platform.js';

/** Of Vercel's own span around a request, where Trace Drains send that on; else as the given one says. */
export function belowPlatform(given: TextMapPropagator): TextMapPropagator {
  return {
    fields: () => given.fields(),
    inject: (context, carrier, setter) => given.inject(context, carrier, setter),
    extract(context, carrier, getter) {
      const found = given.extract(context, carrier, getter);
      // Of a request that Vercel brought, not of a message that is read within one.
      const parent = getter.get(carrier, 'x-vercel-id') === undefined ? undefined : drainedParent();
      if (!parent) return found;
      const { traceFlags = SAMPLED } = parent;
      return found.setValue(SPAN, new NonRecordingSpan({ ...parent, traceFlags, isRemote: true }));
    },
  };
}
