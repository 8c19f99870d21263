/**
 * What a trace's context travels in where there is no HTTP header: a small object of strings under the
 * names that W3C gives them, which any queue, storage or RPC call takes. Whatever comes back from there
 * is read as if a stranger had written it.
 * @module
 */

/** A trace's context as plain JSON. */
export interface Carrier {
  /** The span that goes on elsewhere: `00-{trace id}-{span id}-{flags}`. */
  traceparent?: string;
  /** What vendors added, as it came. */
  tracestate?: string;
  /** Members that travel with the request. */
  baggage?: string;
  /** Who vouches for the rest, and until when (`sign()`). */
  'edgespan-signature'?: string;
}

/** Why a carrier was not used. Codes are stable. */
export type CarrierRefusal =
  /** There was none, or one without a field. */
  | 'missing'
  /** It is no object of short strings, or its fields are not what W3C wants. */
  | 'malformed'
  /** It carries no signature. */
  | 'unsigned'
  /** None of the keys made its signature, or not for this audience. */
  | 'bad_signature'
  /** Its signature was good until some time ago. */
  | 'expired'
  /** No key can be used: fewer than 16 bytes, or the runtime has no WebCrypto. */
  | 'bad_key';

/** The fields that are read and written, in the order in which a signature covers them. */
export const FIELDS = ['traceparent', 'tracestate', 'baggage'] as const;
export const SIGNATURE = 'edgespan-signature' as const;

// W3C: a tracestate of 512 characters, and a baggage of 8192 bytes, must be propagated; what is longer
// may be dropped. A traceparent has 55, those of later versions more.
const MOST = { traceparent: 512, tracestate: 4096, baggage: 8192, [SIGNATURE]: 128 };
/** What a header may consist of: printable ASCII and tabs; so no line ends. */
const PRINTABLE = /^[\t\x20-\x7e]*$/;

const refused: Record<CarrierRefusal, number> = {
  missing: 0,
  malformed: 0,
  unsigned: 0,
  bad_signature: 0,
  expired: 0,
  bad_key: 0,
};

/** Counts a carrier that was not used. */
export function refuse(code: CarrierRefusal): CarrierRefusal {
  refused[code]++;
  return code;
}

/**
 * How many carriers `verify()`, `extract()` and `continueFrom()` did not use in this isolate or process,
 * by reason.
 *
 * @example
 * if (refusedCarriers().bad_signature > 0) alert('somebody forges carriers');
 */
export function refusedCarriers(): Readonly<Record<CarrierRefusal, number>> {
  return { ...refused };
}

/** The fields of what was given, or why they cannot be used. */
export function readCarrier(given: unknown): Carrier | CarrierRefusal {
  if (given === undefined || given === null) return 'missing';
  if (typeof given !== 'object') return 'malformed';
  const carrier: Carrier = {};
  try {
    for (const field of [...FIELDS, SIGNATURE] as const) {
      const value: unknown = (given as Record<string, unknown>)[field];
      if (value === undefined || value === null) continue;
      if (typeof value !== 'string' || value.length > MOST[field] || !PRINTABLE.test(value)) {
        return 'malformed';
      }
      carrier[field] = value;
    }
  } catch {
    return 'malformed'; // a getter or a proxy that throws
  }
  return FIELDS.some((field) => carrier[field]) ? carrier : 'missing';
}
