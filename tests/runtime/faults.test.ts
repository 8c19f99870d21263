// What a failing backend may do to the user: nothing. Sinks that answer 500, are down or never
// answer leave the Worker's answer as it is without tracing, do not delay it, and do not poison a
// later flush; what was lost is in the receipt.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Sink } from '../support/sink.ts';
import { Lab, SECRET } from './lab.ts';
import type { Run } from './worker/index.ts';

describe('a failing sink', { timeout: 300_000 }, () => {
  let lab: Lab;
  let down: string;
  before(async () => {
    lab = await Lab.start();
    const gone = await Sink.start();
    down = gone.origin;
    await gone.close();
  });
  after(() => lab.close());

  const scenarios: Omit<Run, 'label'>[] = [
    { scenario: 'generate' },
    { scenario: 'stream' },
    { scenario: 'workflow' },
    { scenario: 'generate', agent: 'providerFails' },
  ];

  /** The answer without tracing, and that it equals the one with it. */
  async function unchanged(run: Omit<Run, 'label'>, label: string, endpoint: string) {
    const {
      traceId: _,
      stateTraceId: __,
      ...bare
    } = await lab.run({
      ...run,
      build: 'none',
      label: lab.label(),
    });
    const { traceId, stateTraceId, ...traced } = await lab.run({ ...run, label, endpoint });
    assert.deepEqual(traced, bare);
    assert.ok(!JSON.stringify(await lab.receipts(label)).includes(SECRET));
  }

  const lost = (receipt: Record<string, unknown> | undefined): number => {
    const dropped = Object.values((receipt?.dropped ?? {}) as Record<string, number>);
    return dropped.reduce((sum, n) => sum + n, (receipt?.rejected as number) ?? 0);
  };

  for (const fate of ['500', '400', 'down'] as const) {
    it(`${fate}: the answer is unchanged and the receipt says what was lost`, async () => {
      const endpoint = fate === 'down' ? down : `/${fate}`;
      for (const run of scenarios) {
        const label = lab.label();
        await unchanged(run, label, endpoint);
        const { ended } = await lab.recorded(label);
        const receipt = await firstReceipt(label);
        assert.equal(receipt.accepted, 0);
        assert.equal(lost(receipt), ended.length, JSON.stringify(receipt));
      }
    });
  }

  async function firstReceipt(label: string): Promise<Record<string, unknown>> {
    for (let wait = 0; wait < 100; wait++) {
      const [receipt] = await lab.receipts(label);
      if (receipt) return receipt;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no receipt for ${label}`);
  }

  it('hanging: the answer comes while the sink still holds the request', async () => {
    for (const run of scenarios) {
      const label = lab.label();
      const before = lab.sink.held;
      await unchanged(run, label, '/hang'); // the sink answers nothing until released
      await lab.sink.until(() => lab.sink.held > before, 'the request that hangs');
    }
    lab.sink.release();
  });

  it('hanging: a flush in a later request settles', async () => {
    for (const build of ['request', undefined] as const) {
      const label = lab.label();
      const before = lab.sink.held;
      await lab.run({ scenario: 'generate', build, label, endpoint: '/hang' });
      await lab.sink.until(() => lab.sink.held > before, 'the request that hangs');
      assert.equal(await lab.flush(label), 'settled');
      assert.equal(await lab.flush(label), 'settled');
    }
    lab.sink.release();
  });

  it('hanging: later traces of the same exporter still arrive', async () => {
    const label = 'module';
    const hung = lab.label();
    await lab.run({ scenario: 'generate', label: hung, endpoint: '/hang' });
    const { traceId } = await lab.run({ scenario: 'generate', build: 'module', label });
    const { ended } = await lab.recorded(label, traceId);
    await lab.bodies(traceId as string, ended.length);
    lab.sink.release();
  });

  it('warns of the loss, without endpoint or credentials', () => {
    const warnings = lab.printed.filter((line) => line.includes('[edgespan]'));
    assert.ok(warnings.length > 0, lab.printed.join('\n'));
    const secrets = [new URL(down).port, new URL(lab.sink.origin).port, SECRET];
    for (const line of lab.printed) {
      for (const secret of secrets) assert.ok(!line.includes(secret), line);
    }
  });
});
