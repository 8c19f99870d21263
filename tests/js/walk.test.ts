// The walk and the tape's writer against a second reader of the grammar: plain data comes back as
// itself, everything exotic as the walk's comment says, and nothing throws but hostile objects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OP_TRACE } from '../../js/dist/core/schema.gen.js';
import { Tape } from '../../js/dist/core/tape.js';
import { writeMembers } from '../../js/dist/core/walk.js';
import { decodeTape, fakeCore } from './tape_decoder.ts';

function roundTrip(object: Record<string, unknown>, tape = new Tape(fakeCore().x)): unknown {
  tape.clear();
  tape.words[tape.w++] = 15; // kConfig: the item that takes any members
  tape.rope += writeMembers(tape, object, 0, 1);
  tape.words[tape.w++] = 0;
  assert.ok(tape.fits(0));
  return decodeTape(tape)[0].members;
}

test('plain data comes back as itself', () => {
  const data = {
    model: 'gpt-4o-mini',
    usage: { inputTokens: 12, outputTokens: 0, estimatedCost: 0.00123 },
    tags: ['a', 'b', ''],
    nested: [[], {}, [[1, [2]], { deep: { er: [true, false, null] } }]],
    'service.name': 'x',
    'a key with spaces': 1,
    '': 'empty key',
    '"quoted"\n': 'escaped',
    a1234567: 'looks like an id',
    negative: -1,
    big: 2 ** 53,
    bigger: 2 ** 60,
    huge: 1.5e300,
    tiny: 5e-324,
    unicode: 'naïve 天気 😀',
    maxSafe: Number.MAX_SAFE_INTEGER,
    indexed: { 7: 'seven', 5: { 0: true }, name: null, none: undefined },
    '2fa': { '2fa': 1 },
    ['__proto__']: 'own',
  };
  const { none, ...indexed } = data.indexed;
  assert.equal(none, undefined);
  assert.deepEqual(roundTrip(data), { ...data, indexed });
});

test('numbers that JSON has no form for go over as they are', () => {
  const out = roundTrip({ a: Number.NaN, b: -Infinity, c: -0 }) as Record<string, number>;
  assert.ok(Number.isNaN(out.a));
  assert.equal(out.b, -Infinity);
  assert.ok(Object.is(out.c, -0));
});

test('what JSON leaves out is left out, in arrays null', () => {
  const hole: unknown[] = [1, , 3]; // biome-ignore lint: a hole is the point
  const data = {
    a: undefined,
    b: () => 1,
    c: Symbol('s'),
    kept: [undefined, () => 1, Symbol('s'), 1n],
    hole,
  };
  assert.deepEqual(roundTrip(data), { kept: [null, null, null, 1n], hole: [1, null, 3] });
});

test('built-in objects', () => {
  const data = {
    date: new Date(1763625600123),
    noDate: new Date(Number.NaN),
    big: 2n ** 63n - 1n,
    least: -(2n ** 63n),
    minusOne: -1n,
    tooBig: 2n ** 64n,
    bytes: Uint8Array.of(1, 2, 3),
    part: new Uint8Array([9, 8, 7, 6]).subarray(1, 3),
    buffer: Buffer.from('hi'),
    arrayBuffer: Uint8Array.of(5).buffer,
    view: new DataView(Uint8Array.of(6, 7).buffer, 1),
    floats: new Float64Array([0.5, 1]),
    map: new Map<unknown, unknown>([
      ['a', 1],
      [2, { b: 3 }],
      ['none', undefined],
    ]),
    pairs: new Map([[{ k: 1 }, 'v']]),
    set: new Set(['x', 1]),
    regexp: /a+/g,
    url: new URL('https://example.com/a?b=c'),
    boxed: [new String('s'), new Number(1), new Boolean(false), Object(1n)],
    symbolBox: Object(Symbol('x')),
  };
  assert.deepEqual(roundTrip(data), {
    date: data.date,
    noDate: data.noDate,
    big: data.big,
    least: data.least,
    minusOne: -1n,
    tooBig: '18446744073709551616',
    bytes: data.bytes,
    part: Uint8Array.of(8, 7),
    buffer: new Uint8Array(data.buffer),
    arrayBuffer: Uint8Array.of(5),
    view: Uint8Array.of(7),
    floats: [0.5, 1],
    map: { a: 1, 2: { b: 3 } },
    pairs: [[{ k: 1 }, 'v']],
    set: ['x', 1],
    regexp: '/a+/g',
    url: 'https://example.com/a?b=c',
    boxed: ['s', 1, false, 1n],
    symbolBox: {},
  });
});

test('errors, class instances, toJSON', () => {
  class Point {
    x = 1;
    #y = 2;
    get sum(): number {
      return this.x + this.#y;
    }
    method(): void {}
  }
  class Money {
    toJSON(): unknown {
      return { amount: '1.00' };
    }
  }
  const cause = new TypeError('inner');
  const error = Object.assign(new Error('outer', { cause }), { code: 'E_OUT' });
  const self: Record<string, unknown> = { a: 1 };
  self.toJSON = function (this: unknown) {
    return this;
  };
  const out = roundTrip({
    point: new Point(),
    money: new Money(),
    bad: {
      toJSON() {
        throw new Error('no');
      },
    },
    nothing: { toJSON: () => undefined },
    self,
    error,
    bare: Object.assign(Object.create(null), { a: 1 }),
  }) as Record<string, Record<string, unknown>>;
  assert.deepEqual(out.point, { x: 1 });
  assert.deepEqual(out.money, { amount: '1.00' });
  assert.equal(out.bad, '[Throws]');
  assert.equal(out.nothing, null);
  assert.deepEqual(out.self, { a: 1 });
  assert.deepEqual(out.bare, { a: 1 });
  assert.equal(out.error.message, 'outer');
  assert.equal(out.error.name, 'Error');
  assert.equal(out.error.code, 'E_OUT');
  assert.match(out.error.stack as string, /outer/);
  assert.equal((out.error.cause as { name: string }).name, 'TypeError');
  assert.deepEqual(Object.keys(out.error), ['name', 'message', 'stack', 'cause', 'code']);
});

test('cycles, shared parts and depth', () => {
  const cycle: Record<string, unknown> = { a: 1 };
  cycle.self = cycle;
  cycle.list = [cycle];
  const shared = { s: 1 };
  assert.deepEqual(roundTrip({ cycle, x: shared, y: [shared, shared] }), {
    cycle: { a: 1, self: '[Circular]', list: ['[Circular]'] },
    x: shared,
    y: [shared, shared],
  });
  let deep: unknown = 'bottom';
  for (let i = 0; i < 500; i++) deep = i % 2 ? [deep] : { deep };
  let out: unknown = roundTrip({ deep });
  let levels = 0;
  while (typeof out === 'object' && out !== null) {
    out = Object.values(out)[0];
    levels++;
  }
  assert.equal(out, '[MaxDepth]');
  assert.equal(levels, 60);
});

test('shared parts that multiply without end are cut off', () => {
  let tree: unknown = { leaf: 1 };
  for (let i = 0; i < 30; i++) tree = [tree, tree];
  const tape = new Tape(fakeCore(1 << 28).x);
  const text = JSON.stringify(roundTrip({ tree }, tape));
  assert.match(text, /\[Truncated\]/);
  assert.ok(tape.w < 1 << 19);
});

test('getters that throw become a mark, proxies that throw reach the caller', () => {
  const data = {
    before: 1,
    get bad() {
      throw new Error('no');
    },
    after: 2,
  };
  assert.deepEqual(roundTrip(data), { before: 1, bad: '[Throws]', after: 2 });
  const hostile = new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new Error('hostile');
      },
    },
  );
  assert.throws(() => roundTrip({ hostile }), /hostile/);
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  assert.throws(() => roundTrip({ revoked: revoked.proxy }), TypeError);
});

test('long strings: ASCII, Latin-1, two-byte, lone surrogates, at every size about the limit', () => {
  const tape = new Tape(fakeCore().x);
  for (const unit of ['a', 'é', '天', '😀']) {
    for (const n of [1, 127, 128, 255, 256, 257, 1000, 5000]) {
      // Thrice: the first shows that the text is wide, the next take the wide way.
      for (let i = 0; i < 3; i++) {
        const data = { text: unit.repeat(n), list: [unit.repeat(n)], 'odd key': unit.repeat(n) };
        assert.deepEqual(roundTrip(data, tape), data, `${n} of ${unit}`);
      }
    }
  }
  // Half a pair: U+FFFD, as TextEncoder has it.
  const lone = 'x'.repeat(300);
  const out = roundTrip({ a: `${lone}\ud800`, b: `\udc00${lone}` }, new Tape(fakeCore().x));
  assert.deepEqual(out, { a: `${lone}\ufffd`, b: `\ufffd${lone}` });
});

test('areas grow while an object is being written', () => {
  const data = {
    numbers: Array.from({ length: 20_000 }, (_, i) => i + 0.5),
    text: Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(3000, '天')),
    keys: Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`key number ${i}`, i])),
  };
  assert.deepEqual(roundTrip(data), data);
});

test('rollback takes everything back', () => {
  const tape = new Tape(fakeCore().x);
  tape.rope += tape.piece(OP_TRACE, (tape.traceId = 'abc'));
  const mark = tape.mark();
  const { w, d, at, rope } = tape;
  tape.rope += tape.piece(OP_TRACE, (tape.traceId = 'def'));
  tape.rope += writeMembers(tape, { a: 1.5, b: 'x'.repeat(500), c: ['y'] }, 0, 0);
  tape.rollback(mark);
  assert.deepEqual([tape.w, tape.d, tape.at, tape.rope], [w, d, at, rope]);
  tape.rope += tape.piece(OP_TRACE, (tape.traceId = 'def'));
  assert.deepEqual(
    decodeTape(tape).map((item) => item.traceId),
    ['abc', 'def'],
  );
});

test('memory that grows under the tape while keys are interned', () => {
  const rest = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key_${i}`, i]));
  const data = { first: 'x'.repeat(300), rest };
  assert.deepEqual(roundTrip(data, new Tape(fakeCore(1 << 22, true).x)), data);
});

test('keys are interned once, and only names', () => {
  const { x, interned } = fakeCore();
  const tape = new Tape(x);
  for (let i = 0; i < 3; i++) {
    roundTrip({ model: 1, 'user.tier': 1, retries: 1, 'two words': 1, id_1234567: 1 }, tape);
  }
  assert.deepEqual(interned, ['user.tier', 'retries']);
});
