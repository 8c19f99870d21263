// Custom span formatters with real Mastra, and its own chainFormatters(). Titles name rows of the promises
// (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as tick } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Mastra } from '@mastra/core/mastra';
import type { CustomSpanFormatter } from '@mastra/core/observability';
import { chainFormatters, Observability } from '@mastra/observability';
import type { EdgespanExporter } from 'edgespan/mastra';
import { makeAgents } from '../runtime/worker/agents.ts';
import { startSite } from '../support/exporter.ts';
import { lint, type WireSpan } from '../support/otlp.ts';
import { ids } from './spans.ts';

const { make, place } = await startSite();

describe("with Mastra's own agents", () => {
  // The formatters of Mastra's documentation.
  const plainText: CustomSpanFormatter = (s) => {
    if (s.type !== 'agent_run' || !Array.isArray(s.input)) return s;
    const user = s.input.find((message) => (message as { role?: string }).role === 'user');
    return { ...s, input: (user as { content?: unknown })?.content ?? s.input };
  };
  const enrichment: CustomSpanFormatter = async (s) => {
    const userId = s.metadata?.userId;
    if (!userId) return s;
    await tick(5);
    return { ...s, metadata: { ...s.metadata, userName: `user of ${userId}` } };
  };
  const rename: CustomSpanFormatter = (s) => ({ ...s, name: `${s.name} (formatted)` });

  async function ask(exporter: EdgespanExporter): Promise<void> {
    const mastra = new Mastra({
      agents: makeAgents(),
      logger: false,
      observability: new Observability({
        configs: { default: { serviceName: 'formatters', exporters: [exporter] } },
      }),
    });
    await mastra.getAgent('tools').generate([{ role: 'user', content: 'Snow?' }], {
      tracingOptions: { metadata: { userId: 'u-7' } },
    });
  }

  test('rows 77, 78: chainFormatters(), synchronous and asynchronous, for one destination', async () => {
    const customSpanFormatter = chainFormatters([plainText, enrichment, rename]);
    const [plain, chained] = [place('ok'), place('ok', { customSpanFormatter })];
    const { exporter } = make({ destinations: [plain.to, chained.to] });
    await ask(exporter);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.withheld, receipt.pending, receipt.errors], [0, 0, []]);
    assert.deepEqual(ids(chained.spans()), ids(plain.spans()));
    assert.ok(plain.spans().length > 10);
    assert.deepEqual(chained.spans().flatMap(lint), []);
    const named = (s: WireSpan): unknown => s.attributes.get('mastra.metadata.userName');
    assert.deepEqual([...new Set(chained.spans().map(named))], ['user of u-7']);
    assert.deepEqual([...new Set(plain.spans().map(named))], [undefined]);
    const rootOf = (spans: WireSpan[]): WireSpan | undefined => spans.find((s) => !s.parentSpanId);
    const shown = inspect(rootOf(chained.spans())?.attributes);
    assert.match(shown, /'Snow\?'/);
    assert.doesNotMatch(shown, /role/);
    assert.match(inspect(rootOf(plain.spans())?.attributes), /role/);
  });

  test('row 79: a formatter may add and remove fields, not ids, parents and times', async () => {
    const forge: CustomSpanFormatter = (s) => {
      const { output: _, ...rest } = s as typeof s & { output?: unknown };
      const forged = { id: 'f'.repeat(16), traceId: 'f'.repeat(32), parentSpanId: 'f'.repeat(16) };
      const times = { startTime: new Date(0), endTime: new Date(1) };
      return { ...rest, ...forged, ...times, isRootSpan: false, isEvent: true } as typeof s;
    };
    const [plain, forged] = [place('ok'), place('ok', { customSpanFormatter: forge })];
    const { exporter } = make({ destinations: [forged.to, plain.to] });
    await ask(exporter);
    await exporter.flush();
    const envelope = ({ spanId, traceId, parentSpanId, start, end, flags, kind }: WireSpan) =>
      `${[spanId, traceId, parentSpanId, start, end, flags, kind]}`;
    assert.deepEqual(forged.spans().map(envelope).sort(), plain.spans().map(envelope).sort());
    assert.equal(forged.spans().some((s) => s.attributes.has('gen_ai.output.messages')), false);
    assert.equal(plain.spans().some((s) => s.attributes.has('gen_ai.output.messages')), true);
  });
});
