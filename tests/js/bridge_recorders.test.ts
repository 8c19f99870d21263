// Who records what goes over Mastra's bridge: a provider, the API's, an exporter, or nobody.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { context as api, trace } from '@opentelemetry/api';
import { EdgespanBridge, EdgespanExporter } from 'edgespan/mastra';
import { alwaysOff, contextManager, parentBased } from 'edgespan/otel';
import { Notes } from '../support/exporter.ts';
import { generate, mastraOf } from '../support/office.ts';
import { treeOf } from '../support/span_tree.ts';
import { below, busy, lab, place, RUN } from './bridge_lab.ts';

describe('who records', () => {
  for (const delegated of [false, true]) {
    test(`the provider that is registered with the API${delegated ? ', by way of another' : ''}`, async () => {
      const one = lab();
      const { provider } = one;
      const other = { getTracer: (name: string) => provider.getTracer(name) };
      trace.setGlobalTracerProvider((delegated ? other : provider) as never);
      api.setGlobalContextManager(contextManager as never);
      try {
        const tracer = trace.getTracer('app');
        const mastra = mastraOf({ bridge: new EdgespanBridge() }, async () => {
          await tracer.startActiveSpan('query', async (span) => span.end());
          return {};
        });
        await tracer.startActiveSpan('POST /ask', async (span) => {
          await generate()(mastra);
          span.end();
        });
        await generate()(mastra);
        assert.deepEqual((await one.bodies()).map(treeOf), [below('POST /ask', RUN('query')), RUN('query')]);
      } finally {
        trace.disable();
        api.disable();
      }
    });
  }

  test("a provider's own ids are Mastra's, too", async () => {
    let made = 0;
    const idGenerator = {
      generateTraceId: () => `ab${`${++made}`.padStart(30, '0')}`,
      generateSpanId: () => `cd${`${++made}`.padStart(14, '0')}`,
    };
    const one = lab({ idGenerator });
    await generate()(mastraOf(one.config, busy(one)));
    const [spans] = await one.bodies();
    assert.deepEqual(treeOf(spans!), RUN('GET', '  resolve'));
    for (const { traceId, spanId } of spans!) assert.match(traceId + spanId, /^ab\d{30}cd\d{14}$/);
  });

  test('an exporter that is given to the bridge', async () => {
    const to = place('ok');
    const exporter = new EdgespanExporter({ destinations: [to.to] });
    const mastra = mastraOf({ bridge: new EdgespanBridge({ exporter }) }, async () => ({}));
    await generate()(mastra);
    await mastra.observability.flush();
    assert.deepEqual(to.bodies().map(treeOf), [RUN()]);
    assert.equal(to.spans()[0]!.resource.get('service.name'), 'office');
  });

  test('nobody: the run goes on, and that is said', async () => {
    const notes = new Notes();
    const bridge = new EdgespanBridge({ provider: {} });
    bridge.__setLogger(notes);
    assert.match(bridge.createSpan({ name: 'run' })?.spanId ?? '', /^[0-9a-f]{16}$/);
    assert.ok(notes.lines.some((line) => line.includes('nothing to send')), notes.lines.join('\n'));
    const mastra = mastraOf({ bridge: new EdgespanBridge() }, async () => ({}));
    const { text } = (await generate()(mastra)) as { text: string };
    assert.equal(text, 'Filed.');
    await mastra.observability.flush();
  });

  test('whatever it is called with, a bridge does not throw', async () => {
    const notes = new Notes();
    const { provider } = lab();
    const bridge = new EdgespanBridge({ provider });
    bridge.__setLogger(notes);
    const hostile = new Proxy({}, { get: () => assert.fail('read') }) as never;
    assert.equal(bridge.createSpan(hostile), undefined);
    for (const event of [hostile, undefined, { type: 'span_ended' }, { type: 'span_started', exportedSpan: null }]) {
      bridge.onTracingEvent(event as never);
      await bridge.exportTracingEvent(event as never);
    }
    bridge.init(undefined);
    bridge.releaseSpan('nobody');
    assert.equal(bridge.executeInContextSync('nobody', () => 7), 7);
    await assert.rejects(bridge.executeInContext('nobody', async () => assert.fail('own')), /own/);
    await bridge.flush();
    await bridge.shutdown();
    assert.ok(notes.lines.length >= 2, 'what went wrong is said');
    assert.deepEqual(JSON.parse(JSON.stringify(bridge)), { name: 'edgespan-bridge' });
  });

  test('of a request that is not sampled nothing is sent, its agents included', async () => {
    const one = lab({ sampler: parentBased({ root: alwaysOff }) });
    const mastra = mastraOf(one.config, busy(one));
    await one.around('POST /ask', () => generate()(mastra));
    await generate()(mastra);
    assert.deepEqual(await one.bodies(), []);
    const { accepted, pending } = one.provider.stats();
    assert.deepEqual([accepted, pending], [0, 0]);
  });
});
