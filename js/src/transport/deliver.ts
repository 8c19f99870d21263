/**
 * Delivery: cuts a pipeline's closed traces into batches and posts them, destination by destination,
 * each verdict the core's. Retry, spooling and fan-out will take their place between verdict and
 * release. Nothing here rejects.
 * @module
 */
import type { Pipeline } from '../core/pipeline.js';
import { VERDICT_ACCEPTED, VERDICT_PARTIAL } from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import { MAX_TURNS, TURN_MS } from '../limits.js';
import type { Tally } from './receipt.js';

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

/** Sends one closed trace, or (0) all of them, to a destination; resolves when all is judged. */
export async function deliver(
  pipeline: Pipeline,
  destination: Destination,
  index: number,
  trace: number,
  tally: Tally,
): Promise<void> {
  for (;;) {
    // The crowd is counted, not awaited: its promises belong to other requests.
    for (let turns = 0; pipeline.crowded && turns < MAX_TURNS; turns++) await within(TURN_MS);
    const batch = pipeline.cut(index, trace);
    if (!batch) return;
    tally.requests++;
    tally.bytes += batch.body.length;
    try {
      const { status, kind, body, cause } = await destination.post(batch.body);
      const { verdict, rejected, message } = pipeline.judge(batch, status, kind, body);
      if (verdict !== VERDICT_ACCEPTED || message !== '') {
        const what = verdict === VERDICT_PARTIAL ? `${rejected} spans refused` : cause;
        tally.fail({
          destination: destination.name,
          ...(status && { status }),
          message: [what, destination.redact(message)].filter(Boolean).join(': ') || `HTTP ${status}`,
        });
      }
    } finally {
      pipeline.release(batch);
    }
  }
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
