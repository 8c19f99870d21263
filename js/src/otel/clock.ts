/**
 * Times. All spans of a local tree read one clock: the wall's when its root began, from there on
 * `performance.now()`, which never goes back. So a child begins no earlier than its parent and ends no
 * later, whatever is done to the wall's clock, and where both stand still (on Workers, until the next
 * I/O) nothing gets a negative duration.
 * @module
 */
import type { HrTime } from './api.js';

const BILLION = 1_000_000_000;

export class Clock {
  readonly #wall: number = Date.now();
  readonly #since: number = performance.now();

  /**
   * A time as it was given, else now. A number no greater than `performance.now()` is one of those; what
   * is no time means now, as in the SDK.
   */
  read(given?: unknown): HrTime {
    if (Array.isArray(given)) {
      const [seconds, nanoseconds] = given;
      if (Number.isFinite(seconds) && Number.isFinite(nanoseconds)) return [seconds, nanoseconds];
    }
    const time = given instanceof Date ? given.getTime() : given;
    const now = performance.now();
    if (typeof time !== 'number' || !Number.isFinite(time)) return sum(this.#wall, now - this.#since);
    return time <= now && time === given ? sum(this.#wall, time - this.#since) : sum(time, 0);
  }
}

/** Milliseconds since the epoch, and more of them: added as nanoseconds, where a double has room. */
function sum(wall: number, more: number): HrTime {
  const seconds = Math.floor(wall / 1000);
  const nanoseconds = Math.round((wall - seconds * 1000 + more) * 1e6);
  const carry = Math.floor(nanoseconds / BILLION);
  return [seconds + carry, nanoseconds - carry * BILLION];
}

/** How long from one to the other. */
export function between(from: HrTime, to: HrTime): HrTime {
  const seconds = to[0] - from[0];
  const nanoseconds = to[1] - from[1];
  return nanoseconds < 0 ? [seconds - 1, nanoseconds + BILLION] : [seconds, nanoseconds];
}
