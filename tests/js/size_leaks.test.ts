// What scripts/size finds in bundles that have what they may not, and in rules that look for nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bundle } from '../../scripts/lib/size-bundle.mjs';
import { leaks, rules, stale } from '../../scripts/lib/size-leaks.mjs';

const forbidden = JSON.parse(
  readFileSync(new URL('../size/forbidden.json', import.meta.url), 'utf8'),
);
const budget = JSON.parse(readFileSync(new URL('../size/budget.json', import.meta.url), 'utf8'));
const all = rules(forbidden);
const row = 'edgespan/mastra, one destination';
const { source } = budget.entries[row];

const leakedBy = async (more: string, conditions?: string[]): Promise<string[]> => {
  const { bytes } = await bundle(`${more} ${source}`, conditions);
  return leaks(row, bytes, all).map((leak: string) => leak.slice(row.length + ': its bundle has '.length));
};

test('a plain exporter has nothing of what others import', async () => {
  assert.deepEqual(await leakedBy(''), []);
});

test('what leaks into it is told by name', async () => {
  const more = `export { langfuse } from 'edgespan/destinations';
    export { kvSpool } from 'edgespan/spool';
    export { logs } from 'edgespan/signals';
    export { Buffer } from 'node:buffer';`;
  assert.deepEqual((await leakedBy(more)).sort(), [
    'an import of Node\'s (from"node:)',
    'destination langfuse (LANGFUSE_PUBLIC_KEY)',
    'dialect langfuse (langfuse.observation.type=generation)',
    'logs (logRecords)',
    'signals (an outbox takes nothing back)',
    'stores for a spool (expirationTtl)',
  ]);
});

test('so is the core as text, which a Worker must not carry', async () => {
  assert.deepEqual(await leakedBy('', ['default']), ['the core as text (AGFzbQEAAAA)']);
});

test('what a row may have, it may have; others not', async () => {
  const { bytes } = await bundle(`export { langfuse } from 'edgespan/destinations';`);
  assert.deepEqual(leaks('langfuse() over otlp()', bytes, all), []);
  assert.equal(leaks('honeycomb() over otlp()', bytes, all).length, 2);
});

test('a string that is nowhere any more is told', async () => {
  const witness = `export { langfuse } from 'edgespan/destinations';`;
  const list = rules({
    parts: { 'a part': { strings: ['LANGFUSE_PUBLIC_KEY', 'LANGFUSE_KEY_OF_OLD'], witness } },
    destinations: {},
    dialects: {},
  });
  assert.deepEqual(await stale(list, bundle), [
    'forbidden.json: a part has no LANGFUSE_KEY_OF_OLD any more',
  ]);
});
