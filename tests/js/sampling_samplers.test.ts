// Samplers by themselves: what they decide about a run, how that looks in OpenTelemetry's tracestate, and
// what they make of settings that cannot be.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  always,
  custom,
  type HeadSampler,
  never,
  parentBased,
  ratio,
  rules,
  type RunStart,
  tail,
} from 'edgespan/sampling';
import { ROOT, traceContextPropagator } from 'edgespan/otel';
import { withinOdds } from '../support/odds.ts';

const ALL = 2 ** 56;
const UNKNOWN = -1;

const run = (fields: Partial<RunStart> = {}): RunStart => ({
  traceId: 'b'.repeat(32),
  randomness: 0.75,
  name: 'checkout',
  type: 'agent_run',
  entityId: 'clerk-1',
  entityName: 'clerk',
  tags: ['beta', 'eu'],
  metadata: { user: { id: 7 }, 'a.b': 'flat', tier: 'premium', ok: true },
  requestContext: { plan: 'gold' },
  ...fields,
});
const keeps = (sampler: HeadSampler, fields?: Partial<RunStart>): boolean =>
  sampler.judge(run(fields)) < ALL;

/** As OpenTelemetry asks, of a trace with a remote parent's headers. */
function asked(sampler: HeadSampler, traceparent: string, tracestate?: string) {
  const carrier: Record<string, string> = { traceparent, ...(tracestate && { tracestate }) };
  const getter = { get: (_: unknown, key: string) => carrier[key], keys: () => Object.keys(carrier) };
  const context = traceContextPropagator.extract(ROOT, carrier, getter);
  const told = sampler.shouldSample(context, traceparent.slice(3, 35), 'a span', 0, {}, []);
  return { kept: told.decision === 2, state: told.traceState?.serialize(), threshold: told.threshold };
}
const parent = (end: string, flags = '01'): string =>
  `00-${end.padStart(32, 'a')}-00f067aa0ba902b7-${flags}`;

describe('ratio', () => {
  test('0.1 keeps a tenth of 200,000 trace ids, within the 99.9 % interval', () => {
    const sampler = ratio(0.1);
    let kept = 0;
    for (let i = 0; i < 200_000; i++) {
      const traceId = randomBytes(16).toString('hex');
      kept += +(sampler.shouldSample(ROOT, traceId, 'a span', 0, {}, []).decision === 2);
    }
    assert.ok(withinOdds(kept, 200_000, 0.1), `${kept} of 200000`);
  });

  test('what a smaller one keeps, a larger one keeps; the threshold is that of the specification', () => {
    for (let i = 0; i < 2_000; i++) {
      const { randomness } = { randomness: Math.random() };
      const kept = [0.01, 0.1, 0.5, 1].map((part) => keeps(ratio(part), { randomness }));
      assert.deepEqual(kept, [...kept].sort(), `${randomness}`);
    }
    assert.equal(ratio(0.5).judge(run()), ALL / 2);
    assert.equal(keeps(ratio(0), { randomness: 1 - 2 ** -32 }), false);
    assert.equal(keeps(ratio(1), { randomness: 0 }), true);
    assert.equal(ratio(1).judge(run()), 0);
  });

  test('of more than nothing it keeps something: one in 2^32 at least', () => {
    for (const part of [2 ** -33, 1e-12, Number.MIN_VALUE]) {
      const least = ratio(part).judge(run({ randomness: 1 - 2 ** -32 }));
      assert.deepEqual([least, keeps(ratio(part), { randomness: 1 - 2 ** -31 })], [ALL - 2 ** 24, false], `${part}`);
      assert.deepEqual(tail({ ratio: part }).settings, { ratio: 2 ** -32, keep: [] });
    }
    assert.equal(tail({ ratio: 0 }).settings?.ratio, 0);
  });

  test('compares the last 56 bits, at the mark itself, too', () => {
    // A quarter rejects R below 0xc0000000000000.
    assert.equal(asked(ratio(0.25), parent('c0000000000000')).kept, true);
    assert.equal(asked(ratio(0.25), parent('bfffffffffffff')).kept, false);
    assert.equal(asked(ratio(0.25), parent('bfffffffffffff', '00')).kept, false);
    assert.equal(asked(ratio(0.25), parent('ffffffffffffff', '00')).kept, true, 'it asks no parent');
  });

  test('th and rv of the tracestate: what was applied is said, and the randomness that was given is used', () => {
    assert.equal(asked(ratio(0.5), parent('80000000000000')).state, 'ot=th:8');
    assert.equal(asked(ratio(0.1), parent('ffffffffffffff')).state, 'ot=th:e6666666');
    const rv = 'ot=rv:90000000000000;xx:1,vendor=1';
    const state = asked(ratio(0.5), parent('00000000000000'), rv).state ?? '';
    assert.equal(state, 'ot=th:8;rv:90000000000000;xx:1,vendor=1');
    assert.equal(asked(ratio(0.25), parent('ffffffffffffff'), rv).kept, false);
    assert.equal(asked(ratio(0.25), parent('ffffffffffffff'), 'ot=th:4').state, 'ot=th:c', 'its own');
    assert.equal(asked(ratio(0.1), parent('00000000000000'), 'ot=th:4').state, '', 'dropped');
    assert.equal(asked(always(), parent('00000000000000')).state, undefined, 'nobody sampled');
  });
});

describe('custom', () => {
  test('a number is a ratio, decided by the trace; true and false say nothing of odds', () => {
    assert.equal(custom(() => 0.5).judge(run()), ALL / 2);
    assert.equal(custom(() => 0.2).judge(run()), ALL);
    assert.equal(custom(() => true).judge(run()), UNKNOWN);
    assert.equal(custom(() => false).judge(run()), ALL);
    const seen: RunStart[] = [];
    custom((one) => seen.push(one) > 0).judge(run());
    assert.deepEqual(seen, [run()]);
  });

  test('one that throws, or says what is neither, keeps the run', (t) => {
    const warn = t.mock.method(console, 'warn', () => {});
    const failing = custom(() => {
      throw new Error('no such tier');
    });
    for (const sampler of [failing, custom(() => 2), custom((() => undefined) as never)]) {
      assert.equal(sampler.judge(run()), UNKNOWN);
      assert.equal(asked(sampler, parent('1')).kept, true);
    }
    assert.equal(rules([], parentBased({ root: failing })).judge(run()), UNKNOWN, 'within others, too');
    assert.equal(warn.mock.callCount(), 1, 'said once');
  });
});

describe('parentBased', () => {
  const root = never();
  test('does as the caller did, as likely as that did; without one the root decides', () => {
    assert.equal(keeps(parentBased({ root })), false);
    assert.equal(keeps(parentBased({ root: always() })), true);
    const kept = { parent: { sampled: true, threshold: ALL / 4 } };
    assert.equal(parentBased({ root }).judge(run(kept)), ALL / 4);
    assert.equal(parentBased({ root }).judge(run({ ...kept, randomness: 0 })), ALL / 4, 'whatever the trace');
    assert.equal(keeps(parentBased({ root: always() }), { parent: { sampled: false, threshold: UNKNOWN } }), false);
    assert.deepEqual(asked(parentBased({ root }), parent('1'), 'ot=th:4;rv:10000000000000'), {
      kept: true,
      state: 'ot=th:4;rv:10000000000000',
      threshold: ALL / 4,
    });
    assert.equal(asked(parentBased({ root: always() }), parent('1', '00')).kept, false);
    assert.equal(asked(parentBased({ root }), parent('1')).threshold, UNKNOWN);
  });

  test('each kind of parent may have a sampler of its own', () => {
    const sampler = parentBased({ root, remoteParentSampled: ratio(0.2), remoteParentNotSampled: always() });
    assert.equal(keeps(sampler, { parent: { sampled: true, threshold: UNKNOWN } }), false);
    assert.equal(keeps(sampler, { parent: { sampled: false, threshold: UNKNOWN } }), true);
  });
});

describe('rules', () => {
  const fits = (when: object, fields?: Partial<RunStart>): boolean =>
    keeps(rules([{ when, sample: always() }], never()), fields);

  test('match by name, type, entity, tag, metadata and request context, all that is given', () => {
    const right = [
      { name: 'checkout' },
      { name: /^check/g },
      { name: ['pay', 'checkout'] },
      { type: 'agent_run' },
      { entity: 'clerk' },
      { entity: 'clerk-1' },
      { tag: 'eu' },
      { tag: /^be/ },
      { metadata: { 'user.id': 7 } },
      { metadata: { 'a.b': 'flat', ok: true } },
      { metadata: { tier: ['gold', 'premium'] } },
      { metadata: { tier: /./ } },
      { requestContext: { plan: 'gold' } },
      { name: 'checkout', type: undefined, metadata: { tier: 'premium' }, requestContext: { plan: /^g/ } },
      {},
    ];
    for (const when of right) assert.ok(fits(when) && fits(when), JSON.stringify(when));
    const wrong = [
      { name: 'check' },
      { name: 'checkout', type: 'tool_call' },
      { entity: /^x/ },
      { tag: 'us' },
      { metadata: { user: /./ } },
      { metadata: { 'user.name': /./ } },
      { metadata: { 'user.id': '7' } },
      { requestContext: { plan: 'gold', beta: true } },
    ];
    for (const when of wrong) assert.ok(!fits(when), JSON.stringify(when));
    assert.ok(!fits({ entity: 'clerk' }, { entityId: undefined, entityName: undefined }));
  });

  test('the first that fits decides, with its own odds', () => {
    const sampler = rules(
      [
        { when: { tag: 'beta' }, sample: ratio(0.5) },
        { when: { name: /./ }, sample: never() },
      ],
      ratio(0.25),
    );
    assert.equal(sampler.judge(run()), ALL / 2);
    assert.equal(sampler.judge(run({ tags: [] })), ALL);
    assert.equal(sampler.judge(run({ tags: [], name: '' })), (ALL / 4) * 3);
    assert.equal(keeps(rules([])), true, 'else all is kept');
  });
});

test('settings that cannot be are named, and drop nothing', () => {
  const wrong: [HeadSampler, RegExp][] = [
    [ratio(1.5), /^ratio\(1\.5\) is none of 0 to 1$/],
    [ratio('half' as never), /ratio\(half\)/],
    [ratio(undefined as never), /ratio/],
    [custom('x' as never), /custom\(\) takes a function/],
    [parentBased({} as never), /parentBased\(\) wants samplers/],
    [parentBased({ root: ratio(7) }), /^ratio\(7\)/],
    [rules([{ when: { nmae: 'x' } as never, sample: never() }]), /`when\.nmae` is unknown: the rule is left out/],
    [rules([{ sample: never() } as never]), /no `when`/],
    [rules([{ when: {}, sample: 'always' as never }], never()), /rules\(\) wants samplers/],
    [rules({} as never), /takes a list/],
  ];
  for (const [sampler, what] of wrong) {
    assert.equal(sampler.problems.length, 1, `${what}`);
    assert.match(sampler.problems[0]!, what);
    assert.ok(keeps(sampler), `${what}`);
  }
  assert.deepEqual(rules([{ when: {}, sample: parentBased({ root: ratio(0.5) }) }], never()).problems, []);
});

test('they say what they are, as samplers of OpenTelemetry do', () => {
  const sampler = rules([{ when: {}, sample: ratio(0.1) }], parentBased({ root: never() }));
  assert.equal(`${sampler}`, 'rules(ratio(0.1);parentBased(never))');
});
