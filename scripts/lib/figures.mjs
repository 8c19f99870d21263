// Fills the measured figures of README.md and wasm/README.md and the table of docs/packaging.md, so that
// none is ever typed by hand.
// Each file has one block between figures:begin and figures:end; it ends with a digest of itself, by
// which tests/js/docs.test.ts tells a block that was edited from one that was measured.
//
//   scripts/size; scripts/bench; scripts/packaging --full; node scripts/lib/figures.mjs
//
// Reads build/size.json, build/bench.json, build/packaging.json and the core.wasm of both toolchains
// below build/. A dash stands for what was not measured: never, before js/dist was last built, or by a
// quick run. Of consumers that were not run the table says so; without a run at all it stays.
import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { gzipSize } from './gzip.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const BLOCK = /<!-- figures:begin -->\n([\s\S]*?)\n<!-- digest (\w*) -->\n<!-- figures:end -->/;

const digest = (content) => createHash('sha256').update(content).digest('hex').slice(0, 16);
const json = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const changed = (path) => statSync(join(root, path)).mtimeMs;
const kib = (bytes) => (bytes === undefined ? '–' : `${(bytes / 1024).toFixed(1)} KiB`);
const times = (ratio) => (ratio === undefined ? '–' : `${ratio.toFixed(1)} x`);
const table = (rows) => rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Whether `text` has a block, and nobody touched what it says. */
export function isMeasured(text) {
  const block = BLOCK.exec(text);
  return block !== null && digest(block[1]) === block[2];
}

/** A measurement of the package as it is built now, or undefined. */
function measurement(path) {
  if (!existsSync(join(root, path))) return undefined;
  const files = readdirSync(join(root, 'js/dist'), { recursive: true, encoding: 'utf8' });
  const built = Math.max(...files.map((file) => changed(join('js/dist', file))));
  const data = changed(path) < built ? undefined : json(path);
  if (data && !data.quick) return data;
  console.log(`${path}: ${data ? 'a quick run' : 'older than js/dist'}, not used`);
  return undefined;
}

function readmeFigures() {
  const sizes = measurement('build/size.json') ?? [];
  const bench = measurement('build/bench.json');
  const budget = json('tests/size/budget.json');
  const official = json('tests/package.json').devDependencies['@mastra/otel-exporter'];
  const core = sizes.find((row) => row.name === 'core.wasm');
  const rows = [
    ['measured', 'figure', 'goal', 'command'],
    ['---', '---', '---', '---'],
    ['`core.wasm`, gzip -9', kib(core?.gzip), `≤ ${kib(budget.wasm.goal)}`, '`scripts/size`'],
    ['its imports', core?.imports ?? '–', budget.wasm.imports, '`scripts/size`'],
  ];
  for (const [name, { goal }] of Object.entries(budget.entries)) {
    if (goal === undefined) continue;
    const row = sizes.find((other) => other.name === name);
    const what = `${name}: JS, minified, and wasm, gzip -9`;
    rows.push([what, kib(row?.gzipWithWasm), `≤ ${kib(goal)}`, '`scripts/size`']);
  }
  // Workloads with a bar; without a measurement there is nothing to name them by.
  for (const { what, bar, rows: measured } of bench?.results.filter((one) => one.bar) ?? []) {
    const own = measured.find(({ name }) => name === 'edgespan');
    const row = `CPU of \`@mastra/otel-exporter\` ${official} over ours: ${what}`;
    rows.push([row, times(own?.ratio), `≥ ${times(bar)}`, '`scripts/bench`']);
  }
  if (!bench) {
    rows.push([`CPU of \`@mastra/otel-exporter\` ${official} over ours`, '–', '', '`scripts/bench`']);
  }
  const how = bench
    ? `Ratios on Node ${bench.node.replace(/^v/, '')}, each exporter in a process of its own. Where a figure misses its goal, so does the project, for now.`
    : 'A dash: not measured with this build.';
  return `${table(rows)}\n\n${how}`;
}

function wasmFigures() {
  const rows = [
    ['`core.wasm`', 'raw', 'gzip -9', 'brotli'],
    ['---', '---', '---', '---'],
  ];
  const compilers = { wasi: 'clang 19, `wasi`', wasm: 'Emscripten, `wasm`' };
  for (const [preset, name] of Object.entries(compilers)) {
    const path = join(root, `build/${preset}/wasm/core.wasm`);
    const bytes = existsSync(path) ? readFileSync(path) : undefined;
    const packed = bytes && [gzipSize(bytes), brotliCompressSync(bytes).length];
    rows.push([name, ...[bytes?.length, ...(packed ?? [undefined, undefined])].map(kib)]);
  }
  return table(rows);
}

function packagingTable() {
  const packaging = measurement('build/packaging.json');
  if (!packaging) return undefined;
  const rows = [
    ['consumer', 'with', 'result'],
    ['---', '---', '---'],
  ];
  for (const { row, versions, result, detail } of packaging.results) {
    const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    const why = result === 'skipped' || result === 'broken' ? `: ${detail}` : '';
    rows.push([row, list.join(', '), result + why]);
  }
  return table(rows);
}

function fill(path, content) {
  if (content === undefined) return;
  const before = readFileSync(join(root, path), 'utf8');
  if (!BLOCK.test(before)) throw new Error(`${path} has no block of figures`);
  const end = `<!-- digest ${digest(content)} -->\n<!-- figures:end -->`;
  const block = `<!-- figures:begin -->\n${content}\n${end}`;
  const after = before.replace(BLOCK, () => block);
  if (after !== before) writeFileSync(join(root, path), after);
  console.log(`${path}: ${after === before ? 'as it was' : 'filled'}`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  fill('README.md', readmeFigures());
  fill('wasm/README.md', wasmFigures());
  fill('docs/packaging.md', packagingTable());
}
