// Processors and exporters of others that are asynchronous, reject, or never answer.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { EdgespanTracerProvider, throughExporter } from 'edgespan/otel';
import { later, startOtel } from '../support/otel.ts';

const { make } = await startOtel();
const env = {};

describe('foreign parts that are asynchronous, or never answer', () => {
  let unhandled = 0;
  const note = (): void => void unhandled++;
  before(() => void process.on('unhandledRejection', note));
  after(() => void process.off('unhandledRejection', note));
  beforeEach(() => {
    unhandled = 0;
  });
  const reject = (): Promise<never> => Promise.reject(new Error('no'));
  const never = (): Promise<never> => new Promise(() => {});

  test('a processor that rejects loses nothing', async () => {
    const bad = { onStart: reject, onEnding: reject, onEnd: reject, forceFlush: reject, shutdown: reject };
    const { provider, tree } = make({ spanProcessors: [bad as never] });
    provider.getTracer('t').startSpan('s').end();
    await provider.forceFlush();
    await provider.shutdown();
    await later(5);
    assert.deepEqual([unhandled, tree()], [0, { s: '' }]);
  });

  test('an exporter that rejects: its spans are lost, which is counted', async () => {
    const bad = { export: reject as never, shutdown: reject, forceFlush: reject };
    const provider = new EdgespanTracerProvider({ env, destinations: [throughExporter(bad)], logLevel: 'silent' });
    provider.getTracer('t').startSpan('s').end();
    const { pending, rejected, errors } = await provider.forceFlush();
    await later(5);
    assert.deepEqual([unhandled, pending, rejected], [0, 0, 1]);
    assert.match(errors[0]!.message, /the exporter threw \(Error: no\)/);
  });

  for (const call of ['forceFlush', 'shutdown'] as const) {
    test(`${call}() of parts that never answer`, async ({ mock }) => {
      const deaf = { onStart() {}, onEnd() {}, forceFlush: never, shutdown: never };
      const exporter = { export() {}, shutdown: never, forceFlush: never };
      const provider = new EdgespanTracerProvider({
        env,
        destinations: [throughExporter(exporter)],
        spanProcessors: [deaf],
        logLevel: 'silent',
      });
      const { setImmediate } = globalThis;
      mock.timers.enable({ apis: ['setTimeout'] });
      provider.getTracer('t').startSpan('s').end();
      let receipt: object | undefined;
      const done = provider[call]().then((told) => (receipt = told));
      for (let i = 0; i < 4 && !receipt; i++) {
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
        mock.timers.tick(30_000);
      }
      await Promise.race([done, new Promise((resolve) => setImmediate(resolve))]);
      assert.ok(receipt, 'it answers');
      const { pending, rejected } = provider.stats();
      assert.deepEqual([pending, rejected], [0, 1]);
    });
  }
});
