// What belongs together finds each other without being told: parts with equal settings, and parts whose
// code stands in a process twice.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { otlp } from 'edgespan/destinations';
import { EdgespanBridge, EdgespanExporter } from 'edgespan/mastra';
import { EdgespanTracerProvider, run } from 'edgespan/otel';
import { startOtel } from '../support/otel.ts';
import { generate, mastraOf } from '../support/office.ts';
import { treeOf } from '../support/span_tree.ts';

const { place } = await startOtel();
const execute = async (): Promise<object> => ({});
const RUN = [
  'request',
  '  invoke_agent clerk',
  '    model_generation gpt-4o-mini',
  '      agent_step clerk',
  '        chat gpt-4o-mini',
  '        execute_tool file',
  '      agent_step clerk',
  '        chat gpt-4o-mini',
];

afterEach(() => {
  for (const api of [trace, context, propagation]) api.disable();
});

describe('a provider and an exporter', () => {
  const limits = { linkCountLimit: 200, eventCountLimit: 200, attributeCountLimit: 1000 };
  for (const given of [{}, { limits }, { resourceAttributes: { team: 'a' } }]) {
    test(`with equal options are one: ${JSON.stringify(given)}`, async () => {
      const { endpoint, bodies } = place();
      const options = { serviceName: 'x', env: {}, destinations: [otlp({ endpoint })], ...given };
      const provider = new EdgespanTracerProvider(options);
      const config = { exporters: [new EdgespanExporter(options)], bridge: new EdgespanBridge({ provider }) };
      const mastra = mastraOf(config as never, execute);
      await run(provider.getTracer('t'), 'request', {}, () => generate()(mastra));
      await provider.forceFlush();
      assert.deepEqual(bodies().map(treeOf), [RUN]);
    });
  }

  test('whose spans may hold more events than most: still one', async () => {
    const { endpoint, bodies } = place();
    const options = { serviceName: 'x', env: {}, destinations: [otlp({ endpoint })] };
    const provider = new EdgespanTracerProvider({ ...options, spanLimits: { eventCountLimit: 500 } });
    const config = { exporters: [new EdgespanExporter(options)], bridge: new EdgespanBridge({ provider }) };
    const mastra = mastraOf(config as never, execute);
    await run(provider.getTracer('t'), 'request', {}, () => generate()(mastra));
    await provider.forceFlush();
    assert.deepEqual(bodies().map(treeOf), [RUN]);
  });
});

// What a bundler makes of two entries.
const root = mkdtempSync(join(dirname(fileURLToPath(import.meta.url)), '../../build/copy-'));
after(() => rmSync(root, { recursive: true }));
const dist = dirname(dirname(fileURLToPath(import.meta.resolve('edgespan/otel'))));
cpSync(dist, join(root, 'dist'), { recursive: true });
cpSync(join(dist, '../package.json'), join(root, 'package.json'));
const copyOf = (path: string): Promise<any> => import(join(root, 'dist', path, 'index.js'));

describe('two copies of the package', async () => {
  const other = { ...(await copyOf('otel')), ...(await copyOf('mastra')), ...(await copyOf('destinations')) };
  test('are two', () => assert.notEqual(other.EdgespanBridge, EdgespanBridge));

  const langfuse = Symbol.for('langfuse_user_id');
  const user = <T>(fn: () => T): T => context.with(context.active().setValue(langfuse, 'u1'), fn);

  for (const [name, config] of Object.entries({
    'a bridge': () => ({ bridge: new EdgespanBridge() }),
    'a bridge beside an exporter of the other copy': (exporter: object) => ({
      bridge: new EdgespanBridge(),
      exporters: [exporter],
    }),
    'a bridge that is given what the other copy made': (exporter: object) => ({
      bridge: new EdgespanBridge({ exporter }),
    }),
  })) {
    test(`${name} and a provider`, async () => {
      const { endpoint, bodies } = place();
      const exporter = new other.EdgespanExporter({ destinations: [other.otlp({ endpoint })], env: {} });
      const provider = new other.EdgespanTracerProvider({ exporter });
      provider.register();
      const mastra = mastraOf(config(exporter) as never, execute);
      await other.run(provider.getTracer('t'), 'request', {}, () => user(() => generate()(mastra)));
      await provider.forceFlush();
      assert.deepEqual(bodies().map(treeOf), [RUN]);
      const ids = bodies()[0]!.map(({ attributes }) => attributes.get('user.id'));
      assert.equal(ids.filter((id) => id === 'u1').length, RUN.length - 1);
    });
  }

  test('a provider shares the other copy\'s exporter', async () => {
    const { endpoint, tree } = place();
    const exporter = new other.EdgespanExporter({ destinations: [other.otlp({ endpoint })], env: {} });
    const provider = new EdgespanTracerProvider({ exporter, logLevel: 'silent' });
    provider.getTracer('t').startSpan('s').end();
    await provider.forceFlush();
    assert.deepEqual(tree(), { s: '' });
  });

  test('a run inside the tool of a run of the other copy is below it', async () => {
    const { endpoint, bodies } = place();
    const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint })], env: {} });
    const inner = mastraOf({ bridge: new other.EdgespanBridge({ exporter }) } as never, execute);
    const bridge = new EdgespanBridge();
    const outer = mastraOf({ bridge, exporters: [exporter] } as never, () => generate()(inner) as never);
    await generate()(outer);
    await exporter.flush();
    const lines = bodies().flatMap(treeOf);
    assert.equal(bodies().length, 1);
    assert.deepEqual(lines.filter((line) => /clerk$/.test(line) && /invoke/.test(line)), [
      'invoke_agent clerk',
      '        invoke_agent clerk',
    ]);
  });

  test('what they share says nothing to who looks at it', async () => {
    const { endpoint } = place();
    const secret = 'a-secret-key';
    const destinations = [otlp({ endpoint, headers: { authorization: secret } })];
    const exporter = new EdgespanExporter({ destinations, env: {}, logLevel: 'silent' });
    let seen = '';
    const look = async (): Promise<object> => {
      const holder = globalThis as unknown as Record<symbol, unknown>;
      const ours = Object.getOwnPropertySymbols(holder).filter((one) => /edgespan/.test(`${one.description}`));
      assert.ok(ours.length > 0);
      seen = ours.map((one) => inspect(holder[one], { depth: 12, showHidden: true })).join('\n');
      return {};
    };
    await generate()(mastraOf({ bridge: new EdgespanBridge({ exporter }) } as never, look));
    assert.match(seen, /Stand/);
    assert.ok(!seen.includes(secret));
  });
});

describe("another SDK's provider is registered", () => {
  test('the bridge sees its spans, and what tools do sees the tool', async () => {
    const { endpoint, span } = place();
    const memory = new InMemorySpanExporter();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const spanProcessors = [new SimpleSpanProcessor(memory)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    const tracer = trace.getTracer('app');
    const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint })], env: {} });
    const config = { exporters: [exporter], bridge: new EdgespanBridge() };
    const mastra = mastraOf(config as never, async () => tracer.startActiveSpan('query', (one) => one.end()) ?? {});
    await tracer.startActiveSpan('request', async (one) => {
      await generate()(mastra);
      one.end();
    });
    await exporter.flush();
    const [query, request] = memory.getFinishedSpans();
    const run = span('invoke_agent clerk');
    assert.deepEqual([run.traceId, run.parentSpanId], Object.values(ids(request!)));
    assert.deepEqual(query!.parentSpanContext?.spanId, span('execute_tool file').spanId);
  });
});

const ids = (span: ReadableSpan): { traceId: string; spanId: string } => {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
};
