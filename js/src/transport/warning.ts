/**
 * What a log is told of a delivery: what went wrong and what the user can do about it, in one line.
 * @module
 */
import {
  LOSS_CIRCUIT,
  LOSS_DISABLED,
  STAT_DROPPED,
  STAT_SPOOLED,
} from '../core/schema.gen.js';
import type { Log } from '../log.js';
import type { Tally } from './receipt.js';

/** Nothing where all is well, or has been said before (a destination that is off). */
export function warnOf(log: Log, tally: Tally, things = 'spans'): void {
  const { errors, spans, lost } = tally;
  if (lost + errors.length === 0) return;
  const causes = new Map<string, string>();
  for (const { destination, code, status = 0, message } of errors) {
    const words = status === 0 || code === 'accepted' ? message : `HTTP ${status}`;
    const remedy =
      code === 'accepted' ? 'the receiver warns' : code === 'spool' ? 'look at `spool`' : cure(status);
    causes.set(`${destination} ${status || code}`, `destination "${destination}": ${words}; ${remedy}`);
  }
  if (spans[STAT_DROPPED + LOSS_CIRCUIT] > 0) {
    causes.set('circuit', 'a destination that kept failing is left alone for a while');
  }
  if (causes.size === 0) {
    if (lost === spans[STAT_DROPPED + LOSS_DISABLED]) return;
    causes.set('lost', JSON.stringify(tally.dropped));
  }
  const spooled = spans[STAT_SPOOLED];
  const kept = spooled > 0 ? `, ${spooled} kept for later` : '';
  const all = [...causes.values()].join('. ');
  log.warn([...causes.keys()].join(), `${lost} ${things} lost${kept}: ${all}.`);
}

/** What the user can do about an answer, by HTTP status (0: none). */
function cure(status: number): string {
  if (status === 0) return 'check that `endpoint` can be reached from here';
  if (status === 401 || status === 403) return 'check the credentials in `headers`';
  if (status === 413) return 'lower `maxRequestBytes`';
  if (status === 429 || status >= 500) return 'the receiver is in trouble';
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) return 'check `endpoint`';
  return 'the receipt has its words';
}
