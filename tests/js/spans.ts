// Mastra events for tests of the exporter: made by hand where a test is about shape, or read from the
// recorded runs in tests/data.
import { readFileSync } from 'node:fs';
import type { EdgespanExporter, MastraSpan, MastraTracingEvent } from 'edgespan/mastra';

const START = 1763625600000;
let made = 0;

/** A fresh id of so many hex digits. */
export const id = (digits = 16): string => `a${(++made).toString(16).padStart(digits - 1, '0')}`;

/** A span with the content that tests look at, or change, once it is made. */
export interface TestSpan extends MastraSpan {
  input?: unknown;
  attributes?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
}

/** A span with everything a test does not care about filled in. */
export function span(fields: Partial<TestSpan> & Record<string, unknown> = {}): TestSpan {
  const start = START + made * 10;
  return {
    id: id(),
    traceId: 'b'.repeat(32),
    name: 'a span',
    type: 'generic',
    startTime: new Date(start),
    endTime: fields.isEvent ? undefined : new Date(start + 5),
    isEvent: false,
    isRootSpan: false,
    ...fields,
  };
}

/** A run: root first; its traceId is fresh. */
export function run(children = 2, fields: Record<string, unknown> = {}): TestSpan[] {
  const traceId = id(32);
  const root = span({ traceId, isRootSpan: true, type: 'agent_run', name: 'root', ...fields });
  const rest = Array.from({ length: children }, (_, i) =>
    span({ traceId, parentSpanId: root.id, name: `child ${i}`, input: { i }, ...fields }),
  );
  return [root, ...rest];
}

export function start(exporter: EdgespanExporter, ...spans: MastraSpan[]): void {
  for (const exportedSpan of spans) {
    const early = { ...exportedSpan, endTime: undefined };
    exporter.onTracingEvent({ type: 'span_started', exportedSpan: early });
  }
}

export function end(exporter: EdgespanExporter, ...spans: MastraSpan[]): void {
  for (const exportedSpan of spans) exporter.onTracingEvent({ type: 'span_ended', exportedSpan });
}

/** Starts all, ends the children, then the root. */
export function play(exporter: EdgespanExporter, [root, ...children]: MastraSpan[]): void {
  start(exporter, root, ...children);
  end(exporter, ...children, root);
}

/** The tracing events of a recorded run, Dates restored. */
export function recorded(name: string): MastraTracingEvent[] {
  const file = new URL(`../data/mastra-events/${name}.json`, import.meta.url);
  const revive = (key: string, value: unknown): unknown =>
    /Time$|Date$/.test(key) && typeof value === 'string' ? new Date(value) : value;
  const events = JSON.parse(readFileSync(file, 'utf8'), revive) as Partial<MastraTracingEvent>[];
  return events.filter((e): e is MastraTracingEvent => e.exportedSpan !== undefined);
}

/** Ids of spans, as they were made or as they arrived, in order. */
export const ids = (spans: { spanId?: string; id?: string }[]): unknown[] =>
  spans.map((s) => s.spanId ?? s.id).sort();

/** A formatter that leaves its mark. */
export const marked =
  (mark: string) =>
  (s: MastraSpan): MastraSpan => Object.assign({ ...s }, { metadata: { mark } });
