// Whether cost grows as its cause does: time of a run by its spans (1 to 10,000) and by its text (10 B
// to 8 MB) and by the runs that are open beside it, memory by open runs; time of redaction by a text's
// size (1 kB to 8 MB), and what it costs of encoding. Prints tables and leaves build/scale.json, from
// which scripts/lib/figures.mjs makes docs/scale.md's tables and plot; exit 1 when the largest runs or
// texts cost more than 1.5 times as much, a span or a byte, as those in the middle, or one beside others
// than one alone.
//
//   node tests/bench/scale.mjs           three minutes, after scripts/build
//   node tests/bench/scale.mjs --quick   fewer sizes, no workerd; not kept
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { growth, tables } from './scale/report.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const quick = process.argv.includes('--quick');
const LIMIT = 1.5;

const SPANS = quick ? [1, 100, 10_000] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10_000];
const TEXT = quick
  ? [10, 100_000, 8e6]
  : [10, 100, 1e3, 3e3, 10_000, 30_000, 100_000, 300_000, 1e6, 2e6, 4e6, 8e6];
const BESIDE = quick ? [0, 1_000] : [0, 10, 100, 200, 500, 1_000];
const REDACTED = quick
  ? [1e3, 64e3, 1e6]
  : [1e3, 4e3, 16e3, 64e3, 256e3, 1e6, 2e6, 4e6, 8e6];
const OPEN = { W1: [1, 128, 1_100], W2: [1, 64, 1_100], W3: [1, 4, 1_100] };

const run = (file, flags, args) => {
  console.error(`${file} ${args.slice(0, 2).join(' ')}`);
  const command = [...flags, join(here, 'scale', file), ...args.map(String)];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' }));
};
const measure = (...args) => run('measure.mjs', ['--expose-gc'], args);

const data = {
  node: process.version,
  time: {
    spans: measure('spans', 'incremental', ...SPANS),
    whole: measure('spans', 'whole', ...SPANS),
    text: measure('text', 'incremental', ...TEXT),
    mixed: measure('mixed', 'incremental', ...TEXT),
  },
  beside: measure('beside', 'incremental', ...BESIDE),
  redaction: run('redaction.mjs', ['--expose-gc'], REDACTED),
  cost: run('cost.mjs', ['--expose-gc'], quick ? ['W2'] : ['W1', 'W2', 'W2U', 'W3']),
  open: {},
};
for (const [workload, counts] of Object.entries(OPEN)) {
  data.open[workload] = {
    Node: measure('open', workload, ...counts),
    ...(quick ? {} : { workerd: run('workerd.mjs', [], [workload, ...counts]) }),
  };
}

console.log(tables(data));
if (!quick) {
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(join(root, 'build/scale.json'), `${JSON.stringify(data, null, 2)}\n`);
}
for (const [name, ratio] of growth(data)) {
  if (ratio <= LIMIT) continue;
  console.error(`not linear: ${name}: ${ratio.toFixed(2)} times what it should be`);
  process.exitCode = 1;
}
