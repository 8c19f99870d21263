// Checks that the npm package holds what its package.json promises: every file that `exports`,
// `imports`, `main` and `types` name, and nothing that must stay at home.
//
//   npm pack --dry-run --json -w edgespan > PACK.json; node check-pack.mjs PACK.json
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const manifest = JSON.parse(readFileSync(join(root, 'js/package.json'), 'utf8'));
const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const pack = Array.isArray(report) ? report[0] : Object.values(report)[0]; // npm 9..11, npm 12
const packed = new Set(pack.files.map((file) => file.path));

// The paths at the leaves of a conditional map.
const targets = (value) =>
  typeof value === 'string'
    ? [value]
    : value === null || value === undefined
      ? []
      : Object.values(value).flatMap(targets);

const promised = [manifest.main, manifest.types, manifest.exports, manifest.imports]
  .flatMap(targets)
  .filter((path) => path.startsWith('./'))
  .map((path) => posix.normalize(path));
const problems = [...new Set(promised)]
  .filter((path) => !packed.has(path))
  .map((path) => `promised by package.json but not packed: ${path}`);
for (const path of ['LICENSE', 'README.md', 'dist/core.wasm', 'dist/redactor.wasm']) {
  if (!packed.has(path)) problems.push(`not packed: ${path}`);
}
for (const path of packed) {
  if (/\.test\.|\.tsbuildinfo$|(^|\/)node_modules\//.test(path)) problems.push(`packed: ${path}`);
}
if (Object.keys(manifest.dependencies ?? {}).length > 0) {
  problems.push('package.json has runtime dependencies; the package must have none');
}

for (const problem of problems) console.error(`npm pack: ${problem}`);
const kib = (bytes) => (bytes / 1024).toFixed(1);
console.log(
  `${pack.filename}: ${packed.size} files, ${kib(pack.size)} KiB packed, ${kib(pack.unpackedSize)} KiB unpacked`,
);
process.exit(problems.length === 0 ? 0 : 1);
