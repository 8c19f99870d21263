// Whether encoders said the same: every field of every span, against the official serialiser. The two
// that are not asked to be exact are peers of their time: one has no flags, the other writes times as
// JavaScript's numbers.
import { isDeepStrictEqual } from 'node:util';
import { decodeJson, decodeProtobuf, type WireSpan } from '../support/otlp.ts';

const INEXACT: Record<string, (keyof WireSpan)[]> = {
  vercel: ['flags'],
  'cf-workers': ['flags', 'start', 'end', 'events'],
};

const read = (body: Uint8Array): Map<string, WireSpan> => {
  const json = body[0] === 0x7b;
  const spans = json ? decodeJson(new TextDecoder().decode(body)) : decodeProtobuf(body);
  return new Map(spans.map((span) => [span.spanId, span]));
};

/** A line for each difference. */
export function compareEncoded(name: string, official: Uint8Array, other: Uint8Array): string[] {
  const expected = read(official);
  const actual = read(other);
  if (actual.size !== expected.size) return [`${actual.size} spans, not ${expected.size}`];
  const faults: string[] = [];
  for (const [id, span] of expected) {
    const twin = actual.get(id);
    for (const field of Object.keys(span) as (keyof WireSpan)[]) {
      if (INEXACT[name]?.includes(field) || isDeepStrictEqual(twin?.[field], span[field])) continue;
      faults.push(`${span.name} (${id}): ${field} differs`);
    }
  }
  return faults;
}
