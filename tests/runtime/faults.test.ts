// What a failing receiver may do to the user: nothing. Whatever it does, the Worker's answer is the same
// as without tracing, it is not delayed, and later runs and flushes are not poisoned. And what becomes of
// the spans is in the receipt: a matrix of everything that receivers and networks do (receiver.ts), each
// with its receipt, the number of requests, and what arrived.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WireSpan } from '../support/otlp.ts';
import { type Arrival, partialSuccess, Receiver, type Reply, rpcStatus, type Step } from '../support/receiver.ts';
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
      const retryBudget = 300;
      for (const run of scenarios) {
        const label = lab.label();
        await unchanged({ ...run, retryBudget, build: 'request' }, label, endpoint);
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

// ---- The matrix ----------------------------------------------------------------------------------

/** A receipt, as far as a case speaks of it. */
interface Receipt {
  accepted: number;
  rejected: number;
  dropped: Partial<Record<string, number>>;
  spooled: number;
  replayed: number;
  pending: number;
  requests: number;
  retried: number;
  bytes: number;
  sent: number;
  duration: number;
  errors: { destination: string; code: string; status?: number; message: string }[];
}

interface Case {
  readonly name: string;
  readonly steps: Step[];
  /** Of the destination. */
  readonly settings?: Pick<Run, 'timeout' | 'retryBudget' | 'gzip' | 'json'>;
  /** Requests: how many, or at least and at most so many. */
  readonly requests: number | [number, number];
  /** What became of `n` spans; all accepted by default. */
  readonly rejected?: (n: number) => number;
  readonly unsent?: (n: number) => number;
  /** The first error's code, status and message. */
  readonly error?: [code: string, status: number | undefined, message: RegExp];
  /** Anything else, with the requests that arrived and the receipt. */
  readonly check?: (arrivals: Arrival[], receipt: Receipt) => void;
}

const ok: Reply = { status: 200, headers: { 'content-type': 'application/x-protobuf' } };
const all = (n: number): number => n;
const one = (): number => 1;
const refusing = (status: number) => (spans: WireSpan[]): Reply =>
  spans.some(({ parentSpanId }) => !parentSpanId) ? rpcStatus(status, 'cannot take this') : ok;
const gap = ([first, second]: Arrival[]): number => second.at - first.at;
const httpDate = (ms: number): string => new Date(Date.now() + ms).toUTCString();
const quick = { retryBudget: 900, timeout: 250 };

const CASES: Case[] = [
  { name: '200', steps: [ok], requests: 1 },
  { name: '200, gzip', steps: [ok], settings: { gzip: true }, requests: 1,
    check: (_, { bytes, sent }) => assert.ok(sent > 0 && sent < bytes, `${sent} of ${bytes} bytes`) },
  { name: '200, JSON', steps: [ok], settings: { json: true }, requests: 1 },
  { name: '200, JSON, gzip', steps: [ok], settings: { json: true, gzip: true }, requests: 1 },
  { name: '200 with a partial success', steps: [partialSuccess(1, 'too old')], requests: 1,
    rejected: one, error: ['partial', 200, /^1 of \d+ spans refused: too old$/] },
  { name: '200 with a warning', steps: [partialSuccess(0, 'deprecated')], requests: 1,
    error: ['accepted', 200, /^deprecated$/] },
  { name: '200 and half a response', steps: ['half a response'], requests: 1 },
  { name: '200 and a response of 10 MB', requests: 1,
    steps: [{ ...ok, body: new Uint8Array(10_000_000) }],
    check: (_, { duration }) => assert.ok(duration < 3000, `took ${duration} ms`) },
  { name: '200 and a garbled body', requests: 1,
    steps: [{ ...ok, body: Uint8Array.from({ length: 999 }, (_, i) => i * 7) }] },
  { name: '400 for all', steps: [rpcStatus(400, 'bad span')], requests: [3, 14], rejected: all,
    error: ['rejected', 400, /bad span/] },
  { name: '400 for one span', steps: [refusing(400)], requests: [2, 14], rejected: one,
    error: ['rejected', 400, /cannot take this/] },
  { name: '401', steps: [rpcStatus(401, 'no such key')], requests: 1, rejected: all,
    error: ['denied', 401, /no such key/] },
  { name: '403', steps: [rpcStatus(403, 'not yours')], requests: 1, rejected: all,
    error: ['denied', 403, /not yours/] },
  { name: '413 for more than two spans', requests: [2, 14],
    steps: [(spans) => (spans.length > 2 ? { status: 413, body: 'too large' } : ok)] },
  { name: '413 for one span', steps: [refusing(413)], requests: [2, 14], rejected: one,
    error: ['rejected', 413, /cannot take this/] },
  { name: '413 for all', steps: [{ status: 413 }], requests: [3, 14], rejected: all,
    error: ['rejected', 413, /HTTP 413/] },
  ...[404, 405, 408, 415, 422].map((status): Case => ({ name: `${status}`, requests: 1,
    steps: [{ status, headers: { 'content-type': 'text/plain' }, body: 'no' }], rejected: all,
    error: ['rejected', status, new RegExp(`HTTP ${status}`)] })),
  { name: '429 with seconds', steps: [{ status: 429, headers: { 'retry-after': '1' } }, ok], requests: 2,
    check: (arrivals, { retried, accepted }) => {
      assert.ok(gap(arrivals) >= 990, `asked again after ${gap(arrivals)} ms`);
      assert.equal(retried, accepted);
    } },
  { name: '429 with a date', requests: 2,
    steps: [() => ({ status: 429, headers: { 'retry-after': httpDate(2900) } }), ok],
    check: (arrivals) => assert.ok(gap(arrivals) >= 900, `asked again after ${gap(arrivals)} ms`) },
  { name: '429 with a date that has passed', requests: 2,
    steps: [() => ({ status: 429, headers: { 'retry-after': httpDate(-60_000) } }), ok],
    check: (arrivals) => assert.ok(gap(arrivals) < 900) },
  { name: '429 for a week', steps: [{ status: 429, headers: { 'retry-after': '604800' } }], requests: 1,
    unsent: all, error: ['givenUp', 429, /HTTP 429/],
    check: (_, { duration }) => assert.ok(duration < 1000, 'does not wait in vain') },
  { name: '429 without a word, twice', steps: [{ status: 429 }, { status: 429 }, ok], requests: 3,
    check: (_, { retried, accepted }) => assert.equal(retried, 2 * accepted) },
  ...[500, 501].map((status): Case => ({ name: `${status}`, steps: [rpcStatus(status, 'broken')],
    requests: 1, rejected: all, error: ['failed', status, /broken/] })),
  ...[502, 503, 504].map((status): Case => ({ name: `${status}, then 200`,
    steps: [{ status }, ok], requests: 2 })),
  { name: '503 without end', steps: [rpcStatus(503, 'upstream')], settings: quick, requests: [2, 12],
    unsent: all, error: ['givenUp', 503, /upstream/] },
  { name: 'no answer, then 200', steps: ['hang', ok], settings: { timeout: 250 }, requests: 2,
    check: ([first, second]) => assert.deepEqual(ids(second), ids(first), 'the same spans again') },
  { name: 'never an answer', steps: ['hang'], settings: quick, requests: [2, 12], unsent: all,
    error: ['givenUp', undefined, /no answer within \d+ ms/] },
  { name: 'a reset before the body, then 200', steps: ['reset before the body', ok], requests: 2 },
  { name: 'a reset after the body, then 200', steps: ['reset after the body', ok], requests: 2,
    check: ([first, second]) => assert.deepEqual(ids(second), ids(first), 'the same spans again') },
  { name: 'resets without end', steps: ['reset after the body'], settings: quick, requests: [2, 12],
    unsent: all, error: ['givenUp', undefined, /^no answer/] },
  { name: 'bytes that are no HTTP', steps: ['garbage'], settings: quick, requests: [2, 12],
    unsent: all, error: ['givenUp', undefined, /^no answer/] },
  { name: 'a slow accept', steps: ['slow accept'], requests: 1 },
  ...[301, 302, 303, 307, 308].map((status): Case => ({ name: `${status}`, requests: 1, rejected: all,
    steps: [{ status, headers: { location: '/elsewhere/v1/traces' } }],
    error: ['failed', status, new RegExp(`HTTP ${status}`)] })),
];

const ids = ({ spans }: Arrival): string[] => (spans ?? []).map(({ spanId }) => spanId).sort();
const sum = (counts: Receipt['dropped']): number =>
  Object.values(counts).reduce((total: number, n) => total + (n ?? 0), 0);

describe('the fault matrix', { timeout: 300_000, concurrency: 4 }, () => {
  let lab: Lab;
  let receiver: Receiver;
  let answer: Awaited<ReturnType<Lab['run']>>;
  before(async () => {
    lab = await Lab.start();
    receiver = await Receiver.start();
    answer = await lab.run({ scenario: 'generate', build: 'none', label: 'bare' });
  });
  after(async () => {
    await receiver.close();
    await lab.close();
  });

  /** Runs an agent, checks its answer, and waits for the receipt. */
  async function run(settings: Omit<Run, 'label' | 'scenario'>, known?: string) {
    const label = known ?? lab.label();
    const before = known ? (await lab.receipts(label)).length : 0;
    const { traceId, ...outcome } = await lab.run({ scenario: 'generate', label, ...settings });
    assert.deepEqual({ ...outcome, traceId: undefined }, { ...answer, traceId: undefined });
    const { ended } = await lab.recorded(label, traceId);
    for (let wait = 0; ; wait++) {
      const receipts = (await lab.receipts(label)) as unknown as Receipt[];
      const receipt = receipts[before];
      if (receipt) return { receipt, n: ended.length, label };
      assert.ok(wait < 300, `no receipt for ${label}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  for (const { name, steps, settings, requests, rejected, unsent, error, check } of CASES) {
    it(name, async () => {
      const path = `/${name.replaceAll(/\W+/g, '-')}`;
      const { receipt, n } = await run({ ...settings, endpoint: receiver.script(path, ...steps) });
      const arrivals = receiver.at(path);
      const [least, most] = typeof requests === 'number' ? [requests, requests] : requests;
      const said = JSON.stringify(receipt);
      assert.ok(arrivals.length >= least && arrivals.length <= most, `${arrivals.length} requests; ${said}`);
      assert.equal(receipt.requests, arrivals.length);
      assert.equal(receipt.rejected, rejected?.(n) ?? 0, said);
      assert.deepEqual(receipt.dropped, unsent ? { unsent: unsent(n) } : {});
      assert.equal(receipt.accepted + receipt.rejected + sum(receipt.dropped), n, said);
      assert.deepEqual([receipt.pending, receipt.spooled, receipt.replayed], [0, 0, 0]);
      const [first] = receipt.errors;
      assert.deepEqual([first?.code, first?.status], error?.slice(0, 2) ?? [undefined, undefined], said);
      if (error) assert.match(first.message, error[2]);
      assert.ok(!said.includes(SECRET), said);
      // What was accepted did arrive, whole.
      const arrived = new Set(arrivals.flatMap(ids));
      if (receipt.accepted > 0) assert.equal(arrived.size, n);
      for (const { authorization } of arrivals) assert.equal(authorization, `Bearer ${SECRET}`);
      check?.(arrivals, receipt);
    });
  }

  it('redirects were not followed', () => {
    assert.deepEqual(receiver.at('/elsewhere'), []);
  });

  it('refused credentials: later runs make no request, until it is time for a probe', async () => {
    const path = '/credentials';
    const endpoint = receiver.script(path, rpcStatus(401, 'expired'));
    const { label } = await run({ endpoint });
    for (let i = 0; i < 3; i++) {
      const { receipt, n } = await run({ endpoint }, label);
      assert.deepEqual(receipt.dropped, { circuit: n });
      assert.equal(receipt.requests, 0);
    }
    assert.equal(receiver.at(path).length, 1);
  });

  it('a destination that keeps failing is left alone', async () => {
    const path = '/failing';
    const endpoint = receiver.script(path, { status: 500 });
    let label: string | undefined;
    for (let i = 0; i < 3; i++) {
      const { receipt, n, ...ran } = await run({ endpoint }, label);
      label = ran.label;
      assert.equal(receipt.rejected, n);
    }
    const { receipt, n } = await run({ endpoint }, label);
    assert.deepEqual(receipt.dropped, { circuit: n });
    assert.equal(receiver.at(path).length, 3);
  });

  for (const [what, step] of [['refuses', { status: 503 }], ['hangs', 'hang'], ['resets', 'reset after the body']] as const) {
    it(`two destinations: one ${what}, the other has everything at once`, async () => {
      const [dead, live] = [`/dead-${what}`, `/live-${what}`];
      const endpoint = receiver.script(dead, step);
      const beside = receiver.script(live, ok);
      // Time for a second try, and for the first of the other, however busy the machine is.
      const { receipt, n } = await run({ endpoint, beside, retryBudget: 4000, timeout: 1200 });
      const [only, ...more] = receiver.at(live);
      assert.deepEqual([only.spans?.length, more], [n, []]);
      const [tried, ...again] = receiver.at(dead);
      assert.ok(only.at - tried.at < 1000, `the live one waited ${only.at - tried.at} ms`);
      assert.equal(receipt.accepted, n);
      assert.deepEqual(receipt.dropped, { unsent: n });
      assert.deepEqual(receipt.errors.map(({ destination }) => destination), ['otlp']);
      assert.ok(again.length >= 1, 'the dead one was tried once');
    });
  }

  it('twenty runs at once with one dead destination: the live one has all of them', async () => {
    const endpoint = receiver.script('/dead-crowd', 'hang');
    const beside = receiver.script('/live-crowd', ok);
    const settings = { endpoint, beside, retryBudget: 1500, timeout: 400 };
    const ran = await Promise.all(Array.from({ length: 20 }, () => run(settings)));
    const spans = receiver.at('/live-crowd').flatMap(ids);
    assert.equal(spans.length, ran.reduce((all, { n }) => all + n, 0));
  });

  it('warnings name causes and cures, and no secret', () => {
    const warnings = lab.printed.filter((line) => line.includes('[edgespan]'));
    for (const words of ['check the credentials in `headers`', 'lower `maxRequestBytes`', 'left alone']) {
      assert.ok(warnings.some((line) => line.includes(words)), `${words}:\n${warnings.join('\n')}`);
    }
    for (const line of warnings) {
      for (const secret of [SECRET, new URL(receiver.origin).port]) assert.ok(!line.includes(secret), line);
    }
  });
});
