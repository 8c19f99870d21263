// W3C trace context and baggage: the cases of W3C's own test-suite (w3c/trace-context, strict), and those
// of its texts and of OpenTelemetry's that it leaves out. A service in between is played: what comes in is
// extracted, a span begins, and what its requests would carry is looked at.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { baggageEntryMetadataFromString, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  Baggage,
  baggagePropagator,
  composite,
  type Context,
  ROOT,
  type Span,
  traceContextPropagator,
  TraceState,
  w3c,
} from 'edgespan/otel';
import { startOtel } from '../support/otel.ts';

const { make } = await startOtel();
const tracer = make().provider.getTracer('service');
const TRACE = '12345678901234567890123456789012';
const PARENT = '1234567890123456';
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');

/** Headers as a server has them: names in any case, several of one name. */
type Headers = [string, string][];
const getter = {
  keys: (headers: Headers) => headers.map(([name]) => name),
  get(headers: Headers, wanted: string) {
    const found = headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    return found.length > 1 ? found : found[0];
  },
};
const setter = { set: (carrier: Record<string, string>, key: string, value: string) => void (carrier[key] = value) };

/** What requests of a service carry that was asked with these headers. */
function through(headers: Headers): { traceId: string; parentId: string; version: string; flags: string; state: string } {
  const context = w3c.extract(ROOT, headers, getter);
  const carrier: Record<string, string> = {};
  w3c.inject(context.setValue(SPAN, tracer.startSpan('request', {}, context)), carrier, setter);
  assert.match(carrier.traceparent, /^00-[\da-f]{32}-[\da-f]{16}-0[0-3]$/);
  const [version, traceId, parentId, flags] = carrier.traceparent.split('-');
  return { traceId, parentId, version, flags, state: carrier.tracestate ?? '' };
}
const valid = `00-${TRACE}-${PARENT}-01`;
const state = (...values: string[]): string =>
  through([['traceparent', valid], ...values.map((value): [string, string] => ['tracestate', value])]).state;

describe('traceparent', () => {
  test('none: a trace of its own', () => {
    const { traceId, flags } = through([]);
    assert.notEqual(traceId, TRACE);
    assert.equal(flags, '03');
  });

  const kept: Record<string, string> = {
    'as it should be': valid,
    'a later version': `cc-${TRACE}-${PARENT}-01`,
    'a later version with more': `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`,
    'a space before': ` ${valid}`,
    'a tab before': `\t${valid}`,
    'a space after': `${valid} `,
    'a tab after': `${valid}\t`,
    'both around': `\t ${valid} \t`,
    'flags that are unknown': `00-${TRACE}-${PARENT}-ff`,
  };
  for (const [name, header] of Object.entries(kept)) {
    test(`kept: ${name}`, () => {
      const { traceId, parentId, version } = through([['traceparent', header]]);
      assert.equal(traceId, TRACE);
      assert.notEqual(parentId, PARENT);
      assert.equal(version, '00');
    });
  }

  const refused: Record<string, string> = {
    'version 00 with a character more': `${valid}.`,
    'version 00 with more': `${valid}-what-the-future-will-be-like`,
    'a later version with more, without a dash': `cc-${TRACE}-${PARENT}-01.what-the-future-will-be-like`,
    'version ff': `ff-${TRACE}-${PARENT}-01`,
    'no digit first in the version': `.0-${TRACE}-${PARENT}-01`,
    'no digit last in the version': `0.-${TRACE}-${PARENT}-01`,
    'a version of three': `000-${TRACE}-${PARENT}-01`,
    'a version of four': `0000-${TRACE}-${PARENT}-01`,
    'a version of one': `0-${TRACE}-${PARENT}-01`,
    'a trace id of zeros': `00-${'0'.repeat(32)}-${PARENT}-01`,
    'no digit first in the trace id': `00-.${TRACE.slice(1)}-${PARENT}-01`,
    'no digit last in the trace id': `00-${TRACE.slice(1)}.-${PARENT}-01`,
    'a trace id that is too long': `00-${TRACE}3-${PARENT}-01`,
    'a trace id that is too short': `00-${TRACE.slice(1)}-${PARENT}-01`,
    'a trace id in upper case': `00-ABCDEF78901234567890123456789012-${PARENT}-01`,
    'a parent of zeros': `00-${TRACE}-${'0'.repeat(16)}-01`,
    'no digit first in the parent': `00-${TRACE}-.${PARENT.slice(1)}-01`,
    'no digit last in the parent': `00-${TRACE}-${PARENT.slice(1)}.-01`,
    'a parent that is too long': `00-${TRACE}-${PARENT}7-01`,
    'a parent that is too short': `00-${TRACE}-${PARENT.slice(1)}-01`,
    'a parent in upper case': `00-${TRACE}-ABCDEF7890123456-01`,
    'no digit first in the flags': `00-${TRACE}-${PARENT}-.0`,
    'no digit last in the flags': `00-${TRACE}-${PARENT}-0.`,
    'flags of three': `00-${TRACE}-${PARENT}-001`,
    'flags of one': `00-${TRACE}-${PARENT}-1`,
    'nothing': '',
    'text': 'null',
    'several, joined': `${valid}, ${valid}`,
  };
  for (const [name, header] of Object.entries(refused)) {
    test(`refused: ${name}`, () => {
      const { traceId, state } = through([['traceparent', header], ['tracestate', 'foo=1']]);
      assert.ok(!header.includes(traceId), header);
      assert.notEqual(traceId, TRACE);
      assert.equal(state, '');
    });
  }

  test('refused: several headers', () => {
    const two: Headers = [
      ['traceparent', `00-${TRACE.slice(0, 31)}1-${PARENT}-01`],
      ['traceparent', valid],
    ];
    assert.ok(!two.some(([, header]) => header.includes(through(two).traceId)));
  });

  test('its name in any case, and no other name', () => {
    for (const name of ['TraceParent', 'TrAcEpArEnT', 'TRACEPARENT']) {
      assert.equal(through([[name, valid]]).traceId, TRACE);
    }
    for (const name of ['trace-parent', 'trace.parent']) assert.notEqual(through([[name, valid]]).traceId, TRACE);
  });

  test('the flags: sampled decides, random is handed on, others are not', () => {
    const flags = (of: string): string => through([['traceparent', `00-${TRACE}-${PARENT}-${of}`]]).flags;
    assert.deepEqual(['00', '01', '02', '03', 'fc', 'ff'].map(flags), ['00', '01', '02', '03', '00', '03']);
  });

  test('several requests of one: one trace, a parent each', () => {
    const all = [1, 2, 3].map(() => through([['traceparent', valid]]));
    assert.deepEqual([new Set(all.map(({ traceId }) => traceId)).size, new Set(all.map((one) => one.parentId)).size], [1, 3]);
  });
});

describe('tracestate', () => {
  const many = (count: number): string[] => {
    const all = Array.from({ length: count }, (_, i) => `bar${`${i + 1}`.padStart(2, '0')}=${i + 1}`);
    return [all.slice(0, 10), all.slice(10, 20), all.slice(20, 30), all.slice(30)].map((part) => part.join(','));
  };
  const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
  const VALUE = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i)).filter((c) => !',='.includes(c)).join('');

  const kept: Record<string, [string[], string]> = {
    'as it should be': [['foo=1,bar=2'], 'foo=1,bar=2'],
    'several headers, in their order': [['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'], 'foo=1,bar=2,rojo=1,congo=2,baz=3'],
    'an empty one after': [['foo=1', ''], 'foo=1'],
    'an empty one before': [['', 'foo=1'], 'foo=1'],
    'empty members': [['foo=1,, ,\t,bar=2,'], 'foo=1,bar=2'],
    'spaces and tabs': [['foo=1 \t , \t bar=2, \t baz=3'], 'foo=1,bar=2,baz=3'],
    'tabs and spaces': [['foo=1\t \t,\t \tbar=2,\t \tbaz=3'], 'foo=1,bar=2,baz=3'],
    'around all': [['\t foo=1 \t'], 'foo=1'],
    'a space that the value begins with': [['foo= 1'], 'foo= 1'],
    'all characters': [[`${KEY}=${VALUE}`], `${KEY}=${VALUE}`],
    'all characters, with a vendor': [[`${KEY}@a-z0-9_-*/=${VALUE}`], `${KEY}@a-z0-9_-*/=${VALUE}`],
    '32 members': [many(32), many(32).join(',')],
    'a key of 256': [['foo=1', `${'z'.repeat(256)}=1`], `foo=1,${'z'.repeat(256)}=1`],
    'a tenant of 241 and a vendor of 14': [
      ['foo=1', `${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
      `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`,
    ],
    'a value of 256': [[`foo=${'v'.repeat(256)}`], `foo=${'v'.repeat(256)}`],
  };
  for (const [name, [headers, expected]] of Object.entries(kept)) {
    test(`kept: ${name}`, () => assert.equal(state(...headers), expected));
  }

  const refused: Record<string, string[]> = {
    'nothing': [''],
    'a key twice': ['foo=1,foo=1'],
    'a key twice, with two values': ['foo=1,foo=2'],
    'a key in two headers': ['foo=1', 'foo=1'],
    'a key in two headers, with two values': ['foo=1', 'foo=2'],
    'a space in a key': ['foo =1'],
    'upper case': ['FOO=1'],
    'a dot': ['foo.bar=1'],
    'no vendor': ['foo@=1,bar=2'],
    'no tenant': ['@foo=1,bar=2'],
    'two signs': ['foo@@bar=1,bar=2'],
    'two vendors': ['foo@bar@baz=1,bar=2'],
    '33 members': many(33),
    'a key of 257': ['foo=1', `${'z'.repeat(257)}=1`],
    'a tenant of 242': ['foo=1', `${'t'.repeat(242)}@v=1`],
    'a vendor of 15': ['foo=1', `t@${'v'.repeat(15)}=1`],
    'a sign in a value': ['foo=bar=baz'],
    'no value': ['foo=,bar=3'],
    'no sign': ['foo,bar=3'],
    'a value of 257': [`foo=${'v'.repeat(257)}`],
    'no ASCII': ['foo=é'],
  };
  for (const [name, headers] of Object.entries(refused)) {
    test(`refused as a whole: ${name}`, () => assert.equal(state(...headers), ''));
  }

  test('nothing without a traceparent, and under no other name', () => {
    assert.equal(through([['tracestate', 'foo=1']]).state, '');
    for (const name of ['trace-state', 'trace.state']) assert.equal(through([['traceparent', valid], [name, 'foo=1']]).state, '');
    for (const name of ['TraceState', 'TRACESTATE']) assert.equal(through([['traceparent', valid], [name, 'foo=1']]).state, 'foo=1');
  });

  test('over 512 characters long members go first, then from the end', () => {
    const long = `long=${'x'.repeat(130)}`;
    const short = (i: number): string => `k${i}=${'y'.repeat(96)}`;
    assert.equal(state(`${short(1)},${long},${[2, 3, 4, 5].map(short).join(',')}`), [1, 2, 3, 4, 5].map(short).join(','));
    assert.equal(state([1, 2, 3, 4, 5, 6].map(short).join(',')), [1, 2, 3, 4, 5].map(short).join(','));
  });

  test('what is set comes first; nothing changes the one it was set on', () => {
    const one = TraceState.parse('a=1,b=2,c=3') as TraceState;
    assert.equal(one.set('b', '9').serialize(), 'b=9,a=1,c=3');
    assert.equal(one.set('d', '4').serialize(), 'd=4,a=1,b=2,c=3');
    assert.equal(one.unset('b').unset('x').serialize(), 'a=1,c=3');
    assert.equal(one.set('BAD', '1').set('a', 'x,y').serialize(), 'a=1,b=2,c=3');
    assert.deepEqual([one.get('b'), one.get('x'), one.serialize()], ['2', undefined, 'a=1,b=2,c=3']);
    const full = TraceState.parse(many(32).join(',')) as TraceState;
    assert.equal(full.set('new', '1').serialize().split(',').length, 32);
    assert.equal(full.set('new', '1').get('bar32'), undefined);
  });
});

describe('baggage', () => {
  const extract = (header: string | string[]): [string, unknown][] => {
    const headers = [header].flat().map((value): [string, string] => ['baggage', value]);
    const found = propagation.getBaggage(baggagePropagator.extract(ROOT, headers, getter) as never);
    return (found?.getAllEntries() ?? []).map(([key, { value, metadata }]) => [
      key, metadata === undefined ? value : [value, `${metadata}`],
    ]);
  };
  const inject = (context: unknown): string | undefined => {
    const carrier: Record<string, string> = {};
    baggagePropagator.inject(context as Context, carrier, setter);
    return carrier.baggage;
  };
  const of = (entries: Record<string, { value: string }>): unknown =>
    propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries));

  test('keys, values, properties, spaces, several headers', () => {
    assert.deepEqual(extract('a=1,b=2'), [['a', '1'], ['b', '2']]);
    assert.deepEqual(extract(' a = 1 , b\t=\t2 '), [['a', '1'], ['b', '2']]);
    assert.deepEqual(extract(['a=1', 'b=2']), [['a', '1'], ['b', '2']]);
    assert.deepEqual(extract('a=1;x;y=2,b=3'), [['a', ['1', 'x;y=2']], ['b', '3']]);
    assert.deepEqual(extract('k=%C3%A9%2C%20%3D'), [['k', 'é, =']]);
    assert.deepEqual(extract('a=b=c'), [['a', 'b=c']]);
    assert.deepEqual(extract('a=1,a=2'), [['a', '2']]);
  });

  test('what is none is left out, and nothing else', () => {
    assert.deepEqual(extract('a=1,,=2,x,y=%zz,b=%E9,c=3,;d=4'), [['a', '1'], ['c', '3']]);
    assert.deepEqual(extract(''), []);
    assert.equal(baggagePropagator.extract(ROOT, [], getter), ROOT);
  });

  test('at most 180 members, 4096 characters each, 8192 in all', () => {
    const many = Array.from({ length: 200 }, (_, i) => `k${i}=1`).join(',');
    assert.equal(extract(many).length, 180);
    assert.deepEqual(extract(`a=1,big=${'x'.repeat(4096)},b=2`).map(([key]) => key), ['a', 'b']);
    const wide = Array.from({ length: 10 }, (_, i) => `k${i}=${'x'.repeat(1000)}`).join(',');
    assert.equal(extract(wide).length, 8);
    const entries = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, { value: '1' }]));
    assert.equal(inject(of(entries))?.split(',').length, 180);
    const header = inject(of(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, { value: 'x'.repeat(1000) }]))));
    assert.ok((header?.length ?? 0) <= 8192 && header?.split(',').length === 8);
  });

  test('out as it came in; what has no form in UTF-8 stays here', () => {
    const metadata = baggageEntryMetadataFromString('p=1;q');
    assert.equal(inject(of({ 'é k': { value: 'a, b=c' }, m: { value: '1', metadata } as never })), '%C3%A9%20k=a%2C%20b%3Dc,m=1;p=1;q');
    assert.equal(inject(of({ bad: { value: '\ud800' }, good: { value: '1' } })), 'good=1');
    assert.equal(inject(ROOT), undefined);
    assert.equal(inject(suppressTracing(of({ a: { value: '1' } }) as never)), undefined);
  });

  test('is immutable, as the API has it', () => {
    const one = new Baggage([['a', { value: '1' }]]);
    const two = one.setEntry('b', { value: '2' }).setEntry('a', { value: '3' });
    assert.deepEqual([one.getAllEntries().length, two.getEntry('a')?.value, two.getEntry('x')], [1, '3', undefined]);
    assert.deepEqual(two.removeEntry('a').getAllEntries(), [['b', { value: '2' }]]);
    assert.equal(two.removeEntries('a', 'b').getAllEntries().length, 0);
    assert.equal(two.clear().getAllEntries().length, 0);
  });
});

describe('propagators', () => {
  test("the SDK's read what ours write, and ours what the SDK's write", () => {
    const traceState = TraceState.parse('a=1,b@c=2') as TraceState;
    const spanContext = { traceId: TRACE, spanId: PARENT, traceFlags: 1, traceState };
    const context = propagation.setBaggage(
      trace.setSpanContext(ROOT_CONTEXT, spanContext as never),
      propagation.createBaggage({ k: { value: 'é', metadata: baggageEntryMetadataFromString('p') } }),
    );
    const theirs = composite([new W3CTraceContextPropagator() as never, new W3CBaggagePropagator() as never]);
    const carriers = [w3c, theirs].map((one) => {
      const carrier: Record<string, string> = {};
      one.inject(context as never, carrier, setter);
      return carrier;
    });
    assert.deepEqual(carriers[0], carriers[1]);
    const reads = [w3c, theirs].map((one) => {
      const found = one.extract(ROOT_CONTEXT as never, Object.entries(carriers[0]), getter);
      const span = (found.getValue(SPAN) as Span).spanContext();
      const [[key, { value, metadata }]] = propagation.getBaggage(found as never)?.getAllEntries() ?? [];
      return [{ ...span, traceState: span.traceState?.serialize() }, key, value, `${metadata}`];
    });
    assert.deepEqual(reads[0], reads[1]);
  });

  test('nothing goes out without a valid span, or when tracing is suppressed', () => {
    const carrier = {};
    w3c.inject(ROOT, carrier, setter);
    traceContextPropagator.inject(suppressTracing(trace.setSpanContext(ROOT_CONTEXT, {
      traceId: TRACE, spanId: PARENT, traceFlags: 1,
    })) as never, carrier, setter);
    assert.deepEqual(carrier, {});
    assert.deepEqual(w3c.fields(), ['traceparent', 'tracestate', 'baggage']);
  });

  test('a carrier that throws fails nobody', () => {
    const fails = (): never => {
      throw new Error('no');
    };
    assert.equal(w3c.extract(ROOT, {}, { keys: () => [], get: fails }), ROOT);
    const context = ROOT.setValue(SPAN, tracer.startSpan('s'));
    w3c.inject(context, {}, { set: fails });
  });
});
