/**
 * Delivery: cuts a pipeline's closed traces into batches and posts them. What an answer means, whether
 * and when the same or a part of it is posted again, and when a destination is left alone, the core
 * says; this file waits and fetches. Nothing here rejects.
 * @module
 */
import type { Batch, Pipeline } from '../core/pipeline.js';
import {
  VERDICT_ACCEPTED,
  VERDICT_DENIED,
  VERDICT_FAILED,
  VERDICT_GIVEN_UP,
  VERDICT_NAMES,
  VERDICT_NEXT,
  VERDICT_PARTIAL,
  VERDICT_REJECTED,
  VERDICT_RETRY,
} from '../core/schema.gen.js';
import type { Answer, Destination, Payload } from '../destinations/destination.js';
import { MAX_REPLAYED_BYTES, MAX_REPLAYS, MAX_TURNS, RETRY_MS, TURN_MS } from '../limits.js';
import type { Claim, Spool } from '../spool/spool.js';
import { noAnswer } from './no_answer.js';
import type { ReceiptError, Tally } from './receipt.js';

/** What the batches of one delivery have in common. */
interface Delivery {
  readonly pipeline: Pipeline;
  readonly tally: Tally;
  /** Takes what cannot be sent. */
  readonly spool: Spool | undefined;
  /** Has what could not be sent before. */
  readonly source: Spool | undefined;
  readonly since: number;
  /** The clock, read after each wait: on Workers it stands still in between, and elsewhere it costs. */
  now: number;
  /** Bodies made ready for several destinations or attempts, by serial and coding. */
  shared: Map<string, Promise<Payload> | undefined> | undefined;
}

/**
 * Resolves when `work` settles, at the latest after so many milliseconds; at once where there are no
 * timers (a Worker's global scope).
 */
export function within(milliseconds: number, work?: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      timer = setTimeout(resolve, milliseconds);
    } catch {
      resolve();
    }
    if (!work) return;
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(done, done);
  });
}

/**
 * Sends one closed trace, or (0) all of them, to a pipeline's destinations, each at its own pace;
 * resolves when all is judged, stored or given up.
 */
export async function deliver(
  pipeline: Pipeline,
  destinations: readonly Destination[],
  trace: number,
  tally: Tally,
  spool?: Spool,
  source: Spool | undefined = spool,
): Promise<void> {
  const since = Date.now();
  const delivery = { pipeline, tally, spool, source, since, now: since, shared: undefined };
  await (destinations.length === 1
    ? drain(delivery, destinations[0], 0, trace)
    : drainAll(delivery, destinations, trace));
  tally.counts.duration += delivery.now - since;
  pipeline.settle(tally);
}

function drainAll(delivery: Delivery, destinations: readonly Destination[], trace: number): Promise<unknown> {
  return Promise.all(destinations.map((to, i) => drain(delivery, to, i, trace)));
}

async function wait(delivery: Delivery, milliseconds: number): Promise<void> {
  await within(milliseconds);
  delivery.now = Date.now();
}

async function drain(delivery: Delivery, to: Destination, i: number, trace: number): Promise<void> {
  const { pipeline, spool, source } = delivery;
  // Whether the destination answers well; a flush is worth a try.
  let well = trace <= 0;
  for (;;) {
    // The crowd is counted, not awaited: its promises belong to other requests.
    for (let turns = 0; pipeline.crowded(i) && turns < MAX_TURNS; turns++) {
      await wait(delivery, TURN_MS);
    }
    const batch = pipeline.cut(i, trace, spool !== undefined, delivery.now);
    if (!batch) break;
    well = await send(delivery, to, batch);
  }
  // What a queue hands over is all to be tried.
  let batches = Infinity;
  let most = Infinity;
  if (source === spool) [batches, most] = [MAX_REPLAYS, MAX_REPLAYED_BYTES];
  if (source?.empty) return; // mostly: to ask for a claim costs as much as a small run
  for (let bytes = 0; well && bytes < most && batches > 0; batches--) {
    const replayed = await replay(delivery, to, i);
    bytes += replayed;
    well = replayed > 0;
  }
}

/** Sends one batch of what a store has for a destination that is well; how many bytes, 0: no more. */
async function replay(delivery: Delivery, to: Destination, i: number): Promise<number> {
  const { pipeline, source, since, tally } = delivery;
  // One that is claimed is to be sent, not to be put back for want of time.
  const late = delivery.now - since > (to.budget || RETRY_MS) / 2;
  if (!source || late || pipeline.crowded(i)) return 0;
  const claim = await tally.connections
    .use(() => source.claim(to, tally.forfeit))
    .catch((error: unknown) => fail(tally, to, error));
  delivery.now = Date.now();
  if (!claim) return 0;
  const { bytes, spans, unsure } = claim;
  let batch: Batch | null | undefined;
  try {
    if (bytes) pipeline.attach();
    batch = bytes?.length ? pipeline.adopt(i, spans, bytes, delivery.now) : null;
  } catch (error) {
    fail(tally, to, error);
  }
  if (batch) return (await send(delivery, to, batch, claim)) ? (bytes as Uint8Array).length : 0;
  if (batch === undefined) {
    await returned(tally, to, claim, unsure);
    return 0;
  }
  tally.forfeit('malformed', spans);
  await taken(tally, to, claim);
  return 1;
}

/**
 * Tells a store what became of a batch that it had given out. Of what it does not hear its lease ends:
 * the batch comes again, as a possible duplicate.
 */
async function settle(tally: Tally, to: Destination, tell: () => Promise<void>): Promise<void> {
  try {
    await tally.connections.use(tell);
  } catch (error) {
    fail(tally, to, error);
  }
}

// Closures here, not in send(), where each batch would pay for what most have no use of.

const taken = (tally: Tally, to: Destination, claim: Claim): Promise<void> =>
  settle(tally, to, () => claim.sent());

const returned = (tally: Tally, to: Destination, claim: Claim, unsure: boolean): Promise<void> =>
  settle(tally, to, () => claim.failed(unsure));

const store = (tally: Tally, spool: Spool, rest: Parameters<Spool['put']>[0]): Promise<void> =>
  tally.connections.use(() => spool.put(rest, tally.forfeit));

/** Notes that a store failed. */
function fail(tally: Tally, to: Destination, error: unknown): void {
  const message = to.redact(`spool: ${error}`);
  tally.fail({ destination: to.name, code: 'spool', message });
}

/** Whether a receiver may have taken what was posted, although it did not say so. */
export function mayHaveArrived({ status, cause }: Answer): boolean {
  if (status === 0) return !/refused|notfound/i.test(cause);
  return status === 408 || status === 502 || status === 504 || status > 520;
}

/** A body as it travels, made once for all that want it so. */
async function encoded(delivery: Delivery, to: Destination, batch: Batch): Promise<Payload | undefined> {
  const shared = (delivery.shared ??= new Map());
  const key = `${batch.serial} ${to.coding}`;
  if (!shared.has(key)) shared.set(key, to.encode(delivery.pipeline.view(batch)));
  const payload = await shared.get(key);
  delivery.now = Date.now();
  return payload;
}

/**
 * Posts a batch as often and in such parts as the core says, and releases it; `claim`: it came from a
 * store. Whether its destination is well enough
 * for more.
 */
async function send(
  delivery: Delivery,
  to: Destination,
  batch: Batch,
  claim?: Claim,
): Promise<boolean> {
  const { pipeline, tally, spool, source } = delivery;
  const { connections, counts } = tally;
  const end = delivery.since + to.budget;
  const whole = batch.spans;
  let unsure = claim?.unsure ?? false;
  // What is left of the batch is in a store; what was claimed stays in its own.
  let spooled = false;
  let back = false;
  let verdict = batch.shut ? VERDICT_GIVEN_UP : VERDICT_NEXT;
  try {
    while (verdict === VERDICT_NEXT || verdict === VERDICT_RETRY) {
      let answer: Answer | undefined;
      const turn = connections.take();
      try {
        if (turn) {
          await turn;
          delivery.now = Date.now();
        }
        if (to.budget === 0 || delivery.now < end) {
          const coded = to.coding ? await encoded(delivery, to, batch) : undefined;
          const body = pipeline.view(batch);
          const payload = coded ?? { bytes: body, gzip: false };
          counts.requests++;
          counts.bytes += body.length;
          counts.sent += payload.bytes.length;
          answer = await to.post(payload, to.budget > 0 ? Math.max(1, end - delivery.now) : Infinity);
          delivery.now = Date.now();
        }
      } finally {
        connections.give();
      }
      const { now } = delivery;
      if (!answer) {
        verdict = VERDICT_GIVEN_UP;
        note(tally, to, verdict, 0, `not sent within ${to.budget} ms`);
        // Of a part: the core makes ready all that is left.
        if (batch.spans < whole) pipeline.judge(batch, noAnswer(''), 0, now);
        break;
      }
      const { spans } = batch; // in this part
      const judgement = pipeline.judge(batch, answer, Math.max(0, end - now), now);
      const { accepted, rejected, message } = judgement;
      verdict = judgement.verdict;
      if (unsure) counts.duplicates += accepted;
      unsure ||= mayHaveArrived(answer);
      if (verdict === VERDICT_RETRY) {
        counts.retried += spans;
        await wait(delivery, judgement.wait);
      } else if (rejected > 0 || message !== '' || verdict > VERDICT_ACCEPTED) {
        const part = rejected > 0 && rejected < spans ? `${rejected} of ${spans} spans refused` : '';
        if (verdict !== VERDICT_NEXT || rejected > 0) {
          note(tally, to, verdict, answer.status, part || answer.cause, message);
        }
      }
    }
    if (verdict === VERDICT_GIVEN_UP || verdict === VERDICT_DENIED) {
      const bytes = pipeline.view(batch);
      const { spans } = batch; // that are left
      // What came from elsewhere (a queue) goes back as it is, or else into a store that lasts.
      const as = spans === whole && (source === spool || unsure === claim?.unsure);
      if (claim && (as || (source !== spool && (!spool || spool.volatile)))) {
        spooled = back = true;
      } else if (spool && bytes.length > 0) {
        // A copy: the core's own bytes go with the batch. (Without any there was no memory left.)
        const rest = { destination: to, bytes: bytes.slice(), spans, unsure, expires: claim?.expires };
        await store(tally, spool, rest);
        spooled = true;
      }
    }
  } catch (error) {
    fail(tally, to, error);
    if (claim) spooled = back = true;
    unsure = true; // a part of it may have arrived
  } finally {
    pipeline.release(batch, spooled);
  }
  if (claim) await (back ? returned(tally, to, claim, unsure) : taken(tally, to, claim));
  // A first refusal is of what was sent; what a store has may wait until an address is right again.
  const refused = verdict === VERDICT_REJECTED || verdict === VERDICT_FAILED;
  return verdict <= VERDICT_PARTIAL || (refused && claim?.fresh === true);
}

/** Notes what was not well, in the receiver's words where it had some. */
function note(
  tally: Tally,
  to: Destination,
  verdict: number,
  status: number,
  cause: string,
  words = '',
): void {
  const message = [cause, to.redact(words)].filter(Boolean).join(': ') || `HTTP ${status}`;
  // What was refused of a batch whose rest is still to be sent.
  const code = VERDICT_NAMES[verdict === VERDICT_NEXT ? VERDICT_REJECTED : verdict] as ReceiptError['code'];
  tally.fail({ destination: to.name, code, ...(status && { status }), message });
}
