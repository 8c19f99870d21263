// Sampling of OpenTelemetry's spans, by providers of ours and of the SDK, and by handlers: whole traces, and
// what other services are told of them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { BasicTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { Hono } from 'hono';
import { tracing } from 'edgespan/hono';
import { EdgespanExporter } from 'edgespan/mastra';
import {
  active,
  alwaysOff,
  type Context,
  EdgespanSpanProcessor,
  EdgespanTracerProvider,
  ROOT,
  run,
  traceContextPropagator,
  withContext,
} from 'edgespan/otel';
import { always, custom, never, onError, parentBased, ratio, rules, type RunStart, tail } from 'edgespan/sampling';
import { startSite } from '../support/exporter.ts';
import { weightOf, withinOdds } from '../support/odds.ts';
import { play, run as made } from './spans.ts';

const { place, sink } = await startSite();
const random = (): string => randomBytes(16).toString('hex');
const isHigh = (traceId: string): boolean => Number.parseInt(traceId.slice(18, 26), 16) >= 2 ** 31;

function lab(options: object) {
  const to = place('ok');
  const provider = new EdgespanTracerProvider({ destinations: [to.to], env: {}, ...options });
  return { to, provider, tracer: provider.getTracer('test') };
}
/** As a caller's headers say it. */
function from(traceId: string, flags = '01', tracestate = ''): Context {
  const carrier: Record<string, string> = { traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}`, tracestate };
  const getter = { get: (_: unknown, key: string) => carrier[key], keys: () => Object.keys(carrier) };
  return traceContextPropagator.extract(ROOT, carrier, getter);
}
describe("a provider's sampling", () => {
  test('decides traces as a whole, and tells others: flags, th, and what else their tracestate has', async () => {
    const { to, provider, tracer } = lab({ sampling: ratio(0.5) });
    const traces = Array.from({ length: 40 }, random);
    for (const traceId of traces) {
      withContext(from(traceId, '01', 'ot=xx:1,vendor=2'), () =>
        tracer.startActiveSpan('outer', (outer) => {
          tracer.startActiveSpan('inner', (inner) => {
            const { traceFlags, traceState } = inner.spanContext();
            assert.equal(traceFlags & 1, +isHigh(traceId));
            assert.equal(traceState?.serialize(), isHigh(traceId) ? 'ot=th:8;xx:1,vendor=2' : 'ot=xx:1,vendor=2');
            inner.end();
          });
          outer.end();
        }),
      );
    }
    const receipt = await provider.forceFlush();
    const kept = traces.filter(isHigh);
    assert.equal(receipt.accepted, 2 * kept.length);
    assert.deepEqual([...new Set(to.spans().map(({ traceId }) => traceId))].sort(), kept.sort());
    assert.ok(to.spans().every(({ traceState }) => traceState === 'ot=th:8;xx:1,vendor=2'));
  });

  test('its rules see kind and attributes; sampler goes before it, and it before the environment', async () => {
    const seen: RunStart[] = [];
    const sampling = rules([
      { when: { type: 'server', metadata: { 'http.route': '/health' } }, sample: never() },
      { when: {}, sample: custom((start) => seen.push(start) > 0) },
    ]);
    const env = { OTEL_TRACES_SAMPLER: 'always_off' };
    for (const [options, count] of [[{}, 1], [{ sampler: alwaysOff }, 0]] as const) {
      const { to, provider, tracer } = lab({ sampling, env, ...options });
      const span = (name: string, route: string) =>
        tracer.startSpan(name, { kind: 1, attributes: { 'http.route': route } }).end();
      span('GET', '/health');
      span('GET', '/items');
      await provider.forceFlush();
      assert.equal(to.spans().length, count);
    }
    assert.deepEqual(seen.map(({ type, name, metadata }) => [type, name, metadata]), [
      ['server', 'GET', { 'http.route': '/items' }],
    ]);
  });

  test('with tail: th is that of the smaller ratio; what custom() keeps has none', async () => {
    const cases = [
      [ratio(0.5), 0.25, 'ot=th:c'],
      [ratio(0.25), 0.5, 'ot=th:c'],
      [always(), 0.5, 'ot=th:8'],
      [custom(() => true), 0.5, ''],
    ] as const;
    for (const [sampling, part, state] of cases) {
      const { to, provider, tracer } = lab({ sampling, tail: tail({ ratio: part, keep: [onError()] }) });
      for (let i = 0; i < 8; i++) run(tracer, 'a', { parent: from(`${'f'.repeat(31)}${i}`) }, () => {});
      run(tracer, 'low', { parent: from(`f${'0'.repeat(31)}`) }, () => {});
      await provider.forceFlush();
      assert.equal(to.spans().length, 8);
      assert.ok(to.spans().every(({ traceState }) => traceState === state), `${sampling}: ${to.spans()[0]?.traceState}`);
    }
  });

  test('a caller that sampled one in four is followed, at its weight', async () => {
    const { to, provider, tracer } = lab({ sampling: parentBased({ root: never() }), tail: tail({ ratio: 1 }) });
    run(tracer, 'a', { parent: from('f'.repeat(32), '01', 'ot=th:c') }, () => {});
    run(tracer, 'b', { parent: from('f'.repeat(32), '00', 'ot=th:c') }, () => {});
    run(tracer, 'c', {}, () => {});
    await provider.forceFlush();
    assert.deepEqual(to.spans().map(({ name, traceState }) => [name, weightOf(traceState)]), [['a', 4]]);
  });

  test("an exporter's is its provider's, and so is one of the provider's own", async () => {
    const to = place('ok');
    const exporter = new EdgespanExporter({ destinations: [to.to], sampling: never() });
    for (const [options, count] of [[{}, 0], [{ sampling: always() }, 1]] as const) {
      const provider = new EdgespanTracerProvider({ exporter, ...options });
      provider.getTracer('t').startSpan('request').end();
      await provider.forceFlush();
      assert.equal(to.spans().length, count);
    }
    play(exporter, made(1, { traceId: random() }));
    assert.deepEqual((await exporter.flush()).dropped, { sampled: 2 });
  });
});

test('two services with one ratio keep the same tenth of traces', async () => {
  const [mastra, otel] = [place('ok'), place('ok')];
  const exporter = new EdgespanExporter({ destinations: [mastra.to], sampling: ratio(0.1) });
  const { provider, tracer } = lab({ destinations: [otel.to], sampling: ratio(0.1) });
  const all = 20_000;
  for (let i = 0; i < all; i++) {
    const traceId = random();
    play(exporter, made(0, { traceId }));
    run(tracer, 'other', { parent: from(traceId, i % 2 ? '01' : '00') }, () => {});
    if (i % 2_000 === 0) await Promise.all([exporter.flush(), provider.forceFlush()]);
  }
  const [receipt] = await Promise.all([exporter.flush(), provider.forceFlush()]);
  const [ours, theirs] = [mastra, otel].map(({ spans }) => spans().map(({ traceId }) => traceId).sort());
  assert.deepEqual(ours, theirs);
  assert.ok(withinOdds(ours!.length, all, 0.1), `${ours!.length} of ${all}`);
  assert.ok(receipt.dropped.sampled! > 0);
  const total = mastra.spans().reduce((sum, { traceState }) => sum + weightOf(traceState), 0);
  assert.ok(Math.abs(total - all) <= 3.2905 * Math.sqrt(all * 9), `${total}`);
});

describe("OpenTelemetry's SDK", () => {
  test('its providers take a sampler of ours', async () => {
    const to = place('ok');
    const processor = new EdgespanSpanProcessor({ destinations: [to.to] });
    const provider = new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root: ratio(0.5) as never }),
      spanProcessors: [processor as never],
    });
    const tracer = provider.getTracer('sdk');
    const traces = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const span = tracer.startSpan('a', {}, ROOT as never);
      traces.add(span.spanContext().traceId);
      span.end();
    }
    await processor.forceFlush();
    assert.deepEqual(to.spans().map(({ traceId }) => traceId).sort(), [...traces].filter(isHigh).sort());
    assert.ok(to.spans().every(({ traceState }) => traceState === 'ot=th:8'));
  });

  test('a sampling that comes after its provider has decided is warned of; a tail is not', async (t) => {
    const warn = t.mock.method(console, 'warn', () => {});
    const to = place('ok');
    const processor = new EdgespanSpanProcessor({
      destinations: [to.to],
      sampling: never(),
      tail: tail({ keep: [onError()] }),
    });
    const tracer = new BasicTracerProvider({ spanProcessors: [processor as never] }).getTracer('sdk');
    for (const code of [0, 2]) {
      const span = tracer.startSpan(`status ${code}`);
      span.setStatus({ code });
      span.end();
    }
    const receipt = await processor.forceFlush();
    assert.deepEqual(to.spans().map(({ name }) => name), ['status 2']);
    assert.deepEqual(receipt.dropped, { sampled: 1 });
    assert.deepEqual(warn.mock.calls.map(({ arguments: [line] }) => line), [
      "[edgespan] `sampling` is ignored: the SDK's provider has decided; give it to that as its `sampler`.",
    ]);
  });
});

test("a handler's requests, by Hono's tracing(): a caller's decision is followed, and the answer's fetch told", async () => {
  const to = place('ok');
  const told: string[] = [];
  const app = new Hono();
  app.use(
    tracing({
      destinations: [to.to],
      sampling: parentBased({ root: rules([{ when: { metadata: { 'url.path': '/health' } }, sample: never() }]) }),
      fetch: false,
    }) as never,
  );
  app.get('*', (c) => {
    traceContextPropagator.inject(active(), told, { set: (list: string[], _: string, value: string) => void list.push(value) });
    return c.text('ok');
  });
  const ask = async (path: string, flags?: string): Promise<void> => {
    const headers: Record<string, string> = flags ? { traceparent: `00-${random()}-00f067aa0ba902b7-${flags}` } : {};
    await (await app.request(path, { headers })).text();
  };
  await ask('/health');
  await ask('/items', '00');
  await ask('/items', '01');
  await ask('/items');
  await sink.until(() => to.spans().length >= 2, 'requests');
  assert.equal(to.spans().length, 2);
  // W3C's flags; bit 1 says that the trace's id is random.
  assert.deepEqual(told.map((header) => Number(header.at(-1)) & 1), [0, 0, 1, 1]);
});
