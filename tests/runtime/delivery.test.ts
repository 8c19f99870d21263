// Real Mastra in real workerd: every ended span arrives exactly once, in its own trace's body, with
// the values that Mastra emitted, and no flush in user code. What Mastra emitted comes from a
// second exporter in the same configuration; what arrived is decoded by protobuf-es.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkTrace, type MastraSpan, wireId, wireTraceId } from '../support/expect.ts';
import { Lab, SECRET } from './lab.ts';
import type { Outcome, Run } from './worker/index.ts';

describe('delivery from workerd', { timeout: 300_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start();
  });
  after(() => lab.close());

  /** Runs, waits for the trace, and compares it with what Mastra emitted. */
  async function delivered(run: Omit<Run, 'label'> & { label?: string }) {
    const label = run.build === 'module' ? 'module' : (run.label ?? lab.label());
    const outcome = await lab.run({ ...run, label });
    const { ended } = await lab.recorded(label, outcome.traceId ?? run.tracing?.traceId);
    await compare(ended);
    return { outcome, ended, label };
  }

  async function compare(ended: MastraSpan[]): Promise<void> {
    const root = ended.find((span) => span.isRootSpan);
    assert.ok(root, `no root ended; Mastra emitted ${ended.length} ended spans`);
    await lab.bodies(wireTraceId(root), ended.length);
    await lab.quiet();
    const bodies = await lab.bodies(wireTraceId(root), ended.length);
    assert.deepEqual(checkTrace(bodies.flat(), ended), []);
  }

  const types = (ended: MastraSpan[]): string[] => ended.map((span) => span.type);
  const count = (ended: MastraSpan[], type: string): number =>
    types(ended).filter((t) => t === type).length;

  for (const build of ['module', 'request', 'exporter', undefined] as const) {
    const where = build ?? 'isolate';
    for (const scenario of ['generate', 'stream'] as const) {
      it(`${scenario} with tools, built per ${where}`, async () => {
        const { outcome, ended } = await delivered({ scenario, build });
        assert.equal(outcome.text?.endsWith('It snows in Zürich 🌨️, −5 °C.'), true);
        assert.equal(count(ended, 'model_inference'), 3);
        assert.equal(count(ended, 'tool_call'), 3);
        assert.match(outcome.traceId ?? '', /^[0-9a-f]{32}$/);
      });
    }
    it(`two-step workflow, built per ${where}`, async () => {
      const { outcome, ended } = await delivered({ scenario: 'workflow', build });
      assert.equal(outcome.text, '{"n":41}');
      assert.deepEqual(types(ended), ['workflow_step', 'workflow_step', 'workflow_run']);
    });
  }

  it('a suspended workflow and its resumption share the trace id of start and state', async () => {
    const label = lab.label();
    const outcome = await lab.run({ scenario: 'suspend', label });
    assert.equal(outcome.text, 'suspended, success');
    const traceId = outcome.traceId as string;
    assert.equal(outcome.startTraceId, traceId);
    assert.equal(outcome.stateTraceId, traceId);
    const { ended } = await lab.recorded(label, traceId);
    await lab.bodies(traceId, ended.length);
    await lab.quiet();
    const bodies = await lab.bodies(traceId, ended.length);
    assert.deepEqual(checkTrace(bodies.flat(), ended), []);
  });

  it('a trace travels in one body of its own', async () => {
    const { outcome, ended } = await delivered({ scenario: 'generate' });
    const bodies = await lab.bodies(outcome.traceId as string, ended.length);
    assert.equal(bodies.length, 1);
  });

  for (const agent of ['providerFails', 'providerBreaks'] as const) {
    for (const scenario of ['generate', 'stream'] as const) {
      it(`provider error: ${agent}, ${scenario}`, async () => {
        const label = lab.label();
        const outcome = await lab.run({ scenario, agent, label });
        if (scenario === 'generate') assert.ok(outcome.error, 'the error reaches the user');
        const { ended } = await lab.recorded(label);
        await compare(ended);
        const root = ended.find((span) => span.isRootSpan);
        assert.match(root?.errorInfo?.message ?? '', /model overloaded: 503|connection reset/);
        assert.equal(count(ended, 'model_inference'), 1);
      });
    }
  }

  it('tool error', async () => {
    const { outcome, ended } = await delivered({ scenario: 'generate', agent: 'toolError' });
    assert.equal(outcome.text, 'It snows in Zürich 🌨️, −5 °C.');
    const tool = ended.find((span) => span.type === 'tool_call');
    assert.match(tool?.errorInfo?.message ?? '', /station ⛔ unreachable/);
  });

  it('two overlapping requests keep their spans apart', async () => {
    for (const build of ['module', undefined] as const) {
      const label = build ?? lab.label();
      const slow = lab.run({ scenario: 'generate', build, label, prompt: 'slow, delay=60' });
      const quick = lab.run({ scenario: 'stream', build, label, prompt: 'quick, delay=35' });
      const outcomes = (await Promise.all([slow, quick])) as [Outcome, Outcome];
      const ids = outcomes.map(({ traceId }) => traceId as string);
      assert.notEqual(ids[0], ids[1]);

      const { events } = await lab.recorded(label);
      const at = (id: string | undefined, ends: boolean): number =>
        events.findIndex(
          ({ type, span }) =>
            span.traceId === id && span.isRootSpan && (type === 'span_ended') === ends,
        );
      const lastStart = Math.max(at(ids[0], false), at(ids[1], false));
      const firstEnd = Math.min(at(ids[0], true), at(ids[1], true));
      assert.ok(lastStart < firstEnd, 'the runs did overlap');

      for (const id of ids) {
        const { ended } = await lab.recorded(label, id);
        await compare(ended);
        for (const body of await lab.bodies(id, ended.length)) {
          assert.deepEqual([...new Set(body.map((span) => span.traceId))], [id]);
        }
      }
    }
  });

  it('rows 65, 88, 91: tags, metadata and a remote parent arrive', async () => {
    const { ended } = await delivered({
      scenario: 'generate',
      agent: 'text',
      tracing: {
        traceId: '0AF7651916CD43DD8448EB211C80319C',
        parentSpanId: 'b7ad6b7169203331',
        tags: ['edge', 'ünïcode'],
        metadata: {
          tenant: 'acme',
          n: -3,
          ratio: 0.5,
          on: false,
          nested: { a: [1, ''] },
          none: '',
        },
      },
    });
    const root = ended.find((span) => span.isRootSpan);
    assert.equal(root?.externalParentSpanId, 'b7ad6b7169203331');
    assert.deepEqual(root?.tags, ['edge', 'ünïcode']);
    assert.equal(root?.metadata?.n, -3);
  });

  it('rows 88, 89, 92: a short trace id and parent id are padded on the left', async () => {
    for (const scenario of ['generate', 'stream', 'workflow'] as const) {
      const traceId = { generate: 'a1b2c', stream: 'd', workflow: 'E5' }[scenario];
      const tracing = { traceId, parentSpanId: '7f' };
      const { outcome, ended } = await delivered({ scenario, agent: 'text', tracing });
      assert.equal(outcome.traceId, traceId);
      const [body] = await lab.bodies(wireId(traceId, 32), ended.length);
      assert.equal(body?.at(-1)?.traceId, wireId(traceId, 32));
    }
  });

  it('an all-zero trace id becomes the root span id twice, for the whole run', async () => {
    for (const scenario of ['generate', 'workflow'] as const) {
      for (const traceId of ['0', '0'.repeat(32)]) {
        const { ended } = await delivered({ scenario, agent: 'text', tracing: { traceId } });
        const root = ended.find((span) => span.isRootSpan) as MastraSpan;
        assert.equal(wireTraceId(root), root.id.repeat(2));
      }
    }
  });

  it('runs that share a trace id keep their own roots', async () => {
    const traceId = '5b8efff798038103d269b633813fc60c';
    const label = lab.label();
    const run: Run = { scenario: 'generate', agent: 'text', label, tracing: { traceId } };
    await lab.run(run);
    await Promise.all([lab.run({ ...run, prompt: 'delay=30' }), lab.run(run)]);
    const { ended } = await lab.recorded(label);
    const roots = ended.filter((span) => span.isRootSpan);
    assert.equal(roots.length, 3);
    await lab.bodies(traceId, ended.length);
    await lab.quiet();
    const arrived = (await lab.bodies(traceId, ended.length)).flat();
    for (const root of roots) {
      const mine = (id: string): boolean => {
        for (let span = ended.find((s) => s.id === id); span;) {
          if (span.id === root.id) return true;
          const parent = span.parentSpanId;
          span = ended.find((s) => s.id === parent);
        }
        return false;
      };
      const run = ended.filter((span) => mine(span.id));
      assert.deepEqual(
        checkTrace(
          arrived.filter((span) => mine(span.spanId)),
          run,
        ),
        [],
      );
    }
    assert.equal(arrived.length, ended.length);
  });

  it('gzip when asked', async () => {
    await delivered({ scenario: 'generate', gzip: true, endpoint: '/ok/gzip' });
    const request = lab.sink.requests.find(({ path }) => path === '/ok/gzip/v1/traces');
    assert.equal(request?.headers['content-encoding'], 'gzip');
  });

  it('a flush afterwards has nothing left to send', async () => {
    const { label } = await delivered({ scenario: 'generate' });
    const before = lab.sink.requests.length;
    assert.equal(await lab.flush(label), 'settled');
    await lab.quiet();
    assert.equal(lab.sink.requests.length, before);
  });

  it('requests are plain OTLP over HTTP', () => {
    for (const { path, headers } of lab.sink.requests) {
      if (path.includes('gzip')) continue;
      assert.equal(path, '/ok/v1/traces');
      assert.equal(headers['content-type'], 'application/x-protobuf');
      assert.equal(headers.authorization, `Bearer ${SECRET}`);
      assert.equal(headers['content-encoding'], undefined);
    }
    assert.ok(lab.sink.requests.length > 0);
  });

  it('every receipt accounts for every span', async () => {
    const { ended, label } = await delivered({ scenario: 'generate' });
    const receipts = await lab.receipts(label);
    assert.equal(receipts.length, 1);
    assert.equal(receipts[0]?.accepted, ended.length);
  });
});
