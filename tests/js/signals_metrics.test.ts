// Metrics as they arrive.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { metrics } from 'edgespan/signals';
import type { WirePoint } from '../support/otlp_signals.ts';
import { mastraOf, metric, signalsOf, startSignals } from '../support/signals.ts';

const { make } = await startSignals();

describe('metrics', () => {
  test('durations are distributions, tokens are sums, others what they are said to be', async () => {
    const { exporter, points } = make({ signals: [metrics({ kinds: { depth: 'gauge' } })] });
    const place = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) };
    const at = { correlationContext: { entityType: 'agent', entityName: 'a', runId: 'never' } };
    for (const value of [7, 80, 90_000]) {
      exporter.onMetricEvent?.(metric({ name: 'mastra_model_duration_ms', value, labels: { status: 'ok' }, ...place, ...at }));
    }
    exporter.onMetricEvent?.(metric({ name: 'mastra_model_duration_ms', value: 5, labels: { status: 'error' }, ...at }));
    for (const value of [717, 3]) {
      exporter.onMetricEvent?.(
        metric({ name: 'mastra_model_total_input_tokens', value, ...at, costContext: { provider: 'openai', model: 'gpt' } }),
      );
    }
    exporter.onMetricEvent?.(metric({ name: 'depth', value: 2.5 }));
    exporter.onMetricEvent?.(metric({ name: 'depth', value: 1.5 }));
    const receipt = await exporter.flush();
    assert.equal(signalsOf(receipt).accepted, 8);
    const all = points();
    const find = (name: string, status?: string): WirePoint => {
      const found = all.filter((one) => one.metric === name && (!status || one.attributes.get('status') === status));
      assert.equal(found.length, 1, name);
      return found[0];
    };
    const ok = find('mastra_model_duration_ms', 'ok');
    assert.equal(ok.kind, 'histogram');
    assert.equal(ok.unit, 'ms');
    assert.equal(ok.temporality, 1);
    assert.deepEqual([ok.fields.count, ok.fields.sum, ok.fields.min, ok.fields.max], [3n, 90_087, 7, 90_000]);
    const { bucketCounts, explicitBounds } = ok.fields;
    assert.equal(bucketCounts.length, explicitBounds.length + 1);
    explicitBounds.forEach((bound: number, i: number) => {
      const below = [7, 80, 90_000].filter((v) => v <= bound && v > (explicitBounds[i - 1] ?? -Infinity)).length;
      assert.equal(bucketCounts[i], BigInt(below));
    });
    assert.equal(bucketCounts.at(-1), 1n);
    assert.deepEqual([...ok.attributes], [['mastra.entity_type', 'agent'], ['mastra.entity_name', 'a'], ['status', 'ok']]);
    assert.equal(ok.fields.exemplars[0].traceId, place.traceId);
    assert.ok(ok.start < ok.time);
    assert.equal(find('mastra_model_duration_ms', 'error').fields.sum, 5);
    const tokens = find('mastra_model_total_input_tokens');
    assert.deepEqual([tokens.kind, tokens.unit, tokens.temporality, tokens.fields.asDouble], ['sum', '{token}', 1, 720]);
    assert.equal(tokens.attributes.get('gen_ai.request.model'), 'gpt');
    const depth = find('depth');
    assert.deepEqual([depth.kind, depth.fields.asDouble], ['gauge', 1.5]);
  });

  test("of a real agent's run: Mastra's own and a tool's", async () => {
    const { exporter, points, spans } = make();
    const mastra = mastraOf([exporter]);
    await mastra.getAgent('a').generate('Weather?');
    await mastra.observability.flush();
    const names = new Set(points().map((one) => one.metric));
    for (const name of ['lookups', 'mastra_agent_duration_ms', 'mastra_tool_duration_ms', 'mastra_model_total_input_tokens']) {
      assert.ok(names.has(name), `${name} of ${[...names]}`);
    }
    const own = points().find((one) => one.metric === 'lookups');
    assert.equal(own?.attributes.get('region'), 'eu');
    assert.equal(own?.fields.sum, 4.5);
    assert.equal(own?.fields.exemplars[0].traceId, spans()[0].traceId);
  });
});
