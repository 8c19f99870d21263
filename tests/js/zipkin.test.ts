// Zipkin, on the wire: the spans that OpenTelemetry's own exporter makes of the same, but for what its
// specification wants otherwise.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { otlp, zipkin } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { logs, metrics } from 'edgespan/signals';
import { decodeProtobuf, plain, type WireSpan } from '../support/otlp.ts';
import { bare, env, json, place, RECORDINGS, send, sentTo, sink, type Json } from './formats.ts';
import { play, recorded, run } from './spans.ts';

const { toZipkinSpan } = createRequire(import.meta.url)(
  '@opentelemetry/exporter-zipkin/build/src/transform.js',
);
const hr = (ns: bigint): [number, number] => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
const members = (attributes: WireSpan['attributes']): Json =>
  Object.fromEntries([...attributes].map(([key, value]) => [key, plain(value)]));

/** What OpenTelemetry's own exporter makes of a span that arrived as OTLP. */
function official(wire: WireSpan): Json {
  return bare(
    toZipkinSpan(
      {
        name: wire.name,
        kind: wire.kind - 1,
        spanContext: () => ({ traceId: wire.traceId, spanId: wire.spanId }),
        parentSpanContext: wire.parentSpanId ? { spanId: wire.parentSpanId } : undefined,
        startTime: hr(wire.start),
        duration: hr(wire.end - wire.start),
        status: wire.status,
        attributes: members(wire.attributes),
        events: wire.events.map(({ name, time }) => ({ name, time: hr(time) })),
        resource: { attributes: members(wire.resource) },
        droppedAttributesCount: wire.dropped.attributes,
      },
      'formats',
      'otel.status_code',
      'error',
    ),
  );
}

for (const name of RECORDINGS) {
  test(`spans are those of OpenTelemetry's exporter: ${name}`, async () => {
    const [at, beside] = [place(), place()];
    const settings = { dropTypes: [] };
    await send(
      [
        zipkin({ endpoint: sink.origin + at, ...settings, env }),
        otlp({ endpoint: sink.origin + beside, ...settings }),
      ],
      recorded(name),
    );
    const request = sentTo(at)[0];
    assert.equal(request.path, `${at}/api/v2/spans`);
    assert.equal(request.headers['content-type'], 'application/json');
    assert.ok(request.body.every((byte) => byte < 0x80), 'Zipkin breaks compressed UTF-8');
    const ours = sentTo(at).flatMap((r) => json(r) as Json[]);
    const wire = sentTo(beside).flatMap((r) => decodeProtobuf(r.body));
    assert.equal(ours.length, wire.length);
    for (const [i, one] of ours.entries()) {
      const theirs = official(wire[i]);
      const { tags, annotations, remoteEndpoint, duration, ...rest } = one;
      const { tags: theirTags, annotations: theirAnnotations, duration: theirDuration, ...theirRest } = theirs;
      assert.deepEqual(rest, theirRest);
      assert.equal(duration, theirDuration || 1);
      assert.equal(tags['otel.scope.name'], 'edgespan/mastra');
      for (const [key, value] of Object.entries(theirTags)) {
        // The specification wants lists as JSON; String() makes rows of commas of them.
        const list = wire[i].attributes.get(key);
        const wanted = Array.isArray(list) ? JSON.stringify(plain(list)) : value;
        assert.equal(tags[key], wanted, key);
      }
      for (const value of Object.values(tags)) assert.equal(typeof value, 'string');
      assert.equal('error' in tags, wire[i].status.code === 2);
      // The specification has an event's attributes behind its name; the official exporter loses them.
      wire[i].events.forEach((event, n) => {
        assert.equal(annotations[n].timestamp, theirAnnotations[n].timestamp);
        const attributes = JSON.parse(annotations[n].value.slice(`"${event.name}": `.length));
        assert.deepEqual(attributes, members(event.attributes));
      });
      const server = wire[i].attributes.get('server.address');
      if (one.kind === 'CLIENT' && server) assert.equal(remoteEndpoint.serviceName, server);
      else assert.equal(remoteEndpoint, undefined);
    }
  });
}

test('integers of 64 bits are text, whole; a boolean error that is false is no error', async () => {
  const at = place();
  const spans = run(1);
  spans[1].metadata = { big: 2n ** 63n - 1n, yes: true, list: ['a', 1] };
  spans[1].attributes = { serverAddress: 'api.example.com', serverPort: 8443 };
  spans[1].type = 'model_generation';
  await send([zipkin({ url: sink.origin + at, env })], (exporter) => play(exporter, spans));
  const one = json(sentTo(at)[0]).find((s: Json) => s.id === spans[1].id);
  assert.equal(one.tags['mastra.metadata.big'], '9223372036854775807');
  assert.equal(one.tags['mastra.metadata.yes'], 'true');
  assert.deepEqual(one.remoteEndpoint, { serviceName: 'api.example.com', port: 8443 });
});

test('the whole address is used as it is, also from the environment', async () => {
  const at = place();
  const variables = { OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${sink.origin}${at}/api/v2/spans` };
  await send([zipkin({ env: variables })], (exporter) => play(exporter, run(0)));
  assert.equal(sentTo(at)[0].path, `${at}/api/v2/spans`);
  assert.match(zipkin({ env }).identity(), /^\["http:\/\/localhost:9411\/api\/v2\/spans"/);
  const { problem } = zipkin({ env: { OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'nowhere' } });
  assert.equal(problem, '`endpoint` (or OTEL_EXPORTER_ZIPKIN_ENDPOINT) is not a URL');
});

test('logs and metrics are not for Zipkin, and nobody is warned of it', async () => {
  const [at, other] = [place(), place()];
  const lines: string[] = [];
  const exporter = new EdgespanExporter({
    destinations: [zipkin({ endpoint: sink.origin + at, env }), otlp({ endpoint: sink.origin + other })],
    signals: [logs(), metrics()],
  });
  const say = (line: string): void => void lines.push(line);
  exporter.__setLogger({ debug: () => {}, info: () => {}, warn: say, error: say });
  play(exporter, run(1));
  const timestamp = new Date();
  exporter.onLogEvent?.({ log: { timestamp, level: 'info', message: 'm' } } as never);
  exporter.onMetricEvent?.({ metric: { timestamp, name: 'n', value: 1, labels: {} } } as never);
  const { accepted, signals } = await exporter.flush();
  assert.deepEqual([accepted, lines, signals?.accepted, signals?.dropped], [4, [], 2, {}]);
  assert.deepEqual(sentTo(at).map(({ path }) => path), [`${at}/api/v2/spans`]);
});
