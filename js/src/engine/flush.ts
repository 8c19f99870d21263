/**
 * What the owner of an engine asks of it: to send now, to end, and what became of its spans. Apart from
 * the engine, whose spans leave by themselves: a handler's has no owner.
 * @module
 */
import { keepAlive } from '#wait-until';
import { FLUSH_MS, OPEN_TRACES } from '../limits.js';
import { type Final, leave, type Spool } from '../spool/spool.js';
import { within } from '../transport/deliver.js';
import { type Receipt, Tally } from '../transport/receipt.js';
import type { Engine } from './engine.js';
import type { Lane } from './lane.js';

/**
 * Sends what has ended and resolves when all is answered or given up; never rejects. Of runs that
 * are still going on, destinations that want them whole get nothing, others the spans that have ended
 * and that nothing can change any more; the rest is `pending`.
 */
export function flush(engine: Engine, source?: Spool): Promise<Receipt> {
  return sendAll(engine, undefined, source);
}

/**
 * Sends everything, runs that did not end included; later spans are dropped and counted. What cannot be
 * sent stays in memory where the isolate goes on, for others with that destination; at the end of a
 * process it is counted as lost.
 */
export function shutdown(engine: Engine): Promise<Receipt> {
  return sendAll(engine, isOutlived(engine) ? 'exporter' : 'process');
}

/** What became of all spans up to now; what flush() told is in it, too. */
export function stats(engine: Engine): Receipt {
  const total = new Tally();
  for (const { pipeline } of engine.lanes) {
    pipeline?.commit(); // what is on the tape, the core has not counted
    pipeline?.settle(total, true);
  }
  for (const part of [engine.earlier, engine.since, engine.lost, ...engine.active]) total.add(part);
  engine.sinks?.peek(total);
  return engine.receipt(total);
}

async function sendAll(
  engine: Engine,
  final?: Final,
  source: Spool | undefined = engine.spool,
): Promise<Receipt> {
  try {
    // What another isolate stored is looked for before the first span.
    if (source) engine.openAll();
    const all = engine.lanes.map((lane) => (tally: Tally) => sendLane(lane, tally, final, source));
    const last = engine.deliver(all, source, final);
    await within(FLUSH_MS, Promise.all([last, ...engine.running]));
  } catch (error) {
    engine.fail(error);
  }
  engine.tell(engine.since);
  const receipt = engine.receipt(engine.since);
  engine.earlier.add(engine.since);
  engine.since = new Tally();
  return receipt;
}

/** With what may leave of runs that go on; what ends with it: everything, as if all had ended. */
async function sendLane(lane: Lane, tally: Tally, final?: Final, source?: Spool): Promise<void> {
  if (final && !lane.off) {
    await lane.finish();
    lane.pipeline?.close();
    lane.off = true;
  }
  await lane.flush(tally, OPEN_TRACES, source ?? lane.spool);
  if (!final || !lane.isOpened) return;
  lane.isOpened = false;
  await leave(lane.spool, lane.destinations, final, tally.forfeit);
}

/** Whether a platform serves other requests with this isolate; false in a process of one's own. */
function isOutlived(engine: Engine): boolean {
  try {
    return engine.waitUntil !== undefined || keepAlive(Promise.resolve());
  } catch {
    return true; // there is one, whatever ails it
  }
}
