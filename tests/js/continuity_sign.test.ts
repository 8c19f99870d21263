// Signed carriers: what is accepted, what is refused and under which code, and that the format is the
// documented one, by a second implementation over node:crypto.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { refusedCarriers, sign, verify, type Carrier } from 'edgespan/context';

const KEY = 'a secret of more than sixteen bytes';
const OTHER = 'another secret of as many bytes, or so';
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const CARRIER: Carrier = {
  traceparent: TRACEPARENT,
  tracestate: 'a=1,b=2',
  baggage: 'user=%C3%A5da;p=1',
};
const SIGNATURE = 'edgespan-signature';

/** The documented format, made without the package. */
function signature(carrier: Carrier, expires: number, key: string, audience = ''): string {
  const lines = ['edgespan-carrier', 'v1', expires, encodeURIComponent(audience)];
  lines.push(carrier.traceparent ?? '', carrier.tracestate ?? '', carrier.baggage ?? '');
  return `v1.${expires}.${createHmac('sha256', key).update(lines.join('\n')).digest('base64url')}`;
}
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3_600;

describe('a signed carrier', () => {
  test('comes back as it was, without its signature, and through JSON', async () => {
    const signed = await sign(CARRIER, KEY);
    assert.notEqual(signed, CARRIER);
    assert.equal(CARRIER[SIGNATURE], undefined, 'what was given stays as it is');
    assert.deepEqual(await verify(JSON.parse(JSON.stringify(signed)), KEY), { carrier: CARRIER });
  });

  test('is in the documented format', async () => {
    const signed = await sign(CARRIER, KEY, { audience: 'jobs/ä' });
    const expires = Number(signed[SIGNATURE]?.split('.')[1]);
    assert.ok(Math.abs(expires - inAnHour()) < 5, 'an hour by default');
    assert.equal(signed[SIGNATURE], signature(CARRIER, expires, KEY, 'jobs/ä'));
    const made = { traceparent: TRACEPARENT };
    const given = { ...made, [SIGNATURE]: signature(made, inAnHour(), KEY) };
    assert.deepEqual(await verify(given, KEY), { carrier: made });
  });

  test('is taken with any of several keys: rotation', async () => {
    const signed = await sign(CARRIER, OTHER);
    assert.equal((await verify(signed, [KEY, OTHER])).refused, undefined);
    assert.equal((await verify(signed, ['short', OTHER])).refused, undefined);
    assert.equal((await verify(signed, [KEY])).refused, 'bad_signature');
  });

  test('by bytes and by a CryptoKey as by a text', async () => {
    const bytes = new TextEncoder().encode(KEY);
    const usages: ('sign' | 'verify')[] = ['sign', 'verify'];
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', bytes, hmac, false, usages);
    for (const writer of [KEY, bytes, key]) {
      for (const reader of [KEY, bytes, key]) {
        assert.equal((await verify(await sign(CARRIER, writer), reader)).refused, undefined);
      }
    }
  });

  test('for as long as it is told, by a number or a text; of no number it is not signed', async (t) => {
    t.mock.method(console, 'warn', () => {});
    const signed = await sign(CARRIER, KEY, { maxAge: '86400' as never });
    const left = Number(signed[SIGNATURE]?.split('.')[1]) - Date.now() / 1000;
    assert.ok(left > 86_390 && left <= 86_400, `${left}`);
    for (const maxAge of [Infinity, Number.NaN, 'soon' as never]) {
      assert.deepEqual(await sign(CARRIER, KEY, { maxAge }), CARRIER);
    }
    const buffer = new TextEncoder().encode(KEY).buffer;
    assert.equal((await verify(signed, buffer)).refused, undefined, 'an ArrayBuffer is a key');
  });

  test('signing again replaces the signature', async () => {
    const twice = await sign(await sign(CARRIER, OTHER), KEY);
    assert.equal((await verify(twice, KEY)).refused, undefined);
  });
});

describe('a carrier is refused, with a code, counted, and never by a throw', () => {
  const cases: Record<string, [unknown, string]> = {
    nothing: [undefined, 'missing'],
    null: [null, 'missing'],
    'an empty object': [{}, 'missing'],
    'a text': [TRACEPARENT, 'malformed'],
    'a number as a field': [{ traceparent: 7 }, 'malformed'],
    'a line end in a field': [{ traceparent: `${TRACEPARENT}\nx` }, 'malformed'],
    'a field without end': [{ traceparent: TRACEPARENT, baggage: 'a'.repeat(8193) }, 'malformed'],
    'what throws when it is read': [
      new Proxy({}, { get: () => assert.fail('read') }),
      'malformed',
    ],
    'no signature': [CARRIER, 'unsigned'],
    'a signature of another kind': [{ ...CARRIER, [SIGNATURE]: 'v2.1.x' }, 'malformed'],
    'a signature that is cut': [
      { ...CARRIER, [SIGNATURE]: signature(CARRIER, inAnHour(), KEY).slice(0, -1) },
      'malformed',
    ],
    expired: [
      { ...CARRIER, [SIGNATURE]: signature(CARRIER, inAnHour() - 3_601, KEY) },
      'expired',
    ],
    'a later expiry than was signed': [
      {
        ...CARRIER,
        [SIGNATURE]: signature(CARRIER, 1, KEY).replace('v1.1.', `v1.${inAnHour()}.`),
      },
      'bad_signature',
    ],
    'for an audience': [
      { ...CARRIER, [SIGNATURE]: signature(CARRIER, inAnHour(), KEY, 'jobs') },
      'bad_signature',
    ],
  };
  for (const field of ['traceparent', 'tracestate', 'baggage'] as const) {
    const good = { ...CARRIER, [SIGNATURE]: signature(CARRIER, inAnHour(), KEY) };
    cases[`another ${field}`] = [{ ...good, [field]: `${CARRIER[field]}0` }, 'bad_signature'];
    if (field === 'traceparent') continue;
    cases[`no ${field} any more`] = [{ ...good, [field]: undefined }, 'bad_signature'];
  }
  for (const [name, [given, code]] of Object.entries(cases)) {
    test(name, async () => {
      const before = refusedCarriers() as Record<string, number>;
      assert.deepEqual(await verify(given, KEY), { carrier: {}, refused: code });
      const counts = { ...before, [code]: before[code] + 1 };
      assert.deepEqual(refusedCarriers(), counts);
    });
  }

  test('a signature of each other byte', async () => {
    const good = signature(CARRIER, inAnHour(), KEY);
    const at = good.lastIndexOf('.') + 1;
    // The last character holds four bits; the others six.
    for (let i = at; i < good.length - 1; i++) {
      const other = good[i] === 'A' ? 'B' : 'A';
      const forged = { ...CARRIER, [SIGNATURE]: good.slice(0, i) + other + good.slice(i + 1) };
      assert.equal((await verify(forged, KEY)).refused, 'bad_signature', `${i - at}`);
    }
  });

  test('keys that are none', async (t) => {
    const said = t.mock.method(console, 'warn', () => {});
    const none = [undefined, null, '', 'fifteen bytes!!', new Uint8Array(15), {}, 7];
    for (const key of none as never[]) {
      assert.deepEqual(await sign(CARRIER, key), CARRIER, 'unsigned');
      const signed = await sign(CARRIER, KEY);
      assert.equal((await verify(signed, key)).refused, 'bad_key');
      assert.equal((await verify(signed, [key])).refused, 'bad_key');
    }
    assert.equal(said.mock.callCount(), 1, 'said once');
    assert.match(`${said.mock.calls[0].arguments}`, /carriers are not signed: .*16 bytes/);
    assert.deepEqual(await sign({}, KEY), {}, 'there is nothing to sign');
    assert.deepEqual(await sign(null as never, KEY), {});
  });
});
