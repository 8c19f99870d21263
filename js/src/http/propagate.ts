/**
 * Who is told of a trace: its ids and baggage are nobody's business but the user's own services'.
 * @module
 */
import type { UrlLike } from './platform.js';
import { parse } from './url.js';

/** Addresses, all (`true`) or none, or who decides. */
export type Propagate = boolean | readonly (string | RegExp)[] | ((url: UrlLike) => boolean);

/** Whether an address is one of those. */
export function isAddressed(propagate: Propagate, url: UrlLike): boolean {
  if (typeof propagate === 'function') return propagate(url);
  if (typeof propagate === 'boolean') return propagate;
  return propagate.some((one) => (typeof one === 'string' ? begins(url, one) : url.href.search(one) >= 0));
}

/** `https://api.example.com/v1`: that host, and not `api.example.com.example.net`. A host stands for all. */
function begins(url: UrlLike, beginning: string): boolean {
  const wanted = parse(beginning);
  if (!wanted || wanted.origin === 'null') return url.host === beginning.toLowerCase();
  return url.origin === wanted.origin && url.pathname.startsWith(wanted.pathname);
}
