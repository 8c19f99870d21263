// Our exporter's full path against the official one's: ratios as a table and, in build/bench.json, as
// data. What is timed and how to read it: README.md beside this file.
//
//   node tests/bench/run.mjs [options]
//     --quick              fewer samples: under 2 minutes
//     --gate               exit 1 when a ratio is below its bar
//     --only W1,W3         these workloads (W1, W2, W2U, W3, W4)
//     --against DIR        also measure another build of the package: DIR holds package.json and dist
//     --out FILE           the data; build/bench.json by default
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compare } from './check.ts';
import { sources } from './workloads.ts';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    only: { type: 'string', default: 'W1,W2,W2U,W3,W4' },
    against: { type: 'string' },
    out: { type: 'string', default: resolve(here, '../../build/bench.json') },
  },
});
if (options.help) {
  console.log('options: --quick --gate --only W1,W2,W2U,W3,W4 --against DIR --out FILE');
  process.exit(0);
}

/** What the gate asks of official / edgespan, at their medians. */
const BARS = { W1: 4.5, W2: 6, W3: 4 };
const WHAT = {
  W1: 'one agent turn: 8 spans, 2 kB of text',
  W2: 'a long turn: 30 spans, 60 kB of text',
  W2U: 'W2 with 2 % of the words beyond ASCII',
  W3: 'documents: 200 spans, 1 MB of text, 12 % of the words beyond ASCII',
  W4: 'recorded runs of Mastra, the mean of all',
};
/** Timed rounds after warm-up rounds, in which V8 compiles what is hot. */
const ROUNDS = options.quick
  ? { W1: [41, 20], W2: [41, 20], W2U: [15, 8], W3: [15, 6], W4: [31, 15] }
  : { W1: [81, 20], W2: [81, 20], W2U: [61, 20], W3: [41, 8], W4: [81, 20] };
// Freed pages stay with the process: otherwise every candidate pays for page faults of its fresh
// output now and then, and the distribution has two humps.
const MALLOC = {
  MALLOC_TOP_PAD_: '67108864',
  MALLOC_TRIM_THRESHOLD_: '1073741824',
  MALLOC_MMAP_THRESHOLD_: '1073741824',
};

const workloads = options.only.split(',');
for (const name of workloads) {
  if (!(name in WHAT)) throw new Error(`no workload "${name}"`);
}
const names = ['edgespan', 'official', 'official-json', 'stringify'];
if (options.against) names.splice(1, 0, `edgespan=${resolve(options.against)}`);

/** A candidate's process: ask() it one thing at a time. */
async function start(name) {
  const child = fork(`${here}/worker.ts`, [name], {
    env: { ...process.env, ...MALLOC },
    // Collections on the thread whose time is taken, as in an isolate.
    execArgv: ['--expose-gc', '--single-threaded-gc'],
    serialization: 'advanced',
  });
  const next = () =>
    new Promise((done, fail) => {
      const ended = (code) => fail(new Error(`${name} ended with ${code}`));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        done(message);
      });
    });
  await next();
  const ask = (order) => {
    const answer = next();
    child.send(order);
    return answer;
  };
  return { name, ask, stop: () => child.kill() };
}

/** Bodies of every source, ours against the official one's; returns their mean sizes. */
async function check(workload, candidates) {
  const faults = [];
  const sizes = new Map(names.map((name) => [name, 0]));
  const list = sources(workload);
  for (const [index, source] of list.entries()) {
    const bodies = new Map();
    for (const { name, ask } of candidates) bodies.set(name, await ask({ workload, body: index }));
    for (const [name, body] of bodies) {
      sizes.set(name, sizes.get(name) + (body.length ?? body) / list.length);
      if (!name.startsWith('edgespan')) continue;
      const lines = compare(bodies.get('official'), body);
      faults.push(...lines.map((line) => `${name}, ${source.name}: ${line}`));
    }
  }
  if (faults.length > 0) {
    console.error(faults.slice(0, 30).join('\n'));
    throw new Error(`${workload}: ${faults.length} differences; nothing was timed`);
  }
  return sizes;
}

async function measure(workload, candidates) {
  const sizes = await check(workload, candidates);
  const times = new Map(names.map((name) => [name, []]));
  const [rounds, warm] = ROUNDS[workload];
  for (let round = 0; round < warm + rounds; round++) {
    for (const { name, ask } of candidates) {
      const time = await ask({ workload });
      if (round >= warm) times.get(name).push(time);
    }
  }
  const list = sources(workload);
  const mean = list.reduce((sum, source) => sum + source.spans, 0) / list.length;
  const quantiles = (list) => {
    const sorted = [...list].sort((a, b) => a - b);
    return [0.1, 0.5, 0.9].map((share) => sorted[Math.floor((sorted.length - 1) * share)]);
  };
  const rows = names.map((name) => {
    const [p10, median, p90] = quantiles(times.get(name));
    const usPerSpan = median / mean;
    return { name, median, p10, p90, usPerSpan, bodyBytes: sizes.get(name) };
  });
  const official = rows.find(({ name }) => name === 'official');
  for (const row of rows) row.ratio = official.median / row.median;
  return { workload, what: WHAT[workload], rounds, bar: BARS[workload], rows };
}

function print({ workload, what, rounds, bar, rows }) {
  console.log(`\n${workload}: ${what} (${rounds} samples)`);
  console.log(
    `${''.padEnd(24)}${'us/run'.padStart(10)}${'p10'.padStart(10)}${'p90'.padStart(10)}` +
      `${'us/span'.padStart(9)}${'body kB'.padStart(9)}${'official/x'.padStart(12)}`,
  );
  for (const { name, median, p10, p90, usPerSpan, bodyBytes, ratio } of rows) {
    const short = name.length > 22 ? `…${name.slice(-21)}` : name;
    const verdict = name !== 'edgespan' || !bar ? '' : ratio < bar ? `  below ${bar}` : `  (bar ${bar})`;
    console.log(
      short.padEnd(24) +
        [median, p10, p90].map((time) => time.toFixed(1).padStart(10)).join('') +
        usPerSpan.toFixed(2).padStart(9) +
        (bodyBytes / 1000).toFixed(1).padStart(9) +
        `${ratio.toFixed(2)}x`.padStart(12) +
        verdict,
    );
  }
}

const machine = { node: process.version, v8: process.versions.v8, cpu: cpus()[0]?.model ?? '' };
console.log(`node ${machine.node}, V8 ${machine.v8}, ${cpus().length} x ${machine.cpu}`);
const candidates = [];
try {
  for (const name of names) candidates.push(await start(name));
  const results = [];
  for (const workload of workloads) {
    const result = await measure(workload, candidates);
    results.push(result);
    print(result);
  }
  mkdirSync(dirname(resolve(options.out)), { recursive: true });
  const data = { ...machine, quick: options.quick, results };
  writeFileSync(options.out, `${JSON.stringify(data, null, 2)}\n`);
  const below = results.filter(({ bar, rows }) => rows[0].ratio < bar);
  for (const { workload, bar, rows } of below) {
    console.log(`\n${workload} is ${rows[0].ratio.toFixed(2)}x, its bar ${bar}x`);
  }
  if (options.gate && below.length > 0) process.exitCode = 1;
} finally {
  for (const { stop } of candidates) stop();
}
