// What Mastra takes away before an exporter sees it: redaction, span processors, filters, bounds of
// serialization, in real Mastra (tests/support/office.ts). Titles name rows of the promises
// (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mastra } from '@mastra/core/mastra';
import {
  type AnyExportedSpan,
  type AnySpan,
  type SpanOutputProcessor,
  SpanType,
} from '@mastra/core/observability';
import { SensitiveDataFilter } from '@mastra/observability';
import { says } from '../support/expect.ts';
import { assertWhole, emitted, generate, get, start, startOffice } from '../support/office.ts';

const { observe } = await startOffice();

test('row 27: the default SensitiveDataFilter, on every kind of content', async () => {
  const secret = 's3cr3t-value';
  const observed = await observe(
    {},
    generate({ tracingOptions: { metadata: { apiKey: secret, kept: 'open' } } }),
    async (_, context) => {
      context!.tracingContext!.currentSpan!.update({ metadata: { password: secret } });
      return { token: secret, nested: [{ Authorization: secret }], ok: 'fine' };
    },
  );
  // The tool's result goes on as text to the model: there Mastra's filter has no key to go by.
  const tool = observed.one('tool_call');
  assert.equal(get(tool, 'mastra.metadata.password'), '[REDACTED]');
  assert.ok(observed.all('mastra.metadata.apiKey').every((value) => value === '[REDACTED]'));
  assert.ok(observed.all('mastra.metadata.kept').every((value) => value === 'open'));
  const result = { token: '[REDACTED]', nested: [{ Authorization: '[REDACTED]' }], ok: 'fine' };
  assert.ok(says(get(tool, 'gen_ai.tool.call.result'), result));
  const call = observed.all('gen_ai.input.messages', 'model_inference');
  assert.match(JSON.stringify(call[1]), /tool_call_response.*REDACTED/, 'they are rebuilt');
  assert.ok(!JSON.stringify(call).includes(secret), 'rebuilt messages hold what was filtered');
});

test('row 27: without the filter, and with one of its own keys', async () => {
  const metadata = { apiKey: 'open', badge: 'b-1' };
  const run = generate({ tracingOptions: { metadata } });
  const off = await observe({ sensitiveDataFilter: false }, run);
  assert.ok(off.all('mastra.metadata.apiKey').every((value) => value === 'open'));
  const filter = new SensitiveDataFilter({ sensitiveFields: ['badge'], redactionToken: '–' });
  const own = await observe({ sensitiveDataFilter: false, spanOutputProcessors: [filter] }, run);
  assert.ok(own.all('mastra.metadata.badge').every((value) => value === '–'));
  assert.ok(own.all('mastra.metadata.apiKey').every((value) => value === 'open'));
});

test('row 73: span processors, in their order, shut down with Mastra', async () => {
  const calls: string[] = [];
  const appends = (letter: string): SpanOutputProcessor => ({
    name: letter,
    process(span?: AnySpan) {
      const order = `${span?.metadata?.order ?? ''}${letter}`;
      if (span) span.metadata = { ...span.metadata, order };
      return span;
    },
    async shutdown() {
      calls.push(letter);
    },
  });
  let mastra: Mastra | undefined;
  const observed = await observe(
    { spanOutputProcessors: [appends('a'), appends('b')] },
    (m) => start()((mastra = m)),
  );
  for (const order of observed.all('mastra.metadata.order')) assert.match(String(order), /^(ab)+$/);
  await mastra!.observability.shutdown();
  assert.deepEqual(calls, ['a', 'b']);
});

test('row 74: excludeSpanTypes, the children move to the nearest span that is there', async () => {
  const excludeSpanTypes = ['model_chunk', 'model_step', 'model_generation'] as never;
  const observed = await observe({ excludeSpanTypes }, generate());
  assertWhole(observed);
  const agent = observed.one('agent_run');
  assert.equal(observed.one('tool_call').parentSpanId, agent.spanId);
  const there = observed.all('mastra.span.type').map(String);
  assert.deepEqual(there.filter((t) => /chunk|step|gener/.test(t)), []);
  assert.deepEqual(observed.all('gen_ai.usage.input_tokens', 'model_inference'), [300, 301]);
  for (const said of observed.all('gen_ai.output.messages', 'model_inference')) assert.ok(said);
});

test('row 74: spanFilter and a processor that drops', async () => {
  const filtered = await observe(
    { spanFilter: (span: AnyExportedSpan) => span.type !== 'model_chunk' },
    generate(),
  );
  assertWhole(filtered);
  assert.ok(!filtered.all('mastra.span.type').includes('model_chunk'));
  const dropped = await observe(
    {
      spanOutputProcessors: [
        {
          name: 'no chunks',
          process: (span?: AnySpan) => (span?.type === 'model_chunk' ? undefined : span),
          async shutdown() {},
        },
      ],
    },
    generate(),
  );
  assertWhole(dropped);
  assert.ok(!dropped.all('mastra.span.type').includes('model_chunk'));
});

// Mastra shows the filtered span to no exporter, nor whose child it was, and its children keep it as
// their parent.
test('row 74: spanFilter on a parent, the children hang below the root', async () => {
  const observed = await observe(
    { spanFilter: (span: AnyExportedSpan) => span.type !== 'tool_call' },
    generate(),
    async (_, context) => {
      const child = { type: SpanType.GENERIC as const, name: 'inner', input: 1 };
      context!.tracingContext!.currentSpan!.createChildSpan(child).end({ output: 2 });
      return {};
    },
  );
  const inner = observed.one('generic');
  assert.equal(inner.parentSpanId, observed.one('agent_run').spanId);
  assert.equal(get(inner, 'edgespan.missing_parent_span_id'), emitted(observed, inner).parentSpanId);
});

for (const [row, serializationOptions, output] of [
  [80, { maxStringLength: 24 }, { text: `${'y'.repeat(24)}…[truncated]` }],
  [81, { maxDepth: 3 }, { deep: { a: { b: { c: '[MaxDepth]' } } } }],
  [82, { maxArrayLength: 2 }, { list: [1, 2, '[…2 more items]'] }],
  [83, { maxObjectKeys: 3 }, { __truncated: '1 more keys omitted' }],
] as const) {
  test(`rows 80-83: serializationOptions: ${JSON.stringify(serializationOptions)}`, async () => {
    const whole = {
      text: 'y'.repeat(1000),
      list: [1, 2, 3, 4],
      deep: { a: { b: { c: { d: 1 } } } },
      more: true,
    };
    const { more, ...kept } = whole;
    const observed = await observe(
      { serializationOptions },
      start({ tracingOptions: { metadata: { long: 'y'.repeat(40), list: [1, 2, 3] } } }),
      async () => whole,
    );
    const step = get(observed.one('workflow_step'), 'mastra.workflow_step.output');
    const expected = { ...kept, ...(row === 83 ? {} : { more }), ...output };
    assert.deepEqual(JSON.parse(step as string), expected);
    for (const long of observed.all('mastra.metadata.long')) {
      assert.equal(long, row === 80 ? `${'y'.repeat(24)}…[truncated]` : 'y'.repeat(40));
    }
  });
}
