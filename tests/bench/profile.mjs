// Where the time of a run goes, by parts of the package: V8's sampling profiler on one candidate alone.
// Of the core, what called it tells which part worked.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

const AREAS = [
  ['walk', 'JavaScript: values onto the tape', /\/core\/(walk|tape)\.js$|\/otel\//],
  ['span', 'JavaScript: envelopes, runs, what is due', /\/engine\/(record|lane|engine|hooks)\.js$|\/mastra\//],
  ['deliver', 'JavaScript: request, answer, receipt', /\/dist\//],
];
export const AREA_NAMES = {
  ...Object.fromEntries(AREAS.map(([id, name]) => [id, name])),
  commit: 'core: tape to records',
  cut: 'core: records to a body',
  core: 'core: the rest',
  host: 'the host: promises, timers, calls into the core',
};
/** What the bench itself does, and loading. */
const OURS = /\/bench\/(worker|fresh|fresh_spans|workloads|flat|inputs)\.ts$|internal\/modules|internal\/bootstrap|\/scripts\//;

/** Shares of a run's time by area; they add up to 1. Collections, which nobody caused alone, are left out. */
export function profile(name, workload, samples) {
  const dir = mkdtempSync(join(tmpdir(), 'edgespan-profile-'));
  try {
    const flags = ['--expose-gc', '--single-threaded-gc', '--cpu-prof', '--cpu-prof-interval=200'];
    const args = [...flags, `--cpu-prof-dir=${dir}`, join(here, 'worker.ts'), name, workload, `${samples}`];
    execFileSync(process.execPath, args, { stdio: 'pipe' });
    return sharesOf(JSON.parse(readFileSync(join(dir, readdirSync(dir)[0]), 'utf8')));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function sharesOf({ nodes, samples, timeDeltas }) {
  const parents = new Map();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const areas = new Map();
  const areaOf = (id) => {
    if (!areas.has(id)) areas.set(id, find(id));
    return areas.get(id);
  };
  const find = (id) => {
    const { url, functionName } = frames.get(id);
    const above = parents.get(id);
    if (/^\((idle|program|garbage collector)\)$/.test(functionName)) return undefined;
    if (url.startsWith('wasm')) return calledBy(above);
    for (const [area, , files] of AREAS) if (files.test(url)) return area;
    // Node's own, by whoever of the package called it.
    if (above === undefined || OURS.test(url)) return undefined;
    return areaOf(above) === undefined ? undefined : 'host';
  };
  const calledBy = (id) => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const { url, functionName } = frames.get(at);
      if (url.startsWith('wasm')) continue;
      if (functionName === 'commitTape') return 'commit';
      if (functionName === 'cut') return 'cut';
      if (/\/dist\//.test(url)) return 'core';
    }
    return 'core';
  };
  const spent = Object.fromEntries(Object.keys(AREA_NAMES).map((area) => [area, 0]));
  samples.forEach((id, i) => {
    const area = areaOf(id);
    if (area) spent[area] += timeDeltas[i + 1] ?? 0;
  });
  const all = Object.values(spent).reduce((sum, time) => sum + time, 0);
  return Object.fromEntries(Object.entries(spent).map(([area, time]) => [area, time / all]));
}
