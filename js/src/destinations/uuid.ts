/**
 * UUIDs for those who take nothing else: made of the ids that Mastra's users give.
 * @module
 */

// Namespace of the UUIDs made here: with it (and RFC 9562, version 5) anybody finds the same.
const NAMESPACE = '7d1f6a0e-5c0b-5e0a-9a53-1c2f0f4b8e61';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** An id as it is, where it is a UUID; otherwise the UUID of it, always the same for a text. */
export function asUuid(id: string): string {
  return UUID.test(id) ? id : uuidOf(id);
}

/** The UUID of a name (RFC 9562, section 5.5). */
export function uuidOf(name: string): string {
  const space = NAMESPACE.replaceAll('-', '').match(/../g) as string[];
  const bytes = [...space.map((hex) => Number.parseInt(hex, 16)), ...new TextEncoder().encode(name)];
  const hash = sha1(bytes).slice(0, 4);
  hash[1] = (hash[1] & 0xffff0fff) | 0x5000;
  hash[2] = (hash[2] & 0x3fffffff) | 0x80000000;
  const hex = hash.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

// FIPS 180-4, section 6.1. crypto.subtle has it, too, but not at once: who reports feedback on a run
// wants its id where it stands.
function sha1(message: number[]): number[] {
  const words: number[] = new Array((((message.length + 8) >> 6) + 1) * 16).fill(0);
  [...message, 0x80].forEach((byte, i) => (words[i >> 2] |= byte << (24 - (i % 4) * 8)));
  words[words.length - 1] = message.length * 8;
  const turn = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
  let hash = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let block = 0; block < words.length; block += 16) {
    const w = words.slice(block, block + 16);
    let [a, b, c, d, e] = hash;
    for (let t = 0; t < 80; t++) {
      if (t >= 16) w[t] = turn(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
      const [f, k] =
        t < 20 ? [(b & c) | (~b & d), 0x5a827999]
        : t < 40 ? [b ^ c ^ d, 0x6ed9eba1]
        : t < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
        : [b ^ c ^ d, 0xca62c1d6];
      [a, b, c, d, e] = [(turn(a, 5) + f + e + k + w[t]) | 0, a, turn(b, 30), c, d];
    }
    hash = hash.map((word, i) => (word + [a, b, c, d, e][i]) | 0);
  }
  return hash;
}
