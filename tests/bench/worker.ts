// The process of one candidate. Under run.mjs it answers messages: a body to check, or one timed
// sample. By hand, for profilers:
//
//   node --expose-gc --cpu-prof tests/bench/worker.ts edgespan W2 300      runs 300 samples and prints the median
import { type Candidate, candidate } from './candidates.ts';
import { fresh, type Source, sources, type Workload } from './workloads.ts';

export interface Order {
  readonly workload: Workload;
  /** The body of this source, not a sample. */
  readonly body?: number;
}

/** Runs in a sample: every source of the workload equally often, a few milliseconds of work. */
const RUNS: Record<Workload, number> = { W1: 160, W2: 40, W2U: 40, W3: 4, W4: 48 };

const known = new Map<Workload, Source[]>();
let made = 0;

function sourcesOf(workload: Workload): Source[] {
  let list = known.get(workload);
  if (!list) known.set(workload, (list = sources(workload)));
  return list;
}

/** Collects what making the events left behind, and lets the events themselves grow old: otherwise
 *  the first allocations of whoever is measured would pay for both. */
function settle(): void {
  const { gc } = globalThis as { gc?: (options: { type: 'minor' }) => void };
  gc?.({ type: 'minor' });
  gc?.({ type: 'minor' });
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** This thread's microseconds on a processor: a clock on the wall would count other processes, and
 *  longer samples the more of them. Linux adds up a thread's time when it stops running, hence the
 *  short sleep. */
function threadTime(): number {
  Atomics.wait(cell, 0, 0, 0.05);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Microseconds of a run, the mean of one sample. Making the events is not timed. */
async function sample(subject: Candidate, workload: Workload): Promise<number> {
  const list = sourcesOf(workload);
  const runs = Array.from({ length: RUNS[workload] }, (_, i) => fresh(list[i % list.length], ++made));
  settle();
  const begin = threadTime();
  for (const events of runs) await subject.run(events);
  return (threadTime() - begin) / runs.length;
}

const [name, workload, samples] = process.argv.slice(2);
const subject = await candidate(name);

if (process.send) {
  process.on('message', async ({ workload, body }: Order) => {
    if (body === undefined) {
      process.send?.(await sample(subject, workload));
      return;
    }
    await subject.run(fresh(sourcesOf(workload)[body], body));
    const result = subject.body();
    process.send?.(typeof result === 'number' ? result : result.slice());
  });
  process.send('ready');
} else {
  const times: number[] = [];
  for (let i = 0; i < Number(samples ?? 100); i++) {
    times.push(await sample(subject, workload as Workload));
  }
  times.sort((a, b) => a - b);
  console.log(`${name} ${workload}: ${times[times.length >> 1].toFixed(1)} us a run`);
}
