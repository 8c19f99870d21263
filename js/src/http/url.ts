/**
 * What of an address may be told: no user, no password, no value of its query, no fragment. Codes,
 * tokens and signatures stand there, and nobody can list them all.
 * @module
 */

/** Put in place of what is left out, as OpenTelemetry's conventions ask. */
export const REDACTED = 'REDACTED';

/** The query of an address with its names alone, without the `?`. */
export function scrubQuery(search: string): string {
  const names = search.replace(/^\?/, '').split('&');
  // Of a part that is alone nobody knows whether it is a name.
  if (names.length === 1 && names[0] && !names[0].includes('=')) return REDACTED;
  return names.map((pair) => pair.replace(/=.*/s, `=${REDACTED}`)).join('&');
}

/** `url.full` of an address; '' where it is none. */
export function scrubUrl(url: string | URL): string {
  const at = parse(url);
  if (!at) return '';
  // The rest is content (`data:`), or says where it lies in memory.
  if (!at.host) return at.protocol;
  const user = at.username || at.password ? `${REDACTED}:${REDACTED}@` : '';
  return `${at.protocol}//${user}${at.host}${at.pathname}${at.search && `?${scrubQuery(at.search)}`}`;
}

/** undefined where it is no absolute address: whoever is asked for it will say so. */
export function parse(url: string | URL): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
