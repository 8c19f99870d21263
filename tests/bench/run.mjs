// What our exporter and our encoder cost beside others', on Node and in workerd: tables, the acceptance
// table, and in build/bench.json the data. What is timed and how to read it: README.md beside this file.
//
//   node tests/bench/run.mjs [options]
//     --quick              fewer samples: under 2 minutes
//     --gate               exit 1 when a ratio is below what was reached before
//     --only W1,W3         these workloads (W1, W2, W2U, W3, W4)
//     --parts full,heap    these parts: full, encoder, workerd, cold, heap, features, profile
//     --against DIR        also measure another build of the package: DIR holds package.json and dist
//     --out FILE           the data; build/bench.json by default
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judged } from './acceptance.mjs';
import { compare } from './check.ts';
import { compareEncoded } from './check_encoded.ts';
import { coldStarts } from './cold.mjs';
import { FEATURE_NAMES } from './features.ts';
import { ENCODERS, inputs } from './inputs.ts';
import { installPeers } from './peers.mjs';
import { printAcceptance, printProfiles, printResult } from './print.mjs';
import { profile } from './profile.mjs';
import { startCandidate, workerdProblem } from './workerd.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const WORKLOADS = 'W1,W2,W2U,W3,W4';
const PARTS = 'full,encoder,workerd,cold,heap,features,profile';
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    only: { type: 'string', default: WORKLOADS },
    parts: { type: 'string', default: PARTS },
    against: { type: 'string' },
    out: { type: 'string', default: resolve(here, '../../build/bench.json') },
  },
});
if (options.help) {
  console.log(`options: --quick --gate --only ${WORKLOADS} --parts ${PARTS} --against DIR --out FILE`);
  process.exit(0);
}
const listOf = (given, all) => {
  const list = given.split(',');
  for (const name of list) if (!all.split(',').includes(name)) throw new Error(`there is no "${name}"`);
  return list;
};
const workloads = listOf(options.only, WORKLOADS);
const parts = listOf(options.parts, PARTS);
const { quick } = options;

/** Timed rounds after warm-up rounds, in which V8 compiles what is hot. */
const ROUNDS = quick
  ? { W1: [17, 12], W2: [13, 9], W2U: [7, 5], W3: [5, 4], W4: [7, 6] }
  : { W1: [61, 20], W2: [41, 15], W2U: [21, 12], W3: [21, 6], W4: [31, 15] };
const IN_WORKERD = quick
  ? { W1: [7, 5], W2: [7, 5], W3: [3, 3] }
  : { W1: [21, 8], W2: [21, 8], W3: [13, 5] };
const STARTS = quick ? 3 : 17;
/** What a row that is not the median stands for: cold starts are told by the quarter that was best. */
const COLD = 0.25;

// Freed pages stay with the process: otherwise every candidate pays for page faults of its fresh
// output now and then, and the distribution has two humps.
const MALLOC = {
  MALLOC_TOP_PAD_: '67108864',
  MALLOC_TRIM_THRESHOLD_: '1073741824',
  MALLOC_MMAP_THRESHOLD_: '1073741824',
};

/** A candidate's process: ask() it one thing at a time. */
async function startNode(name, level, flags = []) {
  const child = fork(`${here}/worker.ts`, [name, level], {
    env: { ...process.env, ...MALLOC },
    // Collections on the thread whose time is taken, as in an isolate.
    execArgv: ['--expose-gc', '--single-threaded-gc', ...flags],
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

/** Candidates while `work` needs them. */
async function withCandidates(names, start, work) {
  const candidates = [];
  try {
    for (const name of names) candidates.push(await start(name));
    return await work(candidates);
  } finally {
    for (const { stop } of candidates) stop();
  }
}

/** Bodies of every source, compared with those of the peer that `level` has; returns mean sizes. */
async function check(workload, level, candidates) {
  const faults = [];
  const list = await inputs(workload, level);
  const some = quick ? list.slice(0, 2) : list;
  const sizes = new Map(candidates.map(({ name }) => [name, 0]));
  for (const { ask } of candidates) await ask({ load: list });
  for (const [index, source] of some.entries()) {
    const bodies = new Map();
    for (const { name, ask } of candidates) bodies.set(name, await ask({ body: index }));
    for (const [name, body] of bodies) {
      sizes.set(name, sizes.get(name) + (body.length ?? body) / some.length);
      let lines = [];
      if (level === 'full' && /^edgespan(=|$)/.test(name)) lines = compare(bodies.get('official'), body);
      if (level === 'encoder' && name !== 'encodeInto') {
        lines = compareEncoded(name, bodies.get('otel-protobuf'), body);
      }
      faults.push(...lines.map((line) => `${name}, ${source.name}: ${line}`));
    }
  }
  if (faults.length > 0) {
    console.error(faults.slice(0, 30).join('\n'));
    throw new Error(`${workload}: ${faults.length} differences; nothing was timed`);
  }
  return sizes;
}

const quantile = (sorted, share) => sorted[Math.floor((sorted.length - 1) * share)];

/** A table: rows in the order of `times`, ratios to `peer`. */
function resultOf(about, times, peer, spans, more = () => ({}), middle = 0.5) {
  const rows = [...times].map(([name, list]) => {
    const sorted = [...list].sort((a, b) => a - b);
    const [p10, median, p90] = [0.1, middle, 0.9].map((share) => quantile(sorted, share));
    return { name, median, p10, p90, perSpan: median / spans, ...more(name) };
  });
  const reference = rows.find(({ name }) => name === peer).median;
  for (const row of rows) row.ratio = reference / row.median;
  const result = { ...about, rounds: [...times.values()][0].length, peer, rows };
  results.push(result);
  printResult(result);
}

async function spansOf(workload, level) {
  const list = await inputs(workload, level);
  return list.reduce((sum, source) => sum + source.spans, 0) / list.length;
}

/** Warm: samples in turn. */
async function measure(workload, level, host, peer, candidates, [rounds, warm]) {
  const checked = host !== 'features';
  const sizes = checked ? await check(workload, level, candidates) : new Map();
  if (!checked) for (const { ask } of candidates) await ask({ load: await inputs(workload, level) });
  const times = new Map(candidates.map(({ name }) => [name, []]));
  for (let round = 0; round < warm + rounds; round++) {
    for (const { name, ask } of candidates) {
      // Node compresses on other threads.
      const time = await ask({ sample: workload, whole: name.endsWith('+gzip') });
      if (round >= warm) times.get(name).push(time);
    }
  }
  const more = (name) => ({ bodyBytes: sizes.get(name) });
  resultOf({ level, host, workload }, times, peer, await spansOf(workload, level), more);
}

const results = [];
const notes = [];
const machine = { node: process.version, v8: process.versions.v8, cpu: cpus()[0]?.model ?? '' };
console.log(`node ${machine.node}, V8 ${machine.v8}, ${cpus().length} x ${machine.cpu}`);
const began = Date.now();
const clock = () => `${Math.round((Date.now() - began) / 1000)} s`;

const missing = parts.includes('encoder') || parts.includes('workerd') ? installPeers() : undefined;
if (missing) notes.push(`without @vercel/otel and @microlabs/otel-cf-workers: ${missing}`);
const encoders = ENCODERS.filter((name) => !missing || !['vercel', 'cf-workers'].includes(name));
const noWorkerd = workerdProblem();
if (noWorkerd) notes.push(noWorkerd);
const both = workloads.filter((name) => name in IN_WORKERD);

if (parts.includes('full')) {
  const names = ['edgespan', 'official', 'official-json', 'stringify'];
  if (options.against) names.splice(1, 0, `edgespan=${resolve(options.against)}`);
  await withCandidates(names, (name) => startNode(name, 'full'), async (candidates) => {
    for (const workload of workloads) {
      await measure(workload, 'full', 'node', 'official', candidates, ROUNDS[workload]);
    }
  });
}
if (parts.includes('encoder')) {
  await withCandidates(encoders, (name) => startNode(name, 'encoder'), async (candidates) => {
    for (const workload of workloads.filter((name) => name !== 'W4')) {
      await measure(workload, 'encoder', 'node', 'otel-protobuf', candidates, ROUNDS[workload]);
    }
  });
}
if (parts.includes('workerd') && !noWorkerd) {
  const levels = {
    full: [['edgespan', 'official'], 'official'],
    encoder: [quick ? ['encodeSpans', 'otel-protobuf', 'otel-json'] : encoders, 'otel-protobuf'],
  };
  for (const [level, [names, peer]] of Object.entries(levels)) {
    await withCandidates(names, (name) => startCandidate(name, level), async (candidates) => {
      for (const workload of both) {
        await measure(workload, level, 'workerd', peer, candidates, IN_WORKERD[workload]);
      }
    });
  }
}
if (parts.includes('cold') && !noWorkerd) {
  for (const workload of both) {
    const [source] = await inputs(workload, 'full');
    const times = await coldStarts(['nothing', 'edgespan', 'official'], source, STARTS);
    const empty = quantile([...times.get('nothing')].sort((a, b) => a - b), COLD);
    times.delete('nothing');
    for (const [name, list] of times) times.set(name, list.map((time) => time - empty));
    const about = { level: 'cold', host: 'workerd', workload };
    resultOf(about, times, 'official', source.spans, undefined, COLD);
  }
}
if (parts.includes('heap')) {
  // A new generation in which nothing is collected meanwhile.
  const flags = ['--min-semi-space-size=512', '--max-semi-space-size=512'];
  await withCandidates(['edgespan', 'official'], (name) => startNode(name, 'full', flags), async (candidates) => {
    for (const workload of both) {
      const times = new Map(candidates.map(({ name }) => [name, []]));
      const list = await inputs(workload, 'full');
      for (const { ask } of candidates) await ask({ load: list });
      // Before V8 has compiled what is hot, all take more.
      for (let round = workload === 'W1' ? -60 : -12; round < 9; round++) {
        for (const { name, ask } of candidates) {
          const taken = await ask({ allocation: workload });
          if (round >= 0) times.get(name).push(taken);
        }
      }
      const about = { level: 'heap', host: 'node', workload };
      resultOf(about, times, 'official', await spansOf(workload, 'full'));
    }
  });
}
if (parts.includes('features')) {
  const names = ['edgespan', ...FEATURE_NAMES.map((name) => `edgespan+${name}`)];
  await withCandidates(names, (name) => startNode(name, 'full'), async (candidates) => {
    for (const workload of workloads.filter((name) => (quick ? ['W2'] : ['W1', 'W2']).includes(name))) {
      const rounds = quick ? [5, 5] : [21, 12];
      await measure(workload, 'full', 'features', 'edgespan', candidates, rounds);
    }
  });
}
const profiles = [];
if (parts.includes('profile')) {
  for (const name of ['edgespan', 'encodeSpans']) {
    for (const workload of workloads.filter((name) => ['W1', 'W2', 'W3'].includes(name))) {
      if (quick && workload !== 'W1') continue;
      profiles.push({ name, workload, shares: profile(name, workload, quick ? 60 : 150) });
    }
  }
  printProfiles(profiles);
}

mkdirSync(dirname(resolve(options.out)), { recursive: true });
const data = { ...machine, quick, notes, results, profiles };
data.acceptance = judged(data);
writeFileSync(options.out, `${JSON.stringify(data, null, 2)}\n`);
printAcceptance(data);
for (const note of notes) console.log(note);
console.log(`\n${clock()}`);

const below = data.acceptance.flatMap(({ what, cells }) =>
  cells.filter(({ figure, gate }) => figure < gate).map((cell) => ({ what, ...cell })),
);
for (const { what, workload, figure, gate } of below) {
  console.log(`${what}, ${workload}: ${figure.toFixed(2)}x, below its gate of ${gate}x`);
}
if (options.gate && below.length > 0) process.exitCode = 1;
