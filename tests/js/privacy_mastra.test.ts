// Privacy with real Mastra: its own filter, processors and hide flags come first and work as without us;
// what they leave, redaction and content policies take.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnySpan, SpanOutputProcessor } from '@mastra/core/observability';
import { SensitiveDataFilter } from '@mastra/observability';
import { otlp, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions } from 'edgespan/mastra';
import { redact } from 'edgespan/privacy';
import { startSink } from '../support/exporter.ts';
import { type Config, type Execute, generate, get, mastraOf, type } from '../support/office.ts';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';

const sink = await startSink();
let places = 0;

/** A run of the clerk, and what arrived of it at each of some destinations. */
async function observe(
  destinations: readonly OtlpOptions[],
  { config = {}, options = {}, execute = async () => ({ said: 'the result' }), exporter = {} }: {
    config?: Config;
    options?: object;
    execute?: Execute;
    exporter?: Partial<EdgespanExporterOptions>;
  } = {},
): Promise<WireSpan[][]> {
  const paths = destinations.map(() => `/ok/mastra-${places++}`);
  const ours = new EdgespanExporter({
    ...exporter,
    destinations: destinations.map((one, i) => otlp({ endpoint: sink.origin + paths[i], name: paths[i], ...one })),
  });
  const mastra = mastraOf({ ...config, exporters: [ours] }, execute);
  await generate(options)(mastra);
  await mastra.observability.flush();
  return paths.map((path) =>
    sink.requests.filter((one) => one.path === `${path}/v1/traces`).flatMap(({ body }) => decodeProtobuf(body)),
  );
}

const textOf = (spans: readonly WireSpan[]): string =>
  JSON.stringify(spans, (_, value: unknown) =>
    value instanceof Map ? [...value] : typeof value === 'bigint' ? `${value}` : value,
  );

test("Mastra's filter, a processor and a redaction, one after the other", async () => {
  const seen: unknown[] = [];
  const processor: SpanOutputProcessor = {
    name: 'mine',
    process(span?: AnySpan) {
      if (span?.type === 'tool_call' && span.endTime) seen.push(span.output);
      if (span) span.metadata = { ...span.metadata, by: 'a processor, for jane.doe@example.com' };
      return span;
    },
    async shutdown() {},
  };
  const [redacted, open] = await observe([{ redact: redact() }, {}], {
    config: { sensitiveDataFilter: false, spanOutputProcessors: [new SensitiveDataFilter(), processor] },
    execute: async () => ({ token: 's3cr3t-value', note: 'write to john.doe@example.com' }),
  });
  assert.deepEqual(seen, [{ token: '[REDACTED]', note: 'write to john.doe@example.com' }], 'as without us');
  assert.match(textOf(open), /a processor, for jane\.doe@example\.com/);
  assert.match(textOf(open), /john\.doe/);
  assert.match(textOf(redacted), /a processor, for \[REDACTED:email\]/);
  assert.ok(!/jane\.doe|john\.doe|s3cr3t/.test(textOf(redacted)));
  // Mastra's mark is left as it is.
  assert.match(textOf(redacted), /\[REDACTED\]|REDACTED:key/);
});

test('a result that the model is told later, where the filter has no name to go by', async () => {
  const [redacted] = await observe([{ redact: redact() }], {
    execute: async () => ({ note: 'card 4222222222222220', apiKey: 'abc' }),
  });
  const call = redacted.filter((span) => type(span) === 'model_inference');
  assert.ok(call.length > 1);
  assert.match(JSON.stringify(call.map((span) => get(span, 'gen_ai.input.messages'))), /REDACTED:card/);
  assert.ok(!textOf(redacted).includes('4222222222222220'));
});

describe('content', () => {
  const SAID = /File this|File it|Filed\.|the result/;

  test('off takes what Mastra leaves: instructions, tools, messages; figures and names stay', async () => {
    const [off, full] = await observe([{ content: 'off' }, {}]);
    assert.match(textOf(full), SAID);
    assert.doesNotMatch(textOf(off), SAID);
    assert.deepEqual(
      off.map(({ name }) => name),
      full.map(({ name }) => name),
    );
    const tokens = (spans: WireSpan[]): unknown[] => spans.map((span) => get(span, 'gen_ai.usage.input_tokens'));
    assert.deepEqual(tokens(off), tokens(full));
  });

  test('of one run, by its metadata, which is not sent', async () => {
    const options = { tracingOptions: { metadata: { 'edgespan.content': 'off', kept: 'yes' } } };
    const [hidden] = await observe([{}], { options });
    assert.doesNotMatch(textOf(hidden), SAID);
    assert.ok(!textOf(hidden).includes('edgespan.content'));
    assert.ok(hidden.some((span) => get(span, 'mastra.metadata.kept') === 'yes'));
  });

  test('an error: its message stays', async () => {
    const [off] = await observe([{ content: 'off' }], {
      execute: async () => {
        throw Object.assign(new Error('broken'), { details: { asked: 'the result' } });
      },
    });
    assert.ok(off.some(({ status }) => status.code === 2 && status.message === 'broken'));
    assert.doesNotMatch(textOf(off), SAID);
  });

  for (const [flags, hidden, shown] of [
    [{ hideInput: true, hideOutput: true }, SAID, /clerk/],
    [{ hideInput: true }, /File this|File it/, /Filed\./],
    [{ hideOutput: true }, /Filed\.|the result/, /File this/],
  ] as const) {
    test(`${Object.keys(flags).join(' and ')} of Mastra hides what it leaves, too`, async () => {
      const [spans] = await observe([{}], { options: { tracingOptions: flags } });
      assert.doesNotMatch(textOf(spans), hidden);
      assert.match(textOf(spans), shown);
    });
  }
});
