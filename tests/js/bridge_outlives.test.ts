// Mastra runs below the span of a request that does not wait for them: they leave with it, whole, when the
// last has ended. And what is below the span of a request that died leaves, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trace } from '@opentelemetry/api';
import { otlp, type OtlpOptions } from 'edgespan/destinations';
import { langfuse } from 'edgespan/dialects';
import { EdgespanBridge, EdgespanExporter } from 'edgespan/mastra';
import { active, EdgespanTracerProvider, ROOT, run, type Span, withContext } from 'edgespan/otel';
import { traceStore } from 'edgespan/traces';
import { total } from '../support/exporter.ts';
import { type Config, type Execute, generate, mastraOf } from '../support/office.ts';
import { later, startOtel } from '../support/otel.ts';
import type { WireSpan } from '../support/otlp.ts';

const { place, make } = await startOtel();

const below = (span: Span): never => trace.setSpan(active() as never, span as never) as never;

/** A gate for what is to go on until it is opened. */
function gate(): { open(): void; readonly opened: Promise<unknown> } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Each span's place and what it says, as far as two runs of one kind say the same. */
const said = (spans: readonly WireSpan[]): string[] => {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans
    .map((span) => `${span.name} < ${names.get(span.parentSpanId)}: ${[...span.attributes.keys()].sort()}`)
    .sort();
};

interface Lab {
  readonly provider: EdgespanTracerProvider;
  readonly exporter?: EdgespanExporter;
  readonly config: Config;
  bodies(): WireSpan[][];
}
/** The bridge records. */
const alone = (to: Partial<OtlpOptions> = {}, options: Record<string, unknown> = {}): Lab => {
  const at = make(options, { otlp: to });
  return { ...at, config: { bridge: new EdgespanBridge({ provider: at.provider }) } };
};
/** An exporter beside it does. */
const beside = (options: object): Lab => {
  const at = place();
  const destinations = [otlp({ endpoint: at.endpoint })];
  const exporter = new EdgespanExporter({ destinations, ...options });
  const provider = new EdgespanTracerProvider({ exporter });
  return { ...at, provider, exporter, config: { exporters: [exporter], bridge: new EdgespanBridge() } };
};

/** A request whose agents go on when it has ended; resolves when they have. */
async function request(lab: Lab, waits: boolean, runs = 1): Promise<void> {
  const { open, opened } = gate();
  const tracer = lab.provider.getTracer('t');
  const mastra = mastraOf(lab.config, async () => {
    await opened;
    await run(tracer, 'GET', {}, async () => 0);
    await later(50); // what has ended may leave
    return {};
  });
  let going: Promise<unknown> = Promise.resolve();
  await run(tracer, 'request', { kind: 1 }, async () => {
    going = Promise.all(Array.from({ length: runs }, () => generate()(mastra)));
    await later(50);
    if (waits) {
      open();
      await going;
    }
  });
  await later(50);
  open();
  await going;
  await later(300);
}

const LABS: [name: string, make: () => Lab][] = [
  ['the bridge alone', alone],
  ['a destination that wants runs whole', () => alone({ delivery: 'whole' })],
  ['attributes of a trace', () => alone({ dialect: langfuse })],
  ['an exporter', () => beside({})],
  ['a slow formatter', () => beside({ customSpanFormatter: (span: object) => later(5).then(() => span) })],
];
for (const [name, lab] of LABS) {
  test(`a run that outlives its request leaves with it, as if it had not: ${name}`, async () => {
    const [inside, outlives] = [lab(), lab()];
    await Promise.all([request(inside, true), request(outlives, false)]);
    assert.equal(outlives.bodies().length, 1);
    assert.deepEqual(said(outlives.bodies().flat()), said(inside.bodies().flat()));
    const { unended, pending } = (outlives.exporter ?? outlives.provider).stats();
    assert.deepEqual({ unended, pending }, { unended: 0, pending: 0 });
  });
}

test('of several runs the last closes the trace', async () => {
  const lab = alone();
  await request(lab, false, 3);
  assert.deepEqual(lab.bodies().map((body) => body.filter(({ name }) => /request|invoke/.test(name)).length), [4]);
});

test('a long one leaves in parts, each span once, and none says less', async () => {
  const [whole, parts] = [alone({}, { early: { spans: Infinity } }), alone({}, { early: { spans: 1 } })];
  await Promise.all([request(whole, false), request(parts, false)]);
  assert.ok(parts.bodies().length > 1);
  assert.deepEqual(said(parts.bodies().flat()), said(whole.bodies().flat()));
});

test('a run that goes on holds up nobody else, and can be flushed', async (t) => {
  const lab = alone({ delivery: 'whole' });
  const { open, opened } = gate();
  t.after(open);
  const mastra = mastraOf(lab.config, (async () => opened) as Execute);
  const tracer = lab.provider.getTracer('t');
  await run(tracer, 'request', {}, async () => {
    void generate()(mastra);
    await later(50);
  });
  await run(tracer, 'other', {}, async () => undefined);
  await later(100);
  assert.deepEqual(lab.bodies().map((body) => body.map(({ name }) => name)), [['other']]);
  assert.ok(lab.provider.stats().pending > 0);
  const { unended } = await lab.provider.shutdown();
  assert.ok(unended > 0);
  assert.ok(lab.bodies()[1]?.some(({ name }) => name === 'request'));
});

test('a run that begins when its request has left is one of its own', async () => {
  const lab = alone();
  const mastra = mastraOf(lab.config, async () => ({}));
  const tracer = lab.provider.getTracer('t');
  const request = tracer.startSpan('request');
  const job = tracer.startSpan('job', {}, below(request));
  request.end();
  await withContext(below(job), () => generate()(mastra));
  job.end();
  await later(300);
  const bodies = lab.bodies();
  assert.deepEqual(bodies.map((body) => body.length).sort(), [1, 1, 7]);
  const agent = bodies.flat().find(({ name }) => name === 'invoke_agent clerk');
  assert.equal(agent?.parentSpanId, job.spanContext().spanId);
});

test('a trace can be read when its run has ended', async () => {
  const store = traceStore();
  const lab = beside({ keepTraces: store });
  await request(lab, false);
  const [kept] = (await lab.exporter?.findTraces()) ?? [];
  assert.equal(kept?.traceId, lab.bodies()[0]?.[0]?.traceId);
});

// ---- Requests that died --------------------------------------------------------------------------

for (const what of ['request', 'agent'] as const) {
  test(`below a dead request's span, each ${what} leaves once that has been silent`, async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const lab = alone({ delivery: 'whole' });
    const tracer = lab.provider.getTracer('t');
    const mastra = mastraOf(lab.config, async () => ({}));
    const dead = tracer.startSpan('dead');
    const context = trace.setSpanContext(ROOT as never, { ...dead.spanContext(), isRemote: true }) as never;
    for (let i = 0; i < 4; i++) {
      if (what === 'agent') await withContext(below(dead), () => generate()(mastra));
      else tracer.startSpan('request', { kind: 1 }, context).end();
      t.mock.timers.tick(200_000);
    }
    await later(300);
    const spans = (): number => lab.bodies().flat().filter(({ name }) => /request|invoke/.test(name)).length;
    assert.equal(spans(), 2, 'those that came late leave by themselves');
    t.mock.timers.tick(200_000);
    tracer.startSpan('next').end();
    await later(300);
    assert.equal(spans(), 4);
    assert.equal(lab.provider.stats().unended, 1);
  });
}

test('requests that died with their runs take no more than so much', async () => {
  const lab = beside({ logLevel: 'silent' });
  const tracer = lab.provider.getTracer('t');
  const DEAD = 6000;
  for (let i = 0; i < DEAD; i++) {
    const request = tracer.startSpan('request');
    const { traceId, spanId } = request.spanContext();
    const span = { id: i.toString(16).padStart(16, 'a'), traceId, name: 'clerk', type: 'agent_run' };
    const place = { startTime: new Date(), isEvent: false, isRootSpan: true, externalParentSpanId: spanId };
    lab.exporter?.onTracingEvent({ type: 'span_started', exportedSpan: { ...span, ...place } } as never);
    request.end();
  }
  const { pending, dropped } = lab.provider.stats();
  assert.equal(pending + (dropped.memory ?? 0), DEAD);
  assert.ok((dropped.memory ?? 0) > 1000, 'the oldest gave way');
  tracer.startSpan('next').end();
  await later(200);
  assert.deepEqual(lab.bodies().map((body) => body.map(({ name }) => name)), [['next']]);
});

test('stats() tells of spans whose trace goes on', () => {
  const { provider } = make();
  const tracer = provider.getTracer('t');
  const request = tracer.startSpan('request');
  for (let i = 0; i < 3; i++) tracer.startSpan('step', {}, below(request)).end();
  assert.equal(provider.stats().pending, 3);
  assert.equal(total(provider.stats()), 3);
});
