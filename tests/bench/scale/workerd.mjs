// The memory of open runs in workerd: as measure.mjs's `open`, from outside.
//
//   node tests/bench/scale/workerd.mjs WORKLOAD COUNT...
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { sources } from '../workloads.ts';

const here = dirname(fileURLToPath(import.meta.url));
const core = fileURLToPath(import.meta.resolve('edgespan/module.wasm'));

const [workload, ...counts] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'edgespan-scale-'));
await build({
  entryPoints: [join(here, 'worker.mjs')],
  outfile: join(folder, 'index.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['workerd'],
  external: ['edgespan/core.wasm', 'cloudflare:*', 'node:*'],
  logLevel: 'warning',
});
const worker = new Miniflare({
  name: 'scale',
  modulesRoot: '/',
  modules: [
    { type: 'ESModule', path: join(folder, 'index.js') },
    { type: 'CompiledWasm', path: join(folder, 'edgespan/core.wasm'), contents: await readFile(core) },
  ],
  compatibilityDate: '2026-04-01',
  inspectorPort: 0,
});

/** Bytes of live JavaScript objects, after a collection. */
async function heap() {
  const socket = new WebSocket(new URL('/core:user:scale', await worker.getInspectorURL()));
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  let calls = 0;
  const call = (method) =>
    new Promise((resolve) => {
      const id = ++calls;
      socket.addEventListener('message', ({ data }) => {
        const answer = JSON.parse(data);
        if (answer.id === id) resolve(answer.result);
      });
      socket.send(JSON.stringify({ id, method }));
    });
  // A snapshot begins with a collection; workerd does not answer HeapProfiler.collectGarbage.
  await call('HeapProfiler.enable');
  await call('HeapProfiler.takeHeapSnapshot');
  const { usedSize } = await call('Runtime.getHeapUsage');
  socket.close();
  return usedSize;
}

const points = [];
try {
  const body = JSON.stringify(sources(workload));
  let from = 0;
  for (const to of counts.map(Number)) {
    const url = `http://worker/?from=${from}&to=${to}`;
    const point = await (await worker.dispatchFetch(url, { method: 'POST', body })).json();
    points.push({ ...point, heap: await heap() });
    from = point.size;
    if (point.full) break;
  }
} finally {
  await worker.dispose();
  await rm(folder, { recursive: true });
}
console.log(JSON.stringify(points));
