// The measuring of scripts/size: prints a table, or with --json an array, and leaves the array in
// build/size.json; exit 1 over budget. The budget is what the last reviewed change reached, so that
// nothing grows unseen; the goal is where the project means to get, and missing it is only told.
// Every bundle is also looked through for what may not be in it (size-leaks.mjs).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { gzipSize } from './gzip.mjs';
import { bundle } from './size-bundle.mjs';
import { leaks, rules, stale } from './size-leaks.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const budget = JSON.parse(readFileSync(join(root, 'tests/size/budget.json'), 'utf8'));
const forbidden = rules(JSON.parse(readFileSync(join(root, 'tests/size/forbidden.json'), 'utf8')));
const manifest = JSON.parse(readFileSync(join(root, 'js/package.json'), 'utf8'));

const sizes = (bytes) => ({
  raw: bytes.length,
  gzip: gzipSize(bytes),
  brotli: brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }).length,
});

const wasmBytes = readFileSync(join(root, 'js/dist/core.wasm'));
const wasm = sizes(wasmBytes);
const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasmBytes)).length;
const rows = [
  {
    name: 'core.wasm',
    ...wasm,
    imports,
    limit: budget.wasm.gzip,
    goal: budget.wasm.goal,
    measured: wasm.gzip,
  },
];

const entries = Object.keys(manifest.exports)
  .filter((path) => !/\.(wasm|json)$/.test(path))
  .map((path) => `edgespan${path.slice(1)}`);
// What each dialect adds to a bundle that imports it.
const tables = readFileSync(join(root, 'js/dist/destinations/dialects.gen.js'), 'utf8');
const dialects = [...tables.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
const sources = [
  ...entries.map((name) => [name, { source: `export * from '${name}';` }]),
  ...dialects.map((name) => [
    `dialect ${name}`,
    { source: `export { ${name} } from 'edgespan/dialects';` },
  ]),
  ...Object.entries(budget.entries),
];
const leaked = [];
// A budget is of the JavaScript with the wasm, or (`gzip`) of the JavaScript beside it.
for (const [name, { source, gzipWithWasm, gzip, goal }] of sources) {
  const { bytes, withWasm } = await bundle(source);
  const js = sizes(bytes);
  leaked.push(...leaks(name, bytes, forbidden));
  rows.push({
    name,
    ...js,
    gzipWithWasm: js.gzip + (withWasm ? wasm.gzip : 0),
    ...(gzipWithWasm === undefined
      ? {}
      : { limit: gzipWithWasm, goal, measured: js.gzip + wasm.gzip, withWasm }),
    ...(gzip === undefined ? {} : { limit: gzip, goal, measured: js.gzip }),
  });
}

// What each destination costs: an exporter with it alone, less the same with otlp().
const oneDestination = budget.entries['edgespan/mastra, one destination'].source;
const withOtlp = sizes((await bundle(oneDestination)).bytes);
const { NAMES } = await import('./destinations.mjs');
for (const name of NAMES) {
  if (name === 'otlp') continue;
  const { bytes } = await bundle(oneDestination.replaceAll(/\botlp\b/g, name));
  const js = sizes(bytes);
  const more = Object.fromEntries(Object.keys(js).map((size) => [size, js[size] - withOtlp[size]]));
  leaked.push(...leaks(`${name}() over otlp()`, bytes, forbidden));
  rows.push({ name: `${name}() over otlp()`, ...more });
}
leaked.push(...(await stale(forbidden, bundle)));

const problems = rows
  .filter((row) => row.limit !== undefined && row.measured > row.limit)
  .map((row) => `${row.name}: ${row.measured} bytes gzip, the budget is ${row.limit}`);
if (imports > budget.wasm.imports) problems.push(`core.wasm: ${imports} imports`);
for (const row of rows.filter((r) => r.withWasm === false)) {
  problems.push(`${row.name}: its bundle does not import core.wasm; the measurement is not true`);
}

const data = `${JSON.stringify(rows, null, 2)}\n`;
mkdirSync(join(root, 'build'), { recursive: true });
writeFileSync(join(root, 'build/size.json'), data);
if (process.argv.includes('--json')) {
  process.stdout.write(data);
} else {
  console.log('bytes                                    raw    gzip  brotli  gzip+wasm   budget     goal');
  for (const row of rows) {
    const cells = [row.raw, row.gzip, row.brotli].map((n) => String(n).padStart(7));
    const whole = String(row.gzipWithWasm ?? '').padStart(10);
    const bars = [row.limit, row.goal].map((n) => String(n ?? '').padStart(8));
    console.log(`${row.name.padEnd(37)}${cells.join(' ')} ${whole} ${bars.join(' ')}`);
  }
  console.log(`core.wasm has ${imports} imports`);
}
for (const row of rows.filter((r) => r.goal !== undefined && r.measured > r.goal)) {
  console.error(`short of its goal: ${row.name}: ${row.measured} bytes gzip, the goal is ${row.goal}`);
}
for (const problem of problems) console.error(`over budget: ${problem}`);
for (const leak of leaked) console.error(`what must not be there: ${leak}`);
process.exit(problems.length + leaked.length === 0 ? 0 : 1);
