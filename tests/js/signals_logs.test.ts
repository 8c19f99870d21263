// Logs as they arrive, and what of them stays here.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OtelExporter } from '@mastra/otel-exporter';
import { braintrust, type Destination, honeycomb, otlp, sentry } from 'edgespan/destinations';
import { logs, type MastraLog, metrics } from 'edgespan/signals';
import { decodeLogs, type WireLog } from '../support/otlp_signals.ts';
import { accounted, KEY, log, mastraOf, metric, signalsOf, startSignals } from '../support/signals.ts';
import { end, run, start } from './spans.ts';

const { make, place, sink, until } = await startSignals();

describe('logs', () => {
  test("beside the official exporter's: the same texts, severities, attributes, ids and times", async () => {
    const ours = make();
    const theirs = place();
    const official = new OtelExporter({
      provider: { custom: { endpoint: sink.origin + theirs, protocol: 'http/json' } },
      signals: { traces: false, logs: true },
    } as never);
    // Another exporter of the user's, which keeps its settings in the open.
    const open = {
      name: 'open',
      headers: { 'x-api-key': 'sk-of-another' },
      endpoint: 'https://private.example.com',
      token: 'tok-of-another',
      onTracingEvent() {},
      exportTracingEvent: async () => {},
      flush: async () => {},
      shutdown: async () => {},
    };
    const mastra = mastraOf([ours.exporter, official, open]);
    await mastra.getAgent('a').generate('Weather?');
    await mastra.observability.flush();
    await official.flush();
    const bodies = sink.requests.filter(({ path }) => path === `${theirs}/v1/logs`);
    const expected = bodies.flatMap(({ body }) => decodeLogs(body)).filter((one) => one.traceId);
    const got = ours.logs().filter((one) => one.traceId);
    assert.ok(expected.length >= 2);
    assert.equal(got.length, expected.length);
    const machinery = ['mastra.log.tracing', 'mastra.log.loggerVNext', 'mastra.log.metrics'];
    const order = (a: WireLog, b: WireLog): number => (a.body < b.body ? -1 : 1);
    expected.sort(order);
    got.sort(order);
    expected.forEach((one, i) => {
      const attributes = new Map(one.attributes);
      for (const key of machinery) attributes.delete(key);
      const { body, severity, severityText, traceId, spanId, flags, time } = one;
      const same = { body, severity, severityText, traceId, spanId, flags, time, attributes };
      const mine = got[i];
      assert.deepEqual(
        { ...same },
        {
          body: mine.body,
          severity: mine.severity,
          severityText: mine.severityText,
          traceId: mine.traceId,
          spanId: mine.spanId,
          flags: mine.flags,
          time: mine.time,
          attributes: mine.attributes,
        },
      );
    });
    const line = got.find((one) => one.body === 'looking – “up”');
    assert.equal(line?.severity, 13);
    assert.equal(line?.attributes.get('mastra.log.city'), 'Zürich');
    assert.equal(line?.attributes.get('mastra.log.n'), 3n);
    assert.equal(line?.attributes.get('mastra.log.deep'), '{"list":[1,{"a":null}]}');
    assert.equal(line?.resource.get('service.name'), 'signals');
    assert.ok(ours.spans().some((span) => span.spanId === line?.spanId && span.traceId === line?.traceId));
    // What the official one gives away, ours does not.
    const given = bodies.map(({ body }) => Buffer.from(body).toString()).join();
    assert.match(given, /sk-of-another/);
    const kept = ours.at('logs').map(({ body }) => Buffer.from(body).toString()).join();
    for (const secret of ['sk-of-another', 'tok-of-another', 'private.example.com', KEY, sink.origin]) {
      assert.ok(!kept.includes(secret), secret);
    }
    const told = signalsOf(ours.exporter.stats());
    assert.ok(told.withheld > 0);
  });

  test('what may not leave stays: credentials by name and by form, machinery, what cannot be read', async () => {
    const { exporter, logs: arrived } = make();
    const circle: Record<string, unknown> = { name: 'circle' };
    circle.self = circle;
    exporter.onLogEvent?.(
      log({
        message: `called with Bearer abc.def-123 and ${KEY}`,
        data: {
          apiKey: 'k1',
          'X-Api-Key': 'k2',
          request: { headers: { authorization: 'k3' }, url: 'https://user.example/x', tokens: 12, inputTokens: 7 },
          note: `to ${sink.origin}`,
          tracing: { currentSpan: { observabilityInstance: { config: { exporters: [{ token: 'k4' }] } } } },
          metrics: { observabilityBus: { exporters: [{ token: 'k5' }] }, of: 1 },
          exporters: ['plain', 'words'],
          circle,
          fails: { get one() { throw new Error('no'); } },
          big: 10n,
          at: new Date(0),
          none: null,
          nan: NaN,
        },
        metadata: { runId: 'r', password: 'k6' },
      }),
    );
    await exporter.flush();
    const [one] = arrived();
    const { attributes } = one;
    assert.equal(one.body, 'called with Bearer [REDACTED] and [REDACTED]');
    const text = (key: string): unknown => attributes.get(`mastra.log.${key}`);
    assert.equal(text('apiKey'), '[REDACTED]');
    assert.equal(text('X-Api-Key'), '[REDACTED]');
    assert.deepEqual(JSON.parse(text('request') as string), {
      headers: '[REDACTED]',
      url: 'https://user.example/x',
      tokens: '[REDACTED]',
      inputTokens: 7,
    });
    assert.equal(text('note'), 'to http://[REDACTED]');
    assert.equal(text('tracing'), undefined);
    assert.equal(text('metrics'), undefined);
    assert.equal(text('exporters'), '["plain","words"]');
    assert.equal(text('circle'), '{"name":"circle","self":"[Circular]"}');
    assert.equal(text('fails'), '{"one":"[Throws]"}');
    assert.equal(text('big'), '10');
    assert.equal(text('at'), '1970-01-01T00:00:00.000Z');
    assert.equal(text('nan'), NaN);
    assert.equal(attributes.get('mastra.metadata.password'), '[REDACTED]');
    assert.ok(!attributes.has('mastra.log.none'));
  });

  test("a destination's own credentials stay, whatever its header is called, and if it is off", async () => {
    const url = sink.origin + '/ok/own';
    const dsn = url.replace('http://', 'http://0123456789abcdef0123:dsnsecret99@');
    const cases: [Destination, string[]][] = [
      [honeycomb({ endpoint: url, apiKey: 'hcaik_01SECRET' }), ['hcaik_01SECRET']],
      [sentry({ dsn: `${dsn}/42` }), ['0123456789abcdef0123', 'dsnsecret99']],
      [otlp({ endpoint: url, headers: { 'x-credential': 'custom-secret' } }), ['custom-secret']],
      [otlp({ endpoint: url, headers: { authorization: `Basic ${btoa('user123:pass456')}` } }), ['user123', 'pass456', btoa('user123:pass456')]],
      [otlp({ endpoint: `${url}?key=a%2Fsecret`, headers: {} }), ['a%2Fsecret', 'a/secret']],
      [braintrust({ apiKey: 'sk-of-one-that-is-off', endpoint: 'nonsense' }), ['sk-of-one-that-is-off']],
    ];
    for (const [destination, secrets] of cases) {
      const before = sink.requests.length;
      const destinations = [destination, otlp({ endpoint: url, name: 'other' })];
      const { exporter } = make({ destinations, signals: [logs()] });
      exporter.onLogEvent?.(log({ message: `garbage, undefined, ${secrets.join(' and ')}`, data: { note: secrets } }));
      await exporter.flush();
      const bodies = sink.requests.slice(before).map(({ body }) => Buffer.from(body).toString('latin1'));
      assert.ok(bodies.length > 0 && bodies.every((body) => body.includes('garbage, undefined, [REDACTED]')), `${bodies}`);
      for (const secret of secrets) assert.ok(!bodies.join().includes(secret), `${destination.name}: ${secret}`);
    }
  });

  test('credentials in lists, pairs, by any name of theirs, and in URLs stay; other words do not', async () => {
    const { exporter, logs: arrived } = make();
    exporter.onLogEvent?.(
      log({
        message: 'db postgres://bob:leak1@db.example/x, and https://leak2@git.example/y; mail a@b.example',
        data: {
          raw: ['x-api-key', 'leak3', 'accept', 'text/html', 'cookie', 'sid=leak4'],
          pairs: [['authorization', 'leak5'], ['accept', 'text/html']],
          har: [{ name: 'x-auth-token', value: 'leak6' }, { name: 'accept', value: 'text/html' }],
          apiToken: 'leak7',
          botToken: 'leak8',
          SLACK_API_TOKEN: 'leak9',
          webhookSecret: 'leak0',
          inputTokens: 7,
          tags: ['auth', 'billing'],
        },
      }),
    );
    await exporter.flush();
    const [{ body, attributes }] = arrived();
    const all = [body, ...attributes.values()].join();
    assert.doesNotMatch(all, /leak/);
    assert.equal(body, 'db postgres://[REDACTED]@db.example/x, and https://[REDACTED]@git.example/y; mail a@b.example');
    const text = (key: string): unknown => JSON.parse(attributes.get(`mastra.log.${key}`) as string);
    assert.deepEqual(text('raw'), ['x-api-key', '[REDACTED]', 'accept', 'text/html', 'cookie', '[REDACTED]']);
    assert.deepEqual(text('pairs'), [['authorization', '[REDACTED]'], ['accept', 'text/html']]);
    assert.deepEqual(text('har'), [{ name: 'x-auth-token', value: '[REDACTED]' }, { name: 'accept', value: 'text/html' }]);
    assert.deepEqual(text('tags'), ['auth', 'billing']);
    assert.equal(attributes.get('mastra.log.inputTokens'), 7n);
  });

  test('what is referred to very often is read so often only', async () => {
    const { exporter, logs: arrived } = make();
    let shared: object = { leaf: 'x' };
    for (let depth = 0; depth < 10; depth++) shared = Array.from({ length: 9 }, () => shared);
    const long = 'y'.repeat(100_000);
    const since = performance.now();
    exporter.onLogEvent?.(log({ data: { shared } }));
    exporter.onLogEvent?.(log({ data: { texts: Array.from({ length: 1_000 }, () => ({ long })) } }));
    assert.ok(performance.now() - since < 2_000);
    await exporter.flush();
    assert.equal(arrived().length, 2);
    assert.equal(signalsOf(exporter.stats()).withheld, 2);
  });

  test('a body is no larger, in bytes, than a destination takes', async () => {
    const endpoint = `${sink.origin}/ok/small`;
    const destinations = [otlp({ endpoint, name: 'large' }), otlp({ endpoint: `${endpoint}er`, name: 'small', maxRequestBytes: 50_000 })];
    const { exporter } = make({ destinations, signals: [logs(), metrics()] });
    const texts = Array.from({ length: 300 }, (_, i) => `${i} ${'漢'.repeat(2_300)}`);
    for (const message of texts) exporter.onLogEvent?.(log({ message }));
    for (let i = 0; i < 2_000; i++) exporter.onMetricEvent?.(metric({ name: `m${i}`, labels: { of: 'x'.repeat(50) } }));
    const { accepted, rejected, dropped } = signalsOf(await exporter.flush());
    assert.deepEqual([accepted, rejected, dropped], [4_600, 0, {}]);
    const bodies = sink.requests.filter(({ path }) => path.includes('/small'));
    assert.ok(bodies.every(({ body }) => body.length <= 50_000), `${bodies.map(({ body }) => body.length)}`);
    const small = bodies.filter(({ path }) => path.startsWith('/ok/smaller/v1/logs'));
    assert.deepEqual(small.flatMap(({ body }) => decodeLogs(body)).map(({ body }) => body), texts);
  });

  test('however many bytes they are, events of a well receiver are all sent', async () => {
    const { exporter } = make({ spool: false, signals: [logs()] });
    for (let i = 0; i < 800; i++) exporter.onLogEvent?.(log({ message: '漢'.repeat(2_300) }));
    const { accepted, dropped } = signalsOf(await exporter.flush());
    assert.deepEqual([accepted, dropped], [800, {}]);
  });

  test('of one trace with its end, of none at once; by level; none of this package', async () => {
    const { exporter, logs: arrived, at } = make({ signals: [logs({ level: 'warn' })] });
    const [root] = run(0);
    start(exporter, root);
    exporter.onLogEvent?.(log({ level: 'warn', message: 'inside', traceId: root.traceId, spanId: root.id }));
    exporter.onLogEvent?.(log({ level: 'info', message: 'below' }));
    exporter.onLogEvent?.(log({ level: 'error', message: '[edgespan] 3 spans lost' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(at('logs').length, 0);
    assert.equal(signalsOf(exporter.stats()).pending, 1);
    end(exporter, root);
    await until(() => at('logs').length === 1);
    const timestamp = new Date(0); // as a Worker's global scope has it
    exporter.onLogEvent?.(log({ level: 'fatal', message: 'alone', traceId: '1f', spanId: 'A', timestamp }));
    await until(() => at('logs').length === 2);
    assert.deepEqual(arrived().map(({ body }) => body), ['inside', 'alone']);
    assert.deepEqual(arrived().map(({ severity }) => severity), [13, 21]);
    assert.equal(arrived()[1].traceId, '1f'.padStart(32, '0'));
    assert.equal(arrived()[1].spanId, 'a'.padStart(16, '0'));
    assert.equal(arrived()[1].time, 0n);
    assert.ok(arrived()[1].observed > 0n);
  });

  test('hostile events neither throw nor stop others, and are counted', async () => {
    const { exporter, logs: arrived } = make();
    const hostile = new Proxy({} as MastraLog, {
      get() {
        throw new Error('no');
      },
    });
    exporter.onLogEvent?.({ log: hostile });
    exporter.onLogEvent?.({ log: undefined as never });
    exporter.onLogEvent?.(log({ message: 'x'.repeat(200_000), data: { y: 'y'.repeat(200_000) } }));
    exporter.onMetricEvent?.({ metric: undefined as never });
    exporter.onMetricEvent?.(metric({ value: 'many' as never }));
    exporter.onScoreEvent?.({ score: undefined as never });
    exporter.onFeedbackEvent?.({ feedback: hostile as never });
    exporter.onScoreEvent?.(undefined as never);
    exporter.addScore(null as never);
    exporter.addFeedback({ traceId: 'none', value: 1 });
    const receipt = await exporter.flush();
    const [one] = arrived();
    assert.ok(one.body.length < 40_000 && one.body.endsWith('…[truncated]'));
    assert.equal(one.attributes.size, 0);
    assert.equal(signalsOf(receipt).accepted, 1);
    assert.equal(signalsOf(receipt).dropped.failed, 6);
    assert.equal(signalsOf(receipt).dropped.malformed, 2);
    accounted(receipt, 9); // of null there is nothing to count
  });
});
