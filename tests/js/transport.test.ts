// What travels, and what says so: compression, OTLP/JSON, the environment's variables, receipts and
// running totals. The fault matrix is in tests/runtime/faults.test.ts.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Destination, otlp, otlpJson, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type Receipt } from 'edgespan/mastra';
import { isDeepStrictEqual } from 'node:util';
import { decodeJson, decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { partialSuccess, Receiver, rpcStatus, type Step } from '../support/receiver.ts';
import { Sink } from '../support/sink.ts';
import { play, recorded, run } from './spans.ts';

let sink: Sink;
let receiver: Receiver;
before(async () => {
  sink = await Sink.start();
  receiver = await Receiver.start();
});
after(async () => {
  await sink.close();
  await receiver.close();
});

const OK: Step = { status: 200 };
let names = 0;

interface Bench {
  readonly exporter: EdgespanExporter;
  readonly lines: string[];
  readonly receipts: Receipt[];
}
function make(options: Partial<EdgespanExporterOptions>): Bench {
  const receipts: Receipt[] = [];
  const lines: string[] = [];
  const exporter = new EdgespanExporter({
    destinations: [],
    spool: false, // what cannot be sent is lost: spool_memory.test.ts has the rest
    onReceipt: (receipt) => void receipts.push(receipt),
    ...options,
  });
  const say = (line: string): void => void lines.push(line);
  exporter.__setLogger({ debug: () => {}, info: () => {}, warn: say, error: say });
  return { exporter, lines, receipts };
}

/** A destination at a path of its own, with a script. */
function scripted(options: Partial<OtlpOptions>, ...steps: Step[]): { to: Destination; path: string } {
  const path = `/t${++names}`;
  const endpoint = receiver.script(path, ...steps);
  return { to: otlp({ endpoint, name: `t${names}`, retryBudget: 1000, ...options }), path };
}

const sum = ({ accepted, rejected, dropped, spooled, pending, replayed }: Receipt): number =>
  accepted + rejected + spooled + pending - replayed + Object.values(dropped).reduce((a, b) => a + b, 0);

describe('bodies', () => {
  test('gzip from a threshold on', async () => {
    for (const [gzip, coding] of [
      [undefined, undefined],
      [false, undefined],
      [true, 'gzip'],
      [{ threshold: 1 }, 'gzip'],
      [{ threshold: 1_000_000 }, undefined],
    ] as const) {
      const { exporter } = make({ destinations: [otlp({ endpoint: `${sink.origin}/ok`, gzip })] });
      play(exporter, run(4));
      const { bytes, sent, accepted } = await exporter.flush();
      assert.equal(accepted, 5);
      const request = sink.requests.at(-1);
      assert.equal(request?.headers['content-encoding'], coding);
      assert.equal(request?.body.length, bytes);
      assert.ok(coding ? sent < bytes : sent === bytes, `${sent} of ${bytes}`);
    }
  });

  /** The same spans by both encodings. */
  async function both(feed: (exporter: EdgespanExporter) => void): Promise<[WireSpan[], WireSpan[]]> {
    const endpoint = `${sink.origin}/ok`;
    const { exporter } = make({ destinations: [otlp({ endpoint }), otlpJson({ endpoint })] });
    const first = sink.requests.length;
    feed(exporter);
    await exporter.flush();
    const requests = sink.requests.slice(first);
    const of = (type: string) => requests.filter((r) => r.headers['content-type'] === type);
    const json = of('application/json').map((r) => Buffer.from(r.body).toString());
    assert.equal(of('application/x-protobuf').length, json.length);
    return [
      of('application/x-protobuf').flatMap((r) => decodeProtobuf(r.body)),
      json.flatMap((text) => decodeJson(text)),
    ];
  }

  test('OTLP/JSON says what protobuf says, of every kind of value', async () => {
    const metadata = {
      mark: '\ufeffa byte order mark is text',
      text: 'quote " backslash \\ newline \n € 🌨️ \u2028 \0',
      integers: [0, -1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 63n - 1n, -(2n ** 63n)],
      fractions: [0.1, -0.5, 1e300, 5e-324, -1e-7],
      odd: { nan: NaN, up: Infinity, down: -Infinity, zero: -0 },
      flags: [true, false],
      empty: ['', [], {}],
      bytes: Uint8Array.from({ length: 256 }, (_, i) => i),
    };
    const spans = run(3);
    Object.assign(spans[1], { metadata, errorInfo: { message: 'broken "pipe"' } });
    const [protobuf, json] = await both((exporter) => play(exporter, spans));
    assert.equal(json.length, 4);
    assert.ok(isDeepStrictEqual(json, protobuf), 'both are the same');
  });

  test('OTLP/JSON says what protobuf says, of recorded runs', async () => {
    for (const name of ['agent-generate-tool', 'workflow-error', 'agent-stream-text']) {
      const [protobuf, json] = await both((exporter) => {
        for (const event of recorded(name)) exporter.onTracingEvent(event);
      });
      assert.ok(json.length > 2);
      assert.deepEqual(json, protobuf);
    }
  });
});

describe('the environment', () => {
  /** Where spans go by it, and with what. */
  async function sent(env: Record<string, unknown>, options: Partial<OtlpOptions> = {}) {
    const { exporter, lines } = make({ destinations: [otlp({ env, ...options })], env });
    const first = sink.requests.length;
    play(exporter, run(1));
    const receipt = await exporter.flush();
    return { request: sink.requests[first], receipt, lines };
  }

  test('endpoint, headers, timeout and compression', async () => {
    const { request, lines } = await sent({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.origin}/ok/base/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b%2Cc, x-team = edge ,',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'GZIP',
      OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    assert.equal(request.path, '/ok/base/v1/traces');
    assert.equal(request.headers['api-key'], 'a b,c');
    assert.equal(request.headers['x-team'], 'edge');
    assert.equal(request.headers['content-encoding'], 'gzip');
    assert.deepEqual(lines, []);
  });

  test('what is for traces goes before what is for all signals, and its endpoint is used as it is', async () => {
    const { request } = await sent({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sink.origin}/ok/exactly?here=1`,
      OTEL_EXPORTER_OTLP_HEADERS: 'which=all',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'which=traces',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none',
    });
    assert.equal(request.path, '/ok/exactly?here=1');
    assert.equal(request.headers.which, 'traces');
    assert.equal(request.headers['content-encoding'], undefined);
  });

  test('options win, one by one', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.origin}/ok`,
      OTEL_EXPORTER_OTLP_HEADERS: 'which=env',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    };
    const { request } = await sent(env, { headers: { which: 'option' }, gzip: undefined });
    assert.equal(request.headers.which, 'option');
    assert.equal(request.headers['content-encoding'], 'gzip');
  });

  test('with an endpoint of its own a destination takes nothing of another receiver', async () => {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: 'key=secret', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' };
    const { request } = await sent(env, { endpoint: `${sink.origin}/ok` });
    assert.equal(request.headers.key, undefined);
    assert.equal(request.headers['content-encoding'], undefined);
    const off = await sent({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.origin }, { endpoint: undefined });
    assert.equal(off.request, undefined);
    assert.deepEqual(off.receipt.dropped, { disabled: 2 });
  });

  test('what cannot be used is ignored and named, without its value', async () => {
    const { request, lines } = await sent({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.origin}/ok`,
      OTEL_EXPORTER_OTLP_HEADERS: 'key=s3cret%',
      OTEL_EXPORTER_OTLP_TIMEOUT: '10s',
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'brotli',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/ssl/own.pem',
      OTEL_RESOURCE_ATTRIBUTES: 'a=1,b',
      OTEL_SERVICE_NAME: '  ',
      OTEL_SDK_DISABLED: 'yes',
    });
    assert.equal(request.headers.key, undefined);
    for (const name of [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'OTEL_EXPORTER_OTLP_TIMEOUT',
      'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'OTEL_EXPORTER_OTLP_CERTIFICATE',
      'OTEL_RESOURCE_ATTRIBUTES',
    ]) {
      assert.equal(lines.filter((line) => line.includes(name)).length, 1, `${name}: ${lines}`);
    }
    assert.ok(!lines.join().includes('s3cret'), `${lines}`);
    const { resource } = decodeProtobuf(request.body)[0];
    assert.equal(resource.get('a'), undefined);
    assert.equal(resource.get('service.name'), 'unknown_service');
  });

  test('resource attributes and the service name', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.origin}/ok`,
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=listed,deployment.environment=a%3Db,team=edge',
    };
    const resource = async (options: Partial<EdgespanExporterOptions>, more = {}) => {
      const all = { ...env, ...more };
      const { exporter } = make({ destinations: [otlp({ env: all })], env: all, ...options });
      exporter.init({ config: { serviceName: 'mastra' } } as never);
      const first = sink.requests.length;
      play(exporter, run(0));
      await exporter.flush();
      return decodeProtobuf(sink.requests[first].body)[0].resource;
    };
    const listed = await resource({});
    assert.equal(listed.get('service.name'), 'listed');
    assert.equal(listed.get('deployment.environment'), 'a=b');
    const named = await resource({ resourceAttributes: { team: 'mine' } }, { OTEL_SERVICE_NAME: 'named' });
    assert.equal(named.get('service.name'), 'named');
    assert.equal(named.get('team'), 'mine');
    const given = await resource({ serviceName: 'given' }, { OTEL_SERVICE_NAME: 'named' });
    assert.equal(given.get('service.name'), 'given');
  });

  test('OTEL_SDK_DISABLED: nothing is sent or said, all is counted', async () => {
    const env = { OTEL_SDK_DISABLED: 'TRUE', OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.origin}/ok` };
    const { request, receipt, lines } = await sent(env);
    assert.equal(request, undefined);
    assert.deepEqual(receipt.dropped, { disabled: 2 });
    assert.deepEqual(lines, []);
  });

  test('process.env is read when a destination is built', async () => {
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `${sink.origin}/ok/process`;
    try {
      const { exporter } = make({ destinations: [otlp()] });
      const first = sink.requests.length;
      play(exporter, run(0));
      await exporter.flush();
      assert.equal(sink.requests[first].path, '/ok/process/v1/traces');
    } finally {
      delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
    }
  });
});

describe('receipts', () => {
  test('running totals: each span once, whatever flush() told before', async () => {
    const { to } = scripted({}, OK, partialSuccess(2, 'too old'), rpcStatus(404, 'gone'), OK);
    const { exporter } = make({ destinations: [to] });
    assert.equal(sum(exporter.stats()), 0);
    let ended = 0;
    for (const children of [2, 3, 4, 5]) {
      play(exporter, run(children));
      ended += children + 1;
      assert.equal(sum(exporter.stats()), ended);
      const receipt = await exporter.flush();
      assert.equal(sum(receipt), children + 1);
      assert.equal(sum(exporter.stats()), ended);
    }
    const { accepted, rejected, pending, requests, errors } = exporter.stats();
    assert.deepEqual([accepted, rejected, pending, requests], [3 + 2 + 6, 2 + 5, 0, 4]);
    assert.deepEqual(errors.map(({ code }) => code), ['partial', 'rejected']);
    await exporter.shutdown();
    play(exporter, run(0));
    assert.deepEqual(exporter.stats().dropped, { disabled: 1 });
  });

  test('retryBudget: 0 sends once; a bad one is the default', async () => {
    const { to, path } = scripted({ retryBudget: 0 }, { status: 503 });
    const { exporter } = make({ destinations: [to], logLevel: 'silent' });
    play(exporter, run(1));
    assert.deepEqual((await exporter.flush()).dropped, { unsent: 2 });
    assert.equal(receiver.at(path).length, 1);
    const { to: other, path: again } = scripted({ retryBudget: -1 }, { status: 503 }, OK);
    const second = make({ destinations: [other] });
    play(second.exporter, run(1));
    assert.equal((await second.exporter.flush()).accepted, 2);
    assert.equal(receiver.at(again).length, 2);
  });

  test('one line names all causes and cures', async () => {
    const one = scripted({}, rpcStatus(401, 'who are you'));
    const two = scripted({ retryBudget: 50 }, { status: 503 });
    const { exporter, lines } = make({ destinations: [one.to, two.to] });
    play(exporter, run(1));
    await exporter.flush();
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0], /^\[edgespan\] 4 spans lost: /);
    assert.match(lines[0], /"t\d+": HTTP 401; check the credentials/);
    assert.match(lines[0], /"t\d+": HTTP 503; the receiver is in trouble/);
  });

  test('destinations that want the same share one body, and compress it once', async () => {
    let compressed = 0;
    const Native = globalThis.CompressionStream;
    globalThis.CompressionStream = class extends Native {
      constructor(format: ConstructorParameters<typeof Native>[0]) {
        super(format);
        compressed++;
      }
    };
    try {
      const all = [1, 2, 3].map(() => scripted({ gzip: true }, OK));
      const other = scripted({ gzip: true, maxRequestSpans: 7 }, OK);
      const { exporter } = make({ destinations: [...all, other].map(({ to }) => to) });
      play(exporter, run(5));
      assert.equal((await exporter.flush()).accepted, 24);
      assert.equal(compressed, 2);
      for (const { path } of [...all, other]) assert.equal(receiver.at(path)[0].spans?.length, 6);
    } finally {
      globalThis.CompressionStream = Native;
    }
  });

  test('a run with eight destinations has four connections at once, and reaches all', async () => {
    let open = 0;
    let most = 0;
    const server = createServer((request, response) => {
      most = Math.max(most, ++open);
      request.resume();
      setTimeout(() => {
        open--;
        response.writeHead(200).end();
      }, 30);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const destinations = Array.from({ length: 8 }, (_, i) =>
      otlp({ name: `eight-${i}`, endpoint: `http://127.0.0.1:${port}/${i}` }),
    );
    const { exporter } = make({ destinations });
    play(exporter, run(2));
    const { accepted, requests } = await exporter.flush();
    server.close();
    assert.deepEqual([accepted, requests, most], [8 * 3, 8, 4]);
  });

  test('a crowd before a receiver that hangs leaves room for the others', async () => {
    const to = (fate: string): Destination =>
      otlp({ name: fate, endpoint: `${sink.origin}/${fate}/crowd`, timeout: 60_000, retryBudget: 0 });
    const { exporter } = make({ destinations: [to('hang'), to('ok')] });
    for (let i = 0; i < 80; i++) play(exporter, run(0));
    const delivered = (): number => sink.requests.filter(({ path }) => path.startsWith('/ok/crowd')).length;
    await sink.until(() => delivered() === 80, 'all, while the other one hangs', 30_000);
    assert.ok(sink.held > 0 && sink.held <= 64, `most did not even ask the dead one: ${sink.held}`);
    const releasing = setInterval(() => sink.release(), 5);
    const receipt = await exporter.flush().finally(() => clearInterval(releasing));
    assert.equal(sum(receipt), 160);
    assert.ok(receipt.accepted > 80, 'what hung was not given up');
  });

  test('an error is told once, however often it came', async () => {
    const { to } = scripted({}, rpcStatus(400, 'never'));
    const { exporter, receipts } = make({ destinations: [to] });
    play(exporter, run(30));
    const receipt = await exporter.flush();
    assert.equal(receipt.rejected, 31);
    assert.equal(receipts.length, 1);
    assert.deepEqual(receipt.errors.map(({ code, message }) => [code, message]), [['rejected', 'never']]);
  });
});
