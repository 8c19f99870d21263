// What becomes of signals when a receiver, a store or an exporter is in trouble.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { logs, metrics } from 'edgespan/signals';
import { queueSpool, replayQueue } from 'edgespan/spool';
import { accounted, KEY, log, metric, signalsOf, startSignals } from '../support/signals.ts';
import type { Reply } from '../support/sink.ts';
import { end, id, run, start } from './spans.ts';

const { make, sink, until } = await startSignals();

describe('delivery', () => {
  const down: Reply = { status: 503 };

  test('retried as spans are: 429 and 503, with Retry-After', async () => {
    const { exporter, at, reply } = make();
    reply('logs', { status: 429, headers: { 'retry-after': '1' } }, down);
    const before = Date.now();
    exporter.onLogEvent?.(log());
    const receipt = await exporter.flush();
    const { accepted, retried, requests, spooled } = signalsOf(receipt);
    assert.deepEqual({ accepted, retried, requests, spooled }, { accepted: 1, retried: 2, requests: 3, spooled: 0 });
    assert.ok(Date.now() - before >= 1_000);
    const bodies = at('logs').map(({ body }) => Buffer.from(body).toString());
    assert.equal(new Set(bodies).size, 1);
    accounted(receipt, 1);
  });

  test('an outage: kept for later, and sent once it is over', async () => {
    const { exporter, reply, logs: arrived } = make({}, 300);
    reply('logs', ...new Array<Reply>(20).fill(down));
    exporter.onLogEvent?.(log({ message: 'kept' }));
    const receipt = await exporter.flush();
    assert.equal(signalsOf(receipt).spooled, 1);
    assert.equal(signalsOf(receipt).replayed, 0);
    accounted(receipt, 1);
    reply('logs');
    const later = await exporter.flush();
    assert.deepEqual([signalsOf(later).accepted, signalsOf(later).replayed], [1, 1]);
    accounted(later, 0);
    assert.equal(new Set(arrived().map(({ body }) => body)).size, 1);
    accounted(exporter.stats(), 1);
  });

  test('in a queue: from there to the receiver, as they were', async () => {
    const bodies: unknown[] = [];
    const spool = queueSpool({ send: async (body) => void bodies.push(body) });
    const { exporter, reply, logs: arrived } = make({ spool }, 0);
    reply('logs', down);
    exporter.onLogEvent?.(log({ message: 'by a queue' }));
    assert.equal(signalsOf(await exporter.flush()).spooled, 1);
    assert.equal(bodies.length, 1);
    let acked = 0;
    const message = { body: bodies[0], attempts: 1, ack: () => void acked++, retry() {} };
    const receipt = await replayQueue({ messages: [message] }, exporter);
    assert.deepEqual([signalsOf(receipt).accepted, signalsOf(receipt).replayed, acked], [1, 1, 1]);
    assert.equal(arrived().at(-1)?.body, 'by a queue');
    accounted(exporter.stats(), 1);
  });

  test('what is under way is pending', async () => {
    const options = { destinations: [otlp({ endpoint: `${sink.origin}/hang/under-way`, timeout: 5_000 })] };
    const { exporter } = make(options);
    exporter.onLogEvent?.(log());
    exporter.onMetricEvent?.(metric());
    exporter.addFeedback({ traceId: 'ab', value: 'up' });
    await until(() => sink.held >= 3);
    assert.equal(signalsOf(exporter.stats()).pending, 3);
    accounted(exporter.stats(), 3);
    sink.release();
    assert.equal(signalsOf(await exporter.flush()).pending, 0);
    assert.equal(signalsOf(exporter.stats()).accepted, 3);
  });

  test('where nothing can be sent at all everything is counted', async () => {
    const resourceAttributes = {
      get broken(): string {
        throw new Error('no');
      },
    };
    const { exporter } = make({ resourceAttributes });
    exporter.onLogEvent?.(log());
    exporter.onLogEvent?.(log());
    exporter.onMetricEvent?.(metric());
    exporter.addFeedback({ traceId: 'ab', value: 'up' });
    const receipt = await exporter.flush();
    assert.deepEqual(signalsOf(receipt).dropped, { failed: 4 });
    accounted(receipt, 4);
  });

  test('without an answer it may be there twice, and is counted so', async () => {
    const bodies: unknown[] = [];
    const spool = queueSpool({ send: async (body) => void bodies.push(body) });
    const options = { spool, destinations: [otlp({ endpoint: `${sink.origin}/hang/signals`, timeout: 50, retryBudget: 0 })] };
    const { exporter } = make(options);
    exporter.onLogEvent?.(log());
    const receipt = await exporter.flush();
    assert.equal(signalsOf(receipt).spooled, 1);
    accounted(receipt, 1);
    assert.equal((bodies[0] as { unsure: boolean }).unsure, true);
  });

  test('without a store, and at shutdown with one in memory: lost, and counted', async () => {
    const none = make({ spool: false }, 0);
    none.reply('logs', down, down);
    none.exporter.onLogEvent?.(log());
    none.exporter.onMetricEvent?.(metric());
    const receipt = await none.exporter.flush();
    assert.deepEqual(signalsOf(receipt).dropped, { unsent: 1 });
    assert.equal(signalsOf(receipt).accepted, 1);
    assert.equal(signalsOf(receipt).errors[0]?.destination, 'otlp logs');
    accounted(receipt, 2);

    const memory = make({}, 0);
    memory.reply('logs', down, down);
    memory.exporter.onLogEvent?.(log());
    assert.deepEqual(signalsOf(await memory.exporter.shutdown()).dropped, { unsent: 1 });
    memory.exporter.onLogEvent?.(log());
    assert.equal(signalsOf(memory.exporter.stats()).dropped.disabled, 1);
    accounted(memory.exporter.stats(), 2);
  });

  test("what a receiver refuses of logs is told in logs' own words", async () => {
    const { exporter, reply } = make();
    const body = '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}';
    reply('logs', { status: 200, body });
    exporter.onLogEvent?.(log());
    exporter.onLogEvent?.(log());
    const { accepted, rejected, errors } = signalsOf(await exporter.flush());
    assert.deepEqual([accepted, rejected], [1, 1]);
    assert.match(errors[0]?.message ?? '', /1 of 2 .* too old/);
  });

  test('bounded: the oldest of very many that wait give way, and are counted', async () => {
    const { exporter, logs: arrived } = make({ signals: [logs()] });
    const [root] = run(0);
    start(exporter, root);
    for (let i = 0; i < 3_000; i++) exporter.onLogEvent?.(log({ message: `${i}`, traceId: root.traceId }));
    const { dropped } = signalsOf(exporter.stats());
    assert.equal(dropped.memory, 3_000 - 2_048);
    end(exporter, root);
    const receipt = await exporter.flush();
    const stats = exporter.stats();
    accounted(stats, 3_000);
    assert.ok(signalsOf(receipt).requests >= 4); // of 512 each
    assert.equal(arrived().at(-1)?.body, '2999');
  });

  test('a destination that is off, or takes none, is named, and what it should get is counted', async () => {
    const told: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void told.push(message) };
    const { exporter } = make({
      destinations: [otlp({ name: 'keyless', endpoint: sink.origin, headers: { authorization: undefined } })],
      signals: [logs({ destinations: [otlp({ name: 'nowhere', endpoint: undefined })] }), metrics()],
      logLevel: 'warn',
    });
    exporter.__setLogger(logger);
    exporter.onLogEvent?.(log());
    exporter.onMetricEvent?.(metric());
    const receipt = await exporter.flush();
    assert.deepEqual(signalsOf(receipt).dropped, { disabled: 2 });
    accounted(receipt, 2);
  });

  test('nothing of a credential is in receipts, errors or warnings', async () => {
    const told: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void told.push(message) };
    const { exporter, reply } = make({ logLevel: 'debug' }, 0);
    exporter.__setLogger(logger);
    reply('logs', { status: 401, body: `{"message":"bad key ${KEY}"}` });
    exporter.onLogEvent?.(log());
    const receipt = await exporter.flush();
    assert.equal(signalsOf(receipt).errors[0]?.code, 'denied');
    const all = JSON.stringify([receipt, exporter.stats(), told, exporter, { ...exporter }]);
    assert.ok(!all.includes(KEY) && !all.includes(sink.origin), all);
    assert.ok(told.some((one) => one.includes('events lost')));
  });

  test('an exporter for each request: none of their numbers is negative, all are there', async () => {
    const { base } = make();
    const destinations = [otlp({ endpoint: sink.origin + base })];
    const receipts: Receipt[] = [];
    const all = Array.from({ length: 20 }, () => {
      const exporter = new EdgespanExporter({ serviceName: 's', destinations, signals: [logs()], logLevel: 'silent', onReceipt: (receipt) => void receipts.push(receipt) });
      exporter.onLogEvent?.(log({ message: id() }));
      return exporter;
    });
    const flushed = await Promise.all(all.map((exporter) => exporter.flush()));
    const sum = (field: 'accepted' | 'replayed'): number =>
      flushed.reduce((total, receipt) => total + signalsOf(receipt)[field], 0);
    assert.equal(sum('accepted'), 20);
    assert.equal(sum('replayed'), 0);
    for (const receipt of flushed) assert.ok(signalsOf(receipt).replayed >= 0);
    assert.equal(sink.requests.filter(({ path }) => path === `${base}/v1/logs`).length, 20);
  });
});
