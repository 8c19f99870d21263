// A run of Mastra's below a request's span, in formats that are not OTLP/protobuf: scopes, times and links
// in OTLP/JSON, Mastra's own words of what Mastra did not record, Zipkin, the tree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoleTree, contextCompany, mastraPlatform, otlpJson, zipkin, type Destination } from 'edgespan/destinations';
import { FLAG_OTEL, KIND_SHIFT } from '../../js/dist/core/schema.gen.js';
import { flush } from '../../js/dist/engine/flush.js';
import { plainEngine } from '../../js/dist/engine/plain.js';
import { joinRuns } from '../../js/dist/engine/joins.js';
import { env, json, place, sentTo, sink, type Json } from './formats.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const LINK = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: 'b7ad6b7169203331' };
const RUN = '5f0c3a52-7f0f-4d0c-9a52-3f1f5e0d7a11';
const CLIENT = FLAG_OTEL | (3 << KIND_SHIFT);

/** request > agent > tool > fetch, of which request and fetch are OpenTelemetry's. */
async function sendMixed(...destinations: Destination[]): Promise<void> {
  joinRuns(); // as who tells of OpenTelemetry's spans does
  const engine = plainEngine({ destinations, serviceName: 'mixed', spool: false, env, logLevel: 'silent' });
  const spans: [Json, Json | undefined][] = [
    [
      { id: '1', name: 'GET /', type: 'generic', isRootSpan: true },
      {
        scope: { name: 'http', version: '1.2', schemaUrl: 'https://example.com/1.2' },
        startTimeUnixNano: 1_795_161_429_123_456_789n,
        endTimeUnixNano: 1_795_161_430_000_000_001n,
        attributes: { a: 'b', n: 1.5 },
      },
    ],
    [
      {
        id: '2',
        externalParentSpanId: '1',
        name: 'agent',
        type: 'agent_run',
        isRootSpan: true,
        metadata: { 'tcc.runId': RUN, plan: 'free' },
        input: 'cold?',
      },
      undefined,
    ],
    [{ id: '3', parentSpanId: '2', name: 'tool', type: 'tool_call', isRootSpan: false }, undefined],
    [
      { id: '4', parentSpanId: '3', name: 'fetch', type: 'generic', isRootSpan: false },
      {
        scope: { name: 'fetch' },
        attributes: {},
        status: { code: 2, message: 'no route' },
        links: [{ ...LINK, attributes: { l: 1 } }],
      },
    ],
  ];
  const envelope = (span: Json, ended: boolean): any => ({
    ...span,
    id: span.id.padStart(16, '0'),
    ...(span.parentSpanId && { parentSpanId: span.parentSpanId.padStart(16, '0') }),
    ...(span.externalParentSpanId && { externalParentSpanId: span.externalParentSpanId.padStart(16, '0') }),
    traceId: TRACE,
    startTime: new Date(1_795_161_429_000 + Number(span.id)),
    endTime: ended ? new Date(1_795_161_430_000) : undefined,
    isEvent: false,
  });
  for (const [span, otel] of spans) engine.start(envelope(span, false), otel ? FLAG_OTEL : 0);
  for (const [span, otel] of spans.reverse()) {
    const ended = envelope(span, true);
    engine.end(ended, otel ? { name: span.name, ...otel } : ended, otel ? CLIENT : 0);
  }
  const receipt = await flush(engine);
  assert.deepEqual([receipt.accepted, receipt.errors], [4 * destinations.length, []]);
}

test('OTLP in JSON: each span in its scope, times to the nanosecond', async () => {
  const at = place();
  await sendMixed(otlpJson({ endpoint: sink.origin + at }));
  const [body] = sentTo(at).map(json);
  const scopes: Json[] = body.resourceSpans[0].scopeSpans;
  assert.deepEqual(
    scopes.map(({ scope, schemaUrl, spans }) => [scope.name, schemaUrl, spans.map((s: Json) => s.spanId.at(-1))]),
    [
      ['fetch', undefined, ['4']],
      ['edgespan/mastra', undefined, ['3', '2']],
      ['http', 'https://example.com/1.2', ['1']],
    ],
  );
  const [span] = scopes[2].spans;
  assert.equal(span.startTimeUnixNano, '1795161429123456789');
  assert.equal(span.endTimeUnixNano, '1795161430000000001');
  const [link] = scopes[0].spans[0].links;
  assert.deepEqual([link.traceId, link.spanId], [LINK.traceId, LINK.spanId]);
});

test("Mastra's own words: what OpenTelemetry recorded is of type generic, and no part of the run", async () => {
  const [platform, company] = [place(), place()];
  await sendMixed(
    mastraPlatform({ accessToken: 't', projectId: 'p', tracesEndpoint: `${sink.origin}${platform}/spans/publish`, env }),
    contextCompany({ apiKey: 'k', endpoint: sink.origin + company, env }),
  );
  const records: Json[] = sentTo(platform).flatMap((r) => json(r).spans);
  const by = (name: string): Json => records.find((record) => record.name === name) as Json;
  assert.deepEqual(
    records.map(({ name, spanType }) => [name, spanType]),
    [['fetch', 'generic'], ['tool', 'tool_call'], ['agent', 'agent_run'], ['GET /', 'generic']],
  );
  assert.deepEqual(by('GET /').attributes, { a: 'b', n: 1.5 });
  assert.equal(by('GET /').endedAt, '2026-11-20T07:57:10.000Z');
  assert.equal(by('GET /').isRootSpan, true);
  assert.equal(by('agent').parentSpanId, by('GET /').spanId);
  assert.equal(by('agent').input, 'cold?');
  assert.deepEqual(by('fetch').error, { message: 'no route' });
  assert.equal(by('fetch').parentSpanId, by('tool').spanId);

  const [run] = sentTo(company).map(json);
  assert.equal(run.runId, RUN);
  assert.equal(run.metadata.plan, 'free');
  assert.equal(run.spans.length, 4);
});

test('Zipkin, and the tree', async () => {
  const at = place();
  let tree = '';
  await sendMixed(zipkin({ endpoint: sink.origin + at, env }), consoleTree({ log: (text) => (tree = text), color: false }));
  const spans: Json[] = sentTo(at).flatMap(json);
  const fetched = spans.find(({ name }) => name === 'fetch') as Json;
  assert.equal(fetched.tags['otel.scope.name'], 'fetch');
  assert.equal(fetched.tags.error, 'no route');
  const lines = tree.split('\n').slice(1);
  assert.deepEqual(
    lines.map((line) => /[a-zG].*?(?= {2})/.exec(line)?.[0]),
    ['GET /', 'agent', 'tool', 'fetch'],
  );
  assert.match(lines[3], /^ {6}└─ fetch .*error: no route$/);
});
