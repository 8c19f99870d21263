/**
 * What of a destination must be in no text: not in a receipt, not in a log that leaves. Its one
 * definition, for all who cut it out.
 * @module
 */

/** Headers whose values are names or versions, and words of many texts: anything else may be a credential. */
const PLAIN =
  /^(accept|content-type|user-agent|x-scope-orgid|x-bt-parent|langsmith-project|dd-ml-app|dd-otlp-source)$|-(dataset|version|capabilities)$/;
const MIN_SECRET = 4;

/** Address, credentials and their parts, the whole before its parts; `more`: what only the destination knows. */
export function secretsOf(
  address: string,
  headers: Readonly<Record<string, string>>,
  more: readonly string[],
): string[] {
  const secrets = [...more];
  if (URL.canParse(address)) {
    const { host, hostname, href, search, searchParams } = new URL(address);
    secrets.push(href, host, ...searchParams.values());
    // As it is written, too: percent-encoded.
    secrets.push(...search.slice(1).split('&').map(valueOf));
    // A host without a dot is a word: `collector`.
    secrets.push(hostname.includes('.') ? hostname : `//${hostname}`);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!PLAIN.test(name)) secrets.push(...partsOf(value));
  }
  // A header of a destination that is off may say `undefined`.
  const known = new Set(secrets.filter((one) => one.length >= MIN_SECRET && one !== 'undefined'));
  return [...known].sort((a, b) => b.length - a.length);
}

function valueOf(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1);
}

function partsOf(value: string): string[] {
  const [, scheme = '', rest] = /^([a-z]+)\s+(.*)$/i.exec(value.trim()) ?? [, , value];
  const secrets = [value, rest];
  for (const part of rest.split(/[\s,;]+/)) secrets.push(part, valueOf(part));
  try {
    if (/^basic$/i.test(scheme)) {
      const pair = new TextDecoder().decode(Uint8Array.from(atob(rest), (one) => one.charCodeAt(0)));
      secrets.push(pair, pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1));
    }
  } catch {
    // Not what it says: there is nothing to decode.
  }
  return secrets;
}
