// Privacy in real workerd, which compiled the redactor at deployment: of a real agent's run nothing that
// was said leaves for destinations that redact, by waitUntil alone.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Receipt } from 'edgespan/mastra';
import type { Miniflare } from 'miniflare';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { bundleWorker, startWorker } from '../support/workerd.ts';

const MAIL = 'jane.doe@example.com';
const KEY = `sk-proj-${'a1B2'.repeat(18)}`;

let sink: Sink;
let worker: Miniflare;
let outdir: string;
const printed: string[] = [];

before(async () => {
  sink = await Sink.start();
  outdir = await bundleWorker(new URL('./privacy/', import.meta.url));
  const bindings = { SINK: sink.origin, HASH_KEY: 'a key' };
  worker = await startWorker(outdir, bindings, (line) => printed.push(line));
});
after(async () => {
  await worker.dispose();
  await sink.close();
  await rm(outdir, { recursive: true });
});

async function run(query = ''): Promise<{ text: string; traceId: string }> {
  const body = JSON.stringify({ say: `${MAIL} with ${KEY}` });
  const response = await worker.dispatchFetch(`http://worker/run${query}`, { method: 'POST', body });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as { text: string; traceId: string };
}

/** Everything that was sent to a destination. */
const sentTo = (name: string): string =>
  sink.requests
    .filter(({ path }) => path.startsWith(`/ok/${name}/`))
    .map(({ body }) => Buffer.from(body).toString())
    .join('\n');
const spansTo = (name: string): WireSpan[] =>
  sink.requests
    .filter(({ path }) => path === `/ok/${name}/v1/traces`)
    .flatMap(({ body }) => decodeProtobuf(body));

const NAMES = ['masked', 'chunks', 'hashed', 'hidden', 'hooked', 'open'];
const whole = (traceId: string): boolean =>
  NAMES.every((name) => spansTo(name).some((span) => span.traceId === traceId && span.parentSpanId === ''));

describe('privacy in workerd', { timeout: 120_000 }, () => {
  test('both modules lie beside the bundle', () => {
    const files = readdirSync(outdir).filter((file) => /-(core|redactor)\.wasm$/.test(file));
    assert.equal(files.length, 2, `${files}`);
  });

  for (const query of ['', '?stream=1']) {
    test(`a run${query}: masked, hashed, hidden, hooked, and open where it is asked for`, async () => {
      const { text, traceId } = await run(query);
      assert.ok(text.includes(MAIL) && text.includes(KEY), 'the user gets what the model said');
      await sink.until(() => whole(traceId), 'the run, at all destinations');
      for (const name of NAMES.slice(0, -1)) {
        const sent = sentTo(name);
        for (const secret of [MAIL, KEY, 'hunter2']) assert.ok(!sent.includes(secret), `${secret} to ${name}`);
        if (name !== 'hidden') assert.match(sent, /REDACTED/, name);
      }
      assert.ok(sentTo('open').includes(MAIL) && sentTo('open').includes(KEY));
      assert.match(sentTo('hashed'), /\[REDACTED:email:[0-9a-f]{16}\]/);
      assert.match(sentTo('masked'), /Zürich/);
      assert.ok(!sentTo('hooked').includes('Zürich'));
      assert.match(sentTo('hooked'), /a city/);
      assert.ok(!sentTo('hidden').includes('Zürich'));
    });
  }

  test('chunks of a stream are spans without their text', () => {
    const chunks = spansTo('chunks').filter(({ attributes }) => attributes.get('mastra.span.type') === 'model_chunk');
    assert.ok(chunks.length > 0);
    const told = JSON.stringify(chunks.map(({ attributes }) => [...attributes]), (_, v: unknown) =>
      typeof v === 'bigint' ? `${v}` : v,
    );
    assert.ok(!/jane|example|It is/.test(told), told);
  });

  test('equal values have one digest, in every run', () => {
    const digests = sentTo('hashed').match(/\[REDACTED:email:[0-9a-f]+\]/g) ?? [];
    assert.ok(digests.length > 4);
    assert.equal(new Set(digests).size, 1);
  });

  test('receipts count, and nothing is printed', async () => {
    const all: Receipt[] = [];
    const redacted = (one: Receipt): number => Math.min(one.redacted, one.signals?.redacted ?? 0);
    for (let tries = 0; tries < 60 && !all.some(redacted); tries++) {
      all.push(...((await (await worker.dispatchFetch('http://worker/receipts')).json()) as Receipt[]));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(all.some((one) => redacted(one) > 0), JSON.stringify(all));
    for (const secret of [MAIL, KEY]) {
      assert.ok(!JSON.stringify(all).includes(secret));
      assert.ok(!printed.join().includes(secret), printed.join('\n'));
    }
    assert.deepEqual(printed.filter((line) => line.includes('[edgespan]')), []);
  });
});
