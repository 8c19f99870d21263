// One series of tests/bench/scale.mjs in a process of its own; prints JSON.
//
//   node --expose-gc tests/bench/scale/measure.mjs SERIES OF SIZE...
//
//   spans, text, mixed   a run of SIZE spans, or bytes of text; OF: the destination's delivery
//   beside               a run of 8 spans while SIZE others are open; OF likewise
//   open                 memory of SIZE runs that are open; OF: their workload
import { sources } from '../workloads.ts';
import { coreBytes, subject } from './exporter.mjs';
import { longRun, openMore, textRun } from './runs.mjs';

const [series, of, ...numbers] = process.argv.slice(2);
const sizes = numbers.map(Number);
const turns = sources('W1');
const ROUNDS = 12;
/** Of those, not counted: the code gets warm, and how many runs make a sample is found out. */
const WARM = 3;
const SAMPLE_US = 20_000;

const cell = new Int32Array(new SharedArrayBuffer(4));
/** This thread's microseconds on a processor; see worker.ts. */
function threadTime() {
  Atomics.wait(cell, 0, 0, 0.05);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Runs that stay open have numbers below those of the ones that are timed. */
let run = 1_000_000;
const make = {
  spans: (size) => longRun(turns, size, ++run),
  text: (size) => textRun(turns, size, false, ++run),
  mixed: (size) => textRun(turns, size, true, ++run),
  beside: () => longRun(turns, 8, ++run),
}[series];

/** Microseconds of a run, the mean of so many. Making the events is not timed. */
async function sample({ exporter, sent, settle }, size, repeats) {
  const runs = Array.from({ length: repeats }, () => make(size));
  globalThis.gc({ type: 'minor' });
  globalThis.gc({ type: 'minor' });
  const { requests } = sent;
  const begin = threadTime();
  for (const events of runs) {
    for (const event of events) exporter.onTracingEvent(event);
    await settle();
  }
  const time = (threadTime() - begin) / repeats;
  if (sent.requests < requests + repeats) throw new Error(`nothing was sent of ${series} ${size}`);
  const { rejected, dropped } = exporter.stats();
  if (rejected + Object.keys(dropped).length > 0) throw new Error(`lost: ${JSON.stringify(dropped)}`);
  return time;
}

/** Samples of each size, in turn. */
async function times() {
  // A whole run is one request: a large one, here.
  const exporter = subject(of, 32_000_000);
  const repeats = sizes.map(() => 1);
  const samples = sizes.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, size] of sizes.entries()) {
      const time = await sample(exporter, size, repeats[i]);
      if (round >= WARM) samples[i].push(time);
      repeats[i] = Math.max(1, Math.min(400, Math.round(SAMPLE_US / Math.max(time, 1))));
    }
  }
  return samples;
}

/** Samples with ever more runs open. */
async function beside() {
  const exporter = subject(of);
  const samples = [];
  for (let i = 0; i < WARM; i++) await sample(exporter, 0, 250);
  for (const [i, size] of sizes.entries()) {
    const lost = openMore(exporter.exporter, turns, sizes[i - 1] ?? 0, size);
    if (lost !== undefined) throw new Error(`run ${lost} was lost`);
    samples.push([]);
    for (let round = 0; round < ROUNDS; round++) {
      samples[i].push(await sample(exporter, size, 250));
    }
  }
  return samples;
}

/** Memory with so many runs open at once: the core's, and of live JavaScript objects. Ends where a span
 *  is lost: `size` is how many runs fit, then. */
function open() {
  const { exporter } = subject('incremental');
  const list = sources(of);
  const points = [];
  let opened = 0;
  for (const size of sizes) {
    const lost = openMore(exporter, list, opened, size);
    opened = lost ?? size;
    globalThis.gc();
    const heap = process.memoryUsage().heapUsed;
    points.push({ size: opened, full: lost !== undefined, core: coreBytes(), heap });
    if (lost !== undefined) break;
  }
  return points;
}

/** The middle one of each size's samples. */
const medians = (samples) =>
  samples.map((times, i) => {
    times.sort((a, b) => a - b);
    return { size: sizes[i], us: times[times.length >> 1] };
  });

if (series === 'open') console.log(JSON.stringify(open()));
else console.log(JSON.stringify(medians(await (series === 'beside' ? beside() : times()))));
