// Bundles a Worker the way `wrangler deploy` does and runs it in the local workerd.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Miniflare } from 'miniflare';

const require = createRequire(import.meta.url);

/** The newest compatibility date that the Workers of this repository ask for. */
const COMPATIBILITY_DATE = '2026-04-01';

/**
 * Bundles the Worker whose wrangler.jsonc is in `dir` (a file URL ending in '/'); `settings` are
 * variables for wrangler.
 *
 * @returns the folder with index.js and the .wasm modules beside it.
 */
export async function bundleWorker(
  dir: URL,
  settings: Record<string, string> = {},
): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'edgespan-worker-'));
  const bin = join(require.resolve('wrangler/package.json'), '../bin/wrangler.js');
  const args = [bin, 'deploy', '--dry-run', '--outdir', outdir];
  const env = {
    ...process.env,
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG_PATH: outdir,
    CI: '1',
    ...settings,
  };
  try {
    await promisify(execFile)(process.execPath, args, { cwd: fileURLToPath(dir), env });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`wrangler could not bundle ${dir.pathname}:\n${stdout}\n${stderr}`);
  }
  return outdir;
}

/**
 * Starts a bundled Worker in workerd; `onLine` gets what it prints. With `inspector` its heap can be
 * looked at.
 */
export async function startWorker(
  outdir: string,
  bindings: Record<string, string>,
  onLine: (line: string) => unknown = () => {},
  inspector = false,
): Promise<Miniflare> {
  const files = await readdir(outdir);
  const worker = new Miniflare({
    modulesRoot: outdir,
    modules: [
      { type: 'ESModule', path: join(outdir, 'index.js') },
      ...files
        .filter((file) => file.endsWith('.wasm'))
        .map((file) => ({ type: 'CompiledWasm' as const, path: join(outdir, file) })),
    ],
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: ['nodejs_compat'],
    bindings,
    ...(inspector && { inspectorPort: 0 }),
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      for (const stream of [stdout, stderr]) {
        stream.on('data', (chunk: Buffer) => {
          for (const line of chunk.toString().split('\n')) if (line) onLine(line);
        });
      }
    },
  });
  await worker.ready;
  return worker;
}
