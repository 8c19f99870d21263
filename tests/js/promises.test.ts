// Every documented promise about what a span says has a test that names its row.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PROMISES } from '../support/promises.ts';

const cwd = fileURLToPath(new URL('..', import.meta.url));

/** The rows that titles begin with, by file: 'row 64: ...', `rows 60-62, ${name}: ...`. */
function rowsIn(file: string): number[] {
  const text = readFileSync(`${cwd}/${file}`, 'utf8');
  return [...text.matchAll(/\b(?:test|it)\(\s*['"`]rows? ([\d, -]*\d)/g)].flatMap(([, rows]) =>
    rows!.split(',').flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }),
  );
}

test('every documented promise has a test that names its row', () => {
  const named = new Set(globSync('{js,runtime}/**/*.test.ts', { cwd }).flatMap(rowsIn));
  const missing = Object.entries(PROMISES).filter(([row]) => !named.has(Number(row)));
  assert.deepEqual(missing, []);
});
