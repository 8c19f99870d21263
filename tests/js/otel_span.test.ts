// Spans, by the cases of OpenTelemetry's trace API: what was recorded is what arrives on the wire.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROOT } from 'edgespan/otel';
import { later, startOtel } from '../support/otel.ts';

const { make } = await startOtel();
const AT = 1_795_000_000_000; // milliseconds
const ns = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n;

describe('attributes', () => {
  test('every kind of value arrives as its own kind', async () => {
    const { provider, span } = make();
    const one = provider.getTracer('t').startSpan('s');
    one.setAttribute('text', 'é\u{1f600}').setAttribute('empty', '').setAttribute('yes', true);
    one.setAttributes({ whole: 42, part: 0.1, huge: 2 ** 60, big: -(2n ** 63n), nan: Number.NaN, zero: 0 });
    one.setAttributes({ texts: ['a', 'b'], numbers: [1, 2.5], flags: [true, false], none: [], gaps: ['a', null] });
    one.setAttributes({ map: { deep: { list: [{ x: 1 }, 'y'] } }, bytes: Uint8Array.of(0, 255), date: new Date(0) });
    one.end();
    await provider.forceFlush();
    assert.deepEqual(Object.fromEntries(span('s').attributes), {
      text: 'é\u{1f600}',
      empty: '',
      yes: true,
      whole: 42n,
      part: 0.1,
      huge: 1n << 60n,
      big: -(1n << 63n),
      nan: Number.NaN,
      zero: 0n,
      texts: ['a', 'b'],
      numbers: [1n, 2.5],
      flags: [true, false],
      none: [],
      gaps: ['a', null],
      map: new Map([['deep', new Map([['list', [new Map([['x', 1n]]), 'y']]])]]),
      bytes: Uint8Array.of(0, 255),
      date: '1970-01-01T00:00:00.000Z',
    });
  });

  test('what has no value, or no key, is not there; the last value of a key is', async () => {
    const { provider, span } = make();
    const one = provider.getTracer('t').startSpan('s', { attributes: { a: 1, b: null, c: undefined } });
    one.setAttribute('a', 2).setAttribute('', 'no key').setAttribute('a', null);
    one.setAttribute('f', () => 1).setAttribute('y', Symbol('y')).setAttribute(3 as never, 'x');
    one.setAttribute('__proto__', { polluted: true }).setAttributes(undefined as never);
    one.end();
    await provider.forceFlush();
    assert.deepEqual([...span('s').attributes], [['a', 2n]]);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });

  test('a list is as it was when it was set', async () => {
    const { provider, span } = make();
    const list = ['a'];
    const one = provider.getTracer('t').startSpan('s').setAttribute('list', list);
    list.push('b');
    one.end();
    await provider.forceFlush();
    assert.deepEqual(span('s').attributes.get('list'), ['a']);
  });
});

describe('limits', () => {
  test('attributes, events and links over the limit are counted, once', async () => {
    const { provider, span } = make();
    const one = provider.getTracer('t').startSpan('s');
    const context = one.spanContext();
    for (let i = 0; i < 200; i++) {
      one.setAttribute(`a${i}`, i).addEvent(`e${i}`).addLink({ context, attributes: { i } });
    }
    one.setAttribute('a0', 'again');
    one.end();
    await provider.forceFlush();
    const got = span('s');
    assert.deepEqual(got.dropped, { attributes: 72, events: 72, links: 72 });
    assert.equal(got.attributes.size, 128);
    assert.equal(got.attributes.get('a0'), 'again');
    assert.deepEqual([got.events.length, got.events[0].name, got.events.at(-1)?.name], [128, 'e72', 'e199']);
    assert.deepEqual([got.links.length, got.links[0].attributes.get('i')], [128, 72n]);
  });

  test('those of events and links, and the length of texts', async () => {
    const { provider, span } = make({
      spanLimits: {
        attributeValueLengthLimit: 4,
        attributePerEventCountLimit: 1,
        attributePerLinkCountLimit: 2,
        attributeCountLimit: 3,
      },
    });
    const attributes = { a: 'abcdefg', b: ['12345', 9, 'x'], c: { d: 'abcdefg' }, e: 1 };
    const one = provider.getTracer('t').startSpan('s', { attributes });
    one.addEvent('e', attributes).addLink({ context: one.spanContext(), attributes });
    one.end();
    await provider.forceFlush();
    const got = span('s');
    const cut = { a: 'abcd', b: ['1234', 9n, 'x'], c: new Map([['d', 'abcd']]) };
    assert.deepEqual(Object.fromEntries(got.attributes), cut);
    assert.equal(got.dropped.attributes, 1);
    assert.deepEqual([[...got.events[0].attributes], got.events[0].dropped], [[['a', 'abcd']], 3]);
    assert.deepEqual([[...got.links[0].attributes.keys()], got.links[0].dropped], [['a', 'b'], 2]);
  });

  test('what holds itself, or shares its parts, is cut in time', async () => {
    const { provider, span } = make({ spanLimits: { attributeValueLengthLimit: 4, attributeCountLimit: 3 } });
    const ring: unknown[] = ['abcdef'];
    ring.push(ring, ring);
    let shared: object = { text: 'abcdef' };
    for (let i = 0; i < 40; i++) shared = { a: shared, b: shared };
    const free = make();
    for (const one of [provider, free.provider]) {
      one.getTracer('t').startSpan('s', { attributes: { ring, shared, no: Symbol('s'), text: 'abcdef' } }).end();
    }
    const before = performance.now();
    await provider.forceFlush();
    await free.provider.forceFlush();
    assert.ok(performance.now() - before < 5_000);
    assert.deepEqual([...span('s').attributes.keys()], ['ring', 'shared', 'text']);
    assert.deepEqual([span('s').attributes.get('text'), free.span('s').attributes.get('text')], ['abcd', 'abcdef']);
    assert.equal((span('s').attributes.get('ring') as unknown[])[0], 'abcd');
  });

  test('no character is cut in half', async () => {
    const { provider, span } = make({ spanLimits: { attributeValueLengthLimit: 4 } });
    provider.getTracer('t').startSpan('s', { attributes: { a: 'abc\u{1f600}', b: 'ab\u{1f600}c' } }).end();
    await provider.forceFlush();
    assert.deepEqual([...span('s').attributes.values()], ['abc', 'ab\u{1f600}']);
  });

  test('limits of 0, limits over 128, and those of the environment', async () => {
    const none = make({ spanLimits: { attributeCountLimit: 0, eventCountLimit: 0, linkCountLimit: 0 } });
    const one = none.provider.getTracer('t').startSpan('s', { attributes: { a: 1 } });
    one.addEvent('e').addLink({ context: one.spanContext() }).end();
    await none.provider.forceFlush();
    assert.deepEqual(none.span('s').dropped, { attributes: 1, events: 1, links: 1 });

    const env = { OTEL_SPAN_EVENT_COUNT_LIMIT: '300', OTEL_ATTRIBUTE_COUNT_LIMIT: 2, OTEL_SPAN_LINK_COUNT_LIMIT: 'x' };
    const more = make({ env, spanLimits: { linkCountLimit: 200 } });
    const two = more.provider.getTracer('t').startSpan('s');
    for (let i = 0; i < 400; i++) two.addEvent('e').addLink({ context: two.spanContext() }).setAttribute(`${i}`, i);
    two.end();
    await more.provider.forceFlush();
    const { events, links, attributes, dropped } = more.span('s');
    assert.deepEqual([events.length, links.length, attributes.size], [300, 200, 2]);
    assert.deepEqual(dropped, { attributes: 398, events: 100, links: 200 });
  });
});

describe('times', () => {
  test('numbers, Dates and HrTimes, to the nanosecond', async () => {
    const { provider, span } = make();
    const tracer = provider.getTracer('t');
    const one = tracer.startSpan('hr', { startTime: [1_795_000_000, 123_456_789] });
    one.addEvent('e', [1_795_000_001, 1]).addEvent('f', { a: 1 }, new Date(AT + 2000));
    one.end([1_795_000_003, 999_999_999]);
    tracer.startSpan('ms', { startTime: AT }).end(AT + 0.25);
    tracer.startSpan('date', { startTime: new Date(AT) }).end(new Date(AT + 7));
    await provider.forceFlush();
    const hr = span('hr');
    assert.deepEqual([hr.start, hr.end], [1_795_000_000_123_456_789n, 1_795_000_003_999_999_999n]);
    assert.deepEqual(hr.events.map(({ time }) => time), [1_795_000_001_000_000_001n, ns(AT + 2000)]);
    assert.deepEqual([...hr.events[1].attributes], [['a', 1n]]);
    assert.deepEqual([span('ms').start, span('ms').end], [ns(AT), ns(AT) + 250_000n]);
    assert.deepEqual([span('date').start, span('date').end], [ns(AT), ns(AT + 7)]);
  });

  test('performance.now() is one of those, as in the SDK', async () => {
    const { provider, span } = make();
    const before = performance.now();
    await later(5);
    const one = provider.getTracer('t').startSpan('s', { startTime: before });
    const now = Date.now();
    one.end();
    await provider.forceFlush();
    const { start, end } = span('s');
    assert.ok(end - start >= 4_000_000n && end - start < 1_000_000_000n, `${end - start}`);
    assert.ok(start < ns(now) && ns(now) - start < 1_000_000_000n);
  });

  test('what is no time is now; an end before the start is the start', async () => {
    const { provider, spans } = make();
    const tracer = provider.getTracer('t');
    for (const time of [Number.NaN, 'x', {}, new Date(Number.NaN), [1], [Number.NaN, 1], null, Infinity]) {
      const one = tracer.startSpan('s', { startTime: time as never });
      one.addEvent('e', undefined, time as never);
      one.end(time as never);
    }
    tracer.startSpan('back', { startTime: AT }).end(AT - 5);
    await provider.forceFlush();
    for (const { name, start, end, events } of spans()) {
      if (name === 'back') assert.deepEqual([start, end], [ns(AT), ns(AT)]);
      else for (const time of [start, end, events[0].time]) {
        assert.ok(ns(Date.now()) - time < 60_000_000_000n && time <= ns(Date.now() + 1), `${time}`);
      }
    }
  });

  test('a child lies within its parent, also when the clock is set back', async (t) => {
    const { provider, spans } = make();
    const tracer = provider.getTracer('t');
    let skew = 0;
    const { now } = Date;
    t.mock.method(Date, 'now', () => now() - skew);
    tracer.startActiveSpan('root', (root) => {
      for (let i = 0; i < 50; i++) {
        skew += 1_000;
        tracer.startActiveSpan('child', (child) => {
          tracer.startSpan('leaf').end();
          child.end();
        });
      }
      root.end();
    });
    await provider.forceFlush();
    const by = new Map(spans().map((span) => [span.spanId, span]));
    assert.equal(by.size, 101);
    for (const { start, end, parentSpanId } of by.values()) {
      const parent = by.get(parentSpanId);
      if (parent) assert.ok(parent.start <= start && start <= end && end <= parent.end);
    }
  });
});

describe('status, name, exceptions', () => {
  test('ok is final, unset changes nothing, only an error has a message', async () => {
    const { provider, span } = make();
    const tracer = provider.getTracer('t');
    const set = (name: string, ...states: object[]): void => {
      const one = tracer.startSpan(name);
      for (const state of states) one.setStatus(state as never);
      one.end();
    };
    set('unset', { code: 0, message: 'x' });
    set('ok', { code: 1, message: 'x' });
    set('error', { code: 2, message: 'x' });
    set('kept', { code: 1 }, { code: 2, message: 'x' }, { code: 0 });
    set('mended', { code: 2, message: 'x' }, { code: 1 });
    set('again', { code: 2, message: 'x' }, { code: 2, message: 'y' });
    set('still', { code: 2, message: 'x' }, { code: 0 });
    set('number', { code: 2, message: 3 });
    set('none', { code: 7, message: 'x' });
    await provider.forceFlush();
    const of = (name: string): unknown[] => Object.values(span(name).status);
    assert.deepEqual(of('unset'), [0, '']);
    assert.deepEqual(of('ok'), [1, '']);
    assert.deepEqual(of('error'), [2, 'x']);
    assert.deepEqual(of('kept'), [1, '']);
    assert.deepEqual(of('mended'), [1, '']);
    assert.deepEqual(of('again'), [2, 'y']);
    assert.deepEqual(of('still'), [2, 'x']);
    assert.deepEqual(of('number'), [2, '']);
    assert.deepEqual(of('none'), [0, '']);
  });

  test('an exception is an event with type, message and stack', async () => {
    const { provider, span } = make();
    const one = provider.getTracer('t').startSpan('s');
    const error = new TypeError('no');
    one.recordException(error, AT);
    one.recordException('text');
    one.recordException({ code: 404, message: 'gone' });
    one.recordException(Object.assign(new Error('io'), { code: 'EIO', stack: undefined }));
    one.end();
    await provider.forceFlush();
    const { events } = span('s');
    assert.deepEqual(events.map(({ name }) => name), Array(4).fill('exception'));
    assert.equal(events[0].time, ns(AT));
    assert.deepEqual(events.map(({ attributes }) => Object.fromEntries(attributes)), [
      { 'exception.type': 'TypeError', 'exception.message': 'no', 'exception.stacktrace': error.stack },
      { 'exception.message': 'text' },
      { 'exception.type': '404', 'exception.message': 'gone' },
      { 'exception.type': 'EIO', 'exception.message': 'io' },
    ]);
    assert.equal(span('s').status.code, 0); // that is the caller's to say
  });

  test('names: the last one, also none, and what is no text', async () => {
    const { provider, spans } = make();
    const tracer = provider.getTracer('t');
    const one = tracer.startSpan('first');
    one.updateName('second').end();
    for (const name of ['', undefined, Symbol('s'), 7, { toString: () => { throw new Error(); } }]) {
      tracer.startSpan(name as never).end();
    }
    await provider.forceFlush();
    assert.deepEqual(spans().map(({ name }) => name), ['second', '', 'undefined', 'Symbol(s)', '7', '']);
  });
});

describe('the end', () => {
  test('the first one counts, and nothing changes after it', async () => {
    const { provider, spans } = make();
    const one = provider.getTracer('t').startSpan('s', { startTime: AT });
    assert.equal(one.isRecording(), true);
    one.end(AT + 1);
    assert.equal(one.isRecording(), false);
    one.end(AT + 99);
    one.setAttribute('a', 1).setAttributes({ b: 1 }).addEvent('e').updateName('x').setStatus({ code: 2 });
    one.addLink({ context: one.spanContext() }).addLinks([]).recordException('x');
    await provider.forceFlush();
    const [only, ...more] = spans();
    assert.equal(more.length, 0);
    assert.deepEqual([only.name, only.end, only.attributes.size, only.status.code], ['s', ns(AT + 1), 0, 0]);
    assert.deepEqual([only.events, only.links], [[], []]);
  });

  test('what cannot be read at the end is withheld, not lost; a link to nothing is dropped', async () => {
    const { provider, spans } = make();
    const tracer = provider.getTracer('t');
    const fails = (): never => {
      throw new Error('no');
    };
    const traceState = { serialize: fails, get: fails, set: fails, unset: fails };
    const one = tracer.startSpan('s').setStatus({ code: 2 });
    one.addLink({ context: { ...one.spanContext(), traceState } }).end();
    tracer.startSpan('links').addLink({} as never).addLink({ context: { traceId: 1 } } as never).end();
    const { accepted, withheld } = await provider.forceFlush();
    assert.deepEqual([accepted, withheld], [2, 1]);
    assert.deepEqual(spans().map(({ name, status, dropped }) => [name, status.code, dropped.links]), [['', 2, 0], ['links', 0, 2]]);
  });

  test('a kind that is none is internal; a time before the epoch is the epoch', async () => {
    const { provider, spans } = make();
    for (const kind of [-1, 5, 9, Number.NaN, 'x']) {
      provider.getTracer('t').startSpan('s', { kind: kind as never, startTime: [-5, 0] }).end([-4, 0]);
    }
    await provider.forceFlush();
    assert.deepEqual(spans().map(({ kind, start, end }) => [kind, start, end]), Array(5).fill([1, 0n, 0n]));
  });

  test('nothing that is handed over can throw into the code that is traced', async () => {
    const { provider, span, spans } = make();
    const tracer = provider.getTracer('t');
    const hostile = new Proxy({}, { ownKeys: () => { throw new Error('keys'); }, get: () => { throw new Error('get'); } });
    const one = tracer.startSpan('s', { attributes: { kept: 1 } });
    one.setAttributes(hostile).addEvent('e', hostile).addLink(hostile as never).addLinks(hostile as never);
    one.setStatus(hostile as never).recordException(hostile);
    one.end(hostile as never);
    tracer.startSpan('withheld').setAttribute('value', hostile).end();
    tracer.startSpan('t', hostile, ROOT).end();
    tracer.startSpan('u', null as never, null as never).end();
    tracer.startSpan('getter', { attributes: { get a() { throw new Error('a'); }, b: 2 } }).end();
    assert.equal(tracer.startActiveSpan('v', undefined as never), undefined);
    const receipt = await provider.forceFlush();
    assert.deepEqual([receipt.accepted, receipt.withheld, spans().length], [4, 1, 4]);
    assert.deepEqual(spans().map(({ name }) => name), ['s', '', 'u', 'getter']);
    assert.deepEqual([[...span('getter').attributes], span('getter').dropped.attributes], [[['b', 2n]], 1]);
  });
});
