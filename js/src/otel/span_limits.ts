/**
 * Span limits from the environment.
 * @module
 */
import type { Env } from '../transport/env.js';
import type { OtelSpanLimits } from './attributes.js';

const VARIABLES: readonly [keyof OtelSpanLimits, ...string[]][] = [
  ['attributeCountLimit', 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  [
    'attributeValueLengthLimit',
    'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  ],
  ['eventCountLimit', 'OTEL_SPAN_EVENT_COUNT_LIMIT'],
  ['linkCountLimit', 'OTEL_SPAN_LINK_COUNT_LIMIT'],
  // As the specification has it, then as the SDK does.
  [
    'attributePerEventCountLimit',
    'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT',
  ],
  [
    'attributePerLinkCountLimit',
    'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT',
  ],
];

/** Those given, else the environment's. */
export function limitsOf(given: OtelSpanLimits | undefined, env: Env): OtelSpanLimits {
  const limits: OtelSpanLimits = { ...given };
  for (const [limit, ...names] of VARIABLES) {
    for (const name of names) {
      const value = env.get(name);
      if (limits[limit] !== undefined || value === undefined) continue;
      if (/^\d+$/.test(value)) limits[limit] = Number(value);
      else env.warnings.push(`${name} is ignored: it is not a number`);
    }
  }
  return limits;
}
