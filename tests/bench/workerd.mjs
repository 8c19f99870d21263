// Candidates in workerd: bundled, started, asked and timed from outside.
//
// The time is what the main thread, which runs the Worker, spent on a processor (Linux counts it): what
// else runs on the machine does not count. A request has its own costs, so what is told is the difference
// between one with twice as many runs and one with as many.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { builtinModules, createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { plugin } from './peers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const binary = createRequire(import.meta.url).resolve('workerd/bin/workerd');

/** Runs in the shorter of two requests. */
const RUNS = { W1: 240, W2: 48, W2U: 48, W3: 4, W4: 48 };

/** A module that makes the candidate. */
function entry(name, level) {
  const serve = `import { serve } from './workerd_entry.ts';\n`;
  if (level === 'encoder') {
    return `${serve}import { encoder } from './encoders.ts';\nexport default serve(() => encoder('${name}'), 'encoder');`;
  }
  const make = {
    edgespan:
      "import { EdgespanExporter } from 'edgespan/mastra';\n" +
      "import { otlp } from 'edgespan/destinations';\n" +
      "import { edgespan } from './edgespan.ts';\n" +
      'const make = () => edgespan({ EdgespanExporter, otlp });',
    official: "import { official } from './official.ts';\nconst make = () => official();",
    // As in each Worker of Mastra's, whose code asks for it at import: "process" is made when it is
    // first looked at, and that is none of an exporter's costs.
    nothing: 'const make = () => (process.env, { run() {}, body: () => 0 });',
  }[name];
  return `${serve}${make}\nexport default serve(make, 'full');`;
}

/** Bundles as wrangler does; the folder with the Worker and workerd's configuration. */
async function bundle(name, level) {
  const dir = join(root, 'build/bench/workerd', `${level}-${name}`);
  mkdirSync(dir, { recursive: true });
  await build({
    stdin: { contents: entry(name, level), resolveDir: here, loader: 'ts' },
    outfile: join(dir, 'index.js'),
    bundle: true,
    minify: true,
    keepNames: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['node:*', 'cloudflare:*', '@opentelemetry/exporter-*', '@grpc/*'],
    plugins: [plugin, wasm(dir), builtins],
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const modules = readdirSync(dir)
    .filter((file) => file.endsWith('.wasm'))
    .map((file) => `(name = "${file}", wasm = embed "${file}")`);
  writeFileSync(
    join(dir, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "index.js", esModule = embed "index.js"), ${modules.join(', ')}],
    compatibilityDate = "2026-04-01",
    compatibilityFlags = ["nodejs_compat"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  v8Flags = ["--expose-gc", "--single-threaded-gc"]);
`,
  );
  return dir;
}

/** A .wasm file is a module of the Worker's. */
const wasm = (dir) => ({
  name: 'wasm',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === 'again') return undefined;
      const found = await build.resolve(path, { resolveDir, kind, pluginData: 'again' });
      copyFileSync(found.path, join(dir, 'core.wasm'));
      return { path: './core.wasm', external: true };
    });
  },
});

/** Node's modules by their short names. */
const builtins = {
  name: 'builtins',
  setup(build) {
    const short = new RegExp(`^(${builtinModules.filter((name) => name[0] !== '_').join('|')})$`);
    build.onResolve({ filter: short }, ({ path }) => ({ path: `node:${path}`, external: true }));
  },
};

const bundled = new Map();

/** The bundle of a candidate, made once. */
export function bundleOf(name, level) {
  const key = `${level} ${name}`;
  if (!bundled.has(key)) bundled.set(key, bundle(name, level));
  return bundled.get(key);
}

/** workerd with a bundle. */
export async function start(dir) {
  const child = spawn(binary, ['serve', join(dir, 'config.capnp'), '--control-fd=3'], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const port = await new Promise((resolve, reject) => {
    child.stdio[3].on('data', (chunk) => {
      for (const line of `${chunk}`.split('\n')) {
        if (line && JSON.parse(line).event === 'listen') resolve(JSON.parse(line).port);
      }
    });
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}: ${printed}`)));
  });
  const agent = new Agent({ keepAlive: true });
  const send = (path, body) =>
    new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', path, agent, method: body ? 'POST' : 'GET' };
      const call = request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          const all = Buffer.concat(chunks);
          if (response.statusCode === 200) resolve(all);
          else reject(new Error(`${dir}${path}: ${all}${printed}`));
        });
      });
      call.on('error', reject);
      call.end(body);
    });
  return { pid: child.pid, send, stop: () => (agent.destroy(), child.kill('SIGKILL')) };
}

/** Microseconds on a processor: of a process's main thread, or of all that it has. */
export function cpuTime(pid, whole = false) {
  const spent = (file) => {
    // A thread may have ended since the folder was read.
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[0]) / 1000 : 0;
  };
  if (!whole) return spent(`/proc/${pid}/task/${pid}/schedstat`);
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + spent(`/proc/${pid}/task/${thread}/schedstat`), 0);
}

/** As a candidate's process in Node: ask() it one thing at a time. */
export async function startCandidate(name, level) {
  const { pid, send, stop } = await start(await bundleOf(name, level));
  const timed = async (n) => {
    await send(`/make?n=${n}`);
    await pause(); // the thread sleeps, and has been counted
    const before = cpuTime(pid);
    await send('/run');
    await pause();
    return cpuTime(pid) - before;
  };
  const ask = async (order) => {
    if (order.load) return send('/load', JSON.stringify(order.load));
    if (order.body !== undefined) return new Uint8Array(await send(`/body?n=${order.body}`));
    const runs = RUNS[order.sample];
    const once = await timed(runs);
    return ((await timed(2 * runs)) - once) / runs;
  };
  return { name, ask, stop };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Whether it runs here at all; undefined, or why not. */
export function workerdProblem() {
  try {
    execFileSync(binary, ['--version'], { stdio: 'pipe' });
    return existsSync('/proc/self/schedstat') ? undefined : 'Linux does not count the time of threads';
  } catch (error) {
    return `workerd does not start: ${error.message}`;
  }
}
