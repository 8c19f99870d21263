// The process of one candidate in Node. Under run.mjs it answers messages. By hand, for profilers:
//
//   node --expose-gc --cpu-prof tests/bench/worker.ts edgespan W2 300      runs 300 samples and prints the median
import { registerHooks } from 'node:module';
import type { Candidate } from './candidate.ts';
import { fresh, type Source } from './fresh.ts';
import { freshSpans } from './fresh_spans.ts';
import { hooks } from './peers.mjs';
import type { Workload } from './workloads.ts';

registerHooks(hooks);

export type Level = 'full' | 'encoder';

/** Runs in a sample: every source of the workload equally often, a few milliseconds of work. */
const RUNS: Record<Workload, number> = { W1: 160, W2: 40, W2U: 40, W3: 4, W4: 48 };

let level: Level = 'full';
let list: Source[] = [];
let made = 0;

function make(source: Source, run: number): any {
  return level === 'full' ? fresh(source, run) : freshSpans(source, run);
}

/** Collects what making the inputs left behind, and lets them grow old: otherwise the first allocations
 *  of whoever is measured would pay for both. */
function settle(type: 'minor' | 'major' = 'minor'): void {
  const { gc } = globalThis as { gc?: (options: { type: string }) => void };
  gc?.({ type });
  gc?.({ type });
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Microseconds on a processor, of this thread or of the process: a clock on the wall would count other
 *  processes, and longer samples the more of them. Linux adds up a thread's time when it stops running,
 *  hence the short sleep. */
function cpuTime(whole: boolean): number {
  Atomics.wait(cell, 0, 0, 0.05);
  const { user, system } = whole ? process.cpuUsage() : process.threadCpuUsage();
  return user + system;
}

async function runs(count: number): Promise<any[]> {
  return Array.from({ length: count }, (_, i) => make(list[i % list.length], ++made));
}

/** Microseconds of a run, the mean of one sample. Making the inputs is not timed. */
async function sample(subject: Candidate<any>, workload: Workload, whole = false): Promise<number> {
  const inputs = await runs(RUNS[workload]);
  settle();
  const begin = cpuTime(whole);
  for (const input of inputs) await subject.run(input);
  return (cpuTime(whole) - begin) / inputs.length;
}

/** Bytes of JavaScript's heap that a run takes. Without collections: of a process with a new generation
 *  that is large enough for all of them. */
async function allocation(subject: Candidate<any>, workload: Workload): Promise<number> {
  const inputs = await runs(Math.max(4, RUNS[workload] / 4));
  settle('major');
  const before = process.memoryUsage().heapUsed;
  for (const input of inputs) await subject.run(input);
  return (process.memoryUsage().heapUsed - before) / inputs.length;
}

/** What run.mjs asks for. */
export type Order =
  | { load: Source[] }
  /** The body of this source. */
  | { body: number }
  | { sample: Workload; whole?: boolean }
  | { allocation: Workload };

async function answer(subject: Candidate<any>, order: Order): Promise<unknown> {
  if ('load' in order) {
    list = order.load;
    return 'loaded';
  }
  if ('sample' in order) return sample(subject, order.sample, order.whole);
  if ('allocation' in order) return allocation(subject, order.allocation);
  await subject.run(make(list[order.body], order.body));
  const result = subject.body();
  return typeof result === 'number' ? result : result.slice();
}

async function named(name: string): Promise<Candidate<any>> {
  if (level === 'full') return (await import('./full.ts')).candidate(name);
  return (await import('./encoders.ts')).encoder(name);
}

if (process.send) {
  const [name, wanted] = process.argv.slice(2);
  level = wanted as Level;
  const subject = await named(name);
  process.on('message', async (order: Order) => {
    process.send?.(await answer(subject, order));
  });
  process.send('ready');
} else {
  const [name, workload, samples] = process.argv.slice(2) as [string, Workload, string];
  const { ENCODERS, inputs } = await import('./inputs.ts');
  level = ENCODERS.includes(name) ? 'encoder' : 'full';
  list = await inputs(workload, level);
  const subject = await named(name);
  const times: number[] = [];
  for (let i = 0; i < Number(samples ?? 100); i++) times.push(await sample(subject, workload));
  times.sort((a, b) => a - b);
  console.log(`${name} ${workload}: ${times[times.length >> 1].toFixed(1)} us a run`);
}
