// What a bridge is given: what is none of ours is said, and the service's name, which Mastra tells late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import { EdgespanBridge, EdgespanExporter } from 'edgespan/mastra';
import { EdgespanTracerProvider, run } from 'edgespan/otel';
import { generate, get, mastraOf } from '../support/office.ts';
import { startOtel } from '../support/otel.ts';

const { place } = await startOtel();

test('what is none of ours is not used, which is said', (t) => {
  const { mock } = t.mock.method(console, 'warn', () => undefined);
  const said = (): unknown[] => mock.calls.map((call) => call.arguments[0]);
  new EdgespanBridge(null as never);
  new EdgespanBridge({});
  new EdgespanBridge({ provider: new EdgespanTracerProvider({ destinations: [] }) });
  assert.deepEqual(said(), []);
  new EdgespanBridge({ provider: {} });
  new EdgespanBridge({ exporter: 'ours' as never });
  assert.deepEqual(said(), [
    '[edgespan] EdgespanBridge: `provider` is none of edgespan: not used.',
    '[edgespan] EdgespanBridge: `exporter` is none of edgespan: not used.',
  ]);
});

for (const [name, first, shared] of [
  ['Mastra comes first', false, true],
  ['a request comes first', true, true],
  ['a request comes first, the bridge records', true, false],
] as const) {
  test(`the service's name: ${name}`, async (t) => {
    const { mock } = t.mock.method(console, 'warn', () => undefined);
    const at = place();
    const destinations = [otlp({ endpoint: at.endpoint })];
    const exporter = new EdgespanExporter({ destinations, env: {} });
    const provider = new EdgespanTracerProvider(shared ? { exporter } : { destinations, env: {} });
    const make = (): ReturnType<typeof mastraOf> =>
      mastraOf(
        shared ? { exporters: [exporter], bridge: new EdgespanBridge() } : { bridge: new EdgespanBridge({ provider }) },
        async () => ({}),
      );
    const before = first ? undefined : make();
    await run(provider.getTracer('t'), 'request', {}, () => generate()(before ?? make()));
    await provider.forceFlush();
    const names = new Set(at.spans().map(({ resource }) => get({ attributes: resource } as never, 'service.name')));
    assert.deepEqual([...names], [first ? 'unknown_service' : 'office']);
    const said = mock.calls.map((call) => `${call.arguments[0]}`);
    const late = said.filter((text) => text.endsWith('leave under the first name: set `serviceName`.'));
    assert.equal(late.length, +(name === 'a request comes first'), said.join('\n')); // once for an isolate
  });
}
