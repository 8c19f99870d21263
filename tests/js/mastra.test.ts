// What Mastra itself applies still works with our exporter, and our exporter leaves others alone:
// real Mastra in Node, scripted model, a local receiver. Every trace that arrives is compared with
// what Mastra emitted (a second exporter records it); then each test looks at what it is about.
// Titles name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import type { AnyExportedSpan, AnySpan, SpanOutputProcessor } from '@mastra/core/observability';
import { RequestContext } from '@mastra/core/request-context';
import { InMemoryStore } from '@mastra/core/storage';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { LangfuseExporter } from '@mastra/langfuse';
import {
  CloudExporter,
  DefaultExporter,
  Observability,
  SensitiveDataFilter,
} from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions } from 'edgespan/mastra';
import { z } from 'zod';
import { scripted } from '../runtime/worker/model.ts';
import { Recorder } from '../runtime/worker/recorder.ts';
import { checkTrace, type MastraSpan, says } from '../support/expect.ts';
import { decodeJson, decodeProtobuf, plain, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';

let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(() => sink.close());

type Config = Partial<
  Exclude<ConstructorParameters<typeof Observability>[0]['configs'], undefined>[string]
> & { sensitiveDataFilter?: boolean };
type Execute = Parameters<typeof createTool>[0]['execute'];

interface Observed {
  readonly ended: MastraSpan[];
  readonly wire: WireSpan[];
  /** The one span of a type, as it arrived. */
  one(type: string): WireSpan;
  /** What arrived under an attribute's name, on every span of a type (all spans without one). */
  all(name: string, type?: string): unknown[];
}

const ours = (path = 'ok', options: Partial<EdgespanExporterOptions> = {}): EdgespanExporter =>
  new EdgespanExporter({ destinations: [otlp({ endpoint: `${sink.origin}/${path}`, dropTypes: [] })], ...options });

const bodies = (path: string): WireSpan[] =>
  sink.requests
    .filter((request) => request.path === path)
    .flatMap(({ headers, body }) =>
      headers['content-type'] === 'application/json'
        ? decodeJson(Buffer.from(body).toString())
        : decodeProtobuf(body),
    );

const get = (span: WireSpan | undefined, name: string): unknown =>
  plain(span?.attributes.get(name));
const type = (span: WireSpan): unknown => get(span, 'mastra.span.type');

/** An agent with one tool, and a workflow of one step, that both do what `execute` does. */
function mastraOf(config: Config, execute: Execute, storage?: InMemoryStore): Mastra {
  const clerk = new Agent({
    id: 'clerk',
    name: 'clerk',
    instructions: 'File it.',
    model: scripted([{ tools: [{ tool: 'file', input: { n: 1 } }] }, { text: 'Filed.' }]),
    tools: {
      file: createTool({
        id: 'file',
        description: 'Files',
        inputSchema: z.any(),
        execute,
      }),
    },
  });
  const step = createStep({
    id: 'stamp',
    inputSchema: z.any(),
    outputSchema: z.any(),
    execute: ({ inputData, ...context }) => execute!(inputData, context as never),
  });
  const office = createWorkflow({ id: 'office', inputSchema: z.any(), outputSchema: z.any() })
    .then(step)
    .commit();
  const { sensitiveDataFilter, ...rest } = config;
  return new Mastra({
    logger: false,
    storage,
    agents: { clerk },
    workflows: { office },
    observability: new Observability({
      sensitiveDataFilter,
      configs: { default: { serviceName: 'office', ...rest } },
    }),
  });
}

/** Runs, and compares what arrived with what Mastra emitted. */
async function observe(
  config: Config,
  use: (mastra: Mastra) => Promise<unknown>,
  execute: Execute = async () => ({ done: true }),
): Promise<Observed> {
  const recorder = new Recorder();
  const exporters = [...(config.exporters ?? []), ours(), recorder];
  const mastra = mastraOf({ ...config, exporters }, execute);
  await use(mastra);
  await mastra.observability.flush();
  const ended = recorder.events
    .filter((event) => event.type === 'span_ended')
    .map((event) => event.span as MastraSpan);
  assert.ok(ended.length > 0);
  const wire: WireSpan[] = [];
  for (const traceId of new Set(ended.map((span) => span.traceId))) {
    const arrived = bodies('/ok/v1/traces').filter((span) => span.traceId === traceId);
    const trace = ended.filter((span) => span.traceId === traceId);
    assert.deepEqual(checkTrace(arrived, trace), []);
    wire.push(...arrived);
  }
  const all = (name: string, only?: string): unknown[] =>
    wire.filter((span) => only === undefined || type(span) === only).map((span) => get(span, name));
  return {
    ended,
    wire,
    all,
    one(only) {
      const found = wire.filter((span) => type(span) === only);
      assert.equal(found.length, 1, `${found.length} spans of type ${only}`);
      return found[0]!;
    },
  };
}

const generate =
  (options: object = {}) =>
  (mastra: Mastra): Promise<unknown> =>
    mastra.getAgent('clerk').generate('File this.', options);
const start =
  (options: object = {}) =>
  async (mastra: Mastra): Promise<unknown> => {
    const run = await mastra.getWorkflow('office').createRun();
    return run.start({ inputData: { n: 1 }, ...options } as never);
  };
const EITHER = [
  ['agent', generate],
  ['workflow', start],
] as const;

function contextOf(values: object): RequestContext {
  const context = new RequestContext<Record<string, unknown>>();
  for (const [key, value] of Object.entries(values)) context.set(key, value);
  return context as RequestContext;
}

// ---- requestContextKeys ------------------------------------------------------------------------

for (const [name, run] of EITHER) {
  test(`rows 60-62, ${name}: requestContextKeys of config and request, nested`, async () => {
    const requestContext = contextOf({
      userId: 'u-1',
      user: { id: 'u-1', name: 'Zoë' },
      session: { data: { n: 0 } },
      experimentId: 'e-7',
      hidden: 'not asked for',
    });
    const observed = await observe(
      { requestContextKeys: ['userId', 'user.id', 'session.data.n'] },
      run({ requestContext, tracingOptions: { requestContextKeys: ['experimentId'] } }),
    );
    const count = observed.wire.length;
    assert.deepEqual(observed.all('mastra.metadata.userId'), Array(count).fill('u-1'));
    assert.deepEqual(observed.all('mastra.metadata.experimentId'), Array(count).fill('e-7'));
    for (const user of observed.all('mastra.metadata.user')) assert.ok(says(user, { id: 'u-1' }));
    for (const session of observed.all('mastra.metadata.session')) {
      assert.ok(says(session, { data: { n: 0 } }));
    }
    assert.ok(observed.all('mastra.metadata.hidden').every((value) => value === undefined));
  });

  test(`row 63, ${name}: metadata that is given wins over the request context`, async () => {
    const observed = await observe(
      { requestContextKeys: ['userId', 'plan'] },
      run({
        requestContext: contextOf({ userId: 'from-context', plan: 'pro' }),
        tracingOptions: { metadata: { userId: 'given' } },
      }),
    );
    // Mastra holds to that on the root; its children have what the context says.
    const root = observed.wire.find((span) => span.parentSpanId === '');
    assert.equal(get(root, 'mastra.metadata.userId'), 'given');
    const count = observed.wire.length;
    assert.deepEqual(observed.all('mastra.metadata.plan'), Array(count).fill('pro'));
  });

  // Mastra's documents: tags stay on the root, metadata goes to every span.
  test(`rows 65, 67, 117, 118, 141, ${name}: tags together with metadata`, async () => {
    const tags = ['beta', 'ünï', ''];
    const metadata = { tenant: 'acme', n: -3, deep: { a: [1, { b: null }] }, off: false, none: '' };
    const observed = await observe({}, run({ tracingOptions: { tags, metadata } }));
    const root = observed.wire.find((span) => span.parentSpanId === '');
    assert.ok(says(get(root, 'mastra.tags'), tags));
    assert.equal(observed.all('mastra.tags').filter((value) => value !== undefined).length, 1);
    assert.equal(get(root, 'mastra.metadata.n'), -3);
    assert.equal(get(root, 'mastra.metadata.off'), false);
    assert.equal(get(root, 'mastra.metadata.none'), '');
    assert.ok(says(get(root, 'mastra.metadata.deep'), metadata.deep));
    const count = observed.wire.length;
    assert.deepEqual(observed.all('mastra.metadata.tenant'), Array(count).fill('acme'));
  });

  test(`rows 68, 69, ${name}: hidden input and output are on no span`, async () => {
    for (const hidden of [{ hideInput: true }, { hideOutput: true }] as const) {
      const observed = await observe({}, run({ tracingOptions: hidden }));
      const names = new Set(observed.wire.flatMap((span) => [...span.attributes.keys()]));
      const about = 'hideInput' in hidden
        ? /\.input$|call\.arguments$|input\.messages$/
        : /\.output$|call\.result$|output\.messages$/;
      assert.deepEqual([...names].filter((n) => about.test(n)), []);
    }
  });
}

test('row 64: child spans with and without a request context', async () => {
  const observed = await observe(
    { requestContextKeys: ['userId'] },
    generate({ requestContext: contextOf({ userId: 'u-1' }) }),
    async (_, context) => {
      const span = context!.tracingContext!.currentSpan!;
      const child = { type: 'generic' as const, input: {} };
      span.createChildSpan({ ...child, name: 'without' }).end();
      const requestContext = contextOf({ userId: 'u-2' });
      span.createChildSpan({ ...child, name: 'with', requestContext }).end();
      return {};
    },
  );
  const named = (name: string): WireSpan | undefined =>
    observed.wire.find((span) => type(span) === 'generic' && emitted(observed, span).name === name);
  assert.equal(get(named('without'), 'mastra.metadata.userId'), 'u-1');
  assert.equal(get(named('with'), 'mastra.metadata.userId'), 'u-2');
  assert.ok(says(get(named('with'), 'mastra.request_context'), { userId: 'u-2' }));
});

const emitted = ({ ended }: Observed, wire: WireSpan): MastraSpan =>
  ended.find(({ id }) => id === wire.spanId)!;

// ---- Redaction, processors, filters ------------------------------------------------------------

test('row 27: the default SensitiveDataFilter, on every kind of content', async () => {
  const secret = 's3cr3t-value';
  const observed = await observe(
    {},
    generate({ tracingOptions: { metadata: { apiKey: secret, kept: 'open' } } }),
    async (_, context) => {
      context!.tracingContext!.currentSpan!.update({ metadata: { password: secret } });
      return { token: secret, nested: [{ Authorization: secret }], ok: 'fine' };
    },
  );
  // The tool's result goes on as text to the model: there Mastra's filter has no key to go by.
  const tool = observed.one('tool_call');
  assert.equal(get(tool, 'mastra.metadata.password'), '[REDACTED]');
  assert.ok(observed.all('mastra.metadata.apiKey').every((value) => value === '[REDACTED]'));
  assert.ok(observed.all('mastra.metadata.kept').every((value) => value === 'open'));
  const result = { token: '[REDACTED]', nested: [{ Authorization: '[REDACTED]' }], ok: 'fine' };
  assert.ok(says(get(tool, 'gen_ai.tool.call.result'), result));
  const call = observed.all('gen_ai.input.messages', 'model_inference');
  assert.ok(!JSON.stringify(call).includes(secret), 'rebuilt messages hold what was filtered');
});

test('row 27: without the filter, and with one of its own keys', async () => {
  const metadata = { apiKey: 'open', badge: 'b-1' };
  const run = generate({ tracingOptions: { metadata } });
  const off = await observe({ sensitiveDataFilter: false }, run);
  assert.ok(off.all('mastra.metadata.apiKey').every((value) => value === 'open'));
  const filter = new SensitiveDataFilter({ sensitiveFields: ['badge'], redactionToken: '–' });
  const own = await observe({ sensitiveDataFilter: false, spanOutputProcessors: [filter] }, run);
  assert.ok(own.all('mastra.metadata.badge').every((value) => value === '–'));
  assert.ok(own.all('mastra.metadata.apiKey').every((value) => value === 'open'));
});

test('row 73: span processors, in their order, shut down with Mastra', async () => {
  const calls: string[] = [];
  const appends = (letter: string): SpanOutputProcessor => ({
    name: letter,
    process(span?: AnySpan) {
      const order = `${span?.metadata?.order ?? ''}${letter}`;
      if (span) span.metadata = { ...span.metadata, order };
      return span;
    },
    async shutdown() {
      calls.push(letter);
    },
  });
  let mastra: Mastra | undefined;
  const observed = await observe(
    { spanOutputProcessors: [appends('a'), appends('b')] },
    (m) => start()((mastra = m)),
  );
  for (const order of observed.all('mastra.metadata.order')) assert.match(String(order), /^(ab)+$/);
  await mastra!.observability.shutdown();
  assert.deepEqual(calls, ['a', 'b']);
});

/** Each span's parent is the nearest of its ancestors that is there. */
function assertWhole({ wire, ended }: Observed): void {
  const ids = new Set(wire.map((span) => span.spanId));
  assert.equal(wire.filter((span) => span.parentSpanId === '').length, 1, 'one root');
  for (const span of wire) {
    if (span.parentSpanId !== '') assert.ok(ids.has(span.parentSpanId), `${span.name} hangs`);
  }
  assert.equal(wire.length, ended.length);
}

test('row 74: excludeSpanTypes, the children move to the nearest span that is there', async () => {
  const excludeSpanTypes = ['model_chunk', 'model_step', 'model_generation'] as never;
  const observed = await observe({ excludeSpanTypes }, generate());
  assertWhole(observed);
  const agent = observed.one('agent_run');
  assert.equal(observed.one('tool_call').parentSpanId, agent.spanId);
  const there = observed.all('mastra.span.type').map(String);
  assert.deepEqual(there.filter((t) => /chunk|step|gener/.test(t)), []);
  assert.deepEqual(observed.all('gen_ai.usage.input_tokens', 'model_inference'), [300, 301]);
  for (const said of observed.all('gen_ai.output.messages', 'model_inference')) assert.ok(said);
});

test('row 74: spanFilter and a processor that drops', async () => {
  const filtered = await observe(
    { spanFilter: (span: AnyExportedSpan) => span.type !== 'model_chunk' },
    generate(),
  );
  assertWhole(filtered);
  assert.ok(!filtered.all('mastra.span.type').includes('model_chunk'));
  const dropped = await observe(
    {
      spanOutputProcessors: [
        {
          name: 'no chunks',
          process: (span?: AnySpan) => (span?.type === 'model_chunk' ? undefined : span),
          async shutdown() {},
        },
      ],
    },
    generate(),
  );
  assertWhole(dropped);
  assert.ok(!dropped.all('mastra.span.type').includes('model_chunk'));
});

// Mastra shows the filtered span to no exporter, nor whose child it was, and its children keep it as
// their parent.
test('row 74: spanFilter on a parent, the children hang below the root', async () => {
  const observed = await observe(
    { spanFilter: (span: AnyExportedSpan) => span.type !== 'tool_call' },
    generate(),
    async (_, context) => {
      const child = { type: 'generic' as const, name: 'inner', input: 1 };
      context!.tracingContext!.currentSpan!.createChildSpan(child).end({ output: 2 });
      return {};
    },
  );
  const inner = observed.one('generic');
  assert.equal(inner.parentSpanId, observed.one('agent_run').spanId);
  assert.equal(get(inner, 'edgespan.missing_parent_span_id'), emitted(observed, inner).parentSpanId);
});

for (const [row, serializationOptions, output] of [
  [80, { maxStringLength: 24 }, { text: `${'y'.repeat(24)}…[truncated]` }],
  [81, { maxDepth: 3 }, { deep: { a: { b: { c: '[MaxDepth]' } } } }],
  [82, { maxArrayLength: 2 }, { list: [1, 2, '[…2 more items]'] }],
  [83, { maxObjectKeys: 3 }, { __truncated: '1 more keys omitted' }],
] as const) {
  test(`rows 80-83: serializationOptions: ${JSON.stringify(serializationOptions)}`, async () => {
    const whole = {
      text: 'y'.repeat(1000),
      list: [1, 2, 3, 4],
      deep: { a: { b: { c: { d: 1 } } } },
      more: true,
    };
    const { more, ...kept } = whole;
    const observed = await observe(
      { serializationOptions },
      start({ tracingOptions: { metadata: { long: 'y'.repeat(40), list: [1, 2, 3] } } }),
      async () => whole,
    );
    const step = get(observed.one('workflow_step'), 'mastra.workflow_step.output');
    const expected = { ...kept, ...(row === 83 ? {} : { more }), ...output };
    assert.deepEqual(JSON.parse(step as string), expected);
    for (const long of observed.all('mastra.metadata.long')) {
      assert.equal(long, row === 80 ? `${'y'.repeat(24)}…[truncated]` : 'y'.repeat(40));
    }
  });
}

// ---- Metadata and spans of the user ------------------------------------------------------------

test('rows 58, 70, 71: update, createChildSpan, end with output and metadata', async () => {
  const observed = await observe({}, generate(), async (_, context) => {
    const span = context!.tracingContext!.currentSpan!;
    span.update({ metadata: { apiStatusCode: 200, region: undefined, took: 1.5 } });
    const child = span.createChildSpan({
      type: 'generic',
      name: 'db: “select”',
      input: { sql: 'select 1' },
      metadata: { table: 't' },
    });
    child.update({ metadata: { rows: 0 } });
    child.end({ output: { rows: [] }, metadata: { cached: false } });
    return {};
  });
  const tool = observed.one('tool_call');
  assert.equal(get(tool, 'mastra.metadata.apiStatusCode'), 200);
  assert.equal(get(tool, 'mastra.metadata.took'), 1.5);
  assert.ok(!tool.attributes.has('mastra.metadata.region'));
  const child = observed.one('generic');
  assert.equal(child.parentSpanId, tool.spanId);
  assert.ok(says(get(child, 'mastra.generic.input'), { sql: 'select 1' }));
  assert.ok(says(get(child, 'mastra.generic.output'), { rows: [] }));
  assert.equal(get(child, 'mastra.metadata.table'), 't');
  assert.equal(get(child, 'mastra.metadata.rows'), 0);
  assert.equal(get(child, 'mastra.metadata.cached'), false);
});

test('row 72: error with metadata', async () => {
  const observed = await observe({}, start(), async (_, context) => {
    const child = context!.tracingContext!.currentSpan!.createChildSpan({
      type: 'generic',
      name: 'fetch',
    });
    child.error({ error: new RangeError('too far — “5”'), metadata: { attempt: 3 } });
    return {};
  });
  const child = observed.one('generic');
  assert.deepEqual(child.status, { code: 2, message: 'too far — “5”' });
  assert.equal(get(child, 'mastra.metadata.attempt'), 3);
  assert.equal(get(child, 'error.type'), 'RangeError');
});

test('row 119: a literal key with a dot is a path to Mastra, which finds nothing there', async () => {
  const key = 'session.experimentId';
  const requestContext = contextOf({ [key]: 'e-1', plan: 'pro' });
  const observed = await observe({ requestContextKeys: [key, 'plan'] }, generate({ requestContext }));
  const count = observed.wire.length;
  for (const name of [key, 'session']) {
    assert.deepEqual(observed.all(`mastra.metadata.${name}`), Array(count).fill(undefined));
  }
  assert.deepEqual(observed.all('mastra.metadata.plan'), Array(count).fill('pro'));
  // The whole context stands on the spans of tools and the like, where it is under its own key.
  const contexts = observed.all('mastra.request_context').filter((value) => value !== undefined);
  assert.ok(contexts.length > 0);
  for (const context of contexts) assert.ok(says(context, { [key]: 'e-1', plan: 'pro' }));
});

test('rows 15, 17: one run is one trace: the generation and the tool below the agent', async () => {
  const observed = await observe({}, generate());
  assertWhole(observed);
  const [agent, generation] = [observed.one('agent_run'), observed.one('model_generation')];
  assert.deepEqual([agent.parentSpanId, agent.name], ['', 'invoke_agent clerk']);
  assert.equal(generation.parentSpanId, agent.spanId);
  assert.match(String(get(agent, 'mastra.agent_run.input')), /File this\./);
  assert.match(String(get(agent, 'mastra.agent_run.output')), /Filed\./);
  const tool = observed.one('tool_call');
  assert.deepEqual(
    ['tool.name', 'tool.call.arguments', 'tool.call.result'].map((n) => get(tool, `gen_ai.${n}`)),
    ['file', '{"n":1}', '{"done":true}'],
  );
  const calls = observed.wire.filter((span) => type(span) === 'model_inference');
  assert.deepEqual(observed.all('gen_ai.request.model', 'model_inference'), ['gpt-4o-mini', 'gpt-4o-mini']);
  assert.deepEqual(observed.all('gen_ai.usage.input_tokens', 'model_inference'), [300, 301]);
  const parents = new Map(observed.wire.map((span) => [span.spanId, span.parentSpanId]));
  for (const below of [tool, ...calls]) {
    assert.equal(parents.get(below.parentSpanId), generation.spanId, `${below.name}: by way of a step`);
  }
});

test('row 86: a run that is not sampled has no trace id, and nothing is sent', async () => {
  const options: unknown[] = [];
  const sampler = (given: unknown): boolean => (options.push(given), false);
  for (const sampling of [
    { type: 'never' },
    { type: 'ratio', probability: 0 },
    { type: 'custom', sampler },
  ]) {
    const mastra = mastraOf({ exporters: [ours('unsampled')], sampling } as Config, async () => ({}));
    const metadata = { plan: 'pro' };
    for (const [, run] of EITHER) {
      const result = (await run({ tracingOptions: { metadata } })(mastra)) as { traceId?: string };
      assert.equal(result.traceId, undefined, sampling.type);
    }
    await mastra.observability.flush();
  }
  assert.equal(options.length, 2, 'asked for each run');
  assert.match(JSON.stringify(options), /"plan":"pro"/);
  assert.deepEqual(sink.requests.filter(({ path }) => path.startsWith('/unsampled')), []);
});

for (const [what, tracingOptions] of [
  ['a trace id that is none', { traceId: 'not-hexadecimal', parentSpanId: 'b'.repeat(16) }],
  ['a trace id that is too long', { traceId: 'a'.repeat(33) }],
  ['a parent that is none', { parentSpanId: 'nope' }],
  ['a parent that is too long', { parentSpanId: 'a'.repeat(17) }],
] as const) {
  test(`row 93: ${what}: a new trace id, or no parent`, async () => {
    const { traceId: bad, parentSpanId }: { traceId?: string; parentSpanId?: string } = tracingOptions;
    const { error, warn } = console;
    console.error = console.warn = () => {}; // Mastra says so
    try {
      for (const [, run] of EITHER) {
        const given = crypto.randomUUID().replaceAll('-', '');
        let traceId: string | undefined;
        const observed = await observe({}, async (mastra) => {
          const options = { tracingOptions: { traceId: bad ?? given, parentSpanId } };
          ({ traceId } = (await run(options)(mastra)) as { traceId?: string });
        });
        assert.match(traceId ?? '', /^[0-9a-f]{32}$/);
        assert.equal(traceId === given, bad === undefined);
        assert.deepEqual([...new Set(observed.wire.map((span) => span.traceId))], [traceId]);
        const roots = observed.wire.filter((span) => span.parentSpanId === '');
        // A parent that is one stays, whatever became of the trace id.
        assert.equal(roots.length, bad && parentSpanId ? 0 : 1);
      }
    } finally {
      Object.assign(console, { error, warn });
    }
  });
}

test('rows 84, 85, 87: the trace id that runs return is the one that arrives', async () => {
  const ids: unknown[] = [];
  for (const [, run] of EITHER) {
    const note = async (mastra: Mastra): Promise<unknown> =>
      ids.push(((await run()(mastra)) as { traceId?: string }).traceId);
    const { wire } = await observe({}, note);
    assert.deepEqual([...new Set(wire.map((span) => span.traceId))], [ids.at(-1)]);
  }
});

// ---- Beside others -----------------------------------------------------------------------------

test('rows 28, 53, 59, 134: two of ours, each with everything', async () => {
  const observed = await observe({ exporters: [ours('second')] }, generate());
  const ids = (spans: WireSpan[]): string[] => spans.map(({ spanId }) => spanId).sort();
  const { traceId } = observed.wire[0]!;
  const second = bodies('/second/v1/traces').filter((span) => span.traceId === traceId);
  assert.deepEqual(ids(second), ids(observed.wire));
});

// A formatter is what could change the objects that exporters share.
const formatted = (): EdgespanExporter =>
  ours('formatted', {
    customSpanFormatter: (span) => ({ ...span, name: 'ours', input: 'ours', metadata: { ours: true } }),
  });

test('rows 24, 134: beside DefaultExporter, which stores what it stores alone', async () => {
  const storedBy = async (beside: EdgespanExporter[]): Promise<{ id?: string; spans: unknown[] }> => {
    const storage = new InMemoryStore();
    const exporters = [...beside, new DefaultExporter({ strategy: 'realtime' })];
    const mastra = mastraOf({ exporters }, async () => ({ done: true }), storage);
    const { traceId } = (await generate()(mastra)) as { traceId?: string };
    await mastra.observability.flush();
    const trace = await (await storage.getStore('observability'))!.getTrace({ traceId: traceId! });
    const names = new Map(trace!.spans.map((span) => [span.spanId, span.name]));
    const spans = trace!.spans.map(({ spanId: _, traceId: __, parentSpanId, ...span }) =>
      steadyText(JSON.stringify({ ...span, parent: names.get(parentSpanId ?? '') })),
    );
    return { id: traceId, spans: spans.sort() };
  };
  const alone = await storedBy([]);
  const together = await storedBy([ours(), formatted()]);
  assert.ok(alone.spans.length >= 5, `${alone.spans.length} spans`);
  assert.deepEqual(together.spans, alone.spans);
  const arrived = (path: string): WireSpan[] =>
    bodies(`/${path}/v1/traces`).filter((span) => span.traceId === together.id);
  assert.ok(arrived('ok').length >= together.spans.length);
  assert.equal(arrived('formatted').length, arrived('ok').length);
});

test('row 25: beside CloudExporter without a token', async () => {
  const token = process.env.MASTRA_CLOUD_ACCESS_TOKEN;
  delete process.env.MASTRA_CLOUD_ACCESS_TOKEN;
  try {
    const cloud = new CloudExporter({ logLevel: 'error' as never });
    const observed = await observe({ exporters: [cloud] }, generate());
    assertWhole(observed);
  } finally {
    if (token !== undefined) process.env.MASTRA_CLOUD_ACCESS_TOKEN = token;
  }
});

test('row 26: no storage is needed', async () => {
  assertWhole(await observe({}, generate()));
});

test("rows 35, 134: a vendor's exporter beside ours sends what it sends alone", async () => {
  const send = async (path: string, beside: EdgespanExporter[]): Promise<WireSpan[]> => {
    const vendor = new LangfuseExporter({
      publicKey: 'pk',
      secretKey: 'sk',
      baseUrl: `${sink.origin}/200/${path}`,
    });
    const mastra = mastraOf({ exporters: [...beside, vendor] }, async () => ({ done: true }));
    await generate({ tracingOptions: { tags: ['t'], metadata: { userId: 'u-1' } } })(mastra);
    await mastra.observability.flush();
    await mastra.observability.shutdown();
    return bodies(`/200/${path}/api/public/otel/v1/traces`);
  };
  const alone = await send('alone', []);
  const together = await send('together', [ours(), formatted()]);
  assert.ok(alone.length >= 8, `${alone.length} spans; ${sink.requests.map((r) => r.path)}`);
  assert.deepEqual(told(together), told(alone));
});

/** A text without what differs from run to run: ids and times. */
const steadyText = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'uuid')
    .replace(/\b1\d{12}\b/g, 'ms')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');

/** Spans without what differs from run to run: ids and times. Parents by name, in a fixed order. */
function told(spans: WireSpan[]): unknown[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const steady = (value: unknown): unknown =>
    typeof value === 'string' ? steadyText(value) : value;
  return spans
    .map((span) => ({
      name: span.name,
      parent: names.get(span.parentSpanId) ?? span.parentSpanId,
      kind: span.kind,
      status: span.status,
      attributes: [...span.attributes].map(([key, value]) => [key, steady(plain(value))]).sort(),
      events: span.events.map((event) => event.name),
      resource: [...span.resource].map(([key, value]) => [key, plain(value)]).sort(),
    }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
