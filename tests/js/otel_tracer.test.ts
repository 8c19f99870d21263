// Tracers and providers: parents, ids, samplers, scopes, run().
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { context, createContextKey, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import {
  active,
  alwaysOff,
  alwaysOn,
  parentBased,
  ROOT,
  run,
  type Sampler,
  TraceState,
  withContext,
} from 'edgespan/otel';
import { startOtel } from '../support/otel.ts';
import { total } from '../support/exporter.ts';

const { make } = await startOtel();
const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true };

describe('parents', () => {
  test('the active span, the given context, none', async () => {
    const { provider, tree, bodies } = make();
    const tracer = provider.getTracer('t');
    tracer.startActiveSpan('root', (root) => {
      const inside = active();
      tracer.startActiveSpan('child', { attributes: { a: 1 } }, (child) => {
        tracer.startSpan('leaf').end();
        tracer.startSpan('sibling', {}, inside).end();
        tracer.startSpan('other', { root: true }).end();
        tracer.startSpan('alone', {}, ROOT).end();
        child.end();
      });
      tracer.startActiveSpan('explicit', {}, ROOT, (one) => {
        assert.equal(trace.getSpan(active() as never), one);
        one.end();
      });
      root.end();
    });
    await provider.forceFlush();
    assert.deepEqual(tree(), {
      other: '', alone: '', leaf: 'child', sibling: 'root', child: 'root', explicit: '', root: '',
    });
    assert.equal(new Set(bodies().flat().map(({ traceId }) => traceId)).size, 4);
  });

  test('a remote one keeps its trace id, state and flag', async () => {
    const { provider, span } = make();
    const state = TraceState.parse('vendor=1,other=2') as TraceState;
    const parent = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceFlags: 3, traceState: state as never });
    const one = provider.getTracer('t').startSpan('s', { kind: 1 }, parent);
    const { traceId, traceFlags, traceState } = one.spanContext();
    assert.deepEqual([traceId, traceFlags, traceState?.serialize()], [remote.traceId, 3, 'vendor=1,other=2']);
    one.end();
    await provider.forceFlush();
    const got = span('s');
    assert.deepEqual([got.traceId, got.parentSpanId, got.traceState], [remote.traceId, remote.spanId, 'vendor=1,other=2']);
    assert.deepEqual([got.kind, got.flags], [2, 0x303]); // server; sampled and random, of another process
  });

  test('one that is not valid is none', async () => {
    const { provider, tree } = make();
    const zeros = { ...remote, spanId: '0000000000000000' };
    for (const bad of [zeros, { ...remote, traceId: 'x' }, { ...remote, traceId: '0'.repeat(32) }]) {
      const one = provider.getTracer('t').startSpan('s', {}, trace.setSpanContext(ROOT_CONTEXT, bad));
      assert.notEqual(one.spanContext().traceId, bad.traceId);
      one.end();
    }
    await provider.forceFlush();
    assert.deepEqual(tree(), { s: '' });
  });

  test('every kind has its number', async () => {
    const { provider, spans } = make();
    for (const kind of [undefined, 0, 1, 2, 3, 4]) provider.getTracer('t').startSpan('s', { kind }).end();
    await provider.forceFlush();
    assert.deepEqual(spans().map(({ kind }) => kind), [1, 1, 2, 3, 4, 5]);
  });

  test('links: ids, state, flags, attributes', async () => {
    const { provider, span } = make();
    const traceState = TraceState.parse('a=b') as TraceState;
    const none = { traceId: '', spanId: '', traceFlags: 0 };
    const one = provider.getTracer('t').startSpan('s', { links: [{ context: { ...remote, traceState }, attributes: { n: 1 } }] });
    one.addLinks([{ context: { ...remote, isRemote: false, traceFlags: 0 } }, { context: none, attributes: { m: 2 } }]);
    one.end();
    await provider.forceFlush();
    const { traceId, spanId } = remote;
    const empty = { traceState: '', dropped: 0 };
    assert.deepEqual(span('s').links, [
      { traceId, spanId, traceState: 'a=b', attributes: new Map([['n', 1n]]), dropped: 0, flags: 0x301 },
      { ...empty, traceId, spanId, attributes: new Map(), flags: 0x100 },
      { ...empty, traceId: '', spanId: '', attributes: new Map([['m', 2n]]), flags: 0x100 },
    ]);
  });

  test('ids are random, well formed, and said to be random', () => {
    const { provider } = make();
    const all = Array.from({ length: 1_000 }, () => provider.getTracer('t').startSpan('s').spanContext());
    for (const { traceId, spanId, traceFlags } of all) {
      assert.match(traceId, /^[\da-f]{32}$/);
      assert.match(spanId, /^[\da-f]{16}$/);
      assert.equal(traceFlags, 3);
    }
    assert.equal(new Set(all.flatMap(({ traceId, spanId }) => [traceId, spanId])).size, 2_000);
    // Level 2 wants the last 56 bits to be so.
    const bits = new Set(all.map(({ traceId }) => traceId.slice(18, 20)));
    assert.ok(bits.size > 200, `${bits.size}`);
  });
});

test('ids of a generator, which are not said to be random', async () => {
  let made = 0;
  const id = (digits: number): string => `${++made}`.padStart(digits, '0');
  const { provider, span } = make({ idGenerator: { generateTraceId: () => id(32), generateSpanId: () => id(16) } });
  run(provider.getTracer('t'), 'root', {}, () => provider.getTracer('t').startSpan('child').end());
  await provider.forceFlush();
  const [root, child] = [span('root'), span('child')];
  assert.deepEqual([root.traceId, root.spanId, child.spanId, child.parentSpanId], [1, 2, 3, 2].map((n, i) => `${n}`.padStart(i ? 16 : 32, '0')));
  assert.deepEqual([child.traceId, root.flags & 2, child.flags & 2], [root.traceId, 0, 0]);
});

describe('samplers', () => {
  const decide = (decision: number, more = {}): Sampler => ({ shouldSample: () => ({ decision, ...more }), toString: () => 's' });

  test('a span that is not recorded hands on its context, and is not sent', async () => {
    const { provider, spans } = make({ sampler: alwaysOff });
    const tracer = provider.getTracer('t');
    tracer.startActiveSpan('s', (one) => {
      assert.equal(one.isRecording(), false);
      const { traceId, traceFlags } = one.spanContext();
      const child = tracer.startSpan('c');
      assert.deepEqual([child.spanContext().traceId, child.spanContext().traceFlags & 1], [traceId, 0]);
      assert.equal(traceFlags & TraceFlags.SAMPLED, 0);
      child.setAttribute('a', 1).setAttributes({}).addEvent('e').setStatus({ code: 2 }).updateName('x');
      child.addLink({ context: remote }).addLinks([]).recordException('x');
      child.end();
      one.end();
    });
    const receipt = await provider.forceFlush();
    assert.deepEqual([spans().length, total(receipt)], [0, 0]);
  });

  test('see what the span has, and add to it', async () => {
    const seen: unknown[] = [];
    const { provider, span } = make({
      sampler: {
        shouldSample: (_: unknown, ...rest: unknown[]) => {
          seen.push(...structuredClone(rest));
          return { decision: 2, attributes: { by: 'sampler', a: 'theirs' }, traceState: TraceState.parse('s=1') };
        },
        toString: () => 's',
      },
    });
    const given = { a: 'mine', b: [1] };
    provider.getTracer('t').startSpan('s', { kind: 3, attributes: given, links: [{ context: remote }] }).end();
    await provider.forceFlush();
    const got = span('s');
    assert.deepEqual(seen, [got.traceId, 's', 3, given, [{ context: remote, attributes: {} }]]);
    assert.deepEqual(Object.fromEntries(got.attributes), { a: 'theirs', b: [1n], by: 'sampler' });
    assert.deepEqual([got.traceState, given], ['s=1', { a: 'mine', b: [1] }]);
  });

  test('what is recorded without being sampled is for processors alone', async () => {
    const ended: string[] = [];
    const processor = {
      onStart() {},
      onEnd: (span: { name: string }) => void ended.push(span.name),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const { provider, spans } = make({ sampler: decide(1), spanProcessors: [processor] });
    const one = provider.getTracer('t').startSpan('s');
    assert.deepEqual([one.isRecording(), one.spanContext().traceFlags & 1], [true, 0]);
    one.end();
    await provider.forceFlush();
    assert.deepEqual([spans().length, ended], [0, ['s']]);
  });

  test('parentBased asks one of five', () => {
    const asked: string[] = [];
    const named = (name: string): Sampler => ({
      shouldSample: () => {
        asked.push(name);
        return { decision: 0 };
      },
      toString: () => name,
    });
    const sampler = parentBased({
      root: named('root'),
      remoteParentSampled: named('remote, sampled'),
      remoteParentNotSampled: named('remote, not sampled'),
      localParentSampled: named('local, sampled'),
      localParentNotSampled: named('local, not sampled'),
    });
    const { provider } = make({ sampler });
    for (const parent of [undefined, remote, { ...remote, traceFlags: 2 }]) {
      for (const isRemote of parent ? [true, false] : [false]) {
        const given = parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote }) : ROOT;
        provider.getTracer('t').startSpan('s', {}, given as never);
      }
    }
    assert.deepEqual(asked, ['root', 'remote, sampled', 'local, sampled', 'remote, not sampled', 'local, not sampled']);
    assert.match(`${sampler}`, /^ParentBased\{root=root, remoteParentSampled=remote, sampled/);
    assert.equal(`${parentBased({ root: alwaysOn })}`.includes('AlwaysOnSampler'), true);
  });

  test("the SDK's fit; one that throws loses its span alone", async () => {
    const ratio = make({ sampler: new TraceIdRatioBasedSampler(0.5) });
    for (let i = 0; i < 200; i++) ratio.provider.getTracer('t').startSpan('s').end();
    await ratio.provider.forceFlush();
    assert.ok(ratio.spans().length > 50 && ratio.spans().length < 150, `${ratio.spans().length}`);
    const { provider } = make({
      sampler: { shouldSample: () => { throw new Error('no'); }, toString: () => 'x' },
    });
    assert.equal(provider.getTracer('t').startSpan('s').isRecording(), false);
  });

  test("the environment's, where none is given; what it cannot be is said", async (t) => {
    const warned = t.mock.method(console, 'warn', () => {});
    const recorded = (name: unknown, sampler?: Sampler): boolean =>
      make({ env: { OTEL_TRACES_SAMPLER: name }, sampler, logLevel: 'warn' }).provider.getTracer('t').startSpan('s').isRecording();
    assert.deepEqual(['always_on', 'always_off', 'parentbased_always_on', 'PARENTBASED_ALWAYS_OFF', 'toString'].map((one) => recorded(one)), [true, false, true, false, true]);
    assert.equal(recorded('always_off', alwaysOn), true);
    assert.equal(recorded('', {} as never), true);
    const said = warned.mock.calls.map(({ arguments: [line] }) => String(line));
    assert.equal(said.length, 2);
    assert.match(said[0], /OTEL_TRACES_SAMPLER is ignored/);
    assert.match(said[1], /`sampler` is ignored/);
  });

  test("a destination's formatter, which knows Mastra's spans alone, is warned of", (t) => {
    const warned = t.mock.method(console, 'warn', () => {});
    make({ logLevel: 'warn' }, { otlp: { customSpanFormatter: (span) => span } });
    assert.match(String(warned.mock.calls[0]?.arguments[0]), /customSpanFormatter.*spanProcessors/);
  });

  test('what is suppressed is no span at all', async () => {
    const { provider } = make();
    const one = provider.getTracer('t').startSpan('s', {}, suppressTracing(ROOT_CONTEXT));
    assert.deepEqual([one.isRecording(), one.spanContext().traceId], [false, '0'.repeat(32)]);
  });
});

describe('scopes', () => {
  test('each tracer names its library', async () => {
    const { provider, span } = make();
    provider.getTracer('one', '1.2.3', { attributes: { a: 1 }, schemaUrl: 'https://example.com/1' }).startSpan('a').end();
    provider.getTracer('two').startSpan('b').end();
    await provider.forceFlush();
    assert.deepEqual(span('a').scope, {
      name: 'one', version: '1.2.3', schemaUrl: 'https://example.com/1', attributes: new Map([['a', 1n]]),
    });
    assert.deepEqual(span('b').scope, { name: 'two', version: '', schemaUrl: '', attributes: new Map() });
  });

  test('equal ones are the same tracer', () => {
    const { provider } = make();
    assert.equal(provider.getTracer('a', '1'), provider.getTracer('a', '1'));
    assert.notEqual(provider.getTracer('a', '1'), provider.getTracer('a', '2'));
    assert.notEqual(provider.getTracer('a', '1', { schemaUrl: 'x' }), provider.getTracer('a', '1'));
    assert.ok(provider.getTracer(undefined as never).startSpan('s').isRecording());
    assert.ok(provider.getTracer('a', '1', { attributes: { big: 1n } }).startSpan('s').isRecording());
  });
});

describe('run', () => {
  test('gives back what the function does, and records what it throws', async () => {
    const { provider, span } = make();
    const tracer = provider.getTracer('t');
    const promise = Promise.resolve(1);
    assert.equal(run(tracer, 'value', { kind: 2, attributes: { a: 1 } }, () => 7), 7);
    assert.equal(run(tracer, 'promise', {}, () => promise), promise);
    const error = new TypeError('no');
    assert.throws(() => run(tracer, 'throws', {}, () => { throw error; }), error);
    await assert.rejects(run(tracer, 'rejects', {}, () => Promise.reject(error)), error);
    const parent = trace.setSpanContext(ROOT_CONTEXT, remote) as never;
    run(tracer, 'below', { parent, links: [{ context: remote }] }, (one) => {
      assert.equal(trace.getSpan(active() as never), one);
    });
    await provider.forceFlush();
    assert.deepEqual([span('value').kind, span('value').status.code], [3, 0]);
    for (const name of ['throws', 'rejects']) {
      assert.deepEqual(span(name).status, { code: 2, message: 'no' });
      assert.equal(span(name).events[0].attributes.get('exception.type'), 'TypeError');
    }
    assert.deepEqual([span('below').parentSpanId, span('below').links.length], [remote.spanId, 1]);
  });

  test('does not begin work that its caller begins by awaiting it', async () => {
    const { provider } = make();
    let begun = 0;
    const query = { then: (ok: (rows: number[]) => void) => ok([++begun]) };
    assert.deepEqual(await run(provider.getTracer('t'), 'query', {}, () => query), [1]);
    assert.equal(begun, 1);
    await provider.forceFlush();
  });
});

test("the API's contexts and ours go together", () => {
  const key = createContextKey('k');
  withContext(ROOT_CONTEXT.setValue(key, 1) as never, () => {
    assert.equal(active().getValue(key), 1);
    assert.equal(active().deleteValue(key).getValue(key), undefined);
  });
  assert.equal(ROOT.getValue(key), undefined);
  assert.notEqual(context, undefined);
});
