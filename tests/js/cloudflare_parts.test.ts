// Parts of edgespan/cloudflare that need no Worker: what of a query may be told, views of objects, and
// context beside what is sent.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

const at = (name: string): string => new URL(`../../js/dist/cloudflare/${name}.js`, import.meta.url).href;
const { scrubSql } = await import(at('sql'));
const { heir, original, view } = await import(at('view'));
const { given, takeFrom, takeLast } = await import(at('carrier'));

describe('queries', () => {
  for (const [sql, told] of [
    ['SELECT * FROM t WHERE id = ?1 AND a = :a', 'SELECT * FROM t WHERE id = ?1 AND a = :a'],
    ["INSERT INTO t VALUES (1, 2.5e3, 0x1F, 'it''s', x'AB')", 'INSERT INTO t VALUES (?, ?, ?, ?, ?)'],
    ['SELECT "name", t1.a2 FROM "users" -- of bob\nWHERE x = "the secret"', 'SELECT "name", t1.a2 FROM "users" \nWHERE x = ?'],
    ["SELECT /* secret */ 1; UPDATE t SET a = 'never closed", 'SELECT  ?; UPDATE t SET a = ?'],
    ['SELECT 1 /* never closed', 'SELECT ? '],
  ]) {
    it(sql, () => assert.equal(scrubSql(sql), told));
  }

  it('takes time in proportion to the text', () => {
    const begin = performance.now();
    for (const part of ["'", '"', '/*', "''", '1', '--', 'x']) scrubSql(part.repeat(300_000));
    assert.ok(performance.now() - begin < 2000);
  });
});

describe('views', () => {
  class Secretive {
    #secret = 1;
    plain = 2;
    get secret(): number {
      return this.#secret;
    }
    set secret(value: number) {
      this.#secret = value;
    }
    method(): number {
      return ++this.#secret;
    }
  }

  it('reach private fields, show the same functions, and pass on what is set', () => {
    const target = new Secretive();
    const seen = view(target, (key: string) => (key === 'plain' ? 'other' : undefined));
    assert.deepEqual([seen.plain, seen.secret, seen.method()], ['other', 1, 2]);
    assert.equal(seen.method, seen.method);
    seen.secret = 7;
    assert.equal(target.secret, 7);
    assert.ok(seen instanceof Secretive);
    assert.equal(original(seen), target);
  });

  it('show what can never change as it is, but of what is frozen as a whole', () => {
    const fixed = Object.defineProperty({ b: 1 }, 'a', { value: 1 }) as { a: number; b: number };
    const seen = view(fixed, () => 2);
    assert.deepEqual([seen.a, seen.b], [1, 2]);
    const frozen = view(Object.freeze({ a: 1 }), () => 2);
    assert.equal(frozen.a, 2);
    assert.deepEqual(Object.keys(frozen), ['a']);
  });

  it('heirs have all members of their own', () => {
    const target = new Secretive();
    const { method, ...rest } = heir(target, () => undefined);
    assert.equal(method(), 2);
    assert.equal(rest.plain, 2);
    assert.ok(Object.getPrototypeOf(heir(target, () => undefined)) === target);
  });
});

describe('what is given away', () => {
  it('is never a view, however deep, and copied only then', () => {
    const target = {};
    const seen = view(target, () => undefined);
    const before: { list: any[]; other: object } = { list: [1, { seen }], other: { a: 1 } };
    const after = given(before);
    assert.equal(after.list[1].seen, target);
    assert.equal(after.other, before.other);
    assert.equal(before.list[1].seen, seen);
    const none = { a: [{ b: 1 }] };
    assert.equal(given(none), none);
    const round: Record<string, unknown> = {};
    round.self = round;
    assert.equal(given(round), round);
  });

  it('context beside it is taken away, and nothing else', () => {
    const carrier = { traceparent: 'x' };
    const args = [1, { 'edgespan.context': carrier }];
    assert.deepEqual([takeLast(args), args], [carrier, [1]]);
    for (const others of [[], [1], [null], [{ 'edgespan.context': carrier, more: 1 }], [{ 'edgespan.context': 'text' }]]) {
      const before = structuredClone(others);
      assert.deepEqual([takeLast(others), others], [undefined, before]);
    }
    const message = { job: 1, 'edgespan.context': carrier };
    assert.deepEqual([takeFrom(message), message], [carrier, { job: 1 }]);
    for (const body of ['text', null, [1], { job: 1 }]) assert.equal(takeFrom(body), undefined);
  });
});
