// What a consumer works with: its folder outside of the repository (so that nothing is found in the
// repository's node_modules, and no tool takes it for a part of this workspace), commands in it,
// servers of it, workerd, and the receiver its traces go to.
import { spawn } from 'node:child_process';
import { appendFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { decodeProtobuf } from '../../support/otlp.ts';
import { Sink } from '../../support/sink.ts';
import { SECRET } from '../app/secret.js';
import { faultsOfRun } from './check.mjs';
import { startRegistry } from './registry.mjs';

const here = (relative) => fileURLToPath(new URL(relative, import.meta.url));
export const root = here('../../../');
const tools = join(root, 'build/packaging/tools/node_modules');

/** Thrown where a row cannot run on this machine; its message is the reason. */
export class Skip extends Error {}

/** The environment of everything that a consumer runs: this one, without what npm and we put there. */
function environment(extra) {
  const own = /^(npm_(?!config_)|INIT_CWD$|NODE_OPTIONS$|EDGESPAN_)/;
  const inherited = Object.entries(process.env).filter(([name]) => !own.test(name));
  return {
    ...Object.fromEntries(inherited),
    // The pinned node and package managers; none of this repository's other tools.
    PATH: [join(root, 'build/packaging/bin'), join(tools, '.bin'), withoutRepository(process.env.PATH)]
      .join(':'),
    CI: '1',
    NO_COLOR: '1',
    NEXT_TELEMETRY_DISABLED: '1',
    MASTRA_TELEMETRY_DISABLED: '1',
    WRANGLER_SEND_METRICS: 'false',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    ...extra,
  };
}
const withoutRepository = (path) =>
  path
    .split(':')
    .filter((part) => !part.startsWith(root))
    .join(':');

/** A free port of 127.0.0.1. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Lab {
  /** The consumer's folder: a copy of its sources, with the application in app/. */
  dir;
  /** The packed tarball. */
  tarball;
  /** The receiver of this consumer alone. */
  sink;
  /** Set for all of its commands. */
  env = {};
  #log;
  #registry;
  #printed = '';
  #cleanups = [];
  #running = new Set();

  /**
   * `sources`: the consumer's folder, after one that it shares files with; `dir`: where the copy goes;
   * `log`: what its commands print; `control`: whether this is a run without the package.
   */
  static async open({ sources, dir, log, tarball, control = false }) {
    const lab = new Lab();
    Object.assign(lab, { dir, tarball, control, sink: await Sink.start() });
    lab.#log = log;
    await mkdir(dirname(log), { recursive: true });
    for (const source of sources) {
      await cp(source, dir, {
        recursive: true,
        filter: (path) => !/\/(node_modules|consumer\.mjs)$/.test(path),
      });
    }
    await cp(here('../app'), join(dir, 'app'), { recursive: true });
    if (control) await cp(here('../app/no-exporter.js'), join(dir, 'app/exporter.js'));
    return lab;
  }

  /** Where the consumer sends its traces: what OTEL_EXPORTER_OTLP_ENDPOINT is to say. */
  get endpoint() {
    return this.sink.origin;
  }

  /** Ends what a row started. */
  async settle() {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }

  /** Ends what runs, the receiver included. The folder stays. */
  async close() {
    await this.settle();
    for (const child of this.#running) await child.kill();
    await this.#registry?.close();
    await this.sink.close();
  }

  /** Has something ended with the row. */
  defer(cleanup) {
    this.#cleanups.push(cleanup);
  }

  /**
   * Installs what the consumer's lock file (or else its package.json) says, then the package: from
   * the tarball, or where `published` from a registry, which every later command uses as well. A
   * control run goes without the package.
   */
  async install({ manager = 'npm', published = false } = {}) {
    const manifest = JSON.parse(await readFile(join(root, 'js/package.json'), 'utf8'));
    if (published) {
      const upstream = (await this.exec('npm', ['config', 'get', 'registry'])).trim();
      this.#registry = await startRegistry({ tarball: this.tarball, manifest, upstream });
      this.env.npm_config_registry = this.#registry.url;
    }
    const locked = (await readdir(this.dir)).includes('package-lock.json');
    const [all, add] = {
      npm: [[locked ? 'ci' : 'install'], 'install'],
      pnpm: [['install', '--no-frozen-lockfile'], 'add'],
    }[manager];
    await this.exec(manager, all);
    const what = published ? `${manifest.name}@${manifest.version}` : this.tarball;
    if (!this.control) await this.exec(manager, [add, what]);
  }

  /** The version of an installed package. */
  async version(name) {
    const manifest = await this.read(join('node_modules', name, 'package.json'));
    return JSON.parse(manifest).version;
  }

  /** A file of the consumer, as text. */
  read(path) {
    return readFile(resolve(this.dir, path), 'utf8');
  }

  /** Writes a file of the consumer. */
  async write(path, text) {
    await mkdir(dirname(join(this.dir, path)), { recursive: true });
    await writeFile(join(this.dir, path), text);
  }

  /**
   * Runs a command of node_modules/.bin, or npm, pnpm, node; returns its standard output. Throws
   * with the end of all its output when it fails or takes too long.
   */
  async exec(command, args = [], { env = {}, cwd = '.', timeout = 300_000 } = {}) {
    const child = this.#spawn(command, args, env, cwd);
    const timer = setTimeout(() => child.kill(), timeout);
    const { code, stdout, all } = await child.ended;
    clearTimeout(timer);
    if (code === 0) return stdout;
    const what = code === null ? `was stopped after ${timeout / 1000} s` : `failed (${code})`;
    throw new Error(`${command} ${args.join(' ')} ${what}:\n${tail(all)}`);
  }

  /**
   * Starts a server and waits until `url` answers, whatever it says. Ends with the row.
   * @returns the lines it prints, as they come.
   */
  async serve(command, args, { url, env = {}, cwd = '.', timeout = 90_000 }) {
    const child = this.#spawn(command, args, env, cwd);
    this.defer(child.kill);
    let gone;
    child.ended.then((result) => {
      gone = result;
    });
    for (const deadline = Date.now() + timeout; ; ) {
      if (gone) throw new Error(`${command} ended (${gone.code}):\n${tail(gone.all)}`);
      if (Date.now() > deadline) throw new Error(`${command}: ${url} silent:\n${tail(child.all())}`);
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
        await response.body?.cancel();
        return child;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200)); // not listening yet
      }
    }
  }

  #spawn(command, args, env, cwd) {
    const local = join(this.dir, 'node_modules/.bin');
    const set = environment({ ...this.env, ...env });
    set.PATH = `${local}:${set.PATH}`;
    const child = spawn(command, args, {
      cwd: resolve(this.dir, cwd),
      env: set,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, so that what it starts ends with it
    });
    let stdout = '';
    let all = `$ ${command} ${args.join(' ')}\n`;
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      all += chunk;
    });
    child.stderr.on('data', (chunk) => (all += chunk));
    const ended = new Promise((resolve) => {
      child.on('error', (error) => {
        all += error.message;
        resolve({ code: 127, stdout, all });
      });
      child.on('close', async (code) => {
        await appendFile(this.#log, `${all}\n`);
        resolve({ code, stdout, all });
      });
    });
    const kill = async () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if (error.code !== 'ESRCH') throw error; // ended by itself
      }
      await ended;
    };
    const running = { ended, kill, all: () => all };
    this.#running.add(running);
    ended.then(() => this.#running.delete(running));
    return running;
  }

  /**
   * Runs built modules in workerd: every .js and .wasm file below `outdir`, `main` first. Ends with
   * the row.
   * @returns fetch for it.
   */
  async worker(outdir, { main = 'index.js', flags = [], date = '2026-04-01', bindings = {} } = {}) {
    const modulesRoot = resolve(this.dir, outdir);
    const files = await readdir(modulesRoot, { recursive: true });
    const modules = [main, ...files.filter((file) => file !== main)]
      .filter((file) => /\.(m?js|wasm)$/.test(file))
      .map((file) => ({
        type: file.endsWith('.wasm') ? 'CompiledWasm' : 'ESModule',
        path: join(modulesRoot, file),
      }));
    this.#printed = '';
    const worker = new Miniflare({
      modulesRoot,
      modules,
      compatibilityDate: date,
      compatibilityFlags: flags,
      bindings: { OTEL_EXPORTER_OTLP_ENDPOINT: this.endpoint, ...bindings },
      handleRuntimeStdio: (stdout, stderr) => {
        for (const stream of [stdout, stderr]) {
          stream.on('data', (chunk) => (this.#printed += chunk));
        }
      },
    });
    this.defer(async () => {
      await worker.dispose();
      await appendFile(this.#log, this.#printed);
    });
    await worker.ready;
    return (path, init) => worker.dispatchFetch(new URL(path, 'http://consumer/'), init);
  }

  /** Waits until the Worker started last has printed what matches; throws when it does not. */
  async printed(pattern) {
    for (let tries = 0; !pattern.test(this.#printed); tries++) {
      if (tries === 50) throw new Error(`${pattern} was not printed, but:\n${tail(this.#printed)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /**
   * Asks for two runs (the second finds a warm process or isolate), and checks both traces.
   *
   * `fetcher`: fetch, or a Worker's; `url`, `init`: what is answered with { text, traceId }.
   * `expected`: what a run of the application consists of, by default in Mastra's newest releases.
   */
  async check(fetcher, url, expected = RUN, init = {}) {
    for (let run = 1; run <= 2; run++) {
      const response = await fetcher(url, { signal: AbortSignal.timeout(60_000), ...init });
      const body = await response.text();
      if (response.status !== 200) throw new Error(`${url}: ${response.status} ${tail(body)}`);
      const { text, traceId } = JSON.parse(body);
      await this.checkRun(text, traceId, expected);
    }
  }

  /** Checks the runs of a program that printed `answer { text, traceId }` in a line for each. */
  async checkAnswers(stdout, expected = RUN) {
    const answers = [...stdout.matchAll(/^answer (\{.*\})$/gm)].map(([, json]) => JSON.parse(json));
    if (answers.length === 0) throw new Error(`no run was answered:\n${tail(stdout)}`);
    for (const { text, traceId } of answers) await this.checkRun(text, traceId, expected);
  }

  /** Checks one run: what the application answered, and the trace. */
  async checkRun(text, traceId, expected = RUN) {
    if (!/Zürich/.test(text)) throw new Error(`the agent answered ${text}`);
    if (this.control) return;
    const cache = new Map();
    const spans = () =>
      this.sink.requests.flatMap((request) => {
        if (!cache.has(request)) cache.set(request, decodeProtobuf(request.body));
        return cache.get(request).filter((span) => span.traceId === traceId);
      });
    const rooted = () => spans().some((span) => span.parentSpanId === '');
    await this.sink.until(rooted, `the root of trace ${traceId}`);
    await new Promise((resolve) => setTimeout(resolve, 200)); // what comes too often has come now
    const faults = faultsOfRun(spans(), expected);
    if (this.sink.requests.some(({ body }) => Buffer.from(body).includes(SECRET))) faults.push('the secret arrived');
    if (faults.length > 0) throw new Error(`the trace is not whole:\n${faults.join('\n')}`);
  }

  /** Deletes a folder: the consumer's own, or another that it made. */
  async remove(dir = this.dir) {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A run of app/agent.js as Mastra’s newest releases trace it; its three chunks stay at home. */
export const RUN = { spans: 7, calls: 2, tokens: 300n };
/** A run of app/events.js. */
export const PLAYED = { spans: 5, calls: 1, tokens: 300n };

const tail = (text) => text.trim().split('\n').slice(-30).join('\n').slice(-4000);
