// Ours under the provider of OpenTelemetry's SDK: the processor and the exporter, and limits over its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { EdgespanSpanExporter, EdgespanSpanProcessor, EdgespanTracerProvider } from 'edgespan/otel';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { later, startOtel } from '../support/otel.ts';

const { place, sink } = await startOtel();
const env = {};

/** A program on the SDK, which is the same everywhere. */
function play(provider: BasicTracerProvider): void {
  const tracer = provider.getTracer('sdk', '1');
  const root = tracer.startSpan('root', { kind: 1, attributes: { a: 'x' } }, ROOT_CONTEXT);
  const inRoot = trace.setSpan(ROOT_CONTEXT, root);
  const child = tracer.startSpan('child', {}, inRoot);
  child.addEvent('e', { n: 1 });
  tracer.startSpan('leaf', { links: [{ context: root.spanContext() }] }, trace.setSpan(inRoot, child)).end();
  child.setStatus({ code: 2, message: 'm' }).end();
  root.end();
}
const TREE = { leaf: 'child', child: 'root', root: '' };

describe("ours under the SDK's provider", () => {
  test('EdgespanSpanProcessor: one body a trace, by itself, when its root ends', async () => {
    const { endpoint, tree, bodies, span } = place();
    const waiting: Promise<unknown>[] = [];
    const processor = new EdgespanSpanProcessor({
      destinations: [otlp({ endpoint })],
      resourceAttributes: { 'service.name': 'mine' },
      waitUntil: (promise) => void waiting.push(promise),
      env,
    });
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    play(provider);
    assert.equal(waiting.length, 1);
    await Promise.all(waiting);
    assert.deepEqual([tree(), bodies().length], [TREE, 1]);
    assert.equal(span('root').resource.get('service.name'), 'mine');
    assert.equal(span('root').resource.get('telemetry.sdk.name'), 'opentelemetry');
    assert.deepEqual(span('root').scope, { name: 'sdk', version: '1', schemaUrl: '', attributes: new Map() });
    assert.deepEqual([span('child').events[0].name, span('child').status], ['e', { code: 2, message: 'm' }]);
    const receipt = await processor.forceFlush();
    assert.deepEqual([receipt.accepted, receipt.pending], [3, 0]);
    await provider.shutdown();
    play(provider);
    assert.equal(bodies().length, 1);
  });

  test('EdgespanSpanProcessor waits for a resource that is still looked for', async () => {
    const { endpoint, tree, bodies, span } = place();
    const processor = new EdgespanSpanProcessor({ destinations: [otlp({ endpoint })], env });
    const found = later(20).then(() => {
      resource.asyncAttributesPending = false;
      resource.attributes['host.name'] = 'found';
    });
    const resource = {
      attributes: { 'service.name': 'slow' } as Record<string, string>,
      asyncAttributesPending: true,
      waitForAsyncAttributes: () => found,
      merge: () => resource,
      getRawAttributes: () => [],
    };
    play(new BasicTracerProvider({ resource: resource as never, spanProcessors: [processor] }));
    assert.equal((await processor.forceFlush() as unknown as { accepted: number }).accepted, 3);
    assert.deepEqual([tree(), bodies().length, span('leaf').resource.get('host.name')], [TREE, 1, 'found']);
  });

  test('EdgespanSpanProcessor sends nothing that is not sampled', async () => {
    const { endpoint, spans } = place();
    const processor = new EdgespanSpanProcessor({ destinations: [otlp({ endpoint })], env });
    const sampler = { shouldSample: () => ({ decision: 1 }), toString: () => 'record' };
    play(new BasicTracerProvider({ spanProcessors: [processor], sampler }));
    await processor.forceFlush();
    assert.equal(spans().length, 0);
  });

  test('EdgespanSpanExporter under both processors of the SDK', async () => {
    for (const Processor of [BatchSpanProcessor, SimpleSpanProcessor]) {
      const { endpoint, tree, bodies } = place();
      const exporter = new EdgespanSpanExporter({ destinations: [otlp({ endpoint })], env });
      const provider = new BasicTracerProvider({ spanProcessors: [new Processor(exporter)] });
      play(provider);
      await provider.forceFlush();
      assert.deepEqual(tree(), TREE);
      if (Processor === BatchSpanProcessor) assert.equal(bodies().length, 1);
      await provider.shutdown();
    }
  });

  test('spans of several resources keep theirs', async () => {
    const { endpoint, spans } = place();
    const exporter = new EdgespanSpanExporter({ destinations: [otlp({ endpoint })], env });
    const memory = new InMemorySpanExporter();
    for (const name of ['a', 'b']) {
      const resource = { attributes: { 'service.name': name }, merge: () => resource, getRawAttributes: () => [] };
      play(new BasicTracerProvider({ resource: resource as never, spanProcessors: [new SimpleSpanProcessor(memory)] }));
    }
    const results: unknown[] = [];
    exporter.export(memory.getFinishedSpans() as never, (result) => results.push(result));
    const receipt = await exporter.forceFlush();
    assert.deepEqual(results, [{ code: 0 }]);
    assert.equal(receipt.pending, 0);
    assert.deepEqual(spans().map(({ resource }) => resource.get('service.name')), ['a', 'a', 'a', 'b', 'b', 'b']);
  });

  const finished = (): ReadableSpan[] => {
    const memory = new InMemorySpanExporter();
    play(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
    return memory.getFinishedSpans();
  };
  const results: Record<string, [string, number, RegExp | undefined]> = {
    'taken by the receiver': ['ok', 0, undefined],
    'refused': ['403', 1, /Spans were lost: 3 (rejected|dropped)/],
    'failed for good': ['501', 1, /Spans were lost: 3 (rejected|dropped)/],
  };
  for (const [name, [fate, code, message]] of Object.entries(results)) {
    test(`an export's result: ${name}`, async () => {
      const { endpoint } = place(fate);
      const exporter = new EdgespanSpanExporter({ destinations: [otlp({ endpoint, retryBudget: 0 })], env, spool: false, logLevel: 'silent' });
      const result = await new Promise<{ code: number; error?: Error }>((told) => exporter.export(finished() as never, told));
      assert.equal(result.code, code);
      if (message) assert.match(result.error?.message ?? '', message);
    });
  }

  test("an export's result: refused in part, what went before not counted again", async () => {
    const { endpoint } = place();
    const exporter = new EdgespanSpanExporter({ destinations: [otlp({ endpoint })], env, logLevel: 'silent' });
    const path = `${new URL(endpoint).pathname}/v1/traces`;
    const body = JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage: 'one is bad' } });
    sink.replies.set(path, [{ status: 200, body }]);
    const codes = await Promise.all(
      [1, 2].map(() => new Promise((told) => exporter.export(finished() as never, ({ code, error }) => told([code, error?.message])))),
    );
    assert.deepEqual(codes, [[1, 'Spans were lost: 1 rejected, 1 of 3 spans refused: one is bad'], [0, undefined]]);
  });

  test("an export's result: kept to be sent later is not lost", async () => {
    const { endpoint } = place('503');
    const exporter = new EdgespanSpanExporter({ destinations: [otlp({ endpoint, retryBudget: 0 })], env, logLevel: 'silent' });
    const result = await new Promise<{ code: number }>((told) => exporter.export(finished() as never, told));
    assert.equal(result.code, 0);
    assert.equal((await exporter.shutdown()).pending, 0);
  });

  test('what is no span, and who throws when told, stop nothing', async () => {
    const { endpoint, spans } = place();
    const exporter = new EdgespanSpanExporter({ destinations: [otlp({ endpoint })], env });
    const bad = await new Promise<{ code: number }>((told) => exporter.export([{}] as never, told));
    assert.equal(bad.code, 1);
    exporter.export(finished() as never, () => { throw new Error('told'); });
    await exporter.forceFlush();
    await later();
    assert.equal(spans().length, 3);
    assert.notEqual(context, undefined);
  });
});

describe('limits over 128', () => {
  const spanLimits = { eventCountLimit: 300, linkCountLimit: 300 };
  const exporterTo = (endpoint: string): EdgespanExporter =>
    new EdgespanExporter({ destinations: [otlp({ endpoint })], env });
  const of: Record<string, (endpoint: string) => Pick<BasicTracerProvider, 'getTracer' | 'forceFlush'>> = {
    "the SDK's, under a processor of ours": (endpoint) => {
      const ours = new EdgespanSpanProcessor({ destinations: [otlp({ endpoint })], env });
      return new BasicTracerProvider({ spanLimits, spanProcessors: [ours] });
    },
    'those of a provider that shares an exporter': (endpoint) =>
      new EdgespanTracerProvider({ spanLimits, env, exporter: exporterTo(endpoint) }) as never,
  };
  for (const [name, make] of Object.entries(of)) {
    test(name, async () => {
      const { endpoint, span } = place();
      const provider = make(endpoint);
      const one = provider.getTracer('t').startSpan('s');
      for (let i = 0; i < 400; i++) one.addEvent(`e${i}`).addLink({ context: one.spanContext() });
      one.end();
      await provider.forceFlush();
      const { events, links, dropped } = span('s');
      assert.deepEqual([events.length, events[0].name, links.length], [300, 'e100', 300]);
      assert.deepEqual([dropped.events, dropped.links], [100, 100]);
    });
  }
});
