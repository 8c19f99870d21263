// The GenAI dialect against Mastra's official exporter: the installed @mastra/otel-exporter
// converts the same ended spans, and ours must have the same envelope and a superset of its
// attributes, with equal values. Where we deliberately differ, tests/support/differences.ts says so and
// why; a difference without a row fails, and so does a row that nothing needs any more.
//
// Beside the recorded runs it compares made-up spans of every type with every documented attribute.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type Difference, DIFFERENCES, type Row } from '../support/differences.ts';
import { madeSpans } from '../support/made_spans.ts';
import { convert, replay, type Span } from '../support/official.ts';
import { plain, type WireSpan } from '../support/otlp.ts';

const nanos = ([seconds, rest]: [number, number]): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(rest);

async function differencesOf(
  span: Span,
  wire: WireSpan,
  called: boolean,
): Promise<Difference[]> {
  const official = await convert(span);
  const differences: Difference[] = [];
  const compare = (field: string, theirs: unknown, ours: unknown): void => {
    if (!isDeepStrictEqual(theirs, ours)) differences.push({ field, theirs, ours, span, wire, called });
  };
  const context = official.spanContext();
  compare('trace id', context.traceId, wire.traceId);
  compare('span id', context.spanId, wire.spanId);
  compare('parent', official.parentSpanContext?.spanId ?? '', wire.parentSpanId);
  compare('name', official.name, wire.name);
  compare('kind', official.kind + 1, wire.kind); // OTLP counts from "unspecified"
  compare('start', nanos(official.startTime), wire.start);
  compare('end', nanos(official.endTime), wire.end);
  compare('status', official.status.code, wire.status.code);
  compare('status message', official.status.message ?? '', wire.status.message);
  for (const [key, value] of Object.entries(official.attributes)) {
    if (value === undefined || value === null) continue; // OpenTelemetry sends none of these
    compare(key, value, plain(wire.attributes.get(key)));
  }
  compare('exceptions', official.events.length, wire.events.length);
  for (const [i, event] of official.events.entries()) {
    const ours = wire.events[i];
    if (!ours) break;
    compare('exception name', event.name, ours.name);
    compare('exception time', nanos(event.time), ours.time);
    for (const [key, value] of Object.entries(event.attributes ?? {})) {
      compare(key, value, plain(ours.attributes.get(key)));
    }
  }
  return differences;
}

const used = new Set<Row>();

async function check(events: { type?: string; exportedSpan?: Span }[]): Promise<number> {
  const ended = events.filter((e) => e.type === 'span_ended').map((e) => e.exportedSpan as Span);
  const wire = new Map(replay(events).map((span) => [span.spanId, span]));
  assert.equal(wire.size, ended.length);
  for (const span of ended) {
    const ours = wire.get(span.id);
    assert.ok(ours, `${span.type} ${span.id} arrived`);
    const called = [...wire.values()].some(
      (call) => call.parentSpanId === span.id && call.attributes.has('gen_ai.input.messages'),
    );
    for (const difference of await differencesOf(span, ours, called)) {
      const rows = DIFFERENCES.filter((row) => row.explains(difference));
      const show = (value: unknown): string =>
        typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? 'absent');
      assert.equal(
        rows.length,
        1,
        `${span.type} ${span.id}: ${difference.field} is ${show(difference.ours)}, ` +
          `officially ${show(difference.theirs)}; explained by ${rows.length} rows`,
      );
      for (const row of rows) used.add(row);
    }
  }
  return ended.length;
}

// ---- the recorded runs -------------------------------------------------------------------------

const data = fileURLToPath(new URL('../data/mastra-events/', import.meta.url));
const files = readdirSync(data).filter((name) => name.endsWith('.json'));

test('there are recordings', () => assert.ok(files.length >= 12));

for (const file of files) {
  test(`${file}: at least what the official exporter says`, async () => {
    assert.ok((await check(JSON.parse(readFileSync(data + file, 'utf8')))) >= 3);
  });
}

test('spans of every type: at least what the official exporter says', async () => {
  const spans = madeSpans();
  // What the recordings do: members that are undefined are not there.
  const events = JSON.parse(
    JSON.stringify(spans.map((exportedSpan) => ({ type: 'span_ended', exportedSpan }))),
  );
  assert.equal(await check(events), spans.length);
});

after(() => {
  const unused = DIFFERENCES.filter((row) => !used.has(row)).map((row) => row.what);
  assert.deepEqual(unused, [], 'rows of DIFFERENCES that nothing needs');
});
