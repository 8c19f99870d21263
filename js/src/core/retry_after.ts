/** What a Retry-After header asks for. @module */

const MOST = 2 ** 32 - 1;

/**
 * Milliseconds that a Retry-After header (RFC 9110, 10.2.3) asks to wait: seconds, or until a date in any
 * of HTTP's three formats, all of which are in GMT, `now` being Unix milliseconds. 0 when it asks for
 * nothing: a date that has passed, or text that is neither. 2^32 - 1 at most.
 */
export function retryAfterMs(header: string, now: number): number {
  const seconds = parseInt(header, 10);
  // Date.parse() reads more than HTTP writes; a time of day is what all of these have.
  const date = /:\d\d:\d/.test(header) ? Date.parse(header.replace(/ GMT|$/, ' GMT')) : 0;
  return Math.min(Math.max(seconds >= 0 ? seconds * 1000 : date - now, 0), MOST) || 0;
}
