// Sampling in real workerd: requests by instrument() and runs of a real agent, sent by waitUntil alone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Miniflare } from 'miniflare';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { bundleWorker, startWorker } from '../support/workerd.ts';

let sink: Sink;
let worker: Miniflare;
let outdir: string;

before(async () => {
  sink = await Sink.start();
  outdir = await bundleWorker(new URL('./sampling/', import.meta.url));
  worker = await startWorker(outdir, { SINK: sink.origin }, () => {});
});
after(async () => {
  await worker.dispose();
  await sink.close();
  await rm(outdir, { recursive: true });
});

const spansAt = (base: string): WireSpan[] =>
  sink.requests.filter(({ path }) => path === `${base}/v1/traces`).flatMap(({ body }) => decodeProtobuf(body));
const tracesAt = (base: string): string[] => [...new Set(spansAt(base).map(({ traceId }) => traceId))];

test('instrument() keeps the traces that a ratio keeps anywhere, and says so to whom it asks', async () => {
  const traces = Array.from({ length: 24 }, () => randomBytes(16).toString('hex'));
  const kept = traces.filter((traceId) => Number.parseInt(traceId.slice(18, 19), 16) >= 8);
  for (const traceId of traces) {
    // A caller that did not sample: ratio() asks the trace, not the caller.
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-00` };
    assert.equal((await worker.dispatchFetch('http://worker/traced', { headers })).status, 200);
  }
  await sink.until(() => tracesAt('/ok/traced').length >= kept.length, 'traces');
  assert.deepEqual(tracesAt('/ok/traced').sort(), kept.sort());
  for (const { traceState } of spansAt('/ok/traced')) assert.equal(traceState, 'ot=th:8');
  const asked = sink.requests.filter(({ path }) => path === '/ok/asked').map(({ headers }) => headers);
  assert.equal(asked.length, traces.length);
  for (const headers of asked) {
    const [, traceId, , flags] = String(headers.traceparent).split('-');
    assert.equal(Number(flags) & 1, +kept.includes(traceId!));
    assert.equal(headers.tracestate, kept.includes(traceId!) ? 'ot=th:8' : undefined);
  }
});

test('a real agent: each destination gets what its tail keeps, and what the head drops goes nowhere', async () => {
  const run = async (query: string): Promise<string | undefined> => {
    const answer = await worker.dispatchFetch(`http://worker/run?at=/ok/run${query}`, { method: 'POST' });
    return ((await answer.json()) as { traceId?: string }).traceId;
  };
  const plain = await run('');
  assert.match((await run('&tag=health')) ?? '', /^[\da-f]{32}$/, 'it has a trace id all the same');
  await run('&fail=1');
  await run('&fail=1&tag=health');
  await sink.until(() => tracesAt('/ok/run/all').length >= 2 && tracesAt('/ok/run/failed').length >= 1, 'runs');
  const [failed] = tracesAt('/ok/run/failed');
  assert.deepEqual(tracesAt('/ok/run/all').sort(), [plain, failed].sort());
  assert.equal(tracesAt('/ok/run/failed').length, 1);
  assert.ok(spansAt('/ok/run/failed').some(({ status }) => status.code === 2));
});
