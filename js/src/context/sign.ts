/**
 * Signed carriers. Who can write into a queue, a storage or a message can otherwise put spans into any
 * trace, and choose what is sampled.
 *
 * The field `edgespan-signature` is `v1.{expires}.{mac}`: seconds since 1970, and HMAC-SHA-256, in
 * base64url without padding, of seven lines in UTF-8 without a line end at the last:
 *
 *     edgespan-carrier
 *     v1
 *     {expires}
 *     {audience, percent-encoded, or nothing}
 *     {traceparent}
 *     {tracestate, or nothing}
 *     {baggage, or nothing}
 *
 * No field can contain a line end (`readCarrier`), so no two carriers have the same lines. Keys have no
 * ids: a reader tries its few keys in turn, which is what makes a rotation a matter of one array.
 * @module
 */
import { Log } from '../log.js';
import { objectOf } from '../transport/env.js';
import { FIELDS, readCarrier, refuse, SIGNATURE, type Carrier, type CarrierRefusal } from './carrier.js';

/** A secret of at least 16 bytes (32 random ones are right), or a key for HMAC with SHA-256. */
export type CarrierKey = string | Uint8Array | ArrayBuffer | HmacKey;

/** A `CryptoKey` of WebCrypto, as far as this package needs to know it. */
export interface HmacKey {
  readonly type: 'secret' | 'public' | 'private';
  readonly algorithm: { readonly name: string };
}

/** Options of `sign()`. */
export interface SignOptions {
  /** For how many seconds the signature is good: an hour by default. Alarms and suspensions want more. */
  maxAge?: number;
  /** Where the carrier may be used: a queue's name, a class. `verify()` must be given the same. */
  audience?: string;
}

/** Options of `verify()`. */
export interface VerifyOptions {
  /** What `sign()` was given. */
  audience?: string;
}

/** What became of a carrier. */
export interface Verified {
  /** The carrier, without its signature; empty where it was refused, so that it can be used unseen. */
  readonly carrier: Carrier;
  /** Why it was refused. */
  readonly refused?: CarrierRefusal;
}

const VERSION = 'v1';
const MAX_AGE_S = 3_600;
const MIN_SECRET_BYTES = 16;
const HMAC = { name: 'HMAC', hash: 'SHA-256' };
const FORMAT = /^v1\.([1-9]\d{0,14})\.([\w-]{43})$/;
/** Platforms have WebCrypto in common, not its type. */
type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const lines = (carrier: Carrier, expires: string, audience = ''): Uint8Array<ArrayBuffer> =>
  utf8(
    [
      'edgespan-carrier',
      VERSION,
      expires,
      encodeURIComponent(audience),
      ...FIELDS.map((field) => carrier[field] ?? ''),
    ].join('\n'),
  );

/** The key to use, or undefined for what is none. */
async function keyOf(given: CarrierKey): Promise<Key | undefined> {
  const bytes = given instanceof ArrayBuffer ? new Uint8Array(given) : given;
  if (typeof bytes === 'string' || ArrayBuffer.isView(bytes)) {
    const secret = typeof bytes === 'string' ? utf8(bytes) : new Uint8Array(bytes);
    if (secret.length < MIN_SECRET_BYTES) return undefined;
    return crypto.subtle.importKey('raw', secret, HMAC, false, ['sign', 'verify']);
  }
  return bytes?.algorithm?.name === 'HMAC' ? (bytes as Key) : undefined;
}

/**
 * A copy of the carrier with a signature. Never throws or rejects: what cannot be signed (the log says
 * why) comes back without one, and is refused by its reader.
 *
 * @example
 * await queue.send({ order, trace: await sign(inject(), env.TRACE_KEY, { audience: 'orders' }) });
 */
export async function sign(
  carrier: Carrier,
  key: CarrierKey,
  options?: SignOptions,
): Promise<Carrier> {
  const read = readCarrier(carrier);
  if (typeof read === 'string') return {}; // no span was active
  delete read[SIGNATURE];
  const { maxAge = MAX_AGE_S, audience } = objectOf(options);
  const age = Number(maxAge); // an environment's is a text
  try {
    const usable = await keyOf(key);
    if (!Number.isFinite(age)) throw new Error('`maxAge` is no number of seconds');
    if (!usable) throw new Error(`the key is no secret of ${MIN_SECRET_BYTES} bytes or more`);
    const expires = `${Math.floor(Date.now() / 1000 + age)}`;
    const mac = await crypto.subtle.sign('HMAC', usable, lines(read, expires, audience));
    read[SIGNATURE] = `${VERSION}.${expires}.${base64url(new Uint8Array(mac))}`;
  } catch (error) {
    const said = `carriers are not signed: ${(error as Error).message}`;
    new Log(undefined).warn(said, said);
  }
  return read;
}

/**
 * The carrier, if one of the keys signed it, for this audience, and not too long ago. Never throws or
 * rejects: a refused carrier is an empty one, and a trace of its own begins.
 *
 * @example
 * const { carrier } = await verify(message.body.trace, [env.TRACE_KEY, env.OLD_TRACE_KEY]);
 * await continueFrom(carrier, () => ship(message.body.order));
 */
export async function verify(
  carrier: unknown,
  keys: CarrierKey | readonly CarrierKey[],
  options?: VerifyOptions,
): Promise<Verified> {
  const read = readCarrier(carrier);
  const no = (code: CarrierRefusal): Verified => ({ carrier: {}, refused: refuse(code) });
  if (typeof read === 'string') return no(read);
  const signature = read[SIGNATURE];
  if (!signature) return no('unsigned');
  const [, expires, text] = FORMAT.exec(signature) ?? [];
  if (expires === undefined || text === undefined) return no('malformed');
  const signed = await signedBy(keys, text, () => lines(read, expires, options?.audience));
  if (signed !== true) return no(signed);
  if (Date.now() / 1000 >= Number(expires)) return no('expired');
  delete read[SIGNATURE];
  return { carrier: read };
}

/** Whether one of the keys made the signature; each comparison is WebCrypto's, in constant time. */
async function signedBy(
  keys: CarrierKey | readonly CarrierKey[],
  text: string,
  data: () => Uint8Array<ArrayBuffer>,
): Promise<true | CarrierRefusal> {
  const mac = fromBase64url(text);
  let usable = false;
  for (const given of Array.isArray(keys) ? keys : [keys]) {
    try {
      const key = await keyOf(given);
      if (!key) continue;
      usable = true;
      if (await crypto.subtle.verify('HMAC', key, mac, data())) return true;
    } catch {
      // A key that may not verify, an audience with half a character: not this one.
    }
  }
  return usable ? 'bad_signature' : 'bad_key';
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
