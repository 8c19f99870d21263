// The types of edgespan/otel against those of OpenTelemetry's API and SDK, as users compile them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const file = fileURLToPath(new URL('./otel_types_check.ts', import.meta.url));
const OPTIONS = '--ignoreConfig --noEmit --strict --skipLibCheck --target es2022 --types node --lib es2022,dom';

for (const resolution of ['--module nodenext', '--module esnext --moduleResolution bundler']) {
  test(`ours are theirs, and theirs fit ours: ${resolution}`, () => {
    let said = '';
    try {
      execFileSync(process.execPath, [tsc, ...OPTIONS.split(' '), ...resolution.split(' '), file]);
    } catch (error) {
      said = String((error as { stdout: Buffer }).stdout);
    }
    assert.equal(said, '');
  });
}

test('no declaration imports the API: who has no OpenTelemetry need not install it to compile', () => {
  const dist = fileURLToPath(new URL('../../js/dist/', import.meta.url));
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const importing = (ending: string): string[] =>
    files.filter((name) => name.endsWith(ending) && /from '@opentelemetry/.test(readFileSync(join(dist, name), 'utf8')));
  assert.deepEqual(importing('.d.ts'), []);
  assert.deepEqual(importing('.js'), ['otel/register.js']);
});
