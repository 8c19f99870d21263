// Parts of OpenTelemetry's SDK under our provider: its processors, and its exporters as destinations.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { EdgespanTracerProvider, type SpanExporter, throughExporter, TraceState } from 'edgespan/otel';
import { startOtel } from '../support/otel.ts';

const { make } = await startOtel();
const AT = 1_795_000_000_000;
const env = {};

describe('foreign processors', () => {
  class Recorder implements SpanProcessor {
    readonly calls: string[] = [];
    readonly spans: ReadableSpan[] = [];
    onStart(span: { name: string; setAttribute(key: string, value: string): unknown }, parent: unknown): void {
      this.calls.push(`start ${span.name} ${trace.getSpan(parent as never) ? 'below' : 'alone'}`);
      span.setAttribute('by', 'processor');
    }
    onEnding(span: { name: string; setAttribute(key: string, value: boolean): unknown; isRecording(): boolean }): void {
      this.calls.push(`ending ${span.name} ${span.isRecording()}`);
      span.setAttribute('ending', true);
    }
    onEnd(span: ReadableSpan): void {
      this.calls.push(`end ${span.name} ${span.ended}`);
      this.spans.push(span);
    }
    async forceFlush(): Promise<void> {
      this.calls.push('flush');
    }
    async shutdown(): Promise<void> {
      this.calls.push('shutdown');
    }
  }

  test('are told of each span, and may add to it until its end', async () => {
    const recorder = new Recorder();
    const { provider, span } = make({ spanProcessors: [recorder] });
    const tracer = provider.getTracer('lib', '1');
    const state = TraceState.parse('a=1') as TraceState;
    tracer.startActiveSpan('root', { kind: 1, startTime: AT, attributes: { a: 1 } }, (root) => {
      const child = tracer.startSpan('child', { links: [{ context: { ...root.spanContext(), traceState: state } }] });
      child.addEvent('e', { x: 1 }, AT + 1).setStatus({ code: SpanStatusCode.ERROR, message: 'm' }).end();
      root.end(AT + 1_500);
    });
    await provider.forceFlush();
    await provider.shutdown();
    assert.deepEqual(recorder.calls, [
      'start root alone', 'start child below', 'ending child true', 'end child true', 'ending root true', 'end root true', 'flush', 'shutdown',
    ]);
    assert.deepEqual(Object.fromEntries(span('root').attributes), { a: 1n, by: 'processor', ending: true });
    const [child, root] = recorder.spans;
    assert.deepEqual([root.startTime, root.endTime, root.duration], [[1_795_000_000, 0], [1_795_000_001, 500_000_000], [1, 500_000_000]]);
    assert.deepEqual([root.kind, root.name, root.ended, root.parentSpanContext], [1, 'root', true, undefined]);
    assert.deepEqual([child.parentSpanContext?.spanId, child.status], [root.spanContext().spanId, { code: 2, message: 'm' }]);
    assert.deepEqual(child.events.map(({ name, time, attributes }) => [name, time, attributes]), [['e', [1_795_000_000, 1_000_000], { x: 1 }]]);
    assert.equal(child.links[0].context.traceState?.serialize(), 'a=1');
    assert.deepEqual([child.droppedAttributesCount, child.droppedEventsCount, child.droppedLinksCount], [0, 0, 0]);
    assert.deepEqual([root.instrumentationScope.name, root.instrumentationScope.version], ['lib', '1']);
    assert.equal(root.resource.attributes['service.name'], 'otel');
    assert.equal(root.resource, child.resource);
  });

  test('what one changes at the end, as to mask it, is what leaves', async () => {
    const masking: SpanProcessor = {
      onStart() {},
      onEnd: (span) => void (span.attributes.secret = '***'),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const { provider, span } = make({ spanProcessors: [masking] });
    provider.getTracer('t').startSpan('s', { attributes: { secret: 'sk-1' } }).end();
    await provider.forceFlush();
    assert.equal(span('s').attributes.get('secret'), '***');
  });

  test('one that throws or rejects reaches neither the user nor the others', async () => {
    const fails = (): never => {
      throw new Error('no');
    };
    const broken = { onStart: fails, onEnding: fails, onEnd: fails, forceFlush: fails, shutdown: () => Promise.reject(new Error('no')) };
    const recorder = new Recorder();
    const { provider, span } = make({ spanProcessors: [broken, recorder] });
    provider.getTracer('t').startSpan('s', { attributes: { a: 1 } }).end();
    assert.equal((await provider.forceFlush()).accepted, 1);
    await provider.shutdown();
    assert.equal(span('s').attributes.size, 3);
    assert.equal(recorder.calls.length, 5);
  });

  test('alone, without a destination, they are what spans are for', async (t) => {
    const warned = t.mock.method(console, 'warn', () => {});
    const memory = new InMemorySpanExporter();
    const provider = new EdgespanTracerProvider({
      resource: { attributes: { 'service.name': 'theirs', shard: 1 } },
      resourceAttributes: { shard: 2 },
      spanProcessors: [new SimpleSpanProcessor(memory)],
      env,
    });
    provider.getTracer('t').startActiveSpan('root', (root) => {
      provider.getTracer('t').startSpan('child').end();
      root.end();
    });
    const { accepted, dropped } = await provider.forceFlush();
    assert.deepEqual([accepted, dropped, warned.mock.callCount()], [0, {}, 0]);
    const [child, root] = memory.getFinishedSpans();
    assert.equal(child.parentSpanContext?.spanId, root.spanContext().spanId);
    const { 'service.name': name, shard } = root.resource.attributes;
    assert.deepEqual([name, shard], ['theirs', 2]);
    assert.equal((await provider.shutdown()).pending, 0);
  });

  test('one that ends the span it is told of, and one that is none', async () => {
    let ends = 0;
    const eager: SpanProcessor = {
      onStart() {},
      onEnding: (span) => span.end(),
      onEnd: () => void ends++,
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const { provider, spans } = make({ spanProcessors: [eager, null as never, {} as never] });
    provider.getTracer('t').startSpan('s').end();
    await provider.forceFlush();
    assert.deepEqual([ends, spans().length], [1, 1]);
  });

  test('who prints a span sees no engine', () => {
    const { provider } = make();
    const span = provider.getTracer('t').startSpan('s', { attributes: { a: 1 } });
    assert.deepEqual(JSON.parse(JSON.stringify(span)).name, 's');
    assert.doesNotMatch(inspect(span, { depth: 9 }), /Engine|Pipeline|Lane/);
  });

  test("the SDK's own, with its exporter, sees what ours sends", async () => {
    const memory = new InMemorySpanExporter();
    const { provider, tree } = make({ spanProcessors: [new BatchSpanProcessor(memory)] });
    const tracer = provider.getTracer('t');
    tracer.startActiveSpan('root', (root) => {
      tracer.startSpan('child').end();
      root.end();
    });
    await provider.forceFlush();
    assert.deepEqual(memory.getFinishedSpans().map(({ name }) => name), ['child', 'root']);
    assert.deepEqual(Object.keys(tree()), ['child', 'root']);
  });
});

describe('foreign exporters as destinations', () => {
  test('are given each tree as ReadableSpans, whole', async () => {
    const memory = new InMemorySpanExporter();
    const provider = new EdgespanTracerProvider({ serviceName: 'x', destinations: [throughExporter(memory, { name: 'memory' })], env });
    const tracer = provider.getTracer('lib', '2', { schemaUrl: 'https://example.com/1' });
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    const traceState = TraceState.parse('k=v') as TraceState;
    const root = tracer.startSpan(
      'root',
      { kind: 4, startTime: [1_795_000_000, 7], attributes: { n: 1, list: ['a'], map: { x: 0.5 } }, links: [{ context: { ...remote, traceState }, attributes: { l: true } }] },
      trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceState: traceState as never }) as never,
    );
    root.addEvent('e', { x: 'y' }, [1_795_000_000, 9]).setStatus({ code: 2, message: 'm' }).end([1_795_000_001, 7]);
    const receipt = await provider.forceFlush();
    assert.equal(receipt.accepted, 1);
    const [span] = memory.getFinishedSpans();
    assert.deepEqual([span.name, span.kind, span.startTime, span.endTime, span.duration, span.ended], ['root', 4, [1_795_000_000, 7], [1_795_000_001, 7], [1, 0], true]);
    assert.deepEqual(span.attributes, { n: 1, list: ['a'], map: { x: 0.5 } });
    assert.deepEqual([span.events, span.status], [
      [{ name: 'e', time: [1_795_000_000, 9], attributes: { x: 'y' }, droppedAttributesCount: 0 }],
      { code: 2, message: 'm' },
    ]);
    const { context: to, attributes } = span.links[0];
    assert.deepEqual([to.traceId, to.spanId, to.traceFlags, to.isRemote, to.traceState?.serialize(), attributes], [remote.traceId, remote.spanId, 1, true, 'k=v', { l: true }]);
    const own = span.spanContext();
    assert.deepEqual([own.traceId, own.traceState?.serialize(), span.parentSpanContext?.spanId, span.parentSpanContext?.isRemote], [remote.traceId, 'k=v', remote.spanId, true]);
    assert.deepEqual([span.resource.attributes['service.name'], span.instrumentationScope], ['x', { name: 'lib', version: '2', schemaUrl: 'https://example.com/1' }]);
  });

  test('failures are counted, and said', async () => {
    const failing: SpanExporter = { export: (_, told) => told({ code: 1, error: new Error('full') }), shutdown: async () => {} };
    const throwing: SpanExporter = { export: () => { throw new Error('broken'); }, shutdown: async () => {} };
    const destinations = [throughExporter(failing, { name: 'f' }), throughExporter(throwing, { name: 't' }), throughExporter(new InMemorySpanExporter())];
    const provider = new EdgespanTracerProvider({ destinations, env, spool: false, logLevel: 'silent' });
    provider.getTracer('t').startSpan('s').end();
    const { accepted, dropped, rejected, errors } = await provider.forceFlush();
    assert.deepEqual([accepted, rejected + Object.values(dropped).reduce((a, b) => a + b, 0)], [1, 2]);
    assert.deepEqual(errors.map(({ destination, message }) => [destination, message]).sort(), [
      ['f', 'the exporter failed (full)'],
      ['t', 'the exporter threw (Error: broken)'],
    ]);
  });

  test('are flushed and shut down with their provider', async () => {
    const calls: string[] = [];
    const exporter: SpanExporter = {
      export: (spans, told) => {
        calls.push(`export ${spans.length}`);
        told({ code: 0 });
      },
      forceFlush: async () => void calls.push('flush'),
      shutdown: async () => {
        calls.push('shutdown');
        throw new Error('no');
      },
    };
    const provider = new EdgespanTracerProvider({ destinations: [throughExporter(exporter)], env, logLevel: 'silent' });
    provider.getTracer('t').startSpan('s').end();
    await provider.forceFlush();
    await provider.shutdown();
    assert.deepEqual(calls, ['export 1', 'flush', 'shutdown']);
  });

  test("the SDK's console takes them", async (t) => {
    const printed = t.mock.method(console, 'dir', () => {});
    const provider = new EdgespanTracerProvider({ destinations: [throughExporter(new ConsoleSpanExporter())], env });
    provider.getTracer('t').startSpan('s').end();
    await provider.forceFlush();
    const [[shown]] = printed.mock.calls.map(({ arguments: given }) => given as unknown as [{ name: string; id: string }]);
    assert.equal(shown.name, 's');
    assert.match(shown.id, /^[\da-f]{16}$/);
  });
});
