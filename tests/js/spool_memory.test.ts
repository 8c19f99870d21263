// Outages in Node, with memory as the store: what cannot be sent is kept, counted, and sent once its
// destination is well; what gives way is counted, too.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { memorySpool } from 'edgespan/spool';
import { decodeProtobuf } from '../support/otlp.ts';
import { balanced, make, receiver, send, sorted, to } from '../support/outages.ts';
import { play, run } from './spans.ts';

describe('memory, by default', () => {
  test('what an outage leaves is sent with the next run that arrives, once', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    const sent: string[] = [];
    where.state = 503;
    const down = await send(exporter);
    assert.equal(down.receipt.spooled, 3);
    assert.deepEqual(down.receipt.dropped, {});
    sent.push(...down.ids);
    where.state = 200;
    const up = await send(exporter);
    sent.push(...up.ids);
    assert.deepEqual(
      [up.receipt.accepted, up.receipt.replayed, up.receipt.spooled, up.receipt.duplicates],
      [6, 3, 0, 0],
    );
    assert.deepEqual(sorted(where.ids), sorted(sent));
    const quiet = await exporter.flush();
    assert.deepEqual([quiet.requests, quiet.replayed], [0, 0]);
  });

  test('exporters that are given none share one, and it may be refused', async () => {
    const where = await receiver();
    where.state = 503;
    const serviceName = 'no spool';
    const destinations = [to(where)];
    const options = { destinations, serviceName, logLevel: 'silent' as const };
    const spans = run(1);
    const exporter = new EdgespanExporter({ ...options, spool: false });
    play(exporter, spans);
    assert.deepEqual((await exporter.flush()).dropped, { unsent: 2 });
    const first = new EdgespanExporter(options);
    play(first, spans);
    assert.equal((await first.flush()).spooled, 2);
    where.state = 200;
    const second = await new EdgespanExporter(options);
    const { receipt } = await send(second, 1);
    assert.deepEqual([receipt.accepted, receipt.replayed], [4, 2]);
  });

  test('a body that was taken without an answer arrives twice, with the same ids, and is counted', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    where.state = 'swallow';
    const { ids, receipt } = await send(exporter);
    assert.equal(receipt.spooled, 3);
    where.state = 200;
    const up = await send(exporter);
    assert.equal(up.receipt.duplicates, 3);
    const times = (id: string): number => where.ids.filter((i) => i === id).length;
    assert.ok(ids.every((id) => times(id) >= 2), `${ids.map(times)}`);
    assert.ok(up.ids.every((id) => times(id) === 1));
    assert.deepEqual(where.bodies[0], where.bodies.at(-1), 'the same bytes');
  });

  test('a destination that refuses connections makes no duplicates', async () => {
    const where = await receiver();
    const gone = await receiver();
    const endpoint = gone.origin;
    gone.close();
    const spool = memorySpool();
    const storeKey = 'moved';
    const exporter = make(where, spool, { destinations: [otlp({ endpoint, storeKey, retryBudget: 0 })] });
    assert.equal((await send(exporter)).receipt.spooled, 3);
    await receiver(Number(new URL(endpoint).port));
    const { receipt } = await send(exporter);
    assert.deepEqual([receipt.accepted, receipt.duplicates], [6, 0]);
  });

  test('bounded in bytes: the oldest gives way, and is counted', async () => {
    const where = await receiver();
    where.state = 503;
    const spool = memorySpool({ maxBytes: 3_000 });
    let spooled = 0;
    let memory = 0;
    for (let i = 0; i < 8; i++) {
      const { receipt } = await send(make(where, spool));
      spooled += receipt.spooled;
      memory += receipt.dropped.memory ?? 0;
    }
    assert.equal(spooled, 24);
    assert.ok(memory > 0 && memory < 24, `${memory}`);
    where.state = 200;
    const { receipt } = await send(make(where, spool));
    assert.equal(receipt.replayed, spooled - memory);
    assert.equal(where.ids.length, 3 + spooled - memory);
    const huge = make(where, memorySpool({ maxBytes: 10 }));
    where.state = 503;
    const refused = await send(huge);
    assert.deepEqual(refused.receipt.dropped, { unsent: 3 });
    assert.ok(refused.receipt.errors.some(({ code, message }) => code === 'spool' && /maxBytes/.test(message)));
  });

  test('bounded in age: what is too old is counted as expired, and not sent', async (t) => {
    const where = await receiver();
    const exporter = make(where, memorySpool({ maxAge: 60 }));
    where.state = 503;
    await send(exporter);
    where.state = 200;
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
    const { receipt } = await send(exporter);
    assert.deepEqual([receipt.accepted, receipt.replayed, receipt.dropped], [3, 3, { expired: 3 }]);
    assert.equal(where.ids.length, 3);
  });

  test('a shutdown tries once more, and counts what goes with the process', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    where.state = 503;
    await send(exporter);
    const last = await exporter.shutdown();
    balanced(last, 0);
    assert.deepEqual([last.spooled, last.dropped], [3, { unsent: 3 }]);
    const other = make(where, memorySpool());
    await send(other);
    where.state = 200;
    assert.deepEqual((await other.shutdown()).accepted, 3);
  });

  test('a shutdown leaves what another exporter may still send', async () => {
    const where = await receiver();
    const spool = memorySpool();
    const [first, second, stranger] = [
      make(where, spool),
      make(where, spool),
      make(where, spool, { destinations: [to(where, { storeKey: 'another' })] }),
    ];
    where.state = 503;
    await send(first);
    await send(second);
    await send(stranger);
    const left = await first.shutdown();
    assert.deepEqual([left.spooled, left.replayed, left.dropped], [3, 3, {}]); // it tried one
    assert.deepEqual((await first.shutdown()).dropped, {}, 'it is no other');
    where.state = 200;
    assert.deepEqual((await send(second)).receipt.replayed, 6);
    // The last one with that destination; who has another is none.
    where.state = 503;
    await send(second);
    assert.deepEqual((await second.shutdown()).dropped, { unsent: 3 });
    assert.deepEqual((await stranger.shutdown()).dropped, { unsent: 3 });
  });

  test('a shutdown where the isolate goes on leaves all to the exporters that come', async () => {
    const where = await receiver();
    const spool = memorySpool();
    const waitUntil = (): void => {};
    where.state = 503;
    // As one is built for each request.
    const first = make(where, spool, { waitUntil });
    const { ids } = await send(first);
    const left = await first.shutdown();
    balanced(left, 0);
    assert.deepEqual([left.spooled, left.dropped], [3, {}]);
    where.state = 200;
    const next = await send(make(where, spool, { waitUntil }));
    assert.equal(next.receipt.replayed, 3);
    assert.deepEqual(sorted(where.ids), sorted([...ids, ...next.ids]));
  });

  test('two requests at once send a batch once', async () => {
    const where = await receiver();
    const exporter = make(where, memorySpool());
    where.state = 503;
    await send(exporter);
    where.state = 200;
    const receipts = await Promise.all([1, 2, 3].map(() => exporter.flush()));
    assert.equal(where.ids.length, 3);
    assert.equal(receipts.reduce((sum, { accepted }) => sum + accepted, 0), 3);
  });

  test('nothing is sent to one whose credentials are others', async () => {
    const where = await receiver();
    const spool = memorySpool();
    const ofTenant = (key: string, storeKey?: string): EdgespanExporter =>
      make(where, spool, { destinations: [to(where, { headers: { key }, storeKey })] });
    where.state = 503;
    const { ids } = await send(ofTenant('a'));
    where.state = 200;
    const other = await send(ofTenant('b'));
    assert.deepEqual(sorted(where.ids), sorted(other.ids));
    assert.equal(other.receipt.replayed, 0);
    const same = await send(ofTenant('a'));
    assert.equal(same.receipt.replayed, 3);
    assert.deepEqual(sorted(where.ids), sorted([...ids, ...other.ids, ...same.ids]));
    // Under a name of its own a tenant may change its key.
    where.state = 401;
    const before = await send(ofTenant('old', 'tenant c'));
    assert.equal(before.receipt.spooled, 3);
    where.state = 200;
    assert.equal((await send(ofTenant('new', 'tenant d'))).receipt.replayed, 0);
    assert.equal((await send(ofTenant('new', 'tenant c'))).receipt.replayed, 3);
  });
});

/** Answers 413 to one path and never to another, until it is well. */
async function stubborn(): Promise<{ origin: string; ids(path: string): string[]; mend(): void }> {
  const arrived: { path: string; body: Uint8Array }[] = [];
  let well = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url as string;
      if (well) arrived.push({ path, body: Buffer.concat(chunks) });
      if (well) response.writeHead(200).end();
      else if (path.startsWith('/large')) setTimeout(() => response.writeHead(413).end(), 30);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ids: (start) =>
      arrived
        .filter(({ path }) => path.startsWith(start))
        .flatMap(({ body }) => decodeProtobuf(body).map((s) => s.spanId)),
    mend: () => void (well = true),
  };
}

test('what there is no time to send in parts is kept whole, and no span goes uncounted', async () => {
  const { origin, ids, mend } = await stubborn();
  // Those that hang hold the connections between two parts of the one that is refused.
  const paths = ['large', 'a', 'b', 'c', 'd', 'e'];
  const destinations = paths.map((name) =>
    otlp({ name, endpoint: `${origin}/${name}`, retryBudget: 300 }),
  );
  const exporter = new EdgespanExporter({
    destinations,
    spool: memorySpool(),
    serviceName: 'no time',
    logLevel: 'silent',
  });
  const spans = run(62);
  play(exporter, spans);
  const down = await exporter.flush();
  balanced(down, spans.length * paths.length);
  mend();
  const up = await exporter.flush();
  assert.equal(up.replayed, down.spooled);
  const missing = spans.map((s) => s.id).filter((id) => !ids('/large').includes(id));
  assert.equal(missing.length, down.rejected);
  assert.equal(new Set(ids('/a')).size, spans.length);
});
