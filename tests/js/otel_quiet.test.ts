// What sends spans is not traced itself, however requests are traced: an instrumented `fetch` would make a
// span of each delivery, and a delivery of that span, without end.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { EdgespanSpanExporter, EdgespanSpanProcessor, EdgespanTracerProvider, run } from 'edgespan/otel';
import { later, startOtel } from '../support/otel.ts';
import { play, run as mastraRun } from './spans.ts';

const { make, place } = await startOtel();
const { fetch } = globalThis;
let traced = 0;

/** As instrumentation does it: a span around each request. */
before(() => {
  globalThis.fetch = (...request) =>
    trace.getTracer('fetch').startActiveSpan('fetch', async (span) => {
      if (span.isRecording()) traced++;
      try {
        return await fetch(...request);
      } finally {
        span.end();
      }
    });
});
after(() => {
  globalThis.fetch = fetch;
});
const forget = (): void => {
  traced = 0;
  for (const api of [trace, context, propagation]) api.disable();
  delete (globalThis as unknown as Record<symbol, unknown>)[Symbol.for('edgespan.context')];
};
beforeEach(forget);
afterEach(forget);

describe('deliveries are not traced', () => {
  const managers = { ours: undefined, 'a foreign one': new AsyncLocalStorageContextManager().enable() };
  for (const [name, manager] of Object.entries(managers)) {
    test(`a provider's, by themselves and flushed: the context manager is ${name}`, async () => {
      const { provider, tree, bodies } = make();
      provider.register({ contextManager: manager as never });
      const tracer = trace.getTracer('t');
      await tracer.startActiveSpan('root', async (root) => {
        await (await fetch(`${place().endpoint}`, { method: 'POST' })).text();
        root.end();
        await later(50);
        tracer.startSpan('late').end();
        await provider.forceFlush();
        await provider.shutdown();
      });
      await later(50);
      assert.deepEqual([traced, tree(), bodies().length], [0, { root: '', late: 'root' }, 2]);
    });
  }

  test('without AsyncLocalStorage, after an await', async () => {
    class Nesting {
      #now: unknown;
      getStore = (): unknown => this.#now;
      run<T>(context: unknown, fn: (...args: unknown[]) => T, ...args: unknown[]): T {
        const before = this.#now;
        this.#now = context;
        try {
          return fn(...args);
        } finally {
          this.#now = before;
        }
      }
    }
    const { provider, tree } = make({}, { otlp: { gzip: true } });
    provider.register({ AsyncLocalStorage: Nesting });
    trace.getTracer('t').startActiveSpan('root', (root) => root.end());
    await later(50);
    await provider.forceFlush();
    assert.deepEqual([traced, tree()], [0, { root: '' }]);
  });

  test("an exporter's of Mastra's spans, whose destinations a provider shares", async () => {
    const { endpoint, spans, bodies } = place();
    const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint })], env: {} });
    const provider = new EdgespanTracerProvider({ exporter });
    provider.register();
    await run(provider.getTracer('t'), 'elsewhere', { root: true }, async () => play(exporter, mastraRun(1)));
    await later(50);
    await exporter.flush();
    await later(50);
    assert.equal(traced, 0);
    assert.equal(bodies().length, 2);
    assert.equal(spans().filter(({ name }) => name === 'fetch').length, 0);
  });

  for (const processorOf of [
    (endpoint: string) => new EdgespanSpanProcessor({ destinations: [otlp({ endpoint })], env: {} }),
    (endpoint: string) => new BatchSpanProcessor(new EdgespanSpanExporter({ destinations: [otlp({ endpoint })], env: {} })),
  ]) {
    test(`under the SDK: ${processorOf('').constructor.name}`, async () => {
      const { endpoint, bodies, spans } = place();
      const official = new BasicTracerProvider({ spanProcessors: [processorOf(endpoint)] });
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      trace.setGlobalTracerProvider(official);
      trace.getTracer('t').startActiveSpan('root', (root) => root.end());
      await later(50);
      await official.forceFlush();
      await later(50);
      await official.shutdown();
      assert.deepEqual([traced, bodies().length, spans().map(({ name }) => name)], [0, 1, ['root']]);
    });
  }

  test('requests of the user are traced as ever', async () => {
    const { provider, tree } = make();
    provider.register();
    await run(provider.getTracer('t'), 'root', {}, async () => {
      await (await globalThis.fetch(place().endpoint, { method: 'POST' })).text();
    });
    await provider.forceFlush();
    assert.deepEqual([traced, tree()], [1, { root: '', fetch: 'root' }]);
  });
});
