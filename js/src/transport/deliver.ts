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
  VERDICT_GIVEN_UP,
  VERDICT_NAMES,
  VERDICT_NEXT,
  VERDICT_REJECTED,
  VERDICT_RETRY,
} from '../core/schema.gen.js';
import type { Destination, Payload } from '../destinations/destination.js';
import { MAX_TURNS, TURN_MS } from '../limits.js';
import type { ReceiptError, Tally } from './receipt.js';

/** A batch that could not be sent, as it would have travelled. */
export interface Unsent extends Payload {
  readonly destination: Destination;
  readonly spans: number;
}

/** Takes what could not be sent, to send it later; false: it cannot. Never rejects. */
export type Spool = (unsent: Unsent) => Promise<boolean>;

/** What the batches of one delivery have in common. */
interface Delivery {
  readonly pipeline: Pipeline;
  readonly tally: Tally;
  readonly spool: Spool | undefined;
  readonly since: number;
  /** Bodies made ready for several destinations at once, by serial and coding. */
  readonly shared: Map<string, Promise<Payload> | undefined>;
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
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work?.then(done, done);
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
): Promise<void> {
  const delivery = { pipeline, tally, spool, since: Date.now(), shared: new Map() };
  await Promise.all(destinations.map((to, i) => drain(delivery, to, i, trace)));
  tally.duration += Date.now() - delivery.since;
  pipeline.settle(tally);
}

async function drain(delivery: Delivery, to: Destination, i: number, trace: number): Promise<void> {
  const { pipeline, spool } = delivery;
  for (;;) {
    // The crowd is counted, not awaited: its promises belong to other requests.
    for (let turns = 0; pipeline.crowded(i) && turns < MAX_TURNS; turns++) await within(TURN_MS);
    const batch = pipeline.cut(i, trace, spool !== undefined);
    if (!batch) return;
    await send(delivery, to, batch);
  }
}

/** Posts a batch as often and in such parts as the core says, and releases it. */
async function send(delivery: Delivery, to: Destination, batch: Batch): Promise<void> {
  const { pipeline, tally, spool, since, shared } = delivery;
  /** undefined: as the core made it. */
  const encoded = (): Promise<Payload> | undefined => {
    const body = pipeline.view(batch);
    const key = `${batch.serial} ${to.coding}`;
    if (!shared.has(key)) shared.set(key, to.encode(body));
    return shared.get(key);
  };
  const left = (): number => Math.max(0, since + to.budget - Date.now());
  let spooled = false;
  try {
    let verdict = batch.shut ? VERDICT_GIVEN_UP : VERDICT_NEXT;
    while (verdict === VERDICT_NEXT || verdict === VERDICT_RETRY) {
      if (left() === 0 && to.budget > 0) {
        verdict = VERDICT_GIVEN_UP;
        note(tally, to, verdict, 0, `not sent within ${to.budget} ms`);
        break;
      }
      const payload = (await encoded()) ?? { bytes: pipeline.view(batch), gzip: false };
      tally.requests++;
      tally.bytes += pipeline.view(batch).length;
      tally.sent += payload.bytes.length;
      const { spans } = batch;
      const answer = await to.post(payload, left() || Infinity);
      const judgement = pipeline.judge(batch, answer, left());
      const { rejected, message, wait } = judgement;
      verdict = judgement.verdict;
      if (verdict === VERDICT_RETRY) {
        tally.retried += spans;
        await within(wait);
      } else if (rejected > 0 || message !== '' || verdict > VERDICT_ACCEPTED) {
        const refused = rejected > 0 && rejected < spans ? `${rejected} of ${spans} spans refused` : '';
        if (verdict !== VERDICT_NEXT || rejected > 0) {
          note(tally, to, verdict, answer.status, refused || answer.cause, message);
        }
      }
    }
    if (spool && (verdict === VERDICT_GIVEN_UP || verdict === VERDICT_DENIED)) {
      const made = await encoded();
      // A copy: the core's own bytes go with the batch.
      const payload = made ?? { bytes: pipeline.view(batch).slice(), gzip: false };
      const { spans } = batch;
      // Without bytes there was no memory left for this part of the batch.
      if (payload.bytes.length > 0) spooled = await spool({ ...payload, destination: to, spans });
    }
  } finally {
    pipeline.release(batch, spooled);
  }
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

/** What the user can do about an answer, by HTTP status (0: none). */
export function cure(status: number): string {
  if (status === 0) return 'check that `endpoint` can be reached from here';
  if (status === 401 || status === 403) return 'check the credentials in `headers`';
  if (status === 413) return 'lower `maxRequestBytes`';
  if (status === 429 || status >= 500) return 'the receiver is in trouble';
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) return 'check `endpoint`';
  return 'the receipt has its words';
}
