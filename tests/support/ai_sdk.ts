// Spans of the AI SDK without what differs from run to run: ids, times, rates. As they arrived, and as
// the official SDK holds them.
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { plain, type WireSpan } from './otlp.ts';

export interface PlainSpan {
  readonly name: string;
  /** Names from the root to this span's parent. */
  readonly above: string;
  readonly kind: number;
  readonly status: object;
  readonly attributes: object;
  readonly events: object;
  readonly scope: string;
}

const UNSTEADY =
  /^ai\.response\.(id|timestamp|msTo\w+|avg\w+)$|Timestamp$|^gen_ai\.(response\.id|.*(time|duration).*)$/i;

/** Attributes with text for what differs; a stack is its first line. */
function steady(attributes: Iterable<[string, unknown]>): object {
  const entries = [...attributes].map(([key, value]): [string, unknown] => {
    if (UNSTEADY.test(key)) return [key, typeof value];
    if (key.endsWith('stacktrace')) return [key, `${value}`.split('\n')[0]];
    if (typeof value !== 'string') return [key, value];
    const text = value
      .replace(/"id":"(aitxt|msg|aiobj)-\w+"/g, '"id":"…"')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');
    return [key, text.replace(/"(stepTimeMs|toolExecutionMs|[a-zA-Z]*(Ms|PerSecond))":[\d.]+/g, '"$1":0')];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sorted(spans: (PlainSpan & { id: string; parent: string })[]): PlainSpan[] {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const above = (parent: string): string => {
    const found = byId.get(parent);
    return found ? `${above(found.parent)}/${found.name}` : '';
  };
  return spans
    .map(({ id: _, parent, ...span }) => ({ ...span, above: above(parent) }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

export const plainOf = (spans: readonly WireSpan[]): PlainSpan[] =>
  sorted(
    spans.map((span) => ({
      id: span.spanId,
      parent: span.parentSpanId,
      above: '',
      name: span.name,
      kind: span.kind - 1, // OTLP counts from one
      status: { code: [0, 1, 2][span.status.code], message: span.status.message },
      attributes: steady([...span.attributes].map(([key, value]) => [key, plain(value)])),
      events: span.events.map(({ name, attributes }) => ({
        name,
        attributes: steady([...attributes].map(([key, value]) => [key, plain(value)])),
      })),
      scope: `${span.scope.name}@${span.scope.version}`,
    })),
  );

export const plainOfOfficial = (spans: readonly ReadableSpan[]): PlainSpan[] =>
  sorted(
    spans.map((span) => ({
      id: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId ?? '',
      above: '',
      name: span.name,
      kind: span.kind,
      status: { code: span.status.code, message: span.status.message ?? '' },
      attributes: steady(Object.entries(span.attributes)),
      events: span.events.map(({ name, attributes }) => ({
        name,
        attributes: steady(Object.entries(attributes ?? {})),
      })),
      scope: `${span.instrumentationScope.name}@${span.instrumentationScope.version ?? ''}`,
    })),
  );
