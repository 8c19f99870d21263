// Our exporter leaves others alone: beside another of ours, Mastra's own and a vendor's, in real Mastra
// (tests/support/office.ts). Titles name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InMemoryStore } from '@mastra/core/storage';
import { LangfuseExporter } from '@mastra/langfuse';
import { CloudExporter, DefaultExporter } from '@mastra/observability';
import type { EdgespanExporter } from 'edgespan/mastra';
import { assertWhole, generate, mastraOf, startOffice } from '../support/office.ts';
import { plain, type WireSpan } from '../support/otlp.ts';

const { sink, ours, bodies, observe } = await startOffice();

test('rows 28, 53, 59, 134: two of ours, each with everything', async () => {
  const observed = await observe({ exporters: [ours('second')] }, generate());
  const ids = (spans: WireSpan[]): string[] => spans.map(({ spanId }) => spanId).sort();
  const { traceId } = observed.wire[0]!;
  const second = bodies('/second/v1/traces').filter((span) => span.traceId === traceId);
  assert.deepEqual(ids(second), ids(observed.wire));
});

// A formatter is what could change the objects that exporters share.
const formatted = (): EdgespanExporter =>
  ours('formatted', {
    customSpanFormatter: (span) => ({ ...span, name: 'ours', input: 'ours', metadata: { ours: true } }),
  });

test('rows 24, 134: beside DefaultExporter, which stores what it stores alone', async () => {
  const storedBy = async (beside: EdgespanExporter[]): Promise<{ id?: string; spans: unknown[] }> => {
    const storage = new InMemoryStore();
    const exporters = [...beside, new DefaultExporter({ strategy: 'realtime' })];
    const mastra = mastraOf({ exporters }, async () => ({ done: true }), storage);
    const { traceId } = (await generate()(mastra)) as { traceId?: string };
    await mastra.observability.flush();
    const trace = await (await storage.getStore('observability'))!.getTrace({ traceId: traceId! });
    const names = new Map(trace!.spans.map((span) => [span.spanId, span.name]));
    const spans = trace!.spans.map(({ spanId: _, traceId: __, parentSpanId, ...span }) =>
      steadyText(JSON.stringify({ ...span, parent: names.get(parentSpanId ?? '') })),
    );
    return { id: traceId, spans: spans.sort() };
  };
  const alone = await storedBy([]);
  const together = await storedBy([ours(), formatted()]);
  assert.ok(alone.spans.length >= 5, `${alone.spans.length} spans`);
  assert.deepEqual(together.spans, alone.spans);
  const arrived = (path: string): WireSpan[] =>
    bodies(`/${path}/v1/traces`).filter((span) => span.traceId === together.id);
  assert.ok(arrived('ok').length >= together.spans.length);
  assert.equal(arrived('formatted').length, arrived('ok').length);
});

test('row 25: beside CloudExporter without a token', async () => {
  const token = process.env.MASTRA_CLOUD_ACCESS_TOKEN;
  delete process.env.MASTRA_CLOUD_ACCESS_TOKEN;
  try {
    const cloud = new CloudExporter({ logLevel: 'error' as never });
    const observed = await observe({ exporters: [cloud] }, generate());
    assertWhole(observed);
  } finally {
    if (token !== undefined) process.env.MASTRA_CLOUD_ACCESS_TOKEN = token;
  }
});

test("rows 35, 134: a vendor's exporter beside ours sends what it sends alone", async () => {
  const send = async (path: string, beside: EdgespanExporter[]): Promise<WireSpan[]> => {
    const vendor = new LangfuseExporter({
      publicKey: 'pk',
      secretKey: 'sk',
      baseUrl: `${sink.origin}/200/${path}`,
    });
    const mastra = mastraOf({ exporters: [...beside, vendor] }, async () => ({ done: true }));
    await generate({ tracingOptions: { tags: ['t'], metadata: { userId: 'u-1' } } })(mastra);
    await mastra.observability.flush();
    await mastra.observability.shutdown();
    return bodies(`/200/${path}/api/public/otel/v1/traces`);
  };
  const alone = await send('alone', []);
  const together = await send('together', [ours(), formatted()]);
  assert.ok(alone.length >= 8, `${alone.length} spans; ${sink.requests.map((r) => r.path)}`);
  assert.deepEqual(told(together), told(alone));
});

/** A text without what differs from run to run: ids and times. */
const steadyText = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'uuid')
    .replace(/\b1\d{12}\b/g, 'ms')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');

/** Spans without what differs from run to run: ids and times. Parents by name, in a fixed order. */
function told(spans: WireSpan[]): unknown[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const steady = (value: unknown): unknown =>
    typeof value === 'string' ? steadyText(value) : value;
  return spans
    .map((span) => ({
      name: span.name,
      parent: names.get(span.parentSpanId) ?? span.parentSpanId,
      kind: span.kind,
      status: span.status,
      attributes: [...span.attributes].map(([key, value]) => [key, steady(plain(value))]).sort(),
      events: span.events.map((event) => event.name),
      resource: [...span.resource].map(([key, value]) => [key, plain(value)]).sort(),
    }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
