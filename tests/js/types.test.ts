// The public types, compiled by TypeScript against Mastra's own: under both module resolutions that
// users have, and without any type of ours needing ambient declarations. The stores' types are
// structural: Cloudflare's own, as wrangler generates them, fit.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
const file = fileURLToPath(new URL('./types_check.ts', import.meta.url));

function compile(file: string, ...args: string[]): string {
  const common = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022'];
  try {
    execFileSync(process.execPath, [tsc, ...common, ...args, file], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

for (const resolution of [
  ['--module', 'nodenext'],
  ['--module', 'esnext', '--moduleResolution', 'bundler'],
]) {
  test(`the exporter is Mastra's ObservabilityExporter: ${resolution.join(' ')}`, () => {
    assert.equal(compile(file, ...resolution, '--types', 'node', '--lib', 'es2022,dom,dom.iterable'), '');
  });
}

test("a Worker's environment, and options that are undefined, where types are exact", () => {
  const worker = fileURLToPath(new URL('./types_worker.ts', import.meta.url));
  const exact = ['--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--module', 'nodenext'];
  assert.equal(compile(worker, ...exact, '--types', '', '--lib', 'es2022,dom,dom.iterable'), '');
});

/** What users write against the bindings that `wrangler types` declares. */
const WORKER = `
import { DurableObject, env } from 'cloudflare:workers';
import { EdgespanExporter } from 'edgespan/mastra';
import { durableObjectSpool, kvSpool, queueSpool, r2Spool, replayQueue } from 'edgespan/spool';
const { KV, R2, QUEUE } = env as Env;
const exporter = new EdgespanExporter({ destinations: [], spool: kvSpool(KV) });
export const large = queueSpool(QUEUE, { large: r2Spool(R2) });
export class Agent extends DurableObject {
  spool = durableObjectSpool(this.ctx.storage);
}
export default {
  async queue(batch) {
    await replayQueue(batch, exporter);
  },
} satisfies ExportedHandler<Env>;
// @ts-expect-error another store's binding
kvSpool(R2);
`;

test("the bindings of Cloudflare's stores are what spools take", () => {
  const build = fileURLToPath(new URL('../../build/test/', import.meta.url));
  mkdirSync(build, { recursive: true });
  const dir = mkdtempSync(join(build, 'bindings-'));
  const write = (name: string, content: object | string): void =>
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  try {
    write('package.json', { type: 'module' });
    write('index.ts', WORKER);
    write('wrangler.jsonc', {
      name: 'types',
      main: 'index.ts',
      compatibility_date: '2026-04-01',
      kv_namespaces: [{ binding: 'KV', id: 'spans' }],
      r2_buckets: [{ binding: 'R2', bucket_name: 'spans' }],
      queues: { producers: [{ binding: 'QUEUE', queue: 'spans' }] },
    });
    const wrangler = join(require.resolve('wrangler/package.json'), '../bin/wrangler.js');
    const env = { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG_PATH: dir };
    execFileSync(process.execPath, [wrangler, 'types'], { cwd: dir, env, stdio: 'pipe' });
    write('tsconfig.json', {
      compilerOptions: {
        noEmit: true,
        strict: true,
        skipLibCheck: true,
        target: 'es2022',
        lib: ['es2022'],
        module: 'nodenext',
        types: [],
      },
      files: ['index.ts', 'worker-configuration.d.ts'],
    });
    execFileSync(process.execPath, [tsc, '-p', dir], { encoding: 'utf8' });
  } catch (error) {
    const { stdout, message } = error as { stdout?: Buffer | string; message: string };
    assert.fail(`${message}\n${stdout}`);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
