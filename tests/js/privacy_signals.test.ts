// Privacy of what is sent beside spans: each destination's own policy, content policies, hooks, counts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createScorer } from '@mastra/core/evals';
import { otlp, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { EdgespanTracerProvider, run } from 'edgespan/otel';
import { redact } from 'edgespan/privacy';
import { logs, metrics, scores } from 'edgespan/signals';
import { z } from 'zod';
import { scripted } from '../runtime/worker/model.ts';
import { startSink } from '../support/exporter.ts';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { decodeLogs, type WireLog } from '../support/otlp_signals.ts';
import { accounted, log, mastraOf, metric, signalsOf } from '../support/signals.ts';
import { end, id, span, start } from './spans.ts';

const sink = await startSink();
const MAIL = 'jane.doe@example.com';

/** An exporter of some destinations, and what arrives at each. */
function make(...destinations: OtlpOptions[]) {
  const paths = destinations.map(() => `/ok/signals-${id()}`);
  const exporter = new EdgespanExporter({
    serviceName: 'signals',
    destinations: destinations.map((one, i) => otlp({ endpoint: sink.origin + paths[i], name: paths[i], ...one })),
    signals: [logs(), metrics(), scores()],
    logLevel: 'silent',
  });
  const at = (i: number, signal: string): string =>
    sink.requests
      .filter(({ path }) => path === `${paths[i]}/v1/${signal}`)
      .map(({ body }) => Buffer.from(body).toString())
      .join('\n');
  const logsAt = (i: number): WireLog[] =>
    sink.requests.filter(({ path }) => path === `${paths[i]}/v1/logs`).flatMap(({ body }) => decodeLogs(body));
  const spansAt = (i: number): WireSpan[] =>
    sink.requests.filter(({ path }) => path === `${paths[i]}/v1/traces`).flatMap(({ body }) => decodeProtobuf(body));
  return { exporter, at, logsAt, spansAt };
}

/** A log, a metric and a score that say who, flushed. */
async function tell(exporter: EdgespanExporter): Promise<Receipt> {
  const data = { who: MAIL, n: 3, prompt: { text: 'the whole story' } };
  exporter.onLogEvent?.(log({ message: `for ${MAIL}`, data, metadata: { by: MAIL } }));
  exporter.onMetricEvent?.(metric({ labels: { user: MAIL, model: 'm' } }));
  exporter.addScore({ traceId: id(32), name: 'tone', value: 0.5, comment: `the whole story of ${MAIL}` });
  return exporter.flush();
}

test('each destination has what its own policy leaves; what is the same is made once', async () => {
  const { exporter, at, logsAt } = make(
    {},
    { redact: redact() },
    { redact: redact({ actions: { email: 'hash' }, hashKey: 'a key' }) },
    { redact: redact({ actions: { email: 'keep' } }) },
  );
  const receipt = await tell(exporter);
  accounted(receipt, 12);
  for (const signal of ['logs', 'metrics', 'traces']) {
    assert.match(at(0, signal), /jane\.doe/, signal);
    assert.match(at(1, signal), /\[REDACTED:email\]/, signal);
    assert.match(at(2, signal), /\[REDACTED:email:[0-9a-f]{16}\]/, signal);
    assert.match(at(3, signal), /jane\.doe/, signal);
    for (const i of [1, 2]) assert.ok(!at(i, signal).includes(MAIL), signal);
  }
  const digests = ['logs', 'metrics', 'traces'].flatMap((signal) => at(2, signal).match(/\[REDACTED:email:\w+\]/g) ?? []);
  assert.equal(new Set(digests).size, 1, 'in whatever signal');
  assert.ok(signalsOf(receipt).redacted >= 6, `${signalsOf(receipt).redacted}`);
  const [record] = logsAt(1);
  assert.equal(record.body, 'for [REDACTED:email]');
  assert.equal(record.attributes.get('mastra.log.n'), 3n, 'numbers stay numbers');
});

test('content policies: data of logs and comments of scores, as text and as a span', async () => {
  const { exporter, at, logsAt } = make({ content: 'off' }, { content: { truncate: 5 } }, { content: 'hashed' });
  const receipt = await tell(exporter);
  accounted(receipt, 9);
  for (const i of [0, 1, 2]) {
    for (const signal of ['logs', 'traces']) assert.ok(!at(i, signal).includes('story'), `${i} ${signal}`);
  }
  const [hidden] = logsAt(0);
  assert.equal(hidden.body, `for ${MAIL}`);
  assert.deepEqual([...hidden.attributes.keys()].filter((name) => name.startsWith('mastra.log.')), []);
  assert.equal(hidden.attributes.get('mastra.metadata.by'), MAIL);
  assert.match(at(0, 'traces'), /evaluate tone/);
  assert.equal(logsAt(1)[0].attributes.get('mastra.log.prompt'), '{"text":"the w"}');
  assert.ok(signalsOf(receipt).withheld >= 3);
});

test('destinations with one name and different policies have their own', async () => {
  const name = 'otlp';
  const { exporter, at } = make({ name, redact: redact() }, { name, content: 'off' }, { name });
  const receipt = await tell(exporter);
  accounted(receipt, 9);
  assert.deepEqual(receipt.signals?.dropped, {});
  assert.match(at(0, 'traces'), /the whole story of \[REDACTED:email\]/);
  assert.match(at(1, 'traces'), /evaluate tone/);
  assert.ok(!at(1, 'traces').includes('story'));
  assert.match(at(2, 'traces'), /the whole story of jane\.doe/);
});

describe('a hook', () => {
  test('is shown what they say, under its name; what it fails on is withheld and counted', async () => {
    const shown: string[] = [];
    const own = redact({
      async hook(value, { kind, path }) {
        await Promise.resolve();
        shown.push(`${kind} ${path.join('.')}`);
        if (path.at(-1) === 'who') throw new Error('no');
        return value.toUpperCase();
      },
    });
    const { exporter, at, logsAt } = make({ redact: own }, {});
    const receipt = await tell(exporter);
    accounted(receipt, 6);
    for (const place of ['log message', 'log log.who', 'metric labels.user', 'score comment']) {
      assert.ok(shown.includes(place), `${place} of ${shown}`);
    }
    const [record] = logsAt(0);
    assert.equal(record.body, 'FOR [REDACTED:EMAIL]'.replace('EMAIL', 'email'));
    assert.equal(record.attributes.get('mastra.log.who'), '[WITHHELD]');
    assert.match(at(0, 'traces'), /THE WHOLE STORY/);
    assert.match(at(1, 'traces'), /the whole story/);
    assert.ok(signalsOf(receipt).withheldValues >= 1);
  });
});

test('a log of what redact() has no place for leaves, and is none the poorer', async () => {
  const { exporter, logsAt } = make({ redact: redact() });
  const data = { nan: Number.NaN, list: [1, null, 'a'], deep: { a: { b: true } }, empty: '' };
  exporter.onLogEvent?.(log({ message: 'plain', data, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }));
  await exporter.flush();
  const [{ attributes, traceId, spanId, body }] = logsAt(0);
  assert.deepEqual([body, traceId, spanId], ['plain', 'a'.repeat(32), 'b'.repeat(16)]);
  assert.ok(Number.isNaN(Number(attributes.get('mastra.log.nan'))));
  assert.equal(attributes.get('mastra.log.list'), '[1,null,"a"]');
  assert.equal(attributes.get('mastra.log.deep'), '{"a":{"b":true}}');
});

describe('what a run wants hidden', () => {
  const LOOKED = /Zürich/;
  const JUDGED = /the whole story/;

  const verdict = (spans: readonly WireSpan[]): string =>
    [...(spans.find(({ name }) => name === 'evaluate tone')?.attributes ?? [])].join();

  const textOf = (spans: readonly WireSpan[]): string =>
    JSON.stringify(spans, (_, value: unknown) =>
      value instanceof Map ? [...value] : typeof value === 'bigint' ? `${value}` : value,
    );

  /** A run of an agent whose tool logs what it is asked and fails, and what is sent of it beside its spans. */
  async function observe(tracingOptions: object, ...destinations: OtlpOptions[]) {
    const { exporter, at, logsAt, spansAt } = make(...destinations);
    const model = scripted([{ text: '{"score":0.5}' }]);
    const judge = { model, instructions: 'Judge.' };
    const scorer = createScorer({ id: 'tone', description: 'Tone', judge })
      .generateScore({
        description: 'Tone',
        createPrompt: ({ run: { output } }: { run: { output: unknown } }) => `the whole story of ${JSON.stringify(output)}`,
        outputSchema: z.object({ score: z.number() }),
        calculateScore: () => 0.5,
      } as never)
      .generateReason(() => 'the whole story');
    const mastra = mastraOf([exporter], { tone: { scorer } });
    await mastra.getAgent('a').generate('Weather?', { tracingOptions });
    await sink.until(() => destinations.every((_, i) => at(i, 'traces').includes('evaluate tone')), 'the verdict');
    await mastra.observability.flush();
    const traces = (i: number): string => verdict(spansAt(i));
    const work = (i: number): WireSpan[] =>
      spansAt(i).filter(({ attributes }) => attributes.has('mastra.metadata.targetTraceId'));
    return { work, logs: (i: number) => at(i, 'logs'), traces, logsAt, exporter };
  }

  test('nothing: logs and verdicts say what they say', async () => {
    const { logs: said, traces, work } = await observe({ metadata: { plan: 'pro' } }, {});
    assert.match(said(0), LOOKED);
    assert.match(traces(0), JUDGED);
    assert.match(textOf(work(0)), LOOKED);
  });

  for (const [name, tracingOptions] of [
    ['by its metadata', { metadata: { 'edgespan.content': 'off', plan: 'pro' } }],
    ['by a word that is none', { metadata: { 'edgespan.content': 'yes', plan: 'pro' } }],
    ["by Mastra's hideInput", { hideInput: true, metadata: { plan: 'pro' } }],
    ["by Mastra's hideOutput", { hideOutput: true, metadata: { plan: 'pro' } }],
  ] as const) {
    test(`${name}: logs come without their data, verdicts without their reason`, async () => {
      const { logs: said, traces, work, logsAt, exporter } = await observe(tracingOptions, {}, { content: { truncate: 5 } });
      for (const i of [0, 1]) {
        assert.doesNotMatch(said(i), LOOKED);
        assert.ok(work(i).length > 4);
        assert.doesNotMatch(textOf(work(i)), /Zürich|whole story/, 'what the scorer and its judge were shown');
        assert.match(traces(i), /tone/);
        assert.doesNotMatch(traces(i), JUDGED);
        assert.ok(!said(i).includes('edgespan.content'));
        assert.ok(!traces(i).includes('edgespan.content'));
        const line = logsAt(i).find(({ body }) => body === 'looking – “up”');
        assert.equal(line?.attributes.get('mastra.metadata.plan'), 'pro');
        assert.deepEqual([...line.attributes.keys()].filter((key) => key.startsWith('mastra.log.')), []);
      }
      assert.ok(signalsOf(exporter.stats()).withheld >= 4);
    });
  }

  test('truncated: its beginning, unless a destination wants less', async () => {
    const long = 'x'.repeat(300);
    const { exporter, logsAt } = make({}, { content: { truncate: 5 } }, { content: 'off' });
    const metadata = { 'edgespan.content': 'truncated' };
    exporter.onLogEvent?.(log({ data: { long }, metadata }));
    await exporter.flush();
    const got = [0, 1, 2].map((i) => logsAt(i)[0].attributes.get('mastra.log.long'));
    assert.deepEqual(got, [long.slice(0, 256), 'xxxxx', undefined]);
    assert.ok(![0, 1, 2].some((i) => logsAt(i)[0].attributes.has('mastra.metadata.edgespan.content')));
  });

  test('an OpenTelemetry span asks by an attribute; a score by its own metadata', async () => {
    const { exporter, at } = make({});
    const provider = new EdgespanTracerProvider({ exporter });
    const traceId = run(provider.getTracer('t'), 'a', { attributes: { 'edgespan.content': 'off' } }, (asking) => {
      const { traceId: asked } = asking.spanContext();
      exporter.onLogEvent?.(log({ data: { it: 'the whole story' }, traceId: asked }));
      return asked;
    });
    exporter.addScore({ traceId, name: 'tone', value: 1, comment: 'the whole story' });
    const own = { 'edgespan.content': 'off', by: 'me' };
    exporter.addScore({ traceId: id(32), name: 'taste', value: 1, comment: 'the whole story', metadata: own });
    await exporter.flush();
    for (const signal of ['logs', 'traces']) assert.doesNotMatch(at(0, signal), /whole story|edgespan\.content/);
    assert.match(at(0, 'traces'), /evaluate tone/);
    assert.match(at(0, 'traces'), /evaluate taste/);
  });

  /** A run with an input, a log in it, and an output, each if there is one. */
  function play(exporter: EdgespanExporter, traceId: string, has: { input?: string; output?: string }): void {
    const root = span({ traceId, isRootSpan: true, type: 'agent_run', input: has.input });
    start(exporter, root);
    exporter.onLogEvent?.(log({ data: { it: 'the whole story' }, traceId }));
    end(exporter, span({ ...root, output: has.output }));
  }

  test('logs wait for what their run may hide, but no longer than ten seconds if something else is sent', async (t) => {
    const { exporter, at } = make({});
    const root = span({ traceId: 'ABC', isRootSpan: true, type: 'agent_run', input: 'Hello' });
    start(exporter, root);
    exporter.onLogEvent?.(log({ data: { it: 'the whole story' }, traceId: 'ABC' }));
    play(exporter, id(32), { input: 'a', output: 'b' });
    const receipt = await exporter.flush();
    accounted(receipt, 2);
    assert.equal(signalsOf(receipt).pending, 1);
    end(exporter, root);
    await exporter.flush();
    assert.equal(at(0, 'logs').match(/whole story/g)?.length, 1, "the other run's");
    assert.equal(at(0, 'logs').match(/a line/g)?.length, 2);

    const slow = span({ traceId: id(32), isRootSpan: true, type: 'agent_run' });
    start(exporter, slow);
    exporter.onLogEvent?.(log({ message: 'at last', data: { it: 'the whole story' }, traceId: slow.traceId }));
    const now = Date.now() + 11_000;
    t.mock.method(Date, 'now', () => now);
    await exporter.flush();
    assert.match(at(0, 'logs'), /at last/);
    assert.equal(at(0, 'logs').match(/whole story/g)?.length, 1, 'its input was hidden from the start');
  });

  test('the runs of one trace id, one after another, each for itself until one hides', async () => {
    const { exporter, at } = make({});
    const traceId = id(32);
    for (const [has, stories] of [
      [{ input: 'a', output: 'b' }, 1],
      [{}, 1],
      [{ input: 'a', output: 'b' }, 1],
    ] as const) {
      play(exporter, traceId, has);
      await exporter.flush();
      assert.equal(at(0, 'logs').match(/whole story/g)?.length, stories);
    }
  });

  test('runs that hide nothing do not make the others forgotten', async () => {
    const { exporter, spansAt } = make({});
    const hidden = id(32);
    play(exporter, hidden, {});
    for (let i = 0; i < 1_100; i++) play(exporter, id(32), { input: 'a', output: 'b' });
    exporter.addScore({ traceId: hidden, name: 'tone', value: 1, comment: 'the whole story' });
    await exporter.flush();
    assert.match(verdict(spansAt(0)), /tone/);
    assert.doesNotMatch(verdict(spansAt(0)), JUDGED);
  });

  test('of a span that cannot be read, nothing is shown', async () => {
    const { exporter, at } = make({});
    const root = span({ isRootSpan: true, type: 'agent_run', traceId: id(32), input: 'a' });
    start(exporter, root);
    exporter.onLogEvent?.(log({ data: { it: 'the whole story' }, traceId: root.traceId }));
    end(exporter, Object.defineProperty({ ...root }, 'output', { get: () => { throw new Error('no'); } }));
    await exporter.flush();
    assert.match(at(0, 'logs'), /a line/);
    assert.doesNotMatch(at(0, 'logs'), JUDGED);
  });

  test('a run that failed has no output, and hides nothing', async () => {
    const { exporter, at } = make({});
    const root = span({ isRootSpan: true, type: 'agent_run', input: 'Hello', errorInfo: { message: 'broken' } });
    start(exporter, root);
    exporter.onLogEvent?.(log({ data: { it: 'the whole story' }, traceId: root.traceId }));
    end(exporter, root);
    await exporter.flush();
    assert.match(at(0, 'logs'), JUDGED);
  });
});
