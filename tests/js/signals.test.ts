// Signals beside spans: logs, metrics, scores and feedback, as they arrive; what of them stays here; what
// becomes of them when a receiver is in trouble.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createScorer } from '@mastra/core/evals';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { OtelExporter } from '@mastra/otel-exporter';
import { braintrust, type Destination, honeycomb, otlp, sentry } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type Receipt } from 'edgespan/mastra';
import { logs, type MastraLog, type MastraMetric, metrics, scores } from 'edgespan/signals';
import { queueSpool, replayQueue } from 'edgespan/spool';
import { traceStore } from 'edgespan/traces';
import { z } from 'zod';
import { scripted } from '../runtime/worker/model.ts';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { decodeLogs, decodeMetrics, type WireLog, type WirePoint } from '../support/otlp_signals.ts';
import { type Reply, Sink } from '../support/sink.ts';
import { end, id, run, start } from './spans.ts';

const KEY = 'sk-0123456789abcdef';

let sink: Sink;
let places = 0;
before(async () => {
  sink = await Sink.start();
});
after(async () => {
  await sink.close();
});

/** A place of a test's own at the sink, and an exporter that sends there. */
function make(options: Partial<EdgespanExporterOptions> = {}, retryBudget = 5_000) {
  const base = `/ok/${places++}`;
  const headers = { authorization: `Bearer ${KEY}` };
  const exporter = new EdgespanExporter({
    serviceName: 'signals',
    destinations: [otlp({ endpoint: sink.origin + base, headers, retryBudget })],
    signals: [logs(), metrics(), scores()],
    logLevel: 'silent',
    ...options,
  });
  const at = (signal: string) => sink.requests.filter(({ path }) => path === `${base}/v1/${signal}`);
  return {
    exporter,
    base,
    at,
    reply: (signal: string, ...replies: Reply[]) => sink.replies.set(`${base}/v1/${signal}`, replies),
    logs: (): WireLog[] => at('logs').flatMap(({ body }) => decodeLogs(body)),
    points: (): WirePoint[] => at('metrics').flatMap(({ body }) => decodeMetrics(body)),
    spans: (): WireSpan[] => at('traces').flatMap(({ body }) => decodeProtobuf(body)),
  };
}

function log(fields: Partial<MastraLog> = {}): { log: MastraLog } {
  return { log: { timestamp: new Date(), level: 'info', message: 'a line', ...fields } };
}

function metric(fields: Partial<MastraMetric> = {}): { metric: MastraMetric } {
  return { metric: { timestamp: new Date(), name: 'my_metric', value: 1, labels: {}, ...fields } };
}

const until = (ready: () => boolean, what = 'what was sent'): Promise<void> => sink.until(ready, what);

const signalsOf = ({ signals }: Receipt): NonNullable<Receipt['signals']> => {
  assert.ok(signals);
  return signals;
};

/** Everything that entered is in one of the receipt's numbers. */
function accounted(receipt: Receipt, events: number): void {
  const { accepted, rejected, dropped, spooled, pending, replayed } = signalsOf(receipt);
  const lost = Object.values(dropped).reduce((sum, one) => sum + one, 0);
  assert.equal(accepted + rejected + lost + spooled + pending, events + replayed);
}

/** An agent with a tool that logs, emits a metric and fails, around these exporters. */
function mastraOf(exporters: object[], scorers: object = {}): Mastra {
  const tool = createTool({
    id: 'weather',
    description: 'Weather',
    inputSchema: z.object({ city: z.string() }),
    execute: async (_, context) => {
      const { loggerVNext, metrics: emitter } = context as unknown as {
        loggerVNext: { info(message: string, data: object): void; warn(message: string, data: object): void };
        metrics: { emit(name: string, value: number, labels: object): void };
      };
      loggerVNext.warn('looking – “up”', { city: 'Zürich', n: 3, f: 0.5, deep: { list: [1, { a: null }] } });
      emitter.emit('lookups', 4.5, { region: 'eu' });
      throw new Error('station unreachable');
    },
  });
  const model = scripted([{ tools: [{ tool: 'weather', input: { city: 'Zürich' } }] }, { text: 'No idea.' }]);
  const agent = new Agent({ id: 'a', name: 'a', instructions: 'Answer.', model, tools: { weather: tool }, scorers: scorers as never });
  return new Mastra({
    agents: { a: agent },
    logger: false,
    observability: new Observability({
      configs: { default: { serviceName: 'signals', exporters: exporters as never, logging: { level: 'debug' } } },
    }),
  });
}

describe('logs', () => {
  test("beside the official exporter's: the same texts, severities, attributes, ids and times", async () => {
    const ours = make();
    const theirs = `/ok/${places++}`;
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

describe('metrics', () => {
  test('durations are distributions, tokens are sums, others what they are said to be', async () => {
    const { exporter, points } = make({ signals: [metrics({ kinds: { depth: 'gauge' } })] });
    const place = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) };
    const at = { correlationContext: { entityType: 'agent', entityName: 'a', runId: 'never' } };
    for (const value of [7, 80, 90_000]) {
      exporter.onMetricEvent?.(metric({ name: 'mastra_model_duration_ms', value, labels: { status: 'ok' }, ...place, ...at }));
    }
    exporter.onMetricEvent?.(metric({ name: 'mastra_model_duration_ms', value: 5, labels: { status: 'error' }, ...at }));
    for (const value of [717, 3]) {
      exporter.onMetricEvent?.(
        metric({ name: 'mastra_model_total_input_tokens', value, ...at, costContext: { provider: 'openai', model: 'gpt' } }),
      );
    }
    exporter.onMetricEvent?.(metric({ name: 'depth', value: 2.5 }));
    exporter.onMetricEvent?.(metric({ name: 'depth', value: 1.5 }));
    const receipt = await exporter.flush();
    assert.equal(signalsOf(receipt).accepted, 8);
    const all = points();
    const find = (name: string, status?: string): WirePoint => {
      const found = all.filter((one) => one.metric === name && (!status || one.attributes.get('status') === status));
      assert.equal(found.length, 1, name);
      return found[0];
    };
    const ok = find('mastra_model_duration_ms', 'ok');
    assert.equal(ok.kind, 'histogram');
    assert.equal(ok.unit, 'ms');
    assert.equal(ok.temporality, 1);
    assert.deepEqual([ok.fields.count, ok.fields.sum, ok.fields.min, ok.fields.max], [3n, 90_087, 7, 90_000]);
    const { bucketCounts, explicitBounds } = ok.fields;
    assert.equal(bucketCounts.length, explicitBounds.length + 1);
    explicitBounds.forEach((bound: number, i: number) => {
      const below = [7, 80, 90_000].filter((v) => v <= bound && v > (explicitBounds[i - 1] ?? -Infinity)).length;
      assert.equal(bucketCounts[i], BigInt(below));
    });
    assert.equal(bucketCounts.at(-1), 1n);
    assert.deepEqual([...ok.attributes], [['mastra.entity_type', 'agent'], ['mastra.entity_name', 'a'], ['status', 'ok']]);
    assert.equal(ok.fields.exemplars[0].traceId, place.traceId);
    assert.ok(ok.start < ok.time);
    assert.equal(find('mastra_model_duration_ms', 'error').fields.sum, 5);
    const tokens = find('mastra_model_total_input_tokens');
    assert.deepEqual([tokens.kind, tokens.unit, tokens.temporality, tokens.fields.asDouble], ['sum', '{token}', 1, 720]);
    assert.equal(tokens.attributes.get('gen_ai.request.model'), 'gpt');
    const depth = find('depth');
    assert.deepEqual([depth.kind, depth.fields.asDouble], ['gauge', 1.5]);
  });

  test("of a real agent's run: Mastra's own and a tool's", async () => {
    const { exporter, points, spans } = make();
    const mastra = mastraOf([exporter]);
    await mastra.getAgent('a').generate('Weather?');
    await mastra.observability.flush();
    const names = new Set(points().map((one) => one.metric));
    for (const name of ['lookups', 'mastra_agent_duration_ms', 'mastra_tool_duration_ms', 'mastra_model_total_input_tokens']) {
      assert.ok(names.has(name), `${name} of ${[...names]}`);
    }
    const own = points().find((one) => one.metric === 'lookups');
    assert.equal(own?.attributes.get('region'), 'eu');
    assert.equal(own?.fields.sum, 4.5);
    assert.equal(own?.fields.exemplars[0].traceId, spans()[0].traceId);
  });
});

describe('scores and feedback', () => {
  test('where a receiver knows nothing but spans: a span of its own, with a link and the event', async () => {
    const { exporter, spans, at } = make();
    const timestamp = new Date(1_763_625_600_123);
    const scoreId = '12318e8d-d9d0-4b06-925c-bd134cd1c196';
    const traceId = 'da595fe34291987d6e8c39a2476469c7';
    const spanId = '3286c13af1d35de8';
    exporter.onScoreEvent?.({
      score: { scoreId, timestamp, traceId, spanId, scorerId: 'relevance', scorerName: 'Relevance', score: 0.82, reason: 'good', metadata: { m: 1 } },
    });
    exporter.addFeedback({ traceId, value: 'up', comment: 'nice', feedbackUserId: 'u1' });
    await exporter.addScoreToTrace?.({ traceId, score: 0.25, scorerName: 'old' });
    exporter.addScore({ traceId, spanId, name: 'short', value: 3, comment: 'why' });
    await until(() => at('traces').length === 4);
    const [score, feedback, old, short] = spans();
    assert.equal(score.traceId, scoreId.replaceAll('-', ''));
    assert.equal(score.parentSpanId, '');
    assert.equal(score.name, 'evaluate Relevance');
    assert.equal(score.kind, 1);
    assert.deepEqual(score.links.map((link) => [link.traceId, link.spanId]), [[traceId, spanId]]);
    const [event] = score.events;
    assert.equal(event.name, 'gen_ai.evaluation.result');
    assert.equal(event.time, 1_763_625_600_123_000_000n);
    assert.deepEqual(Object.fromEntries(event.attributes), {
      'gen_ai.evaluation.name': 'Relevance',
      'gen_ai.evaluation.score.value': 0.82,
      'gen_ai.evaluation.explanation': 'good',
    });
    for (const [key, value] of event.attributes) assert.equal(score.attributes.get(key), value);
    assert.equal(score.attributes.get('mastra.evaluated.span_id'), spanId);
    assert.equal(score.attributes.get('mastra.metadata.m'), 1n);
    assert.equal(score.resource.get('service.name'), 'signals');
    assert.deepEqual(feedback.links.map((link) => [link.traceId, link.spanId]), [[traceId, '']]);
    assert.equal(feedback.name, 'evaluate thumbs');
    assert.equal(feedback.attributes.get('gen_ai.evaluation.score.label'), 'up');
    assert.equal(feedback.attributes.get('user.id'), 'u1');
    assert.equal(old.attributes.get('gen_ai.evaluation.score.value'), 0.25);
    assert.equal(short.attributes.get('gen_ai.evaluation.explanation'), 'why');
    await exporter.flush();
    accounted(exporter.stats(), 4);
    assert.equal(exporter.stats().accepted, 0); // spans are spans
  });

  test("a real agent's scorers, its trace's annotations, and a kept trace", async () => {
    const { exporter, spans } = make({ keepTraces: traceStore() });
    const scorer = createScorer({ id: 'length', description: 'Length of the answer' })
      .generateScore(() => 0.5)
      .generateReason(() => 'half');
    const mastra = mastraOf([exporter], { length: { scorer } });
    const { traceId = '' } = await mastra.getAgent('a').generate('Weather?');
    await until(() => spans().some((one) => one.name === 'evaluate length'), 'the scorer');
    const scored = spans().find((one) => one.name === 'evaluate length');
    assert.equal(scored?.links[0].traceId, traceId);
    assert.equal(scored?.attributes.get('gen_ai.evaluation.explanation'), 'half');
    const trace = await exporter.getTrace(traceId);
    assert.ok(trace);
    assert.ok(trace.scores.some((one) => one.scorerId === 'length'));
    await until(() => spans().some((one) => one.spanId === scored?.links[0].spanId), 'what was scored');
    await trace.addFeedback({ value: 1, comment: 'by the trace' });
    const said = (): WireSpan | undefined =>
      spans().find((one) => one.attributes.get('gen_ai.evaluation.explanation') === 'by the trace');
    await until(() => said() !== undefined);
    assert.equal(said()?.links[0].traceId, traceId);
  });

  test('what is no signal is told of, and does no harm', () => {
    for (const signals of [[{}], 'logs', [null]]) {
      const exporter = new EdgespanExporter({ destinations: [], signals: signals as never, logLevel: 'silent' });
      assert.equal(exporter.onLogEvent, undefined);
    }
  });

  test('without scores() nothing is taken, and the user is told once', () => {
    const told: string[] = [];
    const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint: sink.origin })] });
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void told.push(message) };
    exporter.__setLogger(logger);
    for (let i = 0; i < 3; i++) exporter.addScore({ traceId: 'a'.repeat(32), name: 'n', value: 1 });
    assert.equal(told.filter((one) => one.includes('scores()')).length, 1);
    assert.equal(exporter.onLogEvent, undefined);
    assert.equal(exporter.stats().signals, undefined);
  });
});

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
