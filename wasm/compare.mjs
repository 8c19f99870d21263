// The measuring of wasm/compare: prints a table and leaves build/compare.json.
//
//   node wasm/compare.mjs NAME=core.wasm...
//   node wasm/compare.mjs --time core.wasm      times of one module, on messages of the parent
//
// Each module in a process of its own, samples in turn: see tests/bench/README.md. All of a run is its
// thread's time on a processor, the median of samples; the core's part is counted around each call by a
// clock on the wall, hence the least of its samples: what other processes add is no part of it.
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { gzipSize } from '../scripts/lib/gzip.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const WORKLOADS = ['W1', 'W2', 'W3'];
const RUNS = { W1: 320, W2: 48, W3: 4 };
const [ROUNDS, WARM] = [25, 5];

const cell = new Int32Array(new SharedArrayBuffer(4));
/** This thread's microseconds on a processor; see tests/bench/worker.ts. */
function threadTime() {
  Atomics.wait(cell, 0, 0, 0.05);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Answers each workload's name with a sample: microseconds of a run, and of those the core's. */
async function serve(path) {
  let core = 0;
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class {
    constructor(module, imports) {
      const { exports } = new Instance(module, imports);
      this.exports = Object.fromEntries(
        Object.entries(exports).map(([name, call]) => [name, timed(name, call)]),
      );
    }
  };
  const timed = (name, call) => {
    if (!/_(commit|cut|judge|release)$/.test(name)) return call;
    return (...args) => {
      const begin = performance.now();
      const result = call(...args);
      core += performance.now() - begin;
      return result;
    };
  };
  const { subject } = await import('../tests/bench/scale/exporter.mjs');
  const { fresh, sources } = await import('../tests/bench/workloads.ts');
  const { initCore } = await import('edgespan');
  initCore(await WebAssembly.compile(readFileSync(path)));
  const { exporter, settle } = subject('incremental');
  const known = Object.fromEntries(WORKLOADS.map((name) => [name, sources(name)]));
  let made = 0;
  process.on('message', async (workload) => {
    const list = known[workload];
    const runs = Array.from({ length: RUNS[workload] }, (_, i) =>
      fresh(list[i % list.length], ++made),
    );
    globalThis.gc({ type: 'minor' });
    globalThis.gc({ type: 'minor' });
    core = 0;
    const begin = threadTime();
    for (const events of runs) {
      for (const event of events) exporter.onTracingEvent(event);
      await settle();
    }
    const all = threadTime() - begin;
    process.send([all, core * 1000].map((us) => us / runs.length));
  });
  process.send('ready');
}

const next = (child) => new Promise((resolve) => child.once('message', resolve));

const median = (samples) => samples.sort((a, b) => a - b)[samples.length >> 1];

async function compare(modules) {
  const rows = [];
  for (const [name, path] of modules) {
    const bytes = readFileSync(path);
    const sizes = { raw: bytes.length, gzip: gzipSize(bytes), brotli: brotliCompressSync(bytes).length };
    const child = fork(fileURLToPath(import.meta.url), ['--time', path], {
      execArgv: ['--expose-gc', '--single-threaded-gc'],
    });
    child.once('exit', (code) => {
      if (code !== null) throw new Error(`the process of ${name} ended: ${code}`);
    });
    await next(child);
    const samples = Object.fromEntries(WORKLOADS.map((workload) => [workload, []]));
    rows.push({ name, ...sizes, child, samples });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const workload of WORKLOADS) {
      for (const { child, samples } of rows) {
        child.send(workload);
        const sample = await next(child);
        if (round >= WARM) samples[workload].push(sample);
      }
    }
  }
  return rows.map(({ child, samples, ...row }) => {
    child.kill(); // by a signal: without an exit code
    const times = Object.entries(samples).map(([workload, list]) => [
      workload,
      { all: median(list.map(([all]) => all)), core: Math.min(...list.map(([, core]) => core)) },
    ]);
    return { ...row, ...Object.fromEntries(times) };
  });
}

const [mode, path] = process.argv.slice(2);
if (mode === '--time') {
  await serve(path);
} else {
  const rows = await compare(process.argv.slice(2).map((module) => module.split('=')));
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(join(root, 'build/compare.json'), `${JSON.stringify(rows, null, 2)}\n`);
  const us = ({ all, core }) => `${all.toFixed(0)}/${core.toFixed(0)}`.padStart(12);
  console.log(`${'bytes, and µs of a run (all/core)'.padEnd(16)}   raw   gzip brotli          W1          W2          W3`);
  for (const row of rows) {
    const sizes = [row.raw, row.gzip, row.brotli].map((n) => String(n).padStart(6)).join(' ');
    console.log(`${row.name.padEnd(30)} ${sizes}${WORKLOADS.map((w) => us(row[w])).join('')}`);
  }
}
