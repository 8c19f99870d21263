// built.mjs ENTRYPOINT: runs what Vercel would deploy of a function: the files that its builder
// traced, in a folder without any other. Tells by lines `answer …` what two requests got.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import buildUtils from '@vercel/build-utils';
import vercel from '@vercel/node';
import { EdgeRuntime } from 'edge-runtime';
import { build } from 'esbuild';

const workPath = process.cwd();
const entrypoint = process.argv[2];
const { output } = await vercel.build({
  entrypoint,
  workPath,
  repoRootPath: workPath,
  files: await buildUtils.glob('**', { cwd: workPath, ignore: ['node_modules/**'] }),
  config: { zeroConfig: true },
  meta: { skipDownload: true },
});
const dir = await mkdtemp(join(tmpdir(), 'edgespan-vercel-'));
try {
  await buildUtils.download(output.files, dir);
  const edge = output.type === 'EdgeFunction';
  const handle = edge ? await edgeFunction(join(dir, output.entrypoint)) : await nodeFunction();
  for (let i = 0; i < 2; i++) console.log(`answer ${await handle()}`);
} finally {
  await rm(dir, { recursive: true });
}

/** The platform's request context; resolves when the work after the response has ended. */
async function inRequest(global, work) {
  const after = [];
  const context = { waitUntil: (promise) => void after.push(promise) };
  global[Symbol.for('@vercel/request-context')] = { get: () => context };
  const answer = await work();
  if (after.length === 0) throw new Error('nothing was handed to waitUntil');
  await Promise.all(after);
  return answer;
}

async function nodeFunction() {
  const { GET } = await import(join(dir, entrypoint));
  return () => inRequest(globalThis, async () => (await GET(new Request('http://consumer/'))).text());
}

/** In Vercel's edge runtime, which as in production compiles nothing at run time. */
async function edgeFunction(file) {
  const modules = {};
  const plugin = {
    name: 'wasm-module',
    setup(esbuild) {
      esbuild.onResolve({ filter: /\.wasm\?module$/ }, async ({ path, resolveDir }) => {
        const name = `wasm_${randomUUID().replaceAll('-', '')}`;
        const file = join(resolveDir, path.replace('?module', ''));
        modules[name] = new WebAssembly.Module(await readFile(file));
        return { path: name, namespace: 'wasm-module' };
      });
      esbuild.onLoad({ filter: /./, namespace: 'wasm-module' }, ({ path }) => ({
        contents: `export default globalThis.${path};`,
      }));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'edgeFunction',
    platform: 'browser',
    conditions: ['edge-light', 'module'],
    plugins: [plugin],
  });
  const runtime = new EdgeRuntime({
    initialCode: `${outputFiles[0].text}
      addEventListener('fetch', (event) => event.respondWith(edgeFunction.default(event.request)));`,
    codeGeneration: { strings: false, wasm: false },
    // As on Vercel.
    extend: (context) =>
      Object.assign(context, modules, { AsyncLocalStorage, process: { env: process.env } }),
  });
  const compile = 'new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))';
  let compiles = true;
  try {
    runtime.evaluate(compile);
  } catch {
    compiles = false;
  }
  if (compiles) throw new Error(`${basename(file)}: the runtime compiles at run time`);
  return () =>
    inRequest(runtime.context, async () => (await runtime.dispatchFetch('http://consumer/')).text());
}
