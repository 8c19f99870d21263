// Outages in Node, with a queue as the store: its consumer sends what the messages hold, and gives back
// what it cannot send.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MessageLike, queueSpool, replayQueue } from 'edgespan/spool';
import { balanced, make, receiver, send, Shelf, sorted, to } from '../support/outages.ts';
import { play, run, span } from './spans.ts';

describe('a queue', () => {
  /** Messages that were sent, as a consumer gets them. */
  class Queue {
    readonly bodies: unknown[] = [];
    async send(body: unknown): Promise<void> {
      this.bodies.push(structuredClone(body));
    }
    readonly done: string[] = [];
    take(): { messages: MessageLike[] } {
      const messages = this.bodies.splice(0).map((body) => ({
        body,
        attempts: 1,
        ack: () => void this.done.push('ack'),
        retry: ({ delaySeconds = 0 } = {}) => {
          this.done.push(`retry ${delaySeconds}`);
          this.bodies.push(body);
        },
      }));
      return { messages };
    }
  }

  test('the consumer sends, acknowledges, and leaves the messages of others alone', async () => {
    const where = await receiver();
    const queue = new Queue();
    where.state = 503;
    const { ids } = await send(make(where, queueSpool(queue)));
    const consumer = make(where, queueSpool(queue));
    const down = await replayQueue(queue.take(), consumer);
    assert.deepEqual([down.spooled, down.replayed, queue.done.splice(0)], [3, 3, ['retry 30']]);
    where.state = 200;
    queue.bodies.push({ mine: true }, null);
    const up = await replayQueue(queue.take(), make(where, queueSpool(queue)));
    balanced(up, 0);
    assert.deepEqual([up.accepted, up.duplicates, queue.done.splice(0)], [3, 0, ['ack']]);
    assert.deepEqual(sorted(where.ids), sorted(ids));
  });

  test('what was taken without an answer comes again as a possible duplicate', async () => {
    const where = await receiver();
    const queue = new Queue();
    where.state = 503;
    await send(make(where, queueSpool(queue)));
    where.state = 'swallow';
    await replayQueue(queue.take(), make(where, queueSpool(queue)));
    assert.equal(queue.bodies.length, 1);
    where.state = 200;
    const { accepted, duplicates } = await replayQueue(queue.take(), make(where, queueSpool(queue)));
    assert.deepEqual([accepted, duplicates], [3, 3]);
  });

  test('what arrives in part, and whose rest the exporter\'s own store refuses, comes again', async () => {
    const where = await receiver();
    const queue = new Queue();
    where.state = 503;
    const { ids } = await send(make(where, queueSpool(queue)), 7);
    // 413, then one half is taken, then an outage again.
    where.answers.push(413, 200, 503);
    const shelf = new Shelf();
    shelf.broken.add('put');
    const receipt = await replayQueue(queue.take(), make(where, shelf.spool()));
    balanced(receipt, 0);
    assert.deepEqual([receipt.replayed, receipt.accepted, receipt.spooled], [8, 4, 4]);
    assert.ok(receipt.errors.some(({ code }) => code === 'spool'));
    assert.deepEqual([queue.done.splice(0), queue.bodies.length], [['retry 30'], 1]);
    where.state = 200;
    const rest = await replayQueue(queue.take(), make(where, shelf.spool()));
    balanced(rest, 0);
    assert.deepEqual([rest.accepted, queue.done], [8, ['ack']]);
    assert.deepEqual([...new Set(where.ids)].sort(), sorted(ids));
  });

  test('a consumer that cannot open its exporter gives the message back', async () => {
    const where = await receiver();
    const queue = new Queue();
    where.state = 503;
    await send(make(where, queueSpool(queue)));
    const destinations = [to(where, { dropTypes: ['no such type'] })];
    const receipt = await replayQueue(queue.take(), make(where, queueSpool(queue), { destinations }));
    assert.deepEqual([queue.done.length, queue.bodies.length], [1, 1]);
    assert.ok(receipt.errors.some(({ code }) => code === 'spool'));
  });

  test('too large, too old, broken, of another destination', async (t) => {
    const where = await receiver();
    const queue = new Queue();
    const shelf = new Shelf();
    where.state = 503;
    const noise = (): string => Array.from({ length: 20_000 }, () => Math.random().toString(36)).join('');
    const large = (): ReturnType<typeof run> => {
      const spans = run(1);
      return [spans[0], span({ ...spans[1], input: noise() })];
    };
    const without = make(where, queueSpool(queue));
    play(without, large());
    const refused = await without.flush();
    assert.deepEqual(refused.dropped, { unsent: 2 });
    assert.match(refused.errors.at(-1)?.message ?? '', /`large` store/);
    const withStore = make(where, queueSpool(queue, { large: shelf.spool() }));
    play(withStore, large());
    assert.equal((await withStore.flush()).spooled, 2);
    assert.deepEqual([queue.bodies.length, shelf.records.length], [0, 1]);

    await send(make(where, queueSpool(queue, { maxAge: 60 })));
    await send(make(where, queueSpool(queue)));
    Object.assign(queue.bodies[1] as object, { bytes: 'no bytes' });
    await send(make(await receiver(), queueSpool(queue))).catch(assert.fail);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
    where.state = 200;
    const receipt = await replayQueue(queue.take(), make(where, queueSpool(queue)));
    assert.deepEqual([receipt.dropped, queue.done], [{ expired: 3, malformed: 3 }, ['ack', 'ack']]);
    const later = await make(where, queueSpool(queue, { large: shelf.spool() })).flush();
    assert.equal(later.accepted, 2);
  });
});
