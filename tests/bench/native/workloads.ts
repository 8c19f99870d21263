// Writes the runs of tests/bench/workloads.ts as JSON, for the native benchmarks: W1.json, ... in DIR,
// each an array of runs, a run an array of events.
//
//   node tests/bench/native/workloads.ts DIR
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fresh, sources, type Workload } from '../workloads.ts';

const WORKLOADS: Workload[] = ['W1', 'W2', 'W2U', 'W3', 'W4'];

const [directory] = process.argv.slice(2);
if (!directory) throw new Error('usage: workloads.ts DIR');
mkdirSync(directory, { recursive: true });
for (const workload of WORKLOADS) {
  const runs = sources(workload).map((source, i) => fresh(source, i));
  writeFileSync(join(directory, `${workload}.json`), JSON.stringify(runs));
}
