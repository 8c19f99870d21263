// Langfuse's tracing over ours, its users' code unchanged: what `propagateAttributes()` puts on spans is
// compared with what Langfuse's own processor puts there under the official SDK; and that processor with
// our exporter, as Lemma's recipe has it. (The recipe in a Worker: tests/runtime/recipe.test.ts.)
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { propagateAttributes, startActiveObservation, startObservation } from '@langfuse/tracing';
import { OtelBridge } from '@mastra/otel-bridge';
import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { EdgespanBridge, EdgespanExporter } from 'edgespan/mastra';
import { EdgespanSpanExporter, EdgespanTracerProvider, type SpanProcessor } from 'edgespan/otel';
import { startSite } from '../support/exporter.ts';
import { generate, mastraOf } from '../support/office.ts';
import { plain, type WireSpan } from '../support/otlp.ts';
import { treeOf } from '../support/span_tree.ts';

const { place } = await startSite();

function forget(): void {
  for (const api of [trace, context, propagation]) api.disable();
}
beforeEach(forget);
afterEach(forget);
for (const name of Object.keys(process.env)) assert.ok(!name.startsWith('LANGFUSE_'), name);

/** Those that Langfuse's processor is to add, of a span. */
type Attributes = Record<string, unknown>;

interface Said {
  readonly name: string;
  readonly attributes: Attributes;
}

const WITHOUT = 'langfuse.internal.'; // Langfuse's own bookkeeping

/** What spans say that a program makes, under the official SDK with Langfuse's processor. */
async function official(program: () => Promise<unknown>): Promise<Said[]> {
  const memory = new InMemorySpanExporter();
  const all = new LangfuseSpanProcessor({ exporter: memory, shouldExportSpan: () => true });
  new NodeTracerProvider({ spanProcessors: [all] }).register();
  await program();
  await all.forceFlush();
  forget();
  return said(memory.getFinishedSpans());
}

/** The same under our provider, with nothing of Langfuse's. */
async function ours(program: () => Promise<unknown>): Promise<Said[]> {
  const spans: Said[] = [];
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: (span: Said) => void spans.push(span),
    async forceFlush() {},
    async shutdown() {},
  };
  const { to } = place('ok');
  const provider = new EdgespanTracerProvider({ destinations: [to], spanProcessors: [processor] });
  provider.register();
  await program();
  await provider.shutdown();
  forget();
  return said(spans);
}

// In an order of their own: Langfuse's processor ends some later.
const said = (spans: readonly Said[]): Said[] =>
  [...spans].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, attributes }) => ({
    name,
    attributes: Object.fromEntries(
      Object.entries(attributes)
        .filter(([key, value]) => !key.startsWith(WITHOUT) && value !== undefined)
        .sort(),
    ),
  }));

const EVERYTHING = {
  userId: 'u-1',
  sessionId: 's-1',
  version: '1.2',
  traceName: 'support',
  environment: 'staging',
  tags: ['a', 'b'],
  metadata: { plan: 'pro', 'gen_ai.agent.name': 'support-agent' },
  prompt: { name: 'greeting', version: 3, isFallback: false },
};

const EXPERIMENT = {
  experimentId: 'e',
  experimentName: 'n',
  experimentItemId: 'i',
  experimentItemRootObservationId: 'o',
};

/** Observations of every kind, in and beside the propagation. */
const program = (params: object) => async () => {
  startObservation('before').end();
  await startActiveObservation('root', async (root) => {
    root.update({ input: { n: 1 } });
    await propagateAttributes(params as never, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const tool = startObservation('tool', { input: 'in' }, { asType: 'tool' });
      const parentSpanContext = tool.otelSpan.spanContext();
      startObservation('call', { model: 'gpt' }, { asType: 'generation', parentSpanContext }).end();
      tool.end();
      await propagateAttributes({ tags: ['c'], metadata: { more: 'yes' } }, async () => {
        trace.getTracer('other').startSpan('foreign', { attributes: { own: 1 } }).end();
      });
    });
    root.update({ output: 'done' });
  });
};

describe('propagateAttributes()', () => {
  for (const [name, params] of [
    ['everything', EVERYTHING],
    ['everything, as baggage', { ...EVERYTHING, asBaggage: true }],
    ['little', { sessionId: 's' }],
    ['what is refused', { sessionId: 'x'.repeat(201), userId: 7, environment: 'langfuse-x', tags: [1] }],
    ['an experiment', { _internalExperiment: EXPERIMENT }],
  ] as const) {
    test(`${name}: the same attributes as Langfuse's own processor sets`, async () => {
      const expected = await official(program(params));
      assert.equal(expected.length, 5);
      assert.deepEqual(await ours(program(params)), expected);
    });
  }

  test('baggage of another process', async () => {
    const carrier = {
      baggage:
        'langfuse_session_id=s-9,langfuse_tags=a%2Cb,langfuse_metadata_plan=pro,' +
        'langfuse_prompt_version=4,langfuse_environment=Not%20One,langfuse_trace_id=x,other=1',
    };
    const program = async (): Promise<void> => {
      const remote = propagation.extract(context.active(), carrier);
      context.with(remote, () => trace.getTracer('app').startSpan('work').end());
    };
    const expected = await official(program);
    assert.equal(expected[0]?.attributes['session.id'], 's-9');
    assert.deepEqual(await ours(program), expected);
  });

  for (const recorder of ['the bridge', 'an exporter beside it']) {
    test(`reaches Mastra's spans, recorded by ${recorder}`, async () => {
      const to = place('ok');
      const exporter = new EdgespanExporter({ destinations: [to.to] });
      const provider = new EdgespanTracerProvider({ exporter });
      provider.register();
      const exporters = recorder === 'the bridge' ? [] : [exporter];
      const mastra = mastraOf({ exporters, bridge: new EdgespanBridge() }, async () => ({}));
      await propagateAttributes(EVERYTHING, () =>
        generate({ tracingOptions: { tags: ['own'], metadata: { userId: 'mine' } } })(mastra),
      );
      await provider.forceFlush();
      const spans = to.spans();
      const all = (name: string): unknown[] => [
        ...new Set(spans.map((span) => JSON.stringify(plain(span.attributes.get(name))))),
      ];
      assert.equal(spans.length, 7);
      assert.deepEqual(all('session.id'), ['"s-1"']);
      assert.deepEqual(all('user.id'), ['"mine"'], 'what Mastra says wins');
      assert.deepEqual(all('mastra.metadata.plan'), ['"pro"']);
      assert.deepEqual(all('mastra.metadata.version'), ['"1.2"']);
      assert.deepEqual(all('mastra.metadata.environment'), ['"staging"']);
      const tags = spans.map((span) => plain(span.attributes.get('mastra.tags'))).filter(Boolean);
      assert.deepEqual(tags.map((one) => JSON.parse(`${one}`)), [['a', 'b', 'own']]);
    });
  }
});

describe("the recipe's own LangfuseSpanProcessor, with our exporter", () => {
  test('one request when it is flushed; root, model and tool calls in one trace', async () => {
    const to = place('ok');
    const lemmaProcessor = new LangfuseSpanProcessor({
      exporter: new EdgespanSpanExporter({ destinations: [to.to] }),
    });
    new NodeTracerProvider({ spanProcessors: [lemmaProcessor] }).register();
    const mastra = mastraOf({ bridge: new OtelBridge() }, async () => ({ done: true }));
    await startActiveObservation('support-agent', async (root) => {
      root.update({ input: 'File this.' });
      await propagateAttributes({ sessionId: 'thread-1' }, async () => {
        const { text } = (await generate()(mastra)) as { text: string };
        root.update({ output: text });
      });
    });
    await mastra.observability.flush();
    await lemmaProcessor.forceFlush();
    const bodies = to.bodies();
    assert.equal(bodies.length, 1);
    const [spans] = bodies as [WireSpan[]];
    // The processor keeps what speaks of models: those are Langfuse's spans, and those with gen_ai.*.
    const names = spans.map(({ name }) => name).sort();
    for (const name of ['support-agent', 'invoke_agent clerk', 'execute_tool file', 'chat gpt-4o-mini']) {
      assert.ok(names.includes(name), `${name}: ${names}`);
    }
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
    const root = spans.find(({ name }) => name === 'support-agent') as WireSpan;
    assert.equal(treeOf(spans)[0], 'support-agent');
    assert.equal(plain(root.attributes.get('langfuse.observation.output')), 'Filed.');
    for (const span of spans) assert.equal(plain(span.attributes.get('session.id')), 'thread-1', span.name);
  });
});
