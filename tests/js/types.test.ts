// The public types, compiled by TypeScript against Mastra's own: under both module resolutions that
// users have, and without any type of ours needing ambient declarations.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
const file = fileURLToPath(new URL('./types_check.ts', import.meta.url));

function compile(...args: string[]): string {
  const common = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022'];
  try {
    execFileSync(process.execPath, [tsc, ...common, ...args, file], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

for (const resolution of [
  ['--module', 'nodenext'],
  ['--module', 'esnext', '--moduleResolution', 'bundler'],
]) {
  test(`the exporter is Mastra's ObservabilityExporter: ${resolution.join(' ')}`, () => {
    assert.equal(compile(...resolution, '--types', 'node', '--lib', 'es2022,dom,dom.iterable'), '');
  });
}
