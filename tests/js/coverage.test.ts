// docs/coverage.md is what the installed @mastra/core declares and the core writes; and no field is
// lost beside others: a span that has all of them says each value, in every dialect.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SpanType } from '@mastra/core/observability';
import {
  CALL_ITSELF,
  COVERAGE,
  declaredFields,
  DIALECTS,
  LOST,
  NOT_SENT,
  page,
  replay,
} from '../../scripts/lib/coverage.mjs';
import { plain, type WireSpan } from '../support/otlp.ts';

const { shared, attributes, payloads } = declaredFields();

test('docs/coverage.md is up to date (node scripts/lib/coverage.mjs)', () => {
  assert.equal(page(), readFileSync(COVERAGE, 'utf8'));
});

test('the types have attributes for every span type that Mastra emits', () => {
  const emitted = Object.values(SpanType) as string[];
  assert.ok(emitted.length >= 34);
  assert.deepEqual([...attributes.keys()].sort(), emitted.sort());
  assert.ok(shared.length >= 20);
});

// Told by OTLP's own fields.
const ELSEWHERE = new Set([
  ...['id', 'traceId', 'parentSpanId', 'externalParentSpanId', 'name', 'type', 'attributes'],
  ...['startTime', 'endTime', 'isEvent', 'isRootSpan'],
]);
const set = (into: Record<string, any>, path: string, value: unknown): void => {
  const keys = path.split('.');
  const last = keys.pop() as string;
  for (const key of keys) into = into[key] ??= {};
  into[last] = value;
};

/** A span of a type with every field, each with a value of its own, and those values by path. */
function full(type: string, id: number, leave: (path: string) => boolean) {
  const span: Record<string, any> = {
    id: id.toString(16).padStart(16, '0'),
    traceId: '0af7651916cd43dd8448eb211c80319c',
    name: 'name',
    type,
    startTime: '2026-11-20T07:57:09.000Z',
    endTime: '2026-11-20T07:57:09.250Z',
    isEvent: false,
    isRootSpan: true,
  };
  const values = new Map<string, string>();
  const own = attributes.get(type) as [string, unknown][];
  const fields = [
    ...shared.map(([path, sample]: [string, unknown]) => [path, path, sample] as const),
    ...own.map(([path, sample]) => [path, `attributes.${path}`, sample] as const),
  ];
  for (const [key, path, sample] of fields) {
    if (ELSEWHERE.has(key) || leave(path)) continue;
    const mark = 100_000 + values.size + id * 1000;
    const value =
      typeof sample === 'number'
        ? mark
        : typeof sample === 'boolean'
          ? true
          : typeof sample === 'object'
            ? [`mark-${mark}`]
            : `mark-${mark}`;
    // Booleans are seen by the coverage table, one by one.
    if (value !== true) values.set(path, String(mark));
    set(span, path, key === 'metadata' || key === 'requestContext' ? { a: value } : value);
  }
  return { span, values };
}

function said(wire: WireSpan): string {
  const attributes = [...wire.attributes.values()].map((value) => plain(value));
  const events = wire.events.map((event) => [...event.attributes.values()].map((v) => plain(v)));
  return JSON.stringify([attributes, events, wire.status.message, wire.name]);
}

// Figures that a dialect reckons with: they are told without those that are a part of them.
const RECKONED = new Set(['langfuse usage.inputTokens', 'langfuse usage.outputTokens']);

interface Full {
  label: string;
  span: Record<string, any>;
  values: Map<string, string>;
}

/** What is missing of spans in one run, beside what is known to be. */
function lost(dialect: string, all: Full[]): string[] {
  const wire = replay(dialect, all.map(({ span }) => span));
  return all.flatMap(({ label, span, values }) => {
    const text = said(wire.get(span.id) as WireSpan);
    const known = (field: string): boolean =>
      field in NOT_SENT ||
      `${dialect} ${field}` in NOT_SENT ||
      `${label} ${field}` in LOST ||
      RECKONED.has(`${dialect} ${field}`);
    return [...values]
      .filter(([path, mark]) => !text.includes(mark) && !known(path.replace('attributes.', '')))
      .map(([path]) => `${label} ${path}`);
  });
}

const ofEveryType = (leave: (path: string) => boolean): Full[] =>
  [...attributes.keys()].map((type, i) => ({ label: type, ...full(type, i + 1, leave) }));

/** One with all members that its input or output may have together; whether text, list or object. */
function payload(type: string, id: number, label = type): Full[] {
  const inner = (name: string, mark: string): unknown =>
    ({
      messages: [{ role: 'user', content: mark }],
      files: [{ type: 'file', mediaType: 'text/plain', data: mark }],
      reasoning: [{ type: 'reasoning', payload: { id: 'r', text: mark } }],
      toolCalls: [{ toolCallId: 'c', toolName: 't', args: { a: mark } }],
      warnings: [{ type: 'unsupported', feature: mark }],
      sources: [{ type: 'source', payload: { url: mark } }],
      steps: [{ text: mark }],
    })[name] ?? mark;
  const shapes = new Map<string, Full>();
  for (const [path, , first] of payloads.get(type) as [string, unknown, string][]) {
    const [end, name] = path.split('.') as [string, string];
    const key = `${end} ${first}`;
    if (!shapes.has(key)) {
      const { span } = full(type, id + shapes.size, () => true);
      shapes.set(key, { label, span, values: new Map() });
    }
    const shape = shapes.get(key) as Full;
    const mark = `mark-${id}-${shapes.size}-${name}`;
    shape.values.set(path, mark);
    set(shape.span, path, inner(name, mark));
  }
  // A generation with a model call below it is none itself.
  const calls: Full[] = [...shapes.values()].map(({ span: { id: parentSpanId } }, i) => {
    const { span } = full('model_inference', id + 50 + i, () => true);
    return { label, span: { ...span, parentSpanId }, values: new Map() };
  });
  const all = [...shapes.values(), ...(label === 'model_generation' ? calls : [])];
  for (const { span } of all) span.isRootSpan = false;
  return all;
}

for (const dialect of DIALECTS) {
  test(`${dialect}: a span with every field says every value`, () => {
    assert.deepEqual(lost(dialect, ofEveryType((path) => path === 'entityId')), []);
  });

  test(`${dialect}: so do inputs and outputs with every member`, () => {
    const root = { label: 'root', ...full('generic', 1, () => true) };
    const all = [...payloads.keys()].flatMap((type, i) => payload(type, 100 * (i + 1)));
    assert.deepEqual(lost(dialect, [...all, root]), []);
    // Where no model call is below a generation, it is one itself.
    const calls = payload('model_generation', 100, CALL_ITSELF);
    assert.deepEqual(lost(dialect, [...calls, root]), []);
  });
}

// The id of a tool or a workflow is its name where it has no other.
test('... and the id beside the name', () => {
  assert.deepEqual(lost('genai', ofEveryType(() => false)), []);
});

test('no member of an input or an output is lost', () => assert.deepEqual(LOST, {}));
