// A span as Mastra's official exporter tells it, beside ours: where they differ, and which row of
// differences.ts says why.
import { isDeepStrictEqual } from 'node:util';
import { type Difference, DIFFERENCES, type Row } from './differences.ts';
import type { convert, Fields, Span } from './official.ts';
import { plain, type WireSpan } from './otlp.ts';

/** A span as the official exporter tells it, whichever way it was seen. */
export interface Told extends Pick<WireSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'kind' | 'start' | 'end' | 'status'> {
  attributes: Fields;
  events: { name: string; time: bigint; attributes: Fields }[];
}

const nanos = ([seconds, rest]: [number, number]): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(rest);

/** Of what its converter made. */
export function toldBy(official: Awaited<ReturnType<typeof convert>>): Told {
  const { name, status, attributes, startTime, endTime } = official;
  const { traceId, spanId } = official.spanContext();
  return {
    traceId,
    spanId,
    parentSpanId: official.parentSpanContext?.spanId ?? '',
    name,
    kind: official.kind + 1, // OTLP counts from "unspecified"
    start: nanos(startTime),
    end: nanos(endTime),
    status: { code: status.code, message: status.message ?? '' },
    attributes,
    events: official.events.map((event) => {
      return { name: event.name, time: nanos(event.time), attributes: event.attributes ?? {} };
    }),
  };
}

/** Of what it sent. */
export function toldOnTheWire(wire: WireSpan): Told {
  const fields = (attributes: WireSpan['attributes']): Fields =>
    Object.fromEntries([...attributes].map(([key, value]) => [key, plain(value)]));
  const events = wire.events.map((event) => ({ ...event, attributes: fields(event.attributes) }));
  return { ...wire, attributes: fields(wire.attributes), events };
}

/** What of it ours has otherwise; what ours has beyond it is none. */
export function differencesOf(span: Span, official: Told, wire: WireSpan, called: boolean): Difference[] {
  const differences: Difference[] = [];
  const compare = (field: string, theirs: unknown, ours: unknown): void => {
    if (!isDeepStrictEqual(theirs, ours)) differences.push({ field, theirs, ours, span, wire, called });
  };
  compare('trace id', official.traceId, wire.traceId);
  compare('span id', official.spanId, wire.spanId);
  compare('parent', official.parentSpanId, wire.parentSpanId);
  compare('name', official.name, wire.name);
  compare('kind', official.kind, wire.kind);
  compare('start', official.start, wire.start);
  compare('end', official.end, wire.end);
  compare('status', official.status.code, wire.status.code);
  compare('status message', official.status.message, wire.status.message);
  for (const [key, value] of Object.entries(official.attributes)) {
    if (value === undefined || value === null) continue; // OpenTelemetry sends none of these
    compare(key, value, plain(wire.attributes.get(key)));
  }
  compare('exceptions', official.events.length, wire.events.length);
  for (const [i, event] of official.events.entries()) {
    const ours = wire.events[i];
    if (!ours) break;
    compare('exception name', event.name, ours.name);
    compare('exception time', event.time, ours.time);
    for (const [key, value] of Object.entries(event.attributes)) {
      compare(key, value, plain(ours.attributes.get(key)));
    }
  }
  return differences;
}

/** The one row that explains a difference. @throws Error where there is none, or several */
export function rowFor(difference: Difference): Row {
  const { field, theirs, ours, span } = difference;
  const rows = DIFFERENCES.filter((row) => row.explains(difference));
  const show = (value: unknown): string =>
    typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? 'absent');
  if (rows.length !== 1) {
    throw new Error(
      `${span.type} ${span.id}: ${field} is ${show(ours)}, officially ${show(theirs)}; ` +
        `explained by ${rows.length} rows`,
    );
  }
  return rows[0];
}
