// Who hears of a trace.
import assert from 'node:assert/strict';
import { test } from 'node:test';

const { isAddressed } = (await import(new URL('../../js/dist/http/propagate.js', import.meta.url).href)) as {
  isAddressed(propagate: unknown, url: URL): boolean;
};
const { ownHosts } = (await import(new URL('../../js/dist/vercel/resource.js', import.meta.url).href)) as {
  ownHosts(env: object): Set<string>;
};

const cases: [unknown, string, boolean][] = [
  [true, 'https://any.example/', true],
  [false, 'https://any.example/', false],
  [[], 'https://any.example/', false],
  [['https://api.example'], 'https://api.example/v1?a=1', true],
  [['https://api.example'], 'https://api.example.evil.example/', false],
  [['https://api.example'], 'https://api.example@evil.example/', false],
  [['https://api.example'], 'http://api.example/', false],
  [['https://api.example'], 'https://api.example:8443/', false],
  [['https://api.example/v1/'], 'https://api.example/v1/orders', true],
  [['https://api.example/v1/'], 'https://api.example/v2', false],
  [['api.example'], 'http://api.example/', true],
  [['API.example'], 'http://api.example/', true],
  [['api.example:8443'], 'https://api.example:8443/', true],
  [['localhost:3000'], 'http://localhost:3000/x', true],
  [['api.example'], 'https://api.example.evil.example/', false],
  [[/\.example\/v\d/], 'https://api.example/v1', true],
  [(url: URL) => url.port === '', 'https://api.example/', true],
];
for (const [propagate, url, expected] of cases) {
  const what = Array.isArray(propagate) ? propagate.join(' ') || 'nobody' : String(propagate);
  test(`${what}: ${url}: ${expected}`, () => {
    assert.equal(isAddressed(propagate, new URL(url)), expected);
  });
}

test('an expression that remembers where it was finds every address', () => {
  const propagate = [/own/g];
  for (let i = 0; i < 3; i++) assert.equal(isAddressed(propagate, new URL('https://own.example/')), true);
});

test('own deployments, by Vercel’s variables', () => {
  const hosts = ownHosts({ VERCEL_URL: 'Shop-7.vercel.app', VERCEL_BRANCH_URL: '', VERCEL_PROJECT_PRODUCTION_URL: 'shop.example' });
  assert.deepEqual([...hosts], ['shop-7.vercel.app', 'shop.example']);
});

test('an expression that goes on where it stopped (`g`) tells each request alike', () => {
  const url = new URL('https://api.example/v1');
  const propagate = [/example/g];
  assert.deepEqual([1, 2, 3].map(() => isAddressed(propagate, url)), [true, true, true]);
});
