// Several scores and feedback of which receivers take some: none stops another, each is counted once.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as destinations from 'edgespan/destinations';
import type { Destination } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { logs, scores } from 'edgespan/signals';
import { memorySpool } from 'edgespan/spool';
import { fake, posted, SCORE, spanId, TIME, traceId } from '../support/scores.ts';

describe('several, of which some are refused', () => {
  // Each another's: a circuit that one test opened is no other's.
  let accounts = 0;
  const langfuse = (): Destination =>
    destinations.langfuse({ publicKey: `pk-lf-${accounts++}`, secretKey: 'sk-lf-1', retryBudget: 0 });

  /** Adds so many scores; what becomes of them. */
  async function give(exporter: EdgespanExporter, many: number): Promise<NonNullable<Receipt['signals']>> {
    for (let i = 0; i < many; i++) exporter.addScore({ traceId, name: `s${i}`, value: i });
    const { signals } = await exporter.flush();
    assert.ok(signals);
    return signals;
  }

  /** Everything that entered is in one of the numbers. */
  function accounted(exporter: EdgespanExporter, ended: number): void {
    const { accepted, rejected, dropped, spooled, pending, replayed } = exporter.stats().signals!;
    const lost = Object.values(dropped).reduce((sum, one) => sum + one, 0);
    assert.equal(accepted + rejected + lost + spooled + pending, ended + replayed);
  }

  const answer = (status: number) => (): Response => new Response('{}', { status });

  for (const status of [400, 404, 413, 422, 500]) {
    test(`a refusal (${status}) of one does not stop the others`, async () => {
      for (const spool of [undefined, false] as const) {
        fake.sent = [];
        fake.answers = [answer(status), answer(200), answer(status)];
        const exporter = new EdgespanExporter({ destinations: [langfuse()], signals: [scores()], logLevel: 'silent', ...(spool === false && { spool }) });
        const { accepted, rejected, dropped, spooled } = await give(exporter, 5);
        assert.deepEqual([fake.sent.length, accepted, rejected, dropped, spooled], [5, 3, 2, {}, 0]);
        accounted(exporter, 5);
      }
    });
  }

  test('one that is denied, or gets no answer, keeps the others back', async () => {
    for (const status of [401, 503]) {
      fake.sent = [];
      fake.answers = [answer(200), ...new Array(4).fill(answer(status))];
      const exporter = new EdgespanExporter({ destinations: [langfuse()], signals: [scores()], spool: memorySpool(), logLevel: 'silent' });
      const { accepted, spooled, replayed } = await give(exporter, 5);
      assert.deepEqual([accepted, spooled - replayed], [1, 4]);
      assert.ok(fake.sent.length <= 3, `${fake.sent.length}`); // one more of what was just stored
      accounted(exporter, 5);
    }
  });

  test('what comes back from a store is counted as such, to whomever and whatever becomes of it', async () => {
    const mixes = [[503], [200, 503], [400, 503], [503, 503], [200, 400, 503, 200, 400], [503, 200, 503, 200, 503]];
    for (const mix of mixes) {
      fake.sent = [];
      fake.answers = mix.map(answer);
      const exporter = new EdgespanExporter({
        destinations: [langfuse(), destinations.laminar({ apiKey: `lmnr-key-${accounts++}`, retryBudget: 0 })],
        signals: [scores()],
        spool: memorySpool(),
        logLevel: 'silent',
      });
      for (let ended = 10; ended <= 40; ended += 10) {
        await give(exporter, 5);
        accounted(exporter, ended);
      }
      const { signals } = await exporter.shutdown();
      accounted(exporter, 40);
      assert.ok(signals === undefined || signals.replayed >= 0);
      const { replayed, spooled } = exporter.stats().signals!;
      assert.ok(spooled > 0 && replayed > 0, `${mix}: ${spooled} ${replayed}`);
    }
  });

  test('what may have arrived is not sent twice where it would be there twice', async () => {
    const metadata = { 'tcc.runId': 'order 66' };
    const cases: Destination[] = [
      destinations.laminar({ apiKey: 'once-1' }),
      destinations.datadog({ apiKey: 'once-2', mlApp: 'app' }),
      destinations.traceloop({ apiKey: 'once-3', annotationTask: 'task' }),
      destinations.contextCompany({ apiKey: 'dev_once-4' }),
    ];
    for (const destination of cases) {
      for (const status of [504, 408]) {
        fake.sent = [];
        fake.answers = [answer(status)];
        const exporter = new EdgespanExporter({ destinations: [destination], signals: [scores()], logLevel: 'silent' });
        exporter.addFeedback({ traceId, spanId, value: 'up', metadata });
        const { signals } = await exporter.flush();
        await exporter.shutdown();
        assert.deepEqual([fake.sent.length, signals?.accepted, signals?.rejected], [1, 0, 1], `${destination.name} ${status}`);
        assert.match(signals?.errors[0]?.message ?? '', /may have arrived/);
        accounted(exporter, 1);
      }
      // What was not taken for sure is sent again.
      fake.sent = [];
      fake.answers = [answer(429)];
      const exporter = new EdgespanExporter({ destinations: [destination], signals: [scores()], logLevel: 'silent' });
      exporter.addFeedback({ traceId, spanId, value: 'up', metadata });
      const { signals } = await exporter.flush();
      assert.deepEqual([fake.sent.length, signals?.accepted], [2, 1], destination.name);
    }
  });

  test("at an address whose other interfaces nobody knows: as a span, and no key to a host that is made up", async () => {
    const at = 'https://otlp.proxy.example/v1/traces';
    const cases: Destination[] = [
      destinations.langfuse({ publicKey: 'pk-lf-1', secretKey: 'sk-lf-1', endpoint: at }),
      destinations.langsmith({ apiKey: 'k', endpoint: at }),
      destinations.braintrust({ apiKey: 'k', parent: 'project_id:p', endpoint: at }),
      destinations.posthog({ apiKey: 'k', endpoint: 'https://otlp.proxy.example/ai/otel' }),
      destinations.datadog({ apiKey: 'k', mlApp: 'app', endpoint: 'https://otlp.proxy.example' }),
      destinations.datadog({ apiKey: 'k', mlApp: 'app', endpoint: 'https://otlp.datadoghq.com.example' }),
    ];
    for (const destination of cases) {
      fake.sent = [];
      fake.answers = [];
      const exporter = new EdgespanExporter({ destinations: [destination], signals: [scores()], logLevel: 'silent' });
      exporter.addScore({ traceId, spanId, name: 's', value: 1 });
      const { signals } = await exporter.flush();
      assert.equal(signals?.accepted, 1);
      const [{ url, headers }] = fake.sent;
      assert.match(url, /^https:\/\/otlp\.(proxy|datadoghq\.com)\.example\/(v1\/traces|ai\/otel)$/, destination.name);
      assert.equal(headers['content-type'], 'application/x-protobuf', destination.name);
    }
    const intake = destinations.datadog({ apiKey: 'k', mlApp: 'app', endpoint: 'https://otlp.us5.datadoghq.com' });
    const { sent: own } = await posted(intake);
    assert.ok(own.every(({ url }) => url.startsWith('https://api.us5.datadoghq.com/api/intake/')));
    assert.match(destinations.datadog({ endpoint: '', mlApp: 'app' }).problem ?? '', /apiKey.*is missing/);
  });

  test('a score whose trace never comes is waited for only so long, and keeps no other back', async () => {
    const known = (timestamp: Date) => ({ score: { ...SCORE, scoreId: crypto.randomUUID(), timestamp } });
    const phoenix = destinations.phoenix({ endpoint: 'https://phoenix.example', retryBudget: 20_000 });
    fake.sent = [];
    fake.answers = [404, 404, 404].map(answer);
    const exporter = new EdgespanExporter({ destinations: [phoenix], signals: [scores()], logLevel: 'silent' });
    exporter.onScoreEvent?.(known(new Date(TIME)));
    exporter.onScoreEvent?.(known(new Date()));
    const { signals } = await exporter.flush();
    assert.deepEqual([fake.sent.length, signals?.accepted, signals?.rejected], [4, 1, 1]);
    assert.equal(signals?.errors[0]?.status, 404);
    // A new one is not given up as quickly.
    fake.answers = [404, 404, 404].map(answer);
    exporter.onScoreEvent?.(known(new Date()));
    const { signals: later } = await exporter.flush();
    assert.deepEqual([later?.accepted, later?.rejected], [1, 0]);
    accounted(exporter, 3);
  });

  test('nothing is replayed that was in no store, though several get it', async () => {
    fake.sent = [];
    fake.answers = [];
    const places = [destinations.otlp({ endpoint: 'http://one.example' }), destinations.otlp({ endpoint: 'http://two.example', name: 'two' })];
    const exporter = new EdgespanExporter({ destinations: places, signals: [logs()], logLevel: 'silent' });
    for (let i = 0; i < 5; i++) exporter.onLogEvent?.({ log: { timestamp: new Date(), level: 'info', message: `${i}` } });
    const { signals } = await exporter.flush();
    assert.deepEqual([signals?.accepted, signals?.replayed], [10, 0]);
  });
});
