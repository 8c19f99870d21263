// Tail sampling with real Mastra agents and workflows: what each rule keeps of real runs, two destinations
// that want different ones, scores that come while a run goes on, and what receipts say of the rest.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test, type TestContext } from 'node:test';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions } from 'edgespan/mastra';
import {
  costOver,
  type KeepRule,
  onError,
  onTripwire,
  perMinute,
  ratio,
  scoreBelow,
  slowerThan,
  tail,
  tokensOver,
  withMetadata,
  withTag,
} from 'edgespan/sampling';
import { scores } from 'edgespan/signals';
import { z } from 'zod';
import { scripted } from '../runtime/worker/model.ts';
import { Notes, startSite, total } from '../support/exporter.ts';
import { contextOf } from '../support/office.ts';
import { weightOf, withinOdds } from '../support/odds.ts';
import type { WireSpan } from '../support/otlp.ts';
import { end, play, run as made, span, start } from './spans.ts';

const { place } = await startSite();
const random = (): string => randomBytes(16).toString('hex');
const tracesOf = (spans: readonly WireSpan[]) => new Set(spans.map(({ traceId }) => traceId));

type Kind = 'plain' | 'failing' | 'stopped' | 'slow' | 'toolFails';

/** One agent that does what its `kind` says, and a workflow around nothing. */
function agents(exporters: EdgespanExporter[], inTool: (kind: Kind) => unknown = () => ({})): Mastra {
  const tool = createTool({
    id: 'lookup',
    description: 'Looks up',
    inputSchema: z.any(),
    execute: async ({ input = '' }: any) => {
      if (input === 'toolFails') throw new Error('not there');
      return inTool(input);
    },
  });
  const agent = (kind: Kind): Agent =>
    new Agent({
      id: kind,
      name: kind,
      instructions: 'Look it up.',
      model: scripted(
        kind === 'failing'
          ? [{ fails: 'model is down' }]
          : [{ tools: [{ tool: 'lookup', input: { input: kind } }] }, { text: 'There.' }],
      ),
      tools: { lookup: tool },
      maxRetries: 0,
      ...(kind === 'stopped' && {
        inputProcessors: [
          { id: 'guard', processInput: ({ abort }: { abort(reason: string): never }) => abort('not allowed') } as never,
        ],
      }),
    });
  const kinds: Kind[] = ['plain', 'failing', 'stopped', 'slow', 'toolFails'];
  return new Mastra({
    logger: false,
    agents: Object.fromEntries(kinds.map((kind) => [kind, agent(kind)])),
    observability: new Observability({ configs: { default: { serviceName: 'tail', exporters } } }),
  });
}

/** What tools do where the clock goes on in the slow one alone, however busy the machine is. */
function slowAlone({ mock }: TestContext): (kind: Kind) => unknown {
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  return (kind) => {
    if (kind === 'slow') mock.timers.tick(120);
    return {};
  };
}

async function ask(mastra: Mastra, kind: Kind, options: object = {}): Promise<void> {
  await mastra.getAgent(kind).generate('Where?', options as never).catch(() => {});
}

/** An exporter with a tail of these rules and no ratio, to a place of its own. */
function lab(keep: readonly KeepRule[], options: Partial<EdgespanExporterOptions> = {}) {
  const to = place('ok', { tail: tail({ keep }) });
  const exporter = new EdgespanExporter({ destinations: [to.to], ...options });
  const notes = new Notes();
  exporter.__setLogger(notes);
  return { exporter, notes, to, names: () => [...new Set(to.spans().map(({ name }) => name))] };
}

describe('keeps of real runs', () => {
  /** Which of the agents arrive. */
  const cases: [string, KeepRule, Kind[]][] = [
    // Mastra says of what its processor stopped that it failed.
    ['onError', onError(), ['failing', 'stopped', 'toolFails']],
    ['onTripwire', onTripwire(), ['stopped']],
    ['slowerThan', slowerThan(100), ['slow']],
    ['slowerThan, of an operation', slowerThan(100, { type: 'tool_call', name: "tool: 'lookup'" }), ['slow']],
    ['slowerThan, of another operation', slowerThan(100, { type: 'model_inference', name: 'none' }), []],
    ['tokensOver', tokensOver(600), ['plain', 'slow', 'toolFails']],
    ['tokensOver, more', tokensOver(60_000), []],
    ['costOver', costOver(1e6), []],
  ];
  for (const [name, rule, kept] of cases) {
    test(name, async (t) => {
      const { exporter, to } = lab([rule]);
      const mastra = agents([exporter], slowAlone(t));
      for (const kind of ['plain', 'failing', 'stopped', 'slow', 'toolFails'] as const) await ask(mastra, kind);
      const receipt = await exporter.flush();
      const roots = to.spans().filter(({ parentSpanId }) => parentSpanId === '');
      assert.deepEqual(roots.map((root) => root.name.replace('invoke_agent ', '')).sort(), [...kept].sort());
      assert.equal(receipt.accepted, to.spans().length);
      assert.ok((receipt.dropped.sampled ?? 0) > 0);
      assert.equal(receipt.pending, 0);
      // Every such run is kept: one stands for one.
      assert.ok(to.spans().every(({ traceState }) => weightOf(traceState) === 1));
    });
  }

  test('tags, and metadata, which a request context may have brought', async () => {
    const { exporter, to } = lab([withTag('vip'), withMetadata('customer', 'acme'), withMetadata('debug')]);
    const mastra = agents([exporter]);
    const asks = [
      { tracingOptions: { tags: ['x', 'vip'] } },
      { tracingOptions: { metadata: { customer: 'acme' } } },
      { requestContext: contextOf({ debug: 'on' }), tracingOptions: { requestContextKeys: ['debug'] } },
      { tracingOptions: { tags: ['vips'], metadata: { customer: 'other' } } },
      {},
    ];
    for (const options of asks) await ask(mastra, 'plain', options);
    await exporter.flush();
    assert.equal(tracesOf(to.spans()).size, 3);
  });

  test('so many in a minute for each name; these say nothing of odds', async (t) => {
    // No minute ends meanwhile.
    const ahead = Date.now() % 60_000;
    const now = Date.now.bind(Date);
    t.mock.method(Date, 'now', () => now() - ahead);
    const { exporter, to } = lab([perMinute(2, { by: 'name' })]);
    const mastra = agents([exporter]);
    for (let i = 0; i < 4; i++) for (const kind of ['plain', 'slow'] as const) await ask(mastra, kind);
    await exporter.flush();
    assert.equal(tracesOf(to.spans()).size, 4);
    assert.ok(to.spans().every(({ traceState }) => traceState === ''));
  });

  test('scores and feedback below a mark that come while the run goes on, sent or not', async () => {
    for (const signals of [undefined, [scores()]]) {
      const say: ((exporter: EdgespanExporter, traceId: string, spanId: string) => void)[] = [
        (exporter, traceId) => exporter.addScore({ traceId, name: 'quality', value: 0.2 }),
        (exporter, traceId, spanId) => exporter.addScore({ traceId, spanId, name: 'quality', value: 0.4 }),
        (exporter, traceId) => exporter.addFeedback({ traceId, value: 'down' }),
        (exporter, traceId) =>
          exporter.onScoreEvent?.({
            score: { traceId, scoreId: 's', scorerId: 'quality', scorerName: 'quality', score: 0, timestamp: new Date() },
          }),
        (exporter, traceId) => exporter.addScore({ traceId, name: 'quality', value: 0.5 }),
        (exporter, traceId) => exporter.addScore({ traceId, name: 'speed', value: 0 }),
        (exporter) => exporter.addScore({ traceId: random(), name: 'quality', value: 0 }),
        () => {},
      ];
      const { exporter, notes, to } = lab([scoreBelow(0.5, 'quality'), scoreBelow(0.5, 'thumbs')], { signals });
      const traces = say.map(random);
      say.forEach((call, i) => {
        const spans = made(1, { traceId: traces[i] });
        start(exporter, ...spans);
        call(exporter, traces[i]!, spans[1]!.id);
        end(exporter, spans[1]!, spans[0]!);
      });
      await exporter.flush();
      // Scores that are sent as spans have traces of their own, and are not sampled.
      const runs = to.spans().filter(({ name }) => !name.startsWith('evaluate'));
      assert.deepEqual([...tracesOf(runs)].sort(), traces.slice(0, 4).sort());
      assert.equal(to.spans().length - runs.length, signals ? 7 : 0);
      assert.deepEqual(notes.lines, []);
    }
  });
});

describe('destinations', () => {
  test('decide for themselves; the exporter decides for those without a tail', async (t) => {
    const [all, failed, slow, some] = [
      place('ok', { tail: false }),
      place('ok', { tail: tail({ keep: [onError()] }) }),
      place('ok', { tail: tail({ keep: [slowerThan(100)] }) }),
      place('ok'),
    ];
    const exporter = new EdgespanExporter({
      destinations: [all, failed, slow, some].map(({ to }) => to),
      tail: tail({ keep: [withTag('some')] }),
    });
    const one = new EdgespanExporter({ destinations: [place('ok').to] });
    const mastra = agents([exporter, one], slowAlone(t));
    for (const kind of ['plain', 'failing', 'slow'] as const) {
      await ask(mastra, kind, kind === 'plain' ? { tracingOptions: { tags: ['some'] } } : {});
    }
    const receipt = await exporter.flush();
    const roots = (to: typeof all): string[] =>
      to.spans().filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name.slice(13));
    assert.deepEqual(roots(all), ['plain', 'failing', 'slow']);
    assert.deepEqual([roots(failed), roots(slow), roots(some)], [['failing'], ['slow'], ['plain']]);
    // Each span that ended is accounted for once for each destination.
    assert.equal(receipt.pending, 0);
    assert.equal(total(receipt), 4 * total(await one.flush()));
  });

  test('a run that is left out is told of in a receipt, and warned of nowhere', async () => {
    const receipts: unknown[] = [];
    const { exporter, notes } = lab([onError()], { onReceipt: ({ dropped, requests }) => receipts.push([dropped, requests]) });
    play(exporter, made(2, { traceId: random() }));
    await exporter.flush();
    assert.deepEqual(receipts, [[{ sampled: 3 }, 0]]);
    assert.deepEqual(notes.lines, []);
  });

  test('settings that cannot be are named, and everything is sent', async () => {
    const wrong: [unknown, RegExp][] = [
      [tail({ ratio: 5 }), /tail\(\{ ratio \}\) is none of 0 to 1: all runs are sent/],
      [tail({ ratio: '0.1' as never }), /ratio/],
      [tail({ keep: onError() as never }), /keep \}\) is no list/],
      [tail({ keep: [slowerThan(NaN)] }), /rule 'slow'/],
      [tail({ keep: [onError(), perMinute(10, { by: 'metadata' })] }), /rule 'rate'/],
      [tail({ keep: [perMinute(10, { by: 'user' as never })] }), /rule 'rate'/],
      [tail({ keep: [{}] as never }), /did not make/],
      [tail({ keep: [withTag('')] }), /rule 'tag'/],
      [tail({ keep: [scoreBelow('x' as never)] }), /rule 'score'/],
      [{ ratio: 0, keep: [] }, /`sampling` or `tail` is ignored/],
    ];
    for (const [given, what] of wrong) {
      const to = place('ok', { tail: given as never });
      const exporter = new EdgespanExporter({ destinations: [to.to] });
      const notes = new Notes();
      exporter.__setLogger(notes);
      play(exporter, made(1, { traceId: random() }));
      await exporter.flush();
      assert.match(notes.lines.join(), what);
      assert.equal(notes.lines.length, 1);
      assert.equal(to.spans().length, 2, `${what}`);
    }
  });
});

test('weights of what arrives make totals that are right, of calls, tokens and errors, by head and tail', async () => {
  const to = place('ok', { tail: tail({ ratio: 0.1, keep: [onError(), slowerThan(50)] }) });
  const exporter = new EdgespanExporter({ destinations: [to.to], sampling: ratio(0.5) });
  const truth = { runs: 0, tokens: 0, errors: 0, slow: 0 };
  for (let i = 0; i < 4_000; i++) {
    const [failed, slow, tokens] = [i % 20 === 0, i % 25 === 1, 10 + (i % 7)];
    // Always the same ids, which decide what is sampled: no run of this test is an unlucky one.
    const traceId = createHash('sha256').update(`${i}`).digest('hex').slice(0, 32);
    const [root, call] = made(1, { traceId });
    root!.endTime = new Date(root!.startTime.getTime() + (slow ? 80 : 8));
    call!.type = 'model_inference';
    call!.attributes = { usage: { inputTokens: tokens, outputTokens: 0 } };
    if (failed) call!.errorInfo = { message: 'failed' };
    truth.runs++;
    truth.tokens += tokens;
    truth.errors += +failed;
    truth.slow += +slow;
    play(exporter, [root!, call!]);
    if (i % 200 === 0) await exporter.flush();
  }
  await exporter.flush();
  const told = { runs: 0, tokens: 0, errors: 0, slow: 0 };
  const spread = { runs: 0, tokens: 0, errors: 0, slow: 0 };
  for (const one of to.spans()) {
    const weight = weightOf(one.traceState);
    const add = (what: keyof typeof told, value: number): void => {
      told[what] += weight * value;
      spread[what] += weight * (weight - 1) * value * value; // of the estimate: its variance
    };
    if (one.parentSpanId === '') {
      add('runs', 1);
      if (one.end - one.start > 50_000_000n) add('slow', 1);
    } else {
      add('tokens', Number(one.attributes.get('gen_ai.usage.input_tokens')));
      if (one.status.code === 2) add('errors', 1);
    }
  }
  for (const what of ['runs', 'tokens', 'errors', 'slow'] as const) {
    const off = Math.abs(told[what] - truth[what]);
    assert.ok(off <= 3.2905 * Math.sqrt(spread[what]), `${what}: ${told[what]}, not ${truth[what]}`);
  }
  // Errors and slow runs are all that the head let through, at a weight of 2; of others a tenth, at 10.
  assert.deepEqual([...new Set(to.spans().map(({ traceState }) => weightOf(traceState)))].map(Math.round).sort(), [10, 2]);
  const failed = to.spans().filter(({ status }) => status.code === 2).length;
  assert.ok(withinOdds(failed, truth.errors, 0.5), `${failed} of ${truth.errors} errors`);
});

test('costOver(0) keeps what costs anything; a rule without its second argument is one', async () => {
  const { exporter, notes, to } = lab([costOver(0), slowerThan(60_000, null as never)]);
  const costs: (number | undefined)[] = [0.000_001, 0, undefined];
  for (const estimatedCost of costs) {
    const [root, call] = made(1, { traceId: random() });
    const cost = estimatedCost === undefined ? {} : { costContext: { estimatedCost, costUnit: 'usd' } };
    const inference = { ...call!, type: 'model_inference', name: `costs ${estimatedCost}`, attributes: { model: 'm', ...cost } };
    play(exporter, [root!, inference]);
  }
  await exporter.flush();
  assert.equal(tracesOf(to.spans()).size, 1);
  assert.ok(to.spans().some(({ attributes }) => attributes.get('gen_ai.request.model') === 'm'));
  assert.deepEqual(tail({ keep: [perMinute(1, null as never)] }).open({}), []);
  assert.deepEqual(notes.lines, []);
});

test('what ends late goes the way of its run', async () => {
  const { exporter, to } = lab([onError()]);
  const [kept, left] = [made(1, { traceId: random() }), made(1, { traceId: random() })];
  kept[1]!.errorInfo = { message: 'failed' };
  for (const spans of [kept, left]) play(exporter, spans);
  await exporter.flush();
  for (const [root] of [kept, left]) end(exporter, span({ traceId: root!.traceId, parentSpanId: root!.id, name: 'late' }));
  await exporter.flush();
  assert.deepEqual([...tracesOf(to.spans().filter(({ name }) => name !== 'late'))], [kept[0]!.traceId]);
});

test('one exporter for two tails of one address: each has its own', async () => {
  const both = ['vip', 'beta'].map((tag) => place('ok', { tail: tail({ keep: [withTag(tag)] }) }));
  const same = both.map(({ to }) => to);
  const other = otlp({ endpoint: 'http://localhost:1/', tail: tail({ keep: [onError()] }), retryBudget: 0 });
  assert.notDeepEqual(JSON.stringify(same[0]!.tail), JSON.stringify(other.tail));
  for (const [i, to] of same.entries()) {
    const exporter = new EdgespanExporter({ destinations: [to] });
    for (const tag of ['vip', 'beta']) play(exporter, made(0, { traceId: random(), tags: [tag] }));
    await exporter.flush();
    assert.equal(both[i]!.spans().length, 1);
  }
});
