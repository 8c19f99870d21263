/**
 * W3C trace context, and propagators of several formats. In JavaScript, not in the core: headers are read
 * on the request's way, before the core is needed.
 * https://www.w3.org/TR/trace-context-2/
 * @module
 */
import type {
  Context,
  SpanContext,
  TextMapGetter,
  TextMapPropagator,
  TextMapSetter,
} from './api.js';
import { baggagePropagator } from './baggage.js';
import { SPAN, SUPPRESSED } from './context.js';
import { isValid, NonRecordingSpan, RANDOM, SAMPLED, spanContextIn } from './span_context.js';
import { TraceState } from './trace_state.js';

const PARENT = 'traceparent';
const STATE = 'tracestate';

/** A traceparent's parts. Of later versions that is read which is as it is in this one. */
export function parseTraceParent(header: string): SpanContext | undefined {
  const [, version, traceId, spanId, flags, more] =
    /^[ \t]*(?!ff)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?[ \t]*$/.exec(header) ?? [];
  if (!traceId || (version === '00' && more)) return undefined;
  const traceFlags = Number.parseInt(flags, 16) & (SAMPLED | RANDOM);
  const context = { traceId, spanId, traceFlags, isRemote: true };
  return isValid(context) ? context : undefined;
}

/** Version 00. */
export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & (SAMPLED | RANDOM)}`;
}

/** `traceparent` and `tracestate`. */
export const traceContextPropagator: TextMapPropagator = {
  fields: () => [PARENT, STATE],

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const found = spanContextIn(context);
    if (!found || context.getValue(SUPPRESSED) === true) return;
    setter.set(carrier, PARENT, formatTraceParent(found));
    const state = found.traceState?.serialize();
    if (state) setter.set(carrier, STATE, state);
  },

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    // Of several there is no telling which is right; Headers join them to one that is none.
    const parents = [getter.get(carrier, PARENT) ?? []].flat();
    const found = parents.length === 1 ? parseTraceParent(parents[0]) : undefined;
    if (!found) return context;
    const traceState = TraceState.parse([getter.get(carrier, STATE) ?? []].flat().join(','));
    return context.setValue(SPAN, new NonRecordingSpan({ ...found, traceState }));
  },
};

/** Several as one: each does its part, in this order, and none can keep the others from theirs. */
export function composite(propagators: readonly TextMapPropagator[]): TextMapPropagator {
  return {
    fields: () => [...new Set(propagators.flatMap((one) => one.fields()))],
    inject(context, carrier, setter) {
      for (const one of propagators) {
        try {
          one.inject(context, carrier, setter);
        } catch {
          // A carrier that takes nothing goes without: telemetry fails nobody's request.
        }
      }
    },
    extract(context, carrier, getter) {
      return propagators.reduce((found, one) => {
        try {
          return one.extract(found, carrier, getter);
        } catch {
          return found;
        }
      }, context);
    },
  };
}

/** W3C trace context and baggage. */
export const w3c: TextMapPropagator = /* @__PURE__ */ composite([
  traceContextPropagator,
  baggagePropagator,
]);
