// Outages in Node, with a store of bytes, here a Map behind storeSpool(): isolates come and go, and what
// the store loses is counted. Cloudflare's own stores are in tests/runtime/outage.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { otlp } from 'edgespan/destinations';
import type { Receipt } from 'edgespan/mastra';
import { memorySpool } from 'edgespan/spool';
import { balanced, make, receiver, send, Shelf, sorted, to } from '../support/outages.ts';

describe('a store', () => {
  test('holds digests and compressed batches: no secret, no address, no name', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    const headers = { authorization: 'Bearer sk-s3cr3t' };
    const endpoint = `${where.origin}/in?token=t0k3n`;
    const named = otlp({ endpoint, headers, name: 'tenant-7', retryBudget: 0 });
    where.state = 503;
    await send(make(where, shelf.spool(), { destinations: [named] }));
    assert.equal(shelf.records.length, 1);
    const text = [...shelf.entries].flatMap(([key, value]) => [key, `${value}`, Buffer.from(value).toString('latin1')]);
    text.push(...shelf.records.map((key) => gunzipSync(shelf.entries.get(key) as Uint8Array).toString('latin1')));
    for (const secret of ['s3cr3t', 't0k3n', 'tenant-7', '127.0.0.1', new URL(endpoint).port]) {
      assert.ok(!text.join('\n').includes(secret), secret);
    }
  });

  test('what an isolate stored another sends, all of it, and nothing is left', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const ids: string[] = [];
    const spool = shelf.spool();
    for (let i = 0; i < 20; i++) ids.push(...(await send(make(where, spool))).ids);
    assert.equal(shelf.records.length, 20);
    where.state = 200;
    const next = shelf.spool();
    const exporter = make(where, next);
    let replayed = 0;
    for (let i = 0; i < 2; i++) {
      const up = await send(exporter);
      ids.push(...up.ids);
      replayed += up.receipt.replayed;
    }
    assert.equal(replayed, 60);
    assert.deepEqual(sorted(where.ids), sorted(ids));
    assert.deepEqual([...shelf.entries.keys()], []);
    // It is not asked again by each request.
    const { calls } = shelf;
    await send(exporter);
    assert.equal(shelf.calls, calls);
  });

  test('replayers in two isolates send a batch once', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const ids: string[] = [];
    const spool = shelf.spool();
    for (let i = 0; i < 6; i++) ids.push(...(await send(make(where, spool))).ids);
    where.state = 200;
    const receipts = await Promise.all([1, 2, 3].map(() => make(where, shelf.spool()).flush()));
    assert.equal(receipts.reduce((sum, r) => sum + r.replayed, 0), 18);
    assert.deepEqual(sorted(where.ids), sorted(ids));
  });

  test('what a replayer that died had is sent when its lease ends, as a possible duplicate', async (t) => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const { ids } = await send(make(where, shelf.spool()));
    where.state = 200;
    const dead = await shelf.spool().claim(to(where), assert.fail);
    assert.equal(dead?.spans, 3);
    assert.equal((await make(where, shelf.spool()).flush()).replayed, 0);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
    const receipt = await make(where, shelf.spool()).flush();
    assert.deepEqual([receipt.accepted, receipt.duplicates], [3, 3]);
    assert.deepEqual(sorted(where.ids), sorted(ids));
  });

  test('what cannot be read is dropped and counted, and stops nothing', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const spool = shelf.spool();
    const batches: string[][] = [];
    for (let i = 0; i < 6; i++) batches.push((await send(make(where, spool))).ids);
    const [cut, flipped, plain, empty, wrong, sound] = shelf.records;
    const of = (key: string): Buffer => Buffer.from(shelf.entries.get(key) as Uint8Array);
    shelf.entries.set(cut, of(cut).subarray(0, 40));
    const bytes = of(flipped);
    bytes[30] ^= 0x55;
    shelf.entries.set(flipped, bytes);
    shelf.entries.set(plain, Buffer.from('{"not":"a batch"}'));
    shelf.entries.set(empty, new Uint8Array(0));
    const other = wrong.replace('-3-', '-4-');
    shelf.entries.set(other, of(wrong));
    shelf.entries.delete(wrong);
    shelf.entries.set(`${sound.split('/').slice(0, 2).join('/')}/of somebody else`, new Uint8Array(3));
    where.state = 200;
    const receipt = await make(where, shelf.spool()).flush();
    balanced(receipt, 0);
    assert.deepEqual([receipt.accepted, receipt.dropped], [3, { malformed: 16 }]);
    assert.deepEqual(sorted(where.ids), sorted(batches[5]));
    assert.equal(shelf.records.length, 1, 'what is not ours stays');
  });

  test('what is too old is deleted and counted; a store that is full takes no more', async (t) => {
    const where = await receiver();
    where.state = 503;
    const old = new Shelf();
    await send(make(where, old.spool({ maxAge: 60 })));
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
    where.state = 200;
    const receipt = await make(where, old.spool()).flush();
    assert.deepEqual([receipt.accepted, receipt.dropped, old.records], [0, { expired: 3 }, []]);

    where.state = 503;
    const small = new Shelf();
    const receipts: Receipt[] = [];
    // Each as a new isolate: the bound is the store's, not the isolate's.
    for (let i = 0; i < 6; i++) {
      receipts.push((await send(make(where, small.spool({ maxBytes: 1_000 })))).receipt);
    }
    const bytes = small.records.reduce((sum, key) => sum + (small.entries.get(key)?.length ?? 0), 0);
    assert.ok(bytes <= 1_000 && bytes > 0, `${bytes}`);
    assert.deepEqual(receipts.at(-1)?.dropped, { unsent: 3 });
    assert.match(receipts.at(-1)?.errors.map((e) => e.message).join() ?? '', /maxBytes/);
  });

  for (const method of ['put', 'get', 'delete', 'list', 'swap']) {
    test(`${method}() that fails is told, loses no count, and throws at nobody`, async () => {
      const where = await receiver();
      const shelf = new Shelf();
      where.state = 503;
      if (method === 'put') shelf.broken.add(method);
      const { receipt: down } = await send(make(where, shelf.spool()));
      assert.deepEqual(
        method === 'put' ? [down.dropped.unsent, down.errors.at(-1)?.code] : [down.spooled, 'spool'],
        [3, 'spool'],
      );
      shelf.broken.add(method);
      where.state = 200;
      const { receipt } = await send(make(where, shelf.spool()));
      assert.equal(receipt.errors.some(({ code }) => code === 'spool'), method !== 'put');
      assert.equal(receipt.accepted, method === 'delete' ? 6 : 3);
    });
  }

  test('bad settings are as good as none', async () => {
    const where = await receiver();
    for (const bad of [{ maxAge: NaN, maxBytes: NaN }, { maxAge: -1, maxBytes: -1 }, { maxAge: 0.0301234 }]) {
      const shelf = new Shelf();
      for (const spool of [shelf.spool(bad as object), memorySpool(bad as object)]) {
        where.state = 503;
        const exporter = make(where, spool);
        assert.equal((await send(exporter)).receipt.spooled, 3, JSON.stringify(bad));
        where.state = 200;
        const { accepted, dropped } = await exporter.flush();
        assert.equal(accepted + (dropped.expired ?? 0), 3, JSON.stringify(bad));
      }
    }
  });

  test('of a batch that arrives in part only the rest is kept', async () => {
    const where = await receiver();
    const shelf = new Shelf();
    where.state = 503;
    const { ids } = await send(make(where, shelf.spool()), 7);
    // 413, then one half is taken, then an outage again.
    where.answers.push(413, 200, 503);
    const receipt = await make(where, shelf.spool()).flush();
    balanced(receipt, 0);
    assert.deepEqual([receipt.replayed, receipt.accepted, receipt.spooled], [8, 4, 4]);
    where.state = 200;
    const rest = await make(where, shelf.spool()).flush();
    assert.deepEqual([rest.replayed, rest.accepted, rest.duplicates], [4, 4, 0]);
    assert.deepEqual(shelf.records, []);
    assert.equal(new Set(where.ids).size, 8);
    assert.deepEqual([...new Set(where.ids)].sort(), sorted(ids));
  });
});
