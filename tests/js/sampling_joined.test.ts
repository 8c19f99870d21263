// Sampling where Mastra's runs, OpenTelemetry's spans and several exporters meet by a bridge: each decides
// by the same number, none is decided twice, and what th says is what was done.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { EdgespanBridge, EdgespanExporter, type MastraTracingEvent } from 'edgespan/mastra';
import {
  active,
  alwaysOff,
  type Context,
  EdgespanTracerProvider,
  ROOT,
  run,
  traceContextPropagator,
  withContext,
} from 'edgespan/otel';
import { always, custom, type HeadSampler, never, parentBased, ratio, rules, tail, withTag } from 'edgespan/sampling';
import { type Notes, startSite } from '../support/exporter.ts';
import { weightOf, withinOdds } from '../support/odds.ts';
import { end, ids, play, run as made, span } from './spans.ts';

const { make, place } = await startSite();
const random = (): string => randomBytes(16).toString('hex');

interface Lab {
  readonly exporter: EdgespanExporter;
  readonly notes: Notes;
  readonly to: ReturnType<typeof place>;
}
function lab(options: object = {}, settings: object = {}): Lab {
  const to = place('ok', settings);
  return { ...make({ destinations: [to.to], ...options }), to };
}
/** An exporter, a provider that records into it, and a bridge beside it. */
function bridged(options: object = {}, settings: object = {}, own: object = {}) {
  const { exporter, to } = lab(options, settings);
  const tracer = new EdgespanTracerProvider({ exporter, ...own }).getTracer('test');
  return { exporter, to, tracer, ask: asking([exporter]) };
}
/** Runs of Mastra's as it makes them with these exporters and a bridge; `inside` is what a tool does. */
function asking(exporters: EdgespanExporter[], bridge: EdgespanBridge = new EdgespanBridge(), more: object = {}) {
  bridge.init({ config: { exporters, serviceName: 'test', ...more } });
  return (name: string, inside: () => void = () => {}, traceId?: string): void => {
    const ids = bridge.createSpan({ name, traceId, type: 'agent_run' } as { name: string })!;
    const { spanId: id, ...place } = ids;
    const one = span({ id, ...place, name, type: 'agent_run', isRootSpan: true });
    const tell = (event: MastraTracingEvent): void => {
      for (const to of [...exporters, bridge]) to.onTracingEvent(event);
    };
    tell({ type: 'span_started', exportedSpan: { ...one, endTime: undefined } });
    bridge.executeInContextSync(id, inside);
    tell({ type: 'span_ended', exportedSpan: one });
  };
}
/** As a caller's headers say it. */
function from(traceId: string, tracestate = '', flags = '01'): Context {
  const carrier: Record<string, string> = { traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}`, tracestate };
  const getter = { get: (_: unknown, key: string) => carrier[key], keys: () => Object.keys(carrier) };
  return traceContextPropagator.extract(ROOT, carrier, getter);
}
/** Ids of traces that every ratio keeps. */
const high = {
  generateTraceId: () => 'a'.repeat(18) + 'f'.repeat(14),
  generateSpanId: () => randomBytes(8).toString('hex'),
};
const states = ({ to }: Pick<Lab, 'to'>, name: string): string[] =>
  to.spans().filter((one) => one.name.includes(name)).map(({ traceState }) => traceState);
const weight = (lab: Pick<Lab, 'to'>, name: string): number =>
  states(lab, name).reduce((sum, state) => sum + weightOf(state), 0);
const mastras = (exporter: EdgespanExporter, probability: number): void =>
  exporter.init({ config: { serviceName: 'test', sampling: { type: 'ratio', probability } } });

describe("a caller's rv", () => {
  test('decides for the head and the tail alike, and goes on with the spans', async () => {
    const one = bridged({ sampling: ratio(0.5) }, { tail: tail({ ratio: 0.25 }) });
    const digits = Array.from({ length: 400 }, () => randomBytes(7).toString('hex'));
    for (const rv of digits) withContext(from(random(), `ot=rv:${rv}`), () => one.ask('agent'));
    await one.exporter.flush();
    const kept = digits.filter((rv) => rv >= 'c');
    assert.deepEqual(states(one, 'agent').sort(), kept.map((rv) => `ot=th:c;rv:${rv}`).sort());
    assert.ok(withinOdds(weight(one, 'agent') / 4, 400, 0.25));
  });

  test('decides where there is no head, and is told where there is no tail', async () => {
    const [low, high] = ['0'.repeat(14), 'f'.repeat(14)];
    const tailed = bridged({}, { tail: tail({ ratio: 0.25 }) });
    const headed = bridged({ sampling: ratio(0.5) });
    for (const rv of [low, high]) {
      const traceId = 'a'.repeat(18) + (rv === low ? high : low);
      for (const { ask } of [tailed, headed]) withContext(from(traceId, `ot=rv:${rv}`), () => ask('agent'));
    }
    await Promise.all([tailed.exporter.flush(), headed.exporter.flush()]);
    assert.deepEqual(states(tailed, 'agent'), [`ot=th:c;rv:${high}`]);
    assert.deepEqual(states(headed, 'agent'), [`ot=th:8;rv:${high}`]);
  });
});

describe('a run within a request', () => {
  test('is dropped with it, whatever would be said of the run alone', async () => {
    const sampling = rules([{ when: { type: 'server' }, sample: ratio(0.5) }], ratio(0.75));
    const one = bridged({ sampling });
    for (let i = 0; i < 300; i++) run(one.tracer, 'request', { kind: 1 }, () => one.ask('agent'));
    await one.exporter.flush();
    assert.ok(weight(one, 'request') > 0);
    assert.equal(weight(one, 'agent'), weight(one, 'request'));

    const rule = bridged({ sampling: rules([{ when: { type: 'server' }, sample: never() }]) });
    run(rule.tracer, 'request', { kind: 1 }, () => rule.ask('within'));
    rule.ask('alone');
    await rule.exporter.flush();
    assert.deepEqual(rule.to.spans().map(({ name }) => name), ['alone']);
  });

  test("is decided by `sampling`, where a sampler dropped the request that is for OpenTelemetry's alone", async () => {
    const seen: string[] = [];
    const sampling = custom(({ name }) => seen.push(name) > 0);
    const one = bridged({ sampling }, {}, { sampler: alwaysOff });
    run(one.tracer, 'request', { kind: 1 }, () => one.ask('agent'));
    await one.exporter.flush();
    assert.deepEqual([one.to.spans().length, seen], [1, ['agent']]);
  });
});

describe('what begins below a request that has left', () => {
  test('was kept as likely as that was', async () => {
    for (const [sampling, head] of [[always(), '8'], [rules([]), '8'], [undefined, '8'], [ratio(0.25), 'c']] as const) {
      const one = bridged({ sampling }, { tail: tail({ ratio: 0.5 }) }, { idGenerator: high });
      let here: Context = ROOT;
      let inTool: Context = ROOT;
      run(one.tracer, 'request', { kind: 1 }, () => {
        here = active();
        one.ask('agent', () => (inTool = active()));
      });
      await one.exporter.flush();
      for (const context of [here, inTool]) {
        withContext(context, () => run(one.tracer, 'otel after', {}, () => {}));
        withContext(context, () => one.ask('mastra after'));
      }
      await one.exporter.flush();
      assert.deepEqual(states(one, ''), new Array(6).fill(`ot=th:${head}`), `${sampling}`);
    }
  });
});

describe('a caller that sampled', () => {
  const traceId = high.generateTraceId();
  const cases = [
    ['and does not say how likely that was: to a tail nobody knows it', from(traceId), ''],
    ['and says so', from(traceId, 'ot=th:c'), 'ot=th:c'],
    ['is none', ROOT, 'ot=th:8'],
  ] as const;
  for (const [what, context, state] of cases) {
    test(what, async () => {
      const to = place('ok', { tail: tail({ ratio: 0.5, keep: [withTag('x')] }) });
      const provider = new EdgespanTracerProvider({ destinations: [to.to], idGenerator: high });
      const ask = asking([], new EdgespanBridge({ provider }));
      withContext(context, () => run(provider.getTracer('t'), 'request', { kind: 1 }, () => {}));
      withContext(context, () => ask('agent'));
      await provider.forceFlush();
      assert.deepEqual(states({ to }, ''), [state, state]);
    });
  }
});

test('what a bridge drops by itself is counted, each span once for each destination', async () => {
  for (const settings of [{ sampling: never() }, { sampler: alwaysOff }]) {
    const [to, other] = [place('ok'), place('ok')];
    const provider = new EdgespanTracerProvider({ destinations: [to.to, other.to], ...settings });
    asking([], new EdgespanBridge({ provider }))('agent');
    const receipt = await provider.forceFlush();
    assert.deepEqual([receipt.dropped, to.bodies().length], [{ sampled: 2 }, 0]);
    assert.deepEqual(provider.stats().dropped, { sampled: 2 });
  }
});

describe('two exporters beside a bridge', () => {
  test('decide each for itself', async () => {
    const labs = [{ sampling: never() }, { sampling: always() }, { sampling: ratio(0.5) }, {}].map((one) => lab(one));
    const ask = asking(labs.map(({ exporter }) => exporter));
    ask('low', undefined, 'a'.repeat(18) + '0'.repeat(14));
    ask('high', undefined, 'a'.repeat(18) + 'f'.repeat(14));
    await Promise.all(labs.map(({ exporter }) => exporter.flush()));
    assert.deepEqual(labs.map((one) => states(one, '')), [[], ['', ''], ['ot=th:8'], ['', '']]);
  });

  test("know the caller both: what it sampled, how likely that was, and its rv", async () => {
    const follows: HeadSampler = parentBased({ root: never() });
    const labs = [always(), follows, ratio(0.5)].map((sampling) => lab({ sampling }));
    const ask = asking(labs.map(({ exporter }) => exporter));
    const rv = `rv:${'f'.repeat(14)}`;
    withContext(from('a'.repeat(18) + '0'.repeat(14), `ot=th:c;${rv}`), () => ask('agent'));
    withContext(from('b'.repeat(18) + '0'.repeat(14), '', '00'), () => ask('agent'));
    await Promise.all(labs.map(({ exporter }) => exporter.flush()));
    const all = [[`ot=th:0;${rv}`, ''], [`ot=th:c;${rv}`], [`ot=th:8;${rv}`]];
    assert.deepEqual(labs.map((one) => states(one, '')), all);
  });
});

describe("Mastra's own ratio", () => {
  test('is not left out of th: a run within a request has none, the request its own', async () => {
    for (const [sampling, own] of [[undefined, ''], [ratio(0.5), 'ot=th:8']] as const) {
      const one = bridged({ sampling });
      mastras(one.exporter, 0.25);
      const within = from('a'.repeat(18) + 'f'.repeat(14));
      withContext(within, () => run(one.tracer, 'request', { kind: 1 }, () => one.ask('agent')));
      await one.exporter.flush();
      assert.deepEqual([states(one, 'request'), states(one, 'agent')], [[own], ['']]);
    }
  });

  test('nor where a tail decides', async () => {
    const one = bridged({}, { tail: tail({ ratio: 0.5 }) });
    mastras(one.exporter, 0.25);
    const within = from('a'.repeat(18) + 'f'.repeat(14));
    withContext(within, () => run(one.tracer, 'request', { kind: 1 }, () => one.ask('agent')));
    await one.exporter.flush();
    assert.deepEqual(states(one, 'agent'), ['']);
  });

  test('is where no tail decides, and where a rule of a tail does', async () => {
    const tags = ['vip'];
    for (const [sampling, state] of [[undefined, 'ot=th:c'], [ratio(0.5), 'ot=th:e'], [always(), 'ot=th:c']] as const) {
      const [all, some, ruled, rated] = [
        place('ok'),
        place('ok', { tail: tail({ ratio: 0.5 }) }),
        place('ok', { tail: tail({ ratio: 0.5, keep: [withTag('vip')] }) }),
        place('ok', { tail: tail({ ratio: 1 }) }),
      ];
      const { exporter } = make({ destinations: [all, some, ruled, rated].map(({ to }) => to), sampling });
      mastras(exporter, 0.25);
      const [root, child] = made(1, { traceId: high.generateTraceId() });
      play(exporter, [Object.assign(root!, { tags }), child!]);
      end(exporter, span({ id: '1'.repeat(16), traceId: high.generateTraceId(), parentSpanId: child!.id, name: 'late' }));
      await exporter.flush();
      const told = [all, some, ruled, rated].map((to) => states({ to }, ''));
      const thrice = (one: string): string[] => [one, one, one];
      assert.deepEqual(told, [thrice(state), thrice(''), thrice(state), thrice(state)], `${sampling}`);
    }
    const custom = lab({}, { tail: tail({ keep: [withTag('vip')] }) });
    custom.exporter.init({ config: { sampling: { type: 'custom' } } });
    play(custom.exporter, [Object.assign(made(0)[0]!, { tags })]);
    await custom.exporter.flush();
    assert.deepEqual(states(custom, ''), ['']);
  });

  test('is in that of a run that is one event', async () => {
    for (const sampling of [undefined, always()]) {
      const one = lab({ sampling });
      mastras(one.exporter, 0.25);
      end(one.exporter, span({ traceId: random(), isRootSpan: true, isEvent: true }));
      play(one.exporter, made(1));
      await one.exporter.flush();
      assert.deepEqual(states(one, ''), ['ot=th:c', 'ot=th:c', 'ot=th:c']);
    }
  });

  test('is no number that other services know of: they are told none', async () => {
    const one = bridged({ sampling: ratio(0.5) });
    mastras(one.exporter, 0.25);
    const told: unknown[] = [];
    const tool = (): void =>
      run(one.tracer, 'fetch', { kind: 2 }, (it) => void told.push(it.spanContext().traceState?.serialize() || ''));
    one.ask('agent', tool, 'a'.repeat(18) + 'f'.repeat(14));
    withContext(from('b'.repeat(18) + 'f'.repeat(14), 'ot=th:4;xx:1'), () => one.ask('agent', tool));
    await one.exporter.flush();
    assert.deepEqual(told, ['', 'ot=xx:1']);
    assert.deepEqual(states(one, 'agent'), ['ot=th:e', 'ot=th:e;xx:1']);
  });

  test('is known to a bridge that records itself', async () => {
    const to = place('ok');
    const provider = new EdgespanTracerProvider({ destinations: [to.to] });
    const sampling = { type: 'ratio', probability: 0.25 };
    asking([], new EdgespanBridge({ provider }), { sampling })('agent');
    await provider.forceFlush();
    assert.deepEqual(states({ to }, 'agent'), ['ot=th:c']);
  });

  test("one of 'never' beside it says nothing", async () => {
    const one = lab();
    one.exporter.init({ config: { sampling: { type: 'never' } } });
    mastras(one.exporter, 0.5);
    one.exporter.init({ config: { sampling: { type: 'never' } } });
    play(one.exporter, made(0));
    await one.exporter.flush();
    assert.deepEqual(states(one, ''), ['ot=th:8']);
  });
});

test('what is extremely unlikely is said to be so, and is not dropped', async () => {
  const rare = lab();
  mastras(rare.exporter, 1e-10);
  play(rare.exporter, made(0));
  await rare.exporter.flush();
  assert.deepEqual(states(rare, ''), ['ot=th:ffffffff']);

  const one = bridged({ sampling: parentBased({ root: always() }) });
  for (const th of ['ffffffffff', 'ffffffffffff8', 'ffffffffffffff']) {
    withContext(from(random(), `ot=th:${th}`), () => one.ask(`agent ${th}`));
    withContext(from(random(), `ot=th:${th}`), () => run(one.tracer, `request ${th}`, { kind: 1 }, () => {}));
  }
  await one.exporter.flush();
  for (const who of ['agent', 'request']) {
    assert.deepEqual(states(one, `${who} ffffffffff`).length, 3, who);
    assert.ok(states(one, `${who} ffffffffff`).every((state) => /^ot=th:f{10}/.test(state)), who);
  }
  assert.deepEqual([one.exporter.stats().dropped], [{}]);
});

test('a run of which a getter throws where it begins is kept, and warned of', async () => {
  const { exporter, notes, to } = lab({ sampling: ratio(0.5) });
  const [root, child] = made(1);
  const odd = Object.defineProperty({ ...root! }, 'entityName', {
    enumerable: true,
    get: () => {
      throw new Error('no entity');
    },
  });
  exporter.onTracingEvent({ type: 'span_started', exportedSpan: odd });
  end(exporter, child!, root!);
  await exporter.flush();
  assert.deepEqual(ids(to.spans()), ids([root!, child!]));
  assert.match(notes.lines.join(), /`sampling` threw \(Error: no entity\)/);
});
