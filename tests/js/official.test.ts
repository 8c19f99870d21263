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
import { DIFFERENCES, differencesOf, type Row, rowFor, toldBy } from '../support/differences.ts';
import { madeSpans } from '../support/made_spans.ts';
import { convert, replay, type Span } from '../support/official.ts';

const used = new Set<Row>();

async function check(events: { type?: string; exportedSpan?: Span }[]): Promise<number> {
  const ended = events.filter((e) => e.type === 'span_ended').map((e) => e.exportedSpan as Span);
  const wire = new Map(replay(events).map((span) => [span.spanId, span]));
  assert.equal(wire.size, ended.length);
  const root = ended.find((span) => span.isRootSpan && span.type === 'agent_run');
  const hidden = root !== undefined && (root.input === undefined || root.output === undefined);
  for (const span of ended) {
    const ours = wire.get(span.id);
    assert.ok(ours, `${span.type} ${span.id} arrived`);
    const called = [...wire.values()].some(
      (call) => call.parentSpanId === span.id && call.attributes.has('gen_ai.input.messages'),
    );
    const official = toldBy(await convert(span));
    for (const difference of differencesOf(span, official, ours, called, hidden)) {
      used.add(rowFor(difference));
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
