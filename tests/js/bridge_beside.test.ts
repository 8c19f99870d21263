// Bridges beside exporters: Mastra's own OtelBridge over our provider, with an exporter of ours and
// without one. Whoever records, each span arrives once, at its place.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { OtelBridge } from '@mastra/otel-bridge';
import { context as api } from '@opentelemetry/api';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { EdgespanExporter } from 'edgespan/mastra';
import {
  contextManager,
  EdgespanSpanExporter,
  EdgespanSpanProcessor,
  EdgespanTracerProvider,
  run,
} from 'edgespan/otel';
import { startSite } from '../support/exporter.ts';
import { generate, mastraOf } from '../support/office.ts';
import type { WireSpan } from '../support/otlp.ts';
import { treeOf } from '../support/span_tree.ts';

const { place } = await startSite();
before(() => void api.setGlobalContextManager(contextManager as never));

const AGENT = [
  'POST /ask',
  '  invoke_agent clerk',
  '    model_generation gpt-4o-mini',
  '      agent_step clerk',
  '        chat gpt-4o-mini',
  '        execute_tool file',
  '          query',
  '      agent_step clerk',
  '        chat gpt-4o-mini',
];
const ids = (spans: WireSpan[]): string[] => spans.map(({ spanId }) => spanId).sort();

/** Calls the clerk twice, each time in a request; its tool makes a span of the provider's. */
async function twice(provider: EdgespanTracerProvider, exporters: EdgespanExporter[]): Promise<void> {
  const tracer = provider.getTracer('app');
  const bridge = new OtelBridge({ tracerProvider: provider as never });
  const mastra = mastraOf({ bridge, exporters }, async () => {
    await run(tracer, 'query', {}, async () => 0);
    return {};
  });
  for (let i = 0; i < 2; i++) await run(tracer, 'POST /ask', {}, () => generate()(mastra));
  await mastra.observability.flush(); // the bridge ends its spans later than Mastra does
}

describe("Mastra's OtelBridge over our provider", () => {
  test('beside an exporter of ours that the provider shares: one body, each span once', async () => {
    const to = place('ok');
    const exporter = new EdgespanExporter({ destinations: [to.to] });
    const provider = new EdgespanTracerProvider({ exporter });
    await twice(provider, [exporter]);
    await exporter.flush();
    const bodies = to.bodies();
    assert.deepEqual(bodies.map(treeOf), [AGENT, AGENT]);
    // As the exporter tells them: Mastra's attributes, which the bridge flattens or leaves out.
    const tool = bodies[0]!.find(({ name }) => name === 'execute_tool file');
    assert.equal(tool?.attributes.get('mastra.span.type'), 'tool_call');
    assert.equal(tool?.scope.name, 'edgespan/mastra');
    const { accepted, pending } = exporter.stats();
    assert.deepEqual([accepted, pending], [to.spans().length, 0]);
  });

  test('beside one that has its own destinations: no span at both', async () => {
    const [runs, rest] = [place('ok'), place('ok')];
    const exporter = new EdgespanExporter({ destinations: [runs.to] });
    const provider = new EdgespanTracerProvider({ destinations: [rest.to] });
    await twice(provider, [exporter]);
    await Promise.all([exporter.flush(), provider.forceFlush()]);
    const names = rest.spans().map(({ name }) => name);
    assert.deepEqual(names.sort(), ['POST /ask', 'POST /ask', 'query', 'query']);
    assert.equal(runs.spans().length, 14);
    const all = [...runs.spans(), ...rest.spans()];
    assert.deepEqual(ids(all), [...new Set(ids(all))]);
    // Parents are right across both: each trace is one tree.
    const traces = [...new Set(all.map(({ traceId }) => traceId))];
    const trees = traces.map((id) => treeOf(all.filter(({ traceId }) => traceId === id)));
    assert.deepEqual(trees, [AGENT, AGENT]);
  });

  test('under the official SDK, with parts of ours: each span once', async () => {
    for (const part of ['processor', 'exporter'] as const) {
      const [runs, rest] = [place('ok'), place('ok')];
      const exporter = new EdgespanExporter({ destinations: [runs.to] });
      const options = { destinations: [rest.to] };
      const processor =
        part === 'processor'
          ? new EdgespanSpanProcessor(options)
          : new BatchSpanProcessor(new EdgespanSpanExporter(options) as never);
      const provider = new BasicTracerProvider({ spanProcessors: [processor as never] });
      await twice(provider as never, [exporter]);
      await Promise.all([exporter.flush(), provider.forceFlush()]);
      const names = rest.spans().map(({ name }) => name);
      assert.deepEqual(names.sort(), ['POST /ask', 'POST /ask', 'query', 'query'], part);
      const all = [...runs.spans(), ...rest.spans()];
      const traces = [...new Set(all.map(({ traceId }) => traceId))];
      const trees = traces.map((id) => treeOf(all.filter(({ traceId }) => traceId === id)));
      assert.deepEqual(trees, [AGENT, AGENT], part);
    }
  });

  test('without one: the bridge\'s spans are OpenTelemetry\'s, and arrive', async () => {
    const to = place('ok');
    const provider = new EdgespanTracerProvider({ destinations: [to.to] });
    await twice(provider, []);
    await provider.forceFlush();
    const spans = to.spans();
    assert.deepEqual(ids(spans), [...new Set(ids(spans))]);
    const names = spans.map(({ name }) => name);
    for (const [name, count] of [['POST /ask', 2], ['query', 2], ['invoke_agent clerk', 2]] as const) {
      assert.equal(names.filter((one) => one === name).length, count, `${name}: ${names}`);
    }
    const roots = spans.filter(({ parentSpanId }) => !spans.some(({ spanId }) => spanId === parentSpanId));
    assert.deepEqual(roots.map(({ name }) => name), ['POST /ask', 'POST /ask']);
  });
});
