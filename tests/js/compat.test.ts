// edgespan/mastra/compat in the official exporter's place: the same program with both imports, beside each
// other in one real Mastra, against one receiver. What arrives has the same names, ids, parents, times and
// attributes, but for tests/support/differences.ts; the providers send to the same addresses with the same
// headers; what is missing is said, and costs a run nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import * as official from '@mastra/otel-exporter';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import * as compat from 'edgespan/mastra/compat';
import { z } from 'zod';
import { scripted } from '../runtime/worker/model.ts';
import { Recorder } from '../runtime/worker/recorder.ts';
import { differencesOf, rowFor, toldOnTheWire } from '../support/differences.ts';
import type { Span } from '../support/official.ts';
import { decodeJson, decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { Sink, type SinkRequest } from '../support/sink.ts';
import { play, run } from './spans.ts';

type Config = compat.OtelExporterConfig;

let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(() => sink.close());

let places = 0;
const place = (): string => `/ok/place-${++places}`;
const sentTo = (path: string): SinkRequest[] =>
  sink.requests.filter((request) => request.path.startsWith(`${path}/`));
/** Their spans; logs are another signal. */
const traces = (path: string): SinkRequest[] =>
  sentTo(path).filter((request) => !request.path.endsWith('/v1/logs'));
/** What logs say, whatever their order. */
const logsIn = (path: string): string[] =>
  sentTo(path)
    .filter((request) => request.path === `${path}/v1/logs`)
    .flatMap(({ headers, body }) =>
      headers['content-type'] === 'application/json'
        ? JSON.parse(Buffer.from(body).toString()).resourceLogs
        : [],
    )
    .flatMap((resource) => resource.scopeLogs)
    .flatMap((scope) => scope.logRecords)
    .map((log) => `${log.severityText} ${log.body.stringValue} ${log.traceId} ${log.spanId}`)
    .sort();
const spansIn = (requests: SinkRequest[]): WireSpan[] =>
  requests.flatMap(({ headers, body }) =>
    headers['content-type'] === 'application/json'
      ? decodeJson(Buffer.from(body).toString())
      : decodeProtobuf(body),
  );

/** An agent that asks a tool, fails in it once, and answers. */
function mastraOf(exporters: object[]): Mastra {
  const clerk = new Agent({
    id: 'clerk',
    name: 'clerk',
    instructions: 'File it.',
    model: scripted([
      { tools: [{ tool: 'file', input: { n: 1 } }] },
      { tools: [{ tool: 'file', input: { n: 13 } }] },
      { text: 'Filed.' },
    ]),
    tools: {
      file: createTool({
        id: 'file',
        description: 'Files',
        inputSchema: z.any(),
        execute: async ({ n }) => {
          if (n === 13) throw new TypeError('the drawer is stuck');
          return { drawer: n };
        },
      }),
    },
  });
  return new Mastra({
    logger: false,
    agents: { clerk },
    observability: new Observability({
      configs: { default: { serviceName: 'office', exporters: exporters as never } },
    }),
  });
}

/** One run, seen by both; what Mastra ended. */
async function both(config: (at: string) => Config): Promise<{ theirs: string; ours: string; ended: Span[] }> {
  const [theirs, ours] = [place(), place()];
  const recorder = new Recorder();
  const mastra = mastraOf([
    new official.OtelExporter(config(sink.origin + theirs) as official.OtelExporterConfig),
    new compat.OtelExporter(config(sink.origin + ours)),
    recorder,
  ]);
  const tracingOptions = { tags: ['a'], metadata: { threadId: 't', plan: { n: 1 } } };
  await mastra.getAgent('clerk').generate('File this.', { tracingOptions });
  await mastra.observability.flush();
  const ended = recorder.events.filter(({ type }) => type === 'span_ended').map(({ span }) => span);
  await mastra.observability.shutdown();
  return { theirs, ours, ended: JSON.parse(JSON.stringify(ended)) as Span[] };
}

function compare(ended: Span[], theirs: WireSpan[], ours: WireSpan[]): void {
  assert.ok(ended.length > 8);
  assert.equal(theirs.length, ended.length);
  assert.equal(ours.length, ended.length);
  const called = (id: string): boolean =>
    ours.some((call) => call.parentSpanId === id && call.attributes.has('gen_ai.input.messages'));
  for (const span of ended) {
    const [their] = theirs.filter(({ spanId }) => spanId === span.id);
    const [our] = ours.filter(({ spanId }) => spanId === span.id);
    for (const difference of differencesOf(span, toldOnTheWire(their), our, called(span.id))) {
      rowFor(difference); // throws where nothing explains it
    }
  }
}

describe('the same program with both imports', () => {
  for (const protocol of [undefined, 'http/json', 'http/protobuf'] as const) {
    test(`custom, ${protocol ?? 'no protocol'}: the same spans in the same coding`, async () => {
      const headers = { 'x-api-key': 'k' };
      const { theirs, ours, ended } = await both((endpoint) => ({
        provider: { custom: { endpoint, headers, ...(protocol && { protocol }) } },
        resourceAttributes: { 'deployment.environment.name': 'test', 'service.version': '7' },
      }));
      const [their] = traces(theirs);
      const [our] = traces(ours);
      assert.equal(our.path.slice(ours.length), their.path.slice(theirs.length));
      assert.equal(our.headers['content-type'], their.headers['content-type']);
      assert.equal(our.headers['x-api-key'], 'k');
      compare(ended, spansIn(traces(theirs)), spansIn(traces(ours)));
      assert.ok(logsIn(ours).some((log) => log.startsWith('ERROR the drawer is stuck ')));
      // Ours are in JSON in any case, which every receiver of OTLP takes.
      if (protocol !== 'http/protobuf') assert.deepEqual(logsIn(ours), logsIn(theirs));
      const [resource] = spansIn(traces(ours)).map((span) => span.resource);
      const [official] = spansIn(traces(theirs)).map((span) => span.resource);
      for (const [key, value] of official) {
        // Who sends it; and what was run by.
        if (!key.startsWith('telemetry.sdk.')) assert.deepEqual(resource.get(key), value, key);
      }
    });
  }

  test('zipkin: the same spans, by their names, ids and times', async () => {
    const { theirs, ours, ended } = await both((at) => ({
      provider: { custom: { endpoint: `${at}/api/v2/spans`, protocol: 'zipkin' } },
    }));
    const read = (path: string): any[] =>
      traces(path)
        .flatMap((request) => JSON.parse(Buffer.from(request.body).toString()))
        .map(({ id, traceId, parentId, name, kind, timestamp, duration, localEndpoint }) => {
          return { id, traceId, parentId, name, kind, timestamp, duration: duration || 1, localEndpoint };
        })
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    assert.equal(read(ours).length, ended.length);
    assert.deepEqual(read(ours), read(theirs));
  });

  test("an exporter of OpenTelemetry's SDK is given the same spans", async () => {
    const exporters: InMemorySpanExporter[] = [];
    // shutdown() empties them.
    const seen: ReadableSpan[][] = [];
    const { ended } = await both((endpoint) => {
      const exporter = new InMemorySpanExporter();
      const { shutdown } = exporter;
      const at = exporters.push(exporter) - 1;
      exporter.shutdown = (): Promise<void> => {
        seen[at] = [...exporter.getFinishedSpans()];
        return shutdown.call(exporter);
      };
      return { provider: { custom: { endpoint } }, exporter };
    });
    const told = (spans: ReadableSpan[]): object[] =>
      spans
        .map((span) => ({
          ...span.spanContext(),
          traceState: undefined,
          parent: span.parentSpanContext?.spanId,
          name: span.name,
          kind: span.kind,
          start: span.startTime,
          end: span.endTime,
          duration: span.duration,
          status: span.status.code,
          model: span.attributes['gen_ai.request.model'],
          tokens: span.attributes['gen_ai.usage.input_tokens'],
          service: span.resource.attributes['service.name'],
        }))
        .sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
    const [theirs, ours] = seen.map(told);
    assert.equal(ours.length, ended.length);
    assert.deepEqual(ours, theirs);
  });

  for (const [name, own] of [
    ['signoz', { apiKey: 'k' }],
    ['newrelic', { apiKey: 'k' }],
    ['traceloop', { apiKey: 'k', destinationId: 'd' }],
    ['laminar', { apiKey: 'k' }],
  ] as const) {
    test(`${name}: the same address, headers and coding`, async () => {
      for (const end of ['', '/', '/v1/traces', '/v1/traces/']) {
        const { theirs, ours } = await both(
          (at) => ({ provider: { [name]: { ...own, endpoint: at + end } } }) as Config,
        );
        const [their] = traces(theirs);
        const [our] = traces(ours);
        assert.equal(our.path.slice(ours.length), their.path.slice(theirs.length));
        assert.equal(our.path, `${ours}/v1/traces`);
        const credentials = Object.keys(their.headers).filter((header) =>
          /^(content-type|authorization|api-key|signoz-|x-traceloop)/.test(header),
        );
        assert.ok(credentials.length > 1);
        for (const header of credentials) assert.equal(our.headers[header], their.headers[header], header);
      }
    });
  }
});

/** What an exporter says, and what becomes of a run. */
async function alone(config: Config | undefined, wait = false) {
  const exporter = new compat.OtelExporter({ env: {}, ...config });
  const said: string[] = [];
  const note = (line: string): void => void said.push(line);
  exporter.__setLogger({ debug: note, info: note, warn: note, error: note });
  exporter.init({ config: {} });
  play(exporter, run(1));
  if (wait) play(exporter, run(1));
  return { receipt: await exporter.flush(), said, exporter };
}

describe('what fetch has no place for, and what is missing', () => {
  test('grpc leaves as http/protobuf, its port rewritten, with one warning', async () => {
    const port = new URL(sink.origin).port;
    const at = place();
    for (const endpoint of [`http://127.0.0.1:${port}${at}`, `127.0.0.1:${port}${at}`]) {
      const { said } = await alone({ provider: { custom: { endpoint, protocol: 'grpc' } }, env: { at } }, true);
      const [request] = sentTo(at).slice(-1);
      assert.equal(request.path, `${at}/v1/traces`);
      assert.equal(request.headers['content-type'], 'application/x-protobuf');
      const [, service] = [...spansIn([request])[0].resource].find(([key]) => key === 'service.name') ?? [];
      assert.equal(service, 'mastra-service');
      assert.ok(said.length <= 1, 'once for the isolate');
      for (const line of said) assert.match(line, /grpc is not for fetch.*http\/protobuf.*4317 at 4318/);
    }
    const urlOf = (provider: compat.ProviderConfig): Promise<string> => posted({ provider, env: {} });
    const custom = (endpoint: string) => ({ custom: { endpoint, protocol: 'grpc' as const } });
    assert.equal(await urlOf(custom('http://collector:4317')), 'http://collector:4318/v1/traces');
    assert.equal(await urlOf(custom('collector.example.com:4317')), 'https://collector.example.com:4318/v1/traces');
    assert.equal(await urlOf(custom('localhost:4317/')), 'http://localhost:4318/v1/traces');
    assert.equal(await urlOf(custom('http://collector:14317/base')), 'http://collector:14317/base/v1/traces');
    const dash0 = (endpoint: string) => ({ dash0: { apiKey: 'k', endpoint, dataset: 'd' } });
    const ingress = 'ingress.eu-west-1.aws.dash0.com';
    for (const endpoint of [`${ingress}:4317`, `https://${ingress}:4317`, `https://${ingress}/v1/traces`]) {
      assert.equal(await urlOf(dash0(endpoint)), `https://${ingress}/v1/traces`);
    }
  });

  test('without options, providers send where the official ones do', async () => {
    const urlOf = (provider: compat.ProviderConfig, env = {}): Promise<string> => posted({ provider, env });
    const apiKey = 'k';
    assert.equal(await urlOf({ signoz: { apiKey } }), 'https://ingest.us.signoz.cloud/v1/traces');
    assert.equal(await urlOf({ signoz: { apiKey, region: 'eu' } }), 'https://ingest.eu.signoz.cloud/v1/traces');
    // As with the official one, whose server is not to be passed by for a region.
    const server = { SIGNOZ_ENDPOINT: 'http://self.example:4318/v1/traces' };
    assert.equal(await urlOf({ signoz: { apiKey, region: 'eu' } }, server), server.SIGNOZ_ENDPOINT);
    assert.equal(
      await urlOf({ signoz: {} }, { SIGNOZ_API_KEY: 'k', SIGNOZ_REGION: 'in' }),
      'https://ingest.in.signoz.cloud/v1/traces',
    );
    assert.equal(await urlOf({ newrelic: { apiKey } }), 'https://otlp.nr-data.net/v1/traces');
    assert.equal(await urlOf({ traceloop: { apiKey } }), 'https://api.traceloop.com/v1/traces');
    assert.equal(await urlOf({ laminar: {} }, { LMNR_PROJECT_API_KEY: 'k' }), 'https://api.lmnr.ai/v1/traces');
  });

  test('a missing setting disables, is named once without its value, and its spans are counted', async () => {
    for (const [provider, words] of [
      [undefined, '`provider` is missing'],
      [{ elsewhere: {} }, '`provider` is none of dash0, signoz'],
      [{ dash0: { endpoint: 'https://x' } }, '`apiKey` (or DASH0_API_KEY) is missing'],
      [{ dash0: { apiKey: 's3cr3t' } }, '`endpoint` (or DASH0_ENDPOINT) is missing'],
      [{ signoz: {} }, '`apiKey` (or SIGNOZ_API_KEY) is missing'],
      [{ newrelic: {} }, '`apiKey` (or NEW_RELIC_LICENSE_KEY) is missing'],
      [{ traceloop: {} }, '`apiKey` (or TRACELOOP_API_KEY) is missing'],
      [{ laminar: {} }, '`apiKey` (or LMNR_PROJECT_API_KEY) is missing'],
      [{ custom: {} }, '`endpoint` is missing'],
      [{ custom: { endpoint: 'x', protocol: 'http/xml' } }, '`protocol` is none of'],
    ] as [compat.ProviderConfig, string][]) {
      const { receipt, said } = await alone({ provider }, true);
      assert.deepEqual(receipt.dropped, { disabled: 4 }, words);
      assert.equal(said.length, 1, said.join('\n'));
      assert.ok(said[0].includes(words), said[0]);
      assert.doesNotMatch(said[0], /s3cr3t/);
    }
  });

  test('signals, batchSize and an exporter that fails', async () => {
    const at = place();
    const provider = { custom: { endpoint: sink.origin + at } };
    const silent = await alone({ provider, signals: { traces: false } });
    assert.deepEqual([silent.said, silent.receipt.accepted, sentTo(at).length], [[], 0, 0]);
    const exporter = new compat.OtelExporter({ provider, batchSize: 2, env: {} });
    play(exporter, run(4));
    await exporter.flush();
    assert.deepEqual(
      sentTo(at).map((request) => spansIn([request]).length).sort(),
      [1, 2, 2],
    );
    const failing: compat.SpanExporter = {
      export: (_, told) => told({ code: 1, error: new Error('no disk') }),
      shutdown: async () => {},
    };
    const failed = await alone({ exporter: failing });
    assert.equal(failed.receipt.rejected, 2);
    assert.match(failed.receipt.errors[0].message, /^the exporter failed \(no disk\)/);
  });
});

/** Where an exporter would send a run. */
async function posted(config: Config): Promise<string> {
  const { fetch } = globalThis;
  let url = '';
  globalThis.fetch = async (input) => {
    url = String(input);
    return new Response();
  };
  try {
    const exporter = new compat.OtelExporter({ logLevel: 'silent', ...config });
    play(exporter, run(0));
    await exporter.flush();
  } finally {
    globalThis.fetch = fetch;
  }
  return url;
}
