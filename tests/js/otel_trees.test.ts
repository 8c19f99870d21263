// Which spans leave together, and when: a tree in one request, by itself, when its root ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { EdgespanExporter } from 'edgespan/mastra';
import { EdgespanTracerProvider, run, type SpanExporter, throughExporter } from 'edgespan/otel';
import { later, startOtel } from '../support/otel.ts';

const { make } = await startOtel();
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true };

describe('what leaves together', () => {
  test('a tree leaves in one request when its root ends, by itself', async () => {
    const { provider, bodies, tree } = make();
    const tracer = provider.getTracer('t');
    await run(tracer, 'root', {}, async () => {
      await Promise.all(['a', 'b', 'c'].map((name) => run(tracer, name, {}, async () => {
        await later(2);
        tracer.startSpan(`${name}1`).end();
      })));
    });
    for (let i = 0; i < 100 && bodies().length === 0; i++) await later(5);
    assert.deepEqual(tree(), { a1: 'a', b1: 'b', c1: 'c', a: 'root', b: 'root', c: 'root', root: '' });
    assert.equal(bodies().length, 1);
  });

  test('a child that ends after its root leaves in a second one, and so does what begins then', async () => {
    const { provider, bodies, span } = make();
    const tracer = provider.getTracer('t');
    const root = tracer.startSpan('root');
    const inRoot = trace.setSpan(ROOT_CONTEXT, root as never);
    const child = tracer.startSpan('late', {}, inRoot as never);
    tracer.startSpan('early', {}, inRoot as never).end();
    tracer.startSpan('leaf', {}, trace.setSpan(ROOT_CONTEXT, child as never) as never).end();
    root.end();
    for (let i = 0; i < 100 && bodies().length === 0; i++) await later(5);
    assert.deepEqual(bodies().map((body) => body.map(({ name }) => name).sort()), [['early', 'leaf', 'root']]);
    child.end();
    const after = tracer.startSpan('after', {}, inRoot as never);
    tracer.startSpan('below', {}, trace.setSpan(ROOT_CONTEXT, after as never) as never).end();
    after.end();
    const receipt = await provider.forceFlush();
    assert.deepEqual([receipt.accepted, receipt.pending], [6, 0]);
    assert.equal(span('leaf').parentSpanId, child.spanContext().spanId); // who came later
    const names = bodies().slice(1).flat();
    assert.deepEqual(names.map(({ name }) => name).sort(), ['after', 'below', 'late']);
    assert.equal(names.find(({ name }) => name === 'after')?.parentSpanId, root.spanContext().spanId);
  });

  test('a parent that is given by its ids alone is found', async () => {
    const { provider, bodies } = make();
    const tracer = provider.getTracer('t');
    const root = tracer.startSpan('root');
    const byIds = trace.setSpanContext(ROOT_CONTEXT, { ...root.spanContext(), traceState: undefined });
    tracer.startSpan('child', {}, byIds as never).end();
    root.end();
    await provider.forceFlush();
    assert.deepEqual(bodies().map((body) => body.map(({ name }) => name)), [['child', 'root']]);
  });

  test('two trees with one trace id at once are two requests', async () => {
    const { provider, bodies } = make();
    const tracer = provider.getTracer('t');
    const parent = trace.setSpanContext(ROOT_CONTEXT, remote) as never;
    const roots = ['a', 'b'].map((name) => tracer.startSpan(name, {}, parent));
    for (const [i, root] of roots.entries()) {
      tracer.startSpan(`${i}`, {}, trace.setSpan(ROOT_CONTEXT, root as never) as never).end();
    }
    roots[0].end();
    await provider.forceFlush();
    roots[1].end();
    await provider.forceFlush();
    assert.equal(bodies().flat().length, 4);
    const of = (body: { name: string }[]): string[] => body.map(({ name }) => name).sort();
    assert.ok(of(bodies()[0]).includes('a') && !of(bodies()[0]).includes('b'), `${bodies().map(of)}`);
  });

  test("a provider and Mastra's exporter share destinations and accounts", async () => {
    const { provider, span } = make();
    const exporter = new EdgespanExporter({ destinations: [], env: {} });
    const shared = new EdgespanTracerProvider({ exporter: provider });
    shared.getTracer('t').startSpan('s').end();
    assert.equal((await shared.forceFlush()).accepted, 1);
    assert.equal(span('s').name, 's');
    const none = new EdgespanTracerProvider({ exporter });
    none.getTracer('t').startSpan('s').end();
    assert.deepEqual((await none.forceFlush()).dropped, { disabled: 1 });
    const wrong = new EdgespanTracerProvider({ exporter: {}, logLevel: 'silent' } as never);
    wrong.getTracer('t').startSpan('s').end();
    assert.deepEqual((await wrong.forceFlush()).dropped, { disabled: 1 });
  });

  for (const delivery of ['incremental', 'whole'] as const) {
    test(`a long tree: ${delivery}`, async () => {
      const { provider, bodies } = make({ early: { spans: 50 } }, { otlp: { delivery } });
      const tracer = provider.getTracer('t');
      await run(tracer, 'root', {}, async () => {
        for (let i = 0; i < 120; i++) {
          await run(tracer, `child${i}`, {}, async () => {
            tracer.startSpan(`leaf${i}`).end();
            if (i % 20 === 0) await later(5);
          });
        }
        const sent = bodies().flat().length;
        assert.ok(delivery === 'whole' ? sent === 0 : sent >= 100, `${sent}`);
      });
      await provider.forceFlush();
      const all = bodies().flat();
      assert.equal(bodies().length === 1, delivery === 'whole');
      assert.deepEqual([all.length, new Set(all.map(({ spanId }) => spanId)).size], [241, 241]);
      const names = new Map(all.map(({ spanId, name }) => [spanId, name]));
      for (const { name, parentSpanId } of all) {
        assert.equal(names.get(parentSpanId) ?? '', name === 'root' ? '' : name.startsWith('child') ? 'root' : name.replace('leaf', 'child'));
      }
    });
  }

  test('what has ended when its provider is shut down leaves, its root or not', async () => {
    const { provider, span } = make();
    const tracer = provider.getTracer('t');
    const root = tracer.startSpan('root');
    tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root as never) as never).end();
    const receipt = await provider.shutdown();
    assert.deepEqual([receipt.accepted, receipt.unended, span('child').parentSpanId], [1, 1, root.spanContext().spanId]);
    root.end();
    assert.deepEqual((await provider.forceFlush()).dropped, { disabled: 1 });
  });

  test('10,000 traces leave memory flat, those that never end as well', async () => {
    let taken = 0;
    const exporter: SpanExporter = {
      export: (spans, told) => {
        taken += spans.length;
        told({ code: 0 });
      },
      shutdown: async () => {},
    };
    const provider = new EdgespanTracerProvider({ destinations: [throughExporter(exporter)], env: {} });
    const tracer = provider.getTracer('t');
    const play = async (traces: number): Promise<number> => {
      for (let i = 0; i < traces; i++) {
        tracer.startActiveSpan('root', (root) => {
          tracer.startSpan('child', { attributes: { text: 'x'.repeat(200) } }).end();
          tracer.startSpan('never');
          if (i % 50 > 0) root.end();
        });
        if (i % 100 === 99) await provider.forceFlush();
      }
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = await play(2_000);
    const after = await play(10_000);
    assert.ok(after - before < 4_000_000, `${before} -> ${after}`);
    assert.ok(taken > 20_000, `${taken}`);
  });
});
