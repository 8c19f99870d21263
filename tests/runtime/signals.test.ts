// Signals beside spans in real workerd: logs, metrics, live scores and later feedback of real agents, by
// waitUntil alone; nobody flushes.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Receipt } from 'edgespan/mastra';
import type { Miniflare } from 'miniflare';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { decodeLogs, decodeMetrics, type WireLog, type WirePoint } from '../support/otlp_signals.ts';
import { Sink, type SinkRequest } from '../support/sink.ts';
import { bundleWorker, startWorker } from '../support/workerd.ts';

const SECRET = 'sk-5ecre7-0123456789';
let sink: Sink;
let worker: Miniflare;
let outdir: string;
const printed: string[] = [];

before(async () => {
  sink = await Sink.start();
  outdir = await bundleWorker(new URL('./signals/', import.meta.url));
  worker = await startWorker(outdir, { SINK: sink.origin, SECRET }, (line) => printed.push(line));
});
after(async () => {
  await worker.dispose();
  await sink.close();
  await rm(outdir, { recursive: true });
});

async function ask(path: string): Promise<Response> {
  const response = await worker.dispatchFetch(`http://worker${path}`, { method: 'POST' });
  assert.equal(response.status, 200);
  return response as unknown as Response;
}

const run = async (query: string): Promise<{ text: string; traceId: string }> =>
  (await (await ask(`/run?${query}`)).json()) as { text: string; traceId: string };

const at = (path: string): SinkRequest[] => sink.requests.filter((request) => request.path === path);
const logsAt = (base: string): WireLog[] => at(`${base}/v1/logs`).flatMap(({ body }) => decodeLogs(body));
const spansAt = (base: string): WireSpan[] => at(`${base}/v1/traces`).flatMap(({ body }) => decodeProtobuf(body));
const scoresAt = (base: string): Record<string, unknown>[] =>
  at(`${base}/api/public/scores`).map(({ body }) => JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>);

/** Receipts until they are enough; those of an earlier run may come late. */
async function receipts(enough: (all: readonly Receipt[]) => boolean): Promise<Receipt[]> {
  const all: Receipt[] = [];
  for (let tries = 0; tries < 100; tries++) {
    all.push(...((await (await ask('/receipts')).json()) as Receipt[]));
    if (enough(all)) return all;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(JSON.stringify(all));
}

describe('signals in workerd', () => {
  for (const build of ['module', 'request'] as const) {
    const base = `/ok/${build}`;
    test(`a run's logs, metrics and live score arrive by themselves (Mastra built at ${build})`, async () => {
      const { text, traceId } = await run(`at=${base}&build=${build}`);
      assert.equal(text, 'Cold.');
      const mine = (): WireLog | undefined => logsAt(base).find((one) => one.body === 'asked for weather');
      await sink.until(() => mine() !== undefined && scoresAt(base).length > 0, 'log and score');
      const evaluation = (): WireSpan | undefined => spansAt(base).find((one) => one.name === 'evaluate length');
      await sink.until(() => evaluation() !== undefined, 'evaluation');
      const log = mine() as WireLog;
      assert.equal(log.traceId, traceId);
      assert.ok(spansAt(base).some((span) => span.spanId === log.spanId && span.traceId === traceId));
      assert.equal(log.attributes.get('mastra.log.city'), 'Zürich');
      assert.equal(log.attributes.get('mastra.log.authorization'), '[REDACTED]');
      assert.equal(log.severity, 9);
      // At module scope Mastra has no id for a log of its own, and emits none.
      const word = build === 'request' ? 'No `storage` configured' : 'before any request';
      const other = logsAt(base).find((one) => one.body.startsWith(word));
      assert.equal(other?.traceId, '');
      assert.ok((other?.observed ?? 0n) > 0n);

      const point = (name: string): WirePoint | undefined =>
        at(`${base}/v1/metrics`)
          .flatMap(({ body }) => decodeMetrics(body))
          .find((one) => one.metric === name);
      await sink.until(() => point('mastra_model_total_input_tokens') !== undefined, 'tokens');
      assert.ok((point('mastra_model_total_input_tokens')?.fields.asDouble ?? 0) > 0);
      assert.equal(point('mastra_tool_duration_ms')?.kind, 'histogram');

      const [score] = scoresAt(base);
      assert.deepEqual([score.name, score.value, score.traceId, score.comment], ['length', 0.75, traceId, 'long enough']);
      const event = evaluation()?.events[0];
      assert.equal(event?.attributes.get('gen_ai.evaluation.score.value'), 0.75);
      assert.equal(evaluation()?.links[0].traceId, traceId);
      assert.equal(evaluation()?.links[0].spanId, score.observationId);
    });
  }

  test('feedback in a later request goes by itself, to each in its own way', async () => {
    const base = '/ok/feedback';
    const { traceId } = await run(`at=${base}`);
    await ask(`/feedback?at=${base}&trace=${traceId}`);
    const said = (): Record<string, unknown> | undefined => scoresAt(base).find((one) => one.name === 'thumbs');
    await sink.until(() => said() !== undefined, 'feedback');
    assert.deepEqual([said()?.traceId, said()?.value, said()?.comment], [traceId, 'down', 'too cold']);
    const span = (): WireSpan | undefined => spansAt(base).find((one) => one.name === 'evaluate thumbs');
    await sink.until(() => span() !== undefined, 'its span');
    assert.equal(span()?.attributes.get('gen_ai.evaluation.score.value'), 0n);
    assert.equal(span()?.links[0].traceId, traceId);
  });

  test('a receiver in trouble is asked again; no response waits for it', async () => {
    const base = '/ok/trouble';
    await receipts(() => true);
    const busy = { status: 429, headers: { 'retry-after': '1' } };
    sink.replies.set(`${base}/v1/logs`, [busy, { status: 503 }]);
    sink.replies.set(`${base}/api/public/scores`, [{ status: 503 }]);
    const before = Date.now();
    const { traceId } = await run(`at=${base}`);
    assert.ok(Date.now() - before < 1_000 || at(`${base}/v1/logs`).length < 3, 'the response waited');
    const arrived = (): number => logsAt(base).filter((one) => one.traceId === traceId).length;
    await sink.until(() => arrived() > 0 && scoresAt(base).length === 2, 'all');
    const sum = (all: readonly Receipt[], count: 'accepted' | 'retried'): number =>
      all.reduce((total, { signals }) => total + (signals?.[count] ?? 0), 0);
    await receipts((all) => sum(all, 'accepted') >= 5 && sum(all, 'retried') >= 2);
    const ids = new Set(scoresAt(base).map((one) => one.id));
    assert.equal(ids.size, 1); // the same score, known by its id
  });

  test('an outage: kept in the isolate, sent by a later run', async () => {
    const base = '/ok/outage';
    sink.replies.set(`${base}/v1/logs`, new Array(40).fill({ status: 503, headers: { 'retry-after': '60' } }));
    const first = await run(`at=${base}`);
    await sink.until(() => at(`${base}/v1/logs`).length > 0, 'the first attempt');
    for (let kept = 0, tries = 0; kept === 0 && tries < 100; tries++) {
      const all = (await (await ask('/receipts')).json()) as Receipt[];
      kept = all.reduce((sum, { signals }) => sum + (signals?.spooled ?? 0), 0);
      if (kept === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.ok(tries < 99, 'nothing was kept');
    }
    const attempts = at(`${base}/v1/logs`).length;
    sink.replies.delete(`${base}/v1/logs`);
    // The receiver asked for a pause: what comes meanwhile is kept, too.
    await run(`at=${base}`);
    assert.equal(at(`${base}/v1/logs`).length, attempts);
    assert.ok(first.traceId);
  });

  test('no secret is printed or sent as content', () => {
    assert.ok(!printed.join().includes(SECRET));
    for (const { path, body } of sink.requests) {
      assert.ok(!Buffer.from(body).includes(SECRET) || path.endsWith('/v1/traces'), path);
    }
  });
});
