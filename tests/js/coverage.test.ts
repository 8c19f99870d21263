// docs/coverage.md is what the installed @mastra/core declares and the core writes; and no field is
// lost beside others: a span that has all of them says each value.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SpanType } from '@mastra/core/observability';
import * as dialects from 'edgespan/dialects';
import { COVERAGE, declaredFields, page, replay } from '../../scripts/lib/coverage.mjs';
import { plain, type WireSpan } from '../support/otlp.ts';

const { shared, attributes } = declaredFields();

test('docs/coverage.md is up to date (node scripts/lib/coverage.mjs)', () => {
  assert.equal(page(), readFileSync(COVERAGE, 'utf8'));
});

test('the types have attributes for every span type that Mastra emits', () => {
  const emitted = Object.values(SpanType) as string[];
  assert.ok(emitted.length >= 34);
  assert.deepEqual([...attributes.keys()].sort(), emitted.sort());
  assert.ok(shared.length >= 20);
});

// Told by OTLP's own fields, or not sent on purpose (docs/coverage.md says why).
const ELSEWHERE = new Set([
  ...['id', 'traceId', 'parentSpanId', 'externalParentSpanId', 'name', 'type', 'attributes'],
  ...['startTime', 'endTime', 'isEvent', 'isRootSpan', 'isInternal'],
  ...['parameters.headers', 'parameters.abortSignal'],
]);
const set = (into: Record<string, any>, path: string, value: unknown): void => {
  const keys = path.split('.');
  const last = keys.pop() as string;
  for (const key of keys) into = into[key] ??= {};
  into[last] = value;
};

/** A span of a type with every field, each with a value of its own, and those values by path. */
function full(type: string, id: number) {
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
    if (ELSEWHERE.has(key)) continue;
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

function lost(dialect: string): string[] {
  const all = [...attributes.keys()].map((type, i) => ({ type, ...full(type, i + 1) }));
  const wire = replay(dialect, all.map(({ span }) => span));
  return all.flatMap(({ type, span, values }) => {
    const text = said(wire.get(span.id) as WireSpan);
    const gone = [...values].filter(([, mark]) => !text.includes(mark));
    return gone.map(([path]) => `${type}: ${path}`);
  });
}

// What a dialect tells in sums of its own, or leaves to its backend.
const OTHERWISE: Record<string, RegExp> = {
  langfuse: /usage\.(input|output)Tokens$/,
  lemma: /costContext\./,
};

for (const dialect of ['genai', ...Object.keys(dialects)]) {
  test(`a span with every field says every value: ${dialect}`, () => {
    const gone = lost(dialect).filter((path) => !OTHERWISE[dialect]?.test(path));
    assert.deepEqual(gone, []);
  });
}
