// Fills the measured figures of README.md, wasm/README.md and docs/performance.md and the tables of
// docs/packaging.md and docs/scale.md (with its plot), so that none is ever typed by hand.
// Each file has one block between figures:begin and figures:end; it ends with a digest of itself, by
// which tests/js/docs.test.ts tells a block that was edited from one that was measured.
//
//   scripts/size; scripts/bench; scripts/packaging --full; node tests/bench/scale.mjs
//   node scripts/lib/figures.mjs
//
// Reads build/size.json, build/bench.json, build/packaging.json, build/scale.json, build/compare.json or
// else the core.wasm of both toolchains below build/. A dash stands for what was not measured: never, before js/dist was last built, or by a
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
import { acceptanceTable, profileTable, resultTables, WHAT } from '../../tests/bench/print.mjs';
import { plot, tables } from '../../tests/bench/scale/report.mjs';
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
  for (const [name, { goal, gzip }] of Object.entries(budget.entries)) {
    if (goal === undefined) continue;
    const row = sizes.find((other) => other.name === name);
    const what = `${name}: JS, minified, ${gzip ? 'beside the' : 'and'} wasm, gzip -9`;
    rows.push([what, kib(row?.measured), `≤ ${kib(goal)}`, '`scripts/size`']);
  }
  const [full] = bench?.acceptance ?? [];
  for (const { workload, bar, figure } of full?.cells ?? []) {
    const row = `CPU of \`@mastra/otel-exporter\` ${official} over ours: ${WHAT[workload]}`;
    rows.push([row, times(figure), `≥ ${times(bar)}`, '`scripts/bench`']);
  }
  if (!bench) {
    rows.push([`CPU of \`@mastra/otel-exporter\` ${official} over ours`, '–', '', '`scripts/bench`']);
  }
  const how = bench
    ? `Ratios on Node ${bench.node.replace(/^v/, '')}, each exporter in a process of its own. Where a figure misses its goal, so does the project, for now.`
    : 'A dash: not measured with this build.';
  return `${table(rows)}\n\n${how}`;
}

function performanceFigures() {
  const bench = measurement('build/bench.json');
  if (!bench) return undefined;
  const { node, v8, cpu, acceptance, results, profiles, notes } = bench;
  const machine = `Node ${node.replace(/^v/, '')} (V8 ${v8}), ${cpu}.`;
  const parts = [acceptanceTable(acceptance), ...notes, `Everything measured, on ${machine}`];
  return [...parts, resultTables(results), profileTable(profiles)].join('\n\n');
}

/** Compilers and levels, as wasm/compare measured them; without that, the sizes of what is built. */
function wasmFigures() {
  const shipped = { clang: 'clang 19, `wasi`', emscripten: 'Emscripten 3.1.6, `wasm`' };
  const nameOf = (name) => {
    const [compiler, level] = name.split('-');
    return level ? `${shipped[compiler]}, all of it \`-${level}\`` : shipped[compiler];
  };
  const us = ({ all, core }) => `${all.toFixed(0)} / ${core.toFixed(0)} µs`;
  const compared = measurement('build/compare.json');
  const rows = [
    ['`core.wasm`', 'raw', 'gzip -9', 'brotli', 'W1', 'W2', 'W3'],
    Array(7).fill('---'),
  ];
  const measured = compared ?? [
    { name: 'clang', path: 'build/wasi/wasm/core.wasm' },
    { name: 'emscripten', path: 'build/wasm/wasm/core.wasm' },
  ];
  for (const { name, path, raw, gzip, brotli, W1, W2, W3 } of measured) {
    const bytes = path && existsSync(join(root, path)) ? readFileSync(join(root, path)) : undefined;
    const sizes = bytes
      ? [bytes.length, gzipSize(bytes), brotliCompressSync(bytes).length]
      : [raw, gzip, brotli];
    const times = [W1, W2, W3].map((time) => (time ? us(time) : '–'));
    rows.push([nameOf(name), ...sizes.map(kib), ...times]);
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

function scaleTables() {
  const scale = measurement('build/scale.json');
  if (!scale) return undefined;
  writeFileSync(join(root, 'docs/scale.svg'), plot(scale));
  return tables(scale);
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
  fill('docs/performance.md', performanceFigures());
  fill('wasm/README.md', wasmFigures());
  fill('docs/packaging.md', packagingTable());
  fill('docs/scale.md', scaleTables());
}
