// Random OpenTelemetry spans from a seed: every value kind, and the values that encoders get wrong.
// The spans are the expectation and the input at once.

/** A small generator of numbers in [0, 1) (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const INTS = [
  0n,
  1n,
  -1n,
  -5n,
  127n,
  128n,
  -128n,
  300n,
  2147483647n,
  -2147483648n,
  4294967291n,
  -4294967296n,
  9007199254740991n,
  -9007199254740993n,
  9223372036854775807n,
  -9223372036854775808n,
];
const DOUBLES = [0.5, -0.1, 1e300, -5e-324, Number.MAX_VALUE, 3.141592653589793, 1e21, -1.5];
const STRINGS = [
  '',
  ' ',
  'plain',
  'quote " back\\slash /',
  'line\nfeed\ttab\r',
  '\u0000\u0001\u001f\u007f',
  'é',
  'Zürich',
  '日本語',
  '🌨️ snow',
  '👩‍👩‍👧‍👦',
  '\u2028\u2029',
  '\ufeffbom',
  '\ud7ff\ue000\uffff',
  '<script>&amp;',
  '𐍈'.repeat(7),
];
const NAMES = ['name', 'input', 'http.method', 'ключ', 'k 🔑', 'a"b', 'x\\y', 'z'.repeat(70)];

export function makeTrace(seed, count) {
  const random = randomFrom(seed);
  const below = (n) => Math.floor(random() * n);
  const pick = (list) => list[below(list.length)];
  const hex = (digits) => {
    let id = '';
    while (id.length < digits) id += below(65536).toString(16).padStart(4, '0');
    return id.slice(0, digits).replace(/^0/, '1');
  };
  const string = () => {
    if (below(12) > 0) return pick(STRINGS);
    let long = '';
    while (long.length < 250 + below(2000)) long += pick(STRINGS) + below(1000);
    return long;
  };
  const value = (depth) => {
    switch (below(depth > 3 ? 6 : 9)) {
      case 0:
        return pick(INTS);
      case 1:
        return pick(DOUBLES);
      case 2:
        return random() < 0.5;
      case 3:
        return Uint8Array.from({ length: below(40) }, () => below(256));
      case 6:
        return Array.from({ length: below(5) }, () => value(depth + 1));
      case 7:
        return attributes(depth + 1);
      case 8:
        return null;
      default:
        return string();
    }
  };
  const attributes = (depth = 0) => {
    const map = new Map();
    for (let n = below(7); n > 0; n--) map.set(`${pick(NAMES)}.${below(50)}`, value(depth));
    if (below(3) === 0) map.set(pick(['model', 'usage', 'text']), value(depth)); // interned names
    return map;
  };
  const list = (max, make) => Array.from({ length: below(max) }, make);
  const traceId = hex(32);
  const epoch = 1_795_161_428_000n + BigInt(below(1_000_000));
  const millis = (from, spread) => (from + BigInt(below(spread))) * 1_000_000n;
  const ids = Array.from({ length: count }, () => hex(16));
  return {
    traceId,
    spans: ids.map((spanId, i) => {
      const start = millis(epoch, 1000);
      return {
        traceId,
        spanId,
        parentSpanId: i === count - 1 ? '' : ids[i + 1 + below(count - i - 1)],
        traceState: pick(['', 'rojo=00f067aa0ba902b7', 'a=1,b=2']),
        flags: pick([0x101, 0x100, 0x301]),
        name: pick(STRINGS.filter((s) => s.trim() !== '')),
        kind: 1 + below(5), // unspecified goes out as internal, as the OTLP schema allows
        start,
        end: start + BigInt(below(5000)) * 1_000_000n,
        attributes: attributes(),
        events: list(4, () => ({
          time: millis(epoch, 5000),
          name: pick(['e', 'exception', '🌨️']),
          attributes: attributes(2),
          dropped: pick([0, 0, 3]),
        })),
        links: list(3, () => ({
          traceId: hex(32),
          spanId: hex(16),
          traceState: pick(['', 'x=y']),
          attributes: attributes(2),
          dropped: pick([0, 7]),
          flags: pick([0, 0x101]),
        })),
        status: { code: below(3), message: pick(['', 'gone wrong ⛔']) },
        dropped: { attributes: pick([0, 2]), events: pick([0, 1]), links: pick([0, 300]) },
      };
    }),
  };
}

export const RESOURCE = new Map([
  ['service.name', 'interop ☁'],
  ['negative', -42n],
  ['ratio', 0.25],
  ['on', true],
  ['empty', ''],
  ['nothing in it', []],
  ['list', ['a', '', -1n, [false]]],
  ['map', new Map([['k', new Map([['deep', -7n]])]])],
  ['bytes', Uint8Array.of(0, 255, 128)],
]);
