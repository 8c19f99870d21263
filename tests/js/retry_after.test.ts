/** What a Retry-After header asks for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../../js/dist/core/retry_after.js';

const MOST = 2 ** 32 - 1;
const NOW = Date.parse('1994-11-06T08:48:20Z');
const wait = (header: string) => retryAfterMs(header, NOW);

test('seconds', () => {
  assert.equal(wait('120'), 120_000);
  assert.equal(wait('  7 '), 7000);
  assert.equal(wait('0'), 0);
  assert.equal(wait('1.5'), 1000);
  assert.equal(wait('4294967'), 4_294_967_000);
  assert.equal(wait('4294968'), MOST);
  assert.equal(wait('99999999999999999999999999'), MOST);
  for (const text of ['', '   ', '-5', 'soon', 'Sun', 'next year 2040', '\u00ff', 'GMT, 1 2 3 4 5']) {
    assert.equal(wait(text), 0, text);
  }
});

test("dates in HTTP's three formats, whatever the time zone here", () => {
  const zone = process.env['TZ'];
  process.env['TZ'] = 'Pacific/Auckland';
  try {
    assert.equal(wait('Sun, 06 Nov 1994 08:49:37 GMT'), 77_000);
    assert.equal(wait('Sun Nov  6 08:49:37 1994'), 77_000);
    assert.equal(wait('Sunday, 06-Nov-94 08:49:37 GMT'), 77_000);
    assert.equal(retryAfterMs('Sunday, 06-Nov-26 08:49:37 GMT', 1793954900_000), 77_000);
    assert.equal(wait('Sun, 06 Nov 1994 08:48:20 GMT'), 0);
    assert.equal(wait('Sun, 06 Nov 1994 08:48:19 GMT'), 0);
    assert.equal(wait('Thu, 01 Jan 1900 00:00:01 GMT'), 0);
    assert.equal(wait('Fri, 31 Dec 9999 23:59:59 GMT'), MOST);
    assert.equal(wait('Sun, 06 Nov 1994 08:49'), 0);
    assert.equal(wait('Sun, 06 Nox 1994 08:49:37 GMT'), 0);
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});
