/**
 * Echoes: what Mastra's own `OtelBridge` makes of Mastra's spans, an OpenTelemetry span of the same id for
 * each. Where an exporter of ours records Mastra's spans beside that bridge, its echo is context only.
 * @module
 */
import { putLast } from '../bounded.js';
import { tellMore } from '../engine/hooks.js';
import type { Envelope } from '../engine/record.js';
import { MAX_LIVE } from '../limits.js';
import { shared } from '../shared.js';
import type { InstrumentationScope } from './api.js';
import type { Setup } from './setup.js';
import { Tracer } from './tracer.js';

/** The bridge's tracer. */
export const BRIDGE = '@mastra/otel-bridge';
const echoes = (): { of?: Map<string, true> } => shared('echoes', () => ({}));

/** A tracer; the bridge's spans are looked at twice. */
export function tracerOf(scope: InstrumentationScope, setup?: Setup): Tracer {
  return new Tracer(scope, setup, mayEcho(scope.name) ? isEcho : undefined);
}

/** Whether spans of a scope may be echoes; from here on it is known which are. */
export function mayEcho(scope: string): boolean {
  if (scope !== BRIDGE) return false;
  const recorded = echoes();
  if (!recorded.of) {
    const ids = (recorded.of = new Map());
    tellMore('echoes', (span: Envelope) => {
      putLast(ids, span.id, true, MAX_LIVE);
      return span;
    });
  }
  return true;
}

/** Whether a span is one: known a moment after it began, when Mastra has told of it. */
export function isEcho(id: string): boolean {
  return echoes().of?.has(id) ?? false;
}
