// Carriers through everything that Cloudflare hands on, in real workerd: an RPC call, a queue's message
// (signed), an alarm, a workflow's steps, and the attachment of a WebSocket whose object hibernates.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { Miniflare } from 'miniflare';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { bundleWorker, describeWorker } from '../support/workerd.ts';

/** An object without work leaves memory after so long, and its sockets stay. */
const HIBERNATES_MS = 11_000;

describe('a trace goes on, by', { concurrency: true }, () => {
  let sink: Sink;
  let outdir: string;
  let worker: Miniflare;

  before(async () => {
    sink = await Sink.start();
    outdir = await bundleWorker(new URL('./continuity/', import.meta.url));
    const bindings = {
      SINK: sink.origin,
      KEY: 'the key that is used from now on',
      OLD_KEY: 'the key that was used until now',
    };
    worker = new Miniflare({
      ...(await describeWorker(outdir, bindings)),
      durableObjects: { OBJECT: { className: 'One', useSQLite: true } },
      queueProducers: { QUEUE: 'jobs' },
      queueConsumers: { jobs: { maxBatchSize: 2, maxBatchTimeout: 1 } },
      workflows: { WORKFLOW: { name: 'flow', className: 'Flow' } },
    });
    await worker.ready;
  });
  after(async () => {
    await worker.dispose();
    await sink.close();
    await rm(outdir, { recursive: true });
  });

  const spans = (): WireSpan[] => sink.requests.flatMap((request) => decodeProtobuf(request.body));
  const named = (name: string): WireSpan[] => spans().filter((span) => span.name === name);
  const only = (name: string): WireSpan => {
    const found = named(name);
    assert.equal(found.length, 1, name);
    return found[0];
  };
  /** Sends by this way; the sender's span, once `count` of `name` have arrived. */
  async function send(way: string, name: string, count = 1): Promise<WireSpan> {
    const response = await worker.dispatchFetch(`http://worker/${way}`, { method: 'POST' });
    assert.equal(await response.text(), 'sent');
    await sink.until(() => named(name).length >= count, `${count} of ${name}`);
    await sink.until(() => named(`sender of ${way}`).length > 0, `the sender of ${way}`);
    return only(`sender of ${way}`);
  }
  /** That the work was done below this span. */
  function worked(span: WireSpan): void {
    const below = named('work').filter((one) => one.parentSpanId === span.spanId);
    assert.deepEqual(below.map((one) => one.traceId), [span.traceId]);
  }
  const ids = ({ traceId, spanId }: { traceId: string; spanId: string }) => ({ traceId, spanId });

  it('an RPC call’s argument', async () => {
    const sender = await send('rpc', 'rpc');
    const rpc = only('rpc');
    assert.deepEqual([rpc.traceId, rpc.parentSpanId], [sender.traceId, sender.spanId]);
    worked(rpc);
  });

  it('a queue’s message, signed with a key that is being replaced; a stranger’s starts a trace', async () => {
    const sender = await send('queue', 'process jobs', 2);
    const [ours, other] = ['no', 'bad_signature'].map((refused) =>
      named('process jobs').find((span) => span.attributes.get('test.refused') === refused),
    );
    assert.ok(ours && other);
    assert.deepEqual(ours.links.map(ids), [ids(sender)]);
    assert.deepEqual(other.links, []);
    assert.equal(new Set([sender, ours, other].map((span) => span.traceId)).size, 3);
    for (const span of [ours, other]) assert.deepEqual([span.parentSpanId, span.kind], ['', 5]);
    worked(ours);
    worked(other);
  });

  it('an alarm’s storage', async () => {
    const sender = await send('alarm', 'alarm');
    const alarm = only('alarm');
    assert.deepEqual([alarm.traceId, alarm.parentSpanId], [sender.traceId, sender.spanId]);
    worked(alarm);
  });

  it('a workflow’s input, in each step', async () => {
    const sender = await send('workflow', 'second');
    await sink.until(() => named('first').length > 0, 'what the first step said');
    for (const name of ['first', 'second']) {
      const step = only(name);
      assert.deepEqual([step.traceId, step.parentSpanId], [sender.traceId, sender.spanId]);
      worked(step);
    }
  });

  it('a socket’s attachment, across a hibernation', async () => {
    const upgrade = { headers: { upgrade: 'websocket' } };
    const { webSocket } = await worker.dispatchFetch('http://worker/socket', upgrade);
    assert.ok(webSocket);
    const answer = () =>
      new Promise<unknown>((resolve) => {
        webSocket.addEventListener('message', ({ data }) => resolve(data), { once: true });
        webSocket.send('go');
      });
    webSocket.accept();
    const before = Number(await answer());
    await new Promise((resolve) => setTimeout(resolve, HIBERNATES_MS));
    assert.ok(Number(await answer()) > before, 'it was another object');
    webSocket.close();
    await sink.until(() => named('message').length === 2, 'two messages');
    const sender = only('sender of socket');
    for (const message of named('message')) {
      assert.deepEqual(message.links.map(ids), [ids(sender)]);
      worked(message);
    }
  });
});
