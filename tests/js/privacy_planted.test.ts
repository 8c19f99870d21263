// No planted secret survives: hundreds of secrets of some ninety kinds, at every place that has a text in
// spans of every type, in every dialect, plain and escaped; in spans of OpenTelemetry, logs, metrics and
// scores; in what a store is given, what is logged, and what receipts tell.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { otlp, otlpJson } from 'edgespan/destinations';
import * as dialects from 'edgespan/dialects';
import { EdgespanExporter, type MastraSpan, type Receipt } from 'edgespan/mastra';
import { EdgespanTracerProvider } from 'edgespan/otel';
import { redact } from 'edgespan/privacy';
import { logs, metrics, scores } from 'edgespan/signals';
import { queueSpool } from 'edgespan/spool';
import { Notes, startSink } from '../support/exporter.ts';
import { madeSpans } from '../support/made_spans.ts';
import { type Planted, planted } from '../support/secrets.ts';
import { id } from './spans.ts';

const sink = await startSink();
const SECRETS = planted(20_261_121, 5);

/** What a text means, however often it is escaped. */
function revealed(text: string): string {
  for (let last = ''; last !== text;) {
    last = text;
    text = text
      .replace(/\\+u([0-9a-fA-F]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
      .replace(/\\+n/g, '\n')
      .replace(/\\+(["/\\])/g, '$1');
  }
  return text;
}

/** What is in a body in protobuf or JSON: its texts stand in it as they are. */
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function assertGone(secrets: readonly Planted[], where: string, text: string): void {
  assert.match(text, /REDACTED|WITHHELD/, `nothing was found in ${where}`);
  const shown = revealed(text);
  for (const { name, secret } of secrets) {
    const at = shown.indexOf(secret);
    assert.equal(at, -1, `${name} survives in ${where}: …${shown.slice(Math.max(0, at - 120), at + 60)}`);
  }
}

/** The same of what is said, where nothing need be found. */
function assertUnsaid(secrets: readonly Planted[], text: string): void {
  const shown = revealed(text);
  for (const { name, secret } of secrets) assert.ok(!shown.includes(secret), `${name} is said`);
}

const escaped = (text: string): string =>
  `"${Array.from(text, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
const half = (text: string): string =>
  JSON.stringify(text).replace(/[a-z]/g, (c, i: number) => (i % 2 ? c : `\\u00${c.charCodeAt(0).toString(16)}`));

/** Ways in which a text holds a secret's phrase. */
const FORMS: readonly ((phrase: string) => unknown)[] = [
  (phrase) => phrase,
  (phrase) => `Please note – “it” is ${phrase} \u{1f600}\nThank you`,
  (phrase) => JSON.stringify({ told: phrase }),
  (phrase) => JSON.stringify({ body: JSON.stringify([JSON.stringify({ deep: phrase })]) }),
  (phrase) => `{"told":${escaped(phrase)}}`,
  (phrase) => `[${half(phrase)},1]`,
  (phrase) => ({ list: ['a', { [phrase]: true, told: phrase }] }),
  (phrase) => new Error(phrase),
  (phrase) => new Map([[phrase, new Set([phrase])]]),
  (phrase) => `POST https://api.internal/v1/x failed: "${phrase}"\n    at run (file:///srv/app.js:1:2)`,
];

const ENVELOPE = /^(id|traceId|type|startTime|endTime|isEvent|isRootSpan|parentSpanId|externalParentSpanId)$/;

/** The spans with a phrase in every place of a text. */
function plant(phrase: string, n: number): MastraSpan[] {
  let form = n;
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return FORMS[form++ % FORMS.length](phrase);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one)]));
  };
  const traceId = id(32);
  return madeSpans().map((span) => {
    const members = Object.entries(span).map(([key, value]) => {
      if (key === 'traceId') return [key, traceId];
      if (ENVELOPE.test(key)) return [key, /Time$/.test(key) && value ? new Date(value as string) : value];
      // A name, tags and an error's message are texts.
      if (key === 'name') return [key, `${n % 2 ? 'call ' : ''}${phrase}`];
      if (key === 'tags') return [key, [phrase, `tag ${phrase}`]];
      if (key === 'errorInfo') return [key, JSON.parse(JSON.stringify(value), (_, v) => typeof v === 'string' ? `in ${phrase}` : v)];
      return [key, fill(value)];
    });
    return {
      ...Object.fromEntries(members),
      requestContext: { said: phrase, [phrase]: 1 },
    } as unknown as MastraSpan;
  });
}

function tell(exporter: EdgespanExporter, spans: readonly MastraSpan[]): void {
  const root = spans[spans.length - 1];
  exporter.onTracingEvent({ type: 'span_started', exportedSpan: root });
  for (const span of spans) exporter.onTracingEvent({ type: 'span_ended', exportedSpan: span });
}

/** What an exporter is told, and everything that it tells. */
function lab(path: string, options: object = {}, destination: object = {}) {
  const notes = new Notes();
  const receipts: Receipt[] = [];
  const exporter = new EdgespanExporter({
    serviceName: 'planted',
    redact: redact(),
    destinations: [otlp({ endpoint: sink.origin + path, name: path, dropTypes: [], ...destination })],
    onReceipt: (receipt) => void receipts.push(receipt),
    logLevel: 'debug',
    ...options,
  });
  exporter.__setLogger({ ...notes, debug: (line) => void notes.lines.push(line), warn: notes.warn, info: notes.info, error: notes.error });
  const bodies = (): string =>
    sink.requests.filter((one) => one.path.startsWith(`${path}/`)).map(({ body }) => textOf(body)).join('\n');
  return { exporter, bodies, said: () => JSON.stringify([receipts, notes.lines]) };
}

test(`${SECRETS.length} secrets, of spans of every type and in every dialect`, async () => {
  assert.ok(SECRETS.length >= 400);
  const all = [undefined, ...Object.values(dialects)];
  for (const [i, dialect] of all.entries()) {
    const { exporter, bodies, said } = lab(`/ok/planted-${i}`, {}, { dialect });
    const mine = SECRETS.filter((_, n) => n % all.length === i);
    for (const [n, { phrase }] of mine.entries()) tell(exporter, plant(phrase, n + i));
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, mine.length * madeSpans().length);
    assert.ok(receipt.redacted > receipt.accepted, `${receipt.redacted}`);
    assertGone(mine, `the bodies of ${dialect?.name ?? 'genai'}`, bodies());
    assertUnsaid(mine, said() + JSON.stringify(receipt));
  }
});

test('JSON, a resource, and a service that is called so', async () => {
  for (const secret of SECRETS.filter((_, n) => n % 29 === 0)) {
    const path = `/ok/json-${id()}`;
    const destination = otlpJson({ endpoint: sink.origin + path, dropTypes: [] });
    const resourceAttributes = { note: secret.phrase, 'service.name': secret.phrase };
    const options = { destinations: [destination], resourceAttributes, serviceName: undefined, signals: [logs()] };
    const { exporter, bodies } = lab(path, options);
    tell(exporter, plant(secret.phrase, 1));
    exporter.onLogEvent?.({ log: { timestamp: new Date(), level: 'info', message: 'a line' } });
    await exporter.flush();
    assertGone([secret], 'a body with its resource', bodies());
  }
});

test('what a store is given', async () => {
  const stored: string[] = [];
  const send = async (body: unknown): Promise<void> =>
    void stored.push(textOf(gunzipSync((body as { bytes: Uint8Array }).bytes)));
  const options = { spool: queueSpool({ send }), signals: [logs(), metrics(), scores()] };
  const { exporter, said } = lab('/503/stored', options, { retryBudget: 0 });
  const mine = SECRETS.filter((_, n) => n % 7 === 0);
  for (const [n, { phrase }] of mine.entries()) {
    tell(exporter, plant(phrase, n));
    exporter.onLogEvent?.({ log: { timestamp: new Date(), level: 'info', message: phrase, data: { phrase } } });
  }
  const receipt = await exporter.flush();
  assert.equal(receipt.spooled, mine.length * madeSpans().length);
  assert.equal(receipt.signals?.spooled, mine.length);
  assertGone(mine, 'the store', stored.join('\n'));
  assertUnsaid(mine, said());
});

test('a secret that is split across chunk spans', async () => {
  for (const secret of SECRETS.filter((_, n) => n % 11 === 0)) {
    const { exporter, bodies } = lab(`/ok/chunks-${id()}`);
    const spans = plant('nothing', 0);
    const chunk = spans.find(({ type }) => type === 'model_chunk') as MastraSpan & { output?: unknown };
    const cut = secret.phrase.length >> 1;
    const chunks = [secret.phrase.slice(0, cut), secret.phrase.slice(cut)].map((text, i) => ({
      ...chunk,
      id: id(),
      name: `chunk: 'text' ${i}`,
      attributes: { chunkType: 'text', sequenceNumber: i },
      input: undefined,
      metadata: {},
      output: { text },
    }));
    tell(exporter, [...chunks, ...spans]);
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, spans.length + 2);
    assert.ok(receipt.withheldValues >= 2, `${receipt.withheldValues}`);
    const [first, second] = chunks.map(({ output }) => output.text);
    assert.ok(!bodies().includes(first) || !bodies().includes(second), secret.name);
  }
});

describe('spans of OpenTelemetry', () => {
  test('attributes, events, exceptions, links, statuses, scopes', async () => {
    for (const [n, secret] of SECRETS.filter((_, i) => i % 5 === 0).entries()) {
      const path = `/ok/otel-planted-${n}`;
      const provider = new EdgespanTracerProvider({
        destinations: [otlp({ endpoint: sink.origin + path })],
        redact: redact(),
        logLevel: 'silent',
      });
      const { phrase } = secret;
      const tracer = provider.getTracer('planted', '1', { attributes: { phrase } });
      const span = tracer.startSpan(`GET ${phrase}`, { attributes: { phrase, list: ['a', phrase] } });
      const below = tracer.startSpan('below', { links: [{ context: span.spanContext(), attributes: { phrase } }] });
      below.recordException(new Error(phrase));
      below.addEvent(phrase, { phrase, json: JSON.stringify({ deep: JSON.stringify({ phrase }) }) });
      below.setStatus({ code: 2, message: `failed: ${phrase}` });
      below.setAttribute(phrase, phrase);
      below.setAttribute('url.full', `https://host.internal/a?said=${phrase}`);
      below.end();
      span.end();
      const receipt = await provider.forceFlush();
      assert.equal(receipt.accepted, 2);
      const text = sink.requests.filter((one) => one.path.startsWith(`${path}/`)).map(({ body }) => textOf(body)).join();
      assertGone([secret], 'a span of OpenTelemetry', text);
    }
  });

  test('content by what their names say, of a provider that shows none', async () => {
    const path = '/ok/otel-content';
    const provider = new EdgespanTracerProvider({
      destinations: [otlp({ endpoint: sink.origin + path })],
      content: 'off',
    });
    const span = provider.getTracer('t').startSpan('chat', {
      attributes: {
        'gen_ai.input.messages': '[{"role":"user","content":"the story"}]',
        'gen_ai.prompt': 'the story',
        'ai.prompt.messages': 'the story',
        'ai.response.text': 'the story',
        'gen_ai.usage.input_tokens': 7,
        'http.route': '/chat',
      },
    });
    span.addEvent('gen_ai.user.message', { content: 'the story' });
    span.end();
    await provider.forceFlush();
    const text = sink.requests.filter((one) => one.path.startsWith(`${path}/`)).map(({ body }) => textOf(body)).join();
    assert.ok(!text.includes('story'), text);
    for (const kept of ['gen_ai.usage.input_tokens', '/chat']) assert.ok(text.includes(kept), kept);
  });

  test('headers are told by an allow-list alone, and what is secret of them goes', async () => {
    const path = '/ok/otel-headers';
    const provider = new EdgespanTracerProvider({
      destinations: [otlp({ endpoint: sink.origin + path })],
      redact: redact(),
    });
    const secret = 'b7f2c6d1a0';
    const span = provider.getTracer('t').startSpan('GET', {
      attributes: {
        'http.request.header.authorization': [`Basic ${secret}`],
        'http.request.header.x-api-key': [secret],
        'http.request.header.cookie': [`sid=${secret}`],
        'http.response.header.set-cookie': [`sid=${secret}; Path=/`],
        'http.request.header.accept': ['text/html'],
      },
    });
    span.end();
    await provider.forceFlush();
    const text = sink.requests.filter((one) => one.path.startsWith(`${path}/`)).map(({ body }) => textOf(body)).join();
    assert.ok(!text.includes(secret), text);
    assert.match(text, /text\/html/);
  });
});

test('logs, metrics, scores and feedback', async () => {
  const path = '/ok/signals-planted';
  const { exporter, bodies, said } = lab(path, { signals: [logs(), metrics(), scores()] });
  const mine = SECRETS.filter((_, n) => n % 3 === 0);
  for (const [n, { phrase }] of mine.entries()) {
    const form = FORMS[n % FORMS.length](phrase);
    const text = typeof form === 'string' ? form : phrase;
    const timestamp = new Date();
    exporter.onLogEvent?.({
      log: { timestamp, level: 'info', message: text, data: { form, [phrase]: 1 }, metadata: { form }, tags: [phrase] },
    });
    exporter.onMetricEvent?.({ metric: { timestamp, name: `m ${phrase}`, value: 1, labels: { label: text, [phrase]: 'a' } } });
    const traceId = id(32);
    exporter.addScore({ traceId, name: `s ${phrase}`, value: 1, comment: text, metadata: { form } });
    exporter.addFeedback({ traceId, value: text, comment: phrase });
  }
  const receipt = await exporter.flush();
  assert.equal(receipt.signals?.accepted, 4 * mine.length);
  assert.ok((receipt.signals?.redacted ?? 0) > 0);
  assertGone(mine, 'signals', bodies());
  assertUnsaid(mine, said() + JSON.stringify(receipt));
});
