// Sampling with real Mastra: its own four types, its several configurations, and ours where a run begins,
// by all that Mastra says of a run then. Whether a caller gets a trace id is Mastra's to decide.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { EdgespanBridge, EdgespanExporter, type EdgespanExporterOptions } from 'edgespan/mastra';
import { EdgespanTracerProvider, ROOT, run, traceContextPropagator } from 'edgespan/otel';
import { always, custom, type HeadSampler, never, parentBased, ratio, rules, type RunStart } from 'edgespan/sampling';
import { Notes, startSite } from '../support/exporter.ts';
import { type Config, contextOf, mastraOf, type } from '../support/office.ts';
import { withinOdds } from '../support/odds.ts';

const { place } = await startSite();

function lab(options: Partial<EdgespanExporterOptions> = {}) {
  const to = place('ok');
  const exporter = new EdgespanExporter({ destinations: [to.to], ...options });
  exporter.__setLogger(new Notes());
  return { exporter, to, traces: () => new Set(to.spans().map(({ traceId }) => traceId)) };
}

/** What a call of the clerk gave back as its trace's id. */
async function ask(mastra: Mastra, options: object = {}): Promise<string | undefined> {
  const { traceId } = await mastra.getAgent('clerk').generate('File this.', options);
  return traceId;
}
async function work(mastra: Mastra, options: object = {}): Promise<string | undefined> {
  const started = await mastra.getWorkflow('office').createRun();
  return (await started.start({ inputData: { n: 1 }, ...options } as never) as { traceId?: string }).traceId;
}
const done = async () => ({ done: true });

describe("Mastra's own sampling", () => {
  const types: [NonNullable<Config['sampling']>, number[]][] = [
    [{ type: 'always' as never }, [12, 12]],
    [{ type: 'never' as never }, [0, 0]],
    [{ type: 'ratio' as never, probability: 0.5 }, [1, 11]],
    [{ type: 'custom' as never, sampler: (given) => given?.metadata?.['tier'] === 'premium' }, [6, 6]],
  ];
  for (const [sampling, [least, most]] of types) {
    test(`${sampling.type}: what it excludes sends nothing and has no trace id, what it keeps arrives`, async (t) => {
      // Mastra's ratio asks Math.random, and nothing else does here that matters.
      let drawn = 0;
      t.mock.method(Math, 'random', () => (drawn = (drawn + 0.37) % 1));
      const { exporter, traces } = lab();
      const mastra = mastraOf({ sampling, exporters: [exporter] }, done);
      const given: (string | undefined)[] = [];
      for (let i = 0; i < 12; i++) {
        const options = { tracingOptions: { metadata: { tier: i % 2 ? 'premium' : 'free' } } };
        given.push(await (i < 6 ? ask : work)(mastra, options));
      }
      const receipt = await exporter.flush();
      const kept = given.filter((traceId) => traceId !== undefined);
      assert.ok(kept.length >= least! && kept.length <= most!, `${kept.length} of 12`);
      assert.deepEqual([...traces()].sort(), [...kept].sort());
      assert.equal(receipt.dropped.sampled, undefined, 'what never came is not counted');
    });
  }
});

describe('ours, where a run begins', () => {
  test('a run that is dropped has a trace id, and is counted', async () => {
    const { exporter, to } = lab({ sampling: never() });
    const mastra = mastraOf({ exporters: [exporter] }, done);
    for (const call of [ask, work]) assert.match((await call(mastra)) ?? '', /^[\da-f]{32}$/);
    const receipt = await exporter.flush();
    assert.equal(to.spans().length, 0);
    assert.ok((receipt.dropped.sampled ?? 0) > 8, `${receipt.dropped.sampled} spans`);
  });

  test('a ratio keeps what it says, of whole runs, the same ones as a service of OpenTelemetry does', async () => {
    const { exporter, to, traces } = lab({ sampling: ratio(0.25) });
    const mastra = mastraOf({ exporters: [exporter] }, done);
    const other = place('ok');
    const provider = new EdgespanTracerProvider({ destinations: [other.to], sampling: ratio(0.25) });
    const given = new Set<string>();
    for (let i = 0; i < 60; i++) {
      // Half of them begin in the other service.
      const traceId = i % 2 ? randomBytes(16).toString('hex') : undefined;
      given.add((await work(mastra, { tracingOptions: { traceId } }))!);
    }
    for (const traceId of given) {
      const carrier = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
      const getter = { get: (_: unknown, key: string) => carrier[key as 'traceparent'], keys: () => [] };
      const parent = traceContextPropagator.extract(ROOT, carrier, getter);
      run(provider.getTracer('t'), 'other', { parent }, () => {});
    }
    await Promise.all([exporter.flush(), provider.forceFlush()]);
    const kept = [...given].filter((traceId) => Number.parseInt(traceId.slice(18, 26), 16) >= 0.75 * 2 ** 32);
    assert.ok(withinOdds(kept.length, 60, 0.25) && kept.length > 0, `${kept.length} of 60`);
    assert.deepEqual([...traces()].sort(), kept.sort());
    assert.deepEqual(new Set(other.spans().map(({ traceId }) => traceId)), new Set(kept));
    for (const traceId of kept) {
      assert.deepEqual(
        to.spans().filter((one) => one.traceId === traceId).map(type).sort(),
        ['workflow_run', 'workflow_step'],
        'whole',
      );
    }
    assert.ok([...to.spans(), ...other.spans()].every(({ traceState }) => traceState === 'ot=th:c'));
  });

  test('rules see name, type, entity, tags, metadata and request context of real runs', async () => {
    const seen: RunStart[] = [];
    const spy: HeadSampler = custom((start) => {
      seen.push(start);
      return 1;
    });
    const { exporter, to } = lab({
      sampling: rules(
        [
          { when: { tag: 'health' }, sample: never() },
          { when: { type: 'workflow_run', entity: 'office', metadata: { customer: 'acme' } }, sample: spy },
          { when: { entity: 'clerk', requestContext: { 'user.tier': 'premium' } }, sample: spy },
        ],
        never(),
      ),
    });
    const config = { exporters: [exporter], requestContextKeys: ['environment'] };
    const mastra = mastraOf(config, done);
    const requestContext = contextOf({ user: { tier: 'premium' }, environment: 'test' });
    const kept = [
      await work(mastra, { tracingOptions: { metadata: { customer: 'acme' } } }),
      await ask(mastra, { requestContext }),
    ];
    await work(mastra, { tracingOptions: { metadata: { customer: 'other' } } });
    await work(mastra, { tracingOptions: { tags: ['health'], metadata: { customer: 'acme' } } });
    await ask(mastra);
    await exporter.flush();
    assert.deepEqual(new Set(to.spans().map(({ traceId }) => traceId)), new Set(kept));
    assert.deepEqual(
      seen.map(({ type, entityId, entityType }) => [type, entityType, entityId]),
      [
        ['workflow_run', 'workflow_run', 'office'],
        ['agent_run', 'agent', 'clerk'],
      ],
    );
    assert.equal(seen[1]!.metadata['environment'], 'test', 'of requestContextKeys');
  });

  test("Mastra's ratio and ours multiply in th; under its custom sampler there is none", async () => {
    const states: Record<string, unknown> = {};
    const cases: [string, Config['sampling'], HeadSampler | undefined][] = [
      ['both', { type: 'ratio' as never, probability: 0.5 }, ratio(0.5)],
      ['Mastra alone', { type: 'ratio' as never, probability: 0.5 }, undefined],
      ['custom', { type: 'custom' as never, sampler: () => true }, ratio(0.5)],
      ['always', { type: 'always' as never }, ratio(0.5)],
    ];
    for (const [name, sampling, own] of cases) {
      const { exporter, to } = lab({ sampling: own });
      const mastra = mastraOf({ sampling, exporters: [exporter] }, done);
      const traceId = 'f'.repeat(32);
      for (let i = 0; i < 40; i++) await work(mastra, { tracingOptions: { traceId } });
      await exporter.flush();
      states[name] = [...new Set(to.spans().map(({ traceState }) => traceState))];
    }
    assert.deepEqual(states, { both: ['ot=th:c'], 'Mastra alone': ['ot=th:8'], custom: [''], always: ['ot=th:8'] });
  });
});

describe('several configurations, as Mastra documents them', () => {
  /** The clerk, observed by what a selector says. */
  function select(configs: object, configSelector: (context: any) => string): Mastra {
    const mastra = mastraOf({ exporters: [lab().exporter] }, done);
    const observability = new Observability({ configs, configSelector } as never);
    return new (mastra.constructor as typeof Mastra)({
      logger: false,
      agents: { clerk: mastra.getAgent('clerk') },
      workflows: { office: mastra.getWorkflow('office') },
      observability,
    } as never);
  }

  test('by request context, for customers and support, each with an exporter of its own', async () => {
    const [langfuse, braintrust, debug] = [lab({ sampling: never() }), lab(), lab()];
    const mastra = select(
      {
        langfuse: { serviceName: 'langfuse-service', exporters: [langfuse.exporter] },
        braintrust: { serviceName: 'braintrust-service', exporters: [braintrust.exporter] },
        debug: { serviceName: 'debug-service', sampling: { type: 'always' }, exporters: [debug.exporter] },
      },
      ({ requestContext }) => {
        if (requestContext?.get('supportMode')) return 'debug';
        return requestContext?.get('customerId') === 'acme' ? 'braintrust' : 'langfuse';
      },
    );
    const asks = [{ supportMode: true }, { customerId: 'acme' }, { useExternalTracing: true }];
    const given = [];
    for (const values of asks) given.push(await ask(mastra, { requestContext: contextOf(values) }));
    await mastra.observability.flush();
    assert.deepEqual([...debug.traces()], [given[0]]);
    assert.deepEqual([...braintrust.traces()], [given[1]]);
    assert.deepEqual([...langfuse.traces()], [], 'dropped, with a trace id');
    assert.match(given[2] ?? '', /^[\da-f]{32}$/);
    const services = [debug, braintrust].map(({ to }) => to.spans()[0]!.resource.get('service.name'));
    assert.deepEqual(services, ['debug-service', 'braintrust-service']);
  });

  test('by environment: one exporter in several, whose ratios differ, says no th', async () => {
    const [shared, own] = [lab({ sampling: always() }), lab()];
    let environment = 'development';
    const mastra = select(
      {
        development: { serviceName: 'dev', sampling: { type: 'always' }, exporters: [shared.exporter] },
        staging: { serviceName: 'dev', sampling: { type: 'ratio', probability: 1 }, exporters: [own.exporter] },
        production: { serviceName: 'dev', sampling: { type: 'ratio', probability: 0.5 }, exporters: [shared.exporter] },
        off: { serviceName: 'dev', sampling: { type: 'never' }, exporters: [shared.exporter] },
      },
      () => environment,
    );
    const given: Record<string, (string | undefined)[]> = {};
    for (environment of ['development', 'staging', 'production', 'off']) {
      given[environment] = [];
      for (let i = 0; i < 12; i++) given[environment]!.push(await work(mastra));
    }
    await mastra.observability.flush();
    assert.deepEqual([...own.traces()], given['staging']);
    assert.deepEqual(given['off'], new Array(12).fill(undefined));
    const kept = given['production']!.filter(Boolean);
    assert.ok(kept.length > 0 && kept.length < 12);
    assert.deepEqual([...shared.traces()].sort(), [...given['development']!, ...kept].sort());
    assert.ok(shared.to.spans().every(({ traceState }) => traceState === ''));
  });
});

describe('with the bridge', () => {
  test('a run does as the request did that it is in, and what its tools do as the run does', async () => {
    for (const [sampler, isKept] of [[never(), false], [ratio(1), true]] as const) {
      const { exporter, to } = lab({ sampling: parentBased({ root: sampler }) });
      const provider = new EdgespanTracerProvider({ exporter });
      const tracer = provider.getTracer('test');
      const headers: (number | undefined)[] = [];
      const mastra = mastraOf({ exporters: [exporter], bridge: new EdgespanBridge() }, async () => {
        run(tracer, 'in the tool', {}, (span) => void headers.push(span.spanContext().traceFlags & 1));
        return {};
      });
      await run(tracer, 'request', { kind: 1 }, () => ask(mastra));
      await ask(mastra);
      await exporter.flush();
      assert.equal(to.bodies().length, isKept ? 2 : 0);
      assert.deepEqual(headers, isKept ? [1, 1] : [0, 0], 'so is what is asked elsewhere');
      assert.equal(to.spans().filter(({ name }) => name === 'in the tool').length, isKept ? 2 : 0);
    }
  });

  test('a caller that sampled, or did not, is followed; rules see what Mastra says of the run', async () => {
    for (const beside of [true, false]) {
      const sampling = parentBased({ root: rules([{ when: { entity: 'clerk' }, sample: ratio(1) }], never()) });
      const to = place('ok');
      const provider = new EdgespanTracerProvider({ destinations: [to.to], sampling });
      const exporter = new EdgespanExporter({ destinations: [to.to], sampling });
      const bridge = new EdgespanBridge({ provider });
      const mastra = mastraOf({ exporters: beside ? [exporter] : [], bridge }, done);
      const kept = new Set<string | undefined>();
      for (const [flags, call, keeps] of [
        ['00', ask, false],
        ['01', work, true],
        [undefined, ask, true],
        [undefined, work, false],
      ] as const) {
        const traceId = randomBytes(16).toString('hex');
        const carrier = { traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` };
        const getter = { get: (_: unknown, key: string) => carrier[key as 'traceparent'], keys: () => [] };
        const { withContext } = await import('edgespan/otel');
        const given = await withContext(traceContextPropagator.extract(ROOT, carrier, getter), () => call(mastra));
        if (keeps) kept.add(given);
      }
      await Promise.all([exporter.flush(), provider.forceFlush()]);
      assert.deepEqual(new Set(to.spans().map(({ traceId }) => traceId)), kept, `beside an exporter: ${beside}`);
    }
  });

  test('within a request that goes elsewhere an exporter decides for itself', async () => {
    for (const [sampling, isKept] of [[never(), false], [parentBased({ root: never() }), true]] as const) {
      const { exporter, to } = lab({ sampling });
      const elsewhere = place('ok');
      const provider = new EdgespanTracerProvider({ destinations: [elsewhere.to] });
      const mastra = mastraOf({ exporters: [exporter], bridge: new EdgespanBridge() }, done);
      await run(provider.getTracer('test'), 'request', { kind: 1 }, () => work(mastra));
      await Promise.all([exporter.flush(), provider.forceFlush()]);
      assert.equal(elsewhere.spans().length, 1);
      assert.equal(to.spans().length, isKept ? 2 : 0);
    }
  });
});
