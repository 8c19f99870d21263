// bundle.mjs BUNDLER TARGET ENTRY: bundles ENTRY, all packages included, into out/main.js (main.cjs
// where the target is CommonJS), with the settings that the bundler documents for the target and none
// for us. Targets: node, node-cjs, web, webworker.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';

const [, , bundler, target, entry] = process.argv;
const isNode = target.startsWith('node');
const cjs = target === 'node-cjs';
const input = resolve(entry);
const dir = resolve('out');
const file = cjs ? 'main.cjs' : 'main.js';

const bundlers = {
  async bun() {
    // Its interface exists in Bun alone; the command is what users type.
    const platform = isNode ? 'node' : 'browser';
    const args = [`--target=${platform}`, `--format=${cjs ? 'cjs' : 'esm'}`];
    execFileSync('bun', ['build', input, `--outfile=${dir}/${file}`, ...args], { stdio: 'inherit' });
  },

  async esbuild() {
    const { build } = await import('esbuild');
    await build({
      entryPoints: [input],
      bundle: true,
      platform: isNode ? 'node' : 'browser',
      format: cjs ? 'cjs' : 'esm',
      outfile: `${dir}/${file}`,
      // The usual help for CommonJS dependencies in an ES module, whose require() esbuild leaves.
      ...(target === 'node' && {
        banner: {
          js: "import * as nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);",
        },
      }),
    });
  },

  async rollup() {
    const { rollup } = await import('rollup');
    const { nodeResolve } = await import('@rollup/plugin-node-resolve');
    const { default: commonjs } = await import('@rollup/plugin-commonjs');
    const { default: json } = await import('@rollup/plugin-json');
    const plugins = [
      nodeResolve(isNode ? { exportConditions: ['node'] } : { browser: true }),
      commonjs(),
      json(),
    ];
    const bundle = await rollup({ input, plugins });
    const format = cjs ? 'cjs' : 'es';
    await bundle.write({ file: `${dir}/${file}`, format, inlineDynamicImports: true });
    await bundle.close();
  },

  async rolldown() {
    const { build } = await import('rolldown');
    const output = { file: `${dir}/${file}`, format: cjs ? 'cjs' : 'es', codeSplitting: false };
    await build({ input, platform: isNode ? 'node' : 'browser', output });
  },

  async vite() {
    const { build } = await import('vite');
    await build({
      configFile: false,
      logLevel: 'warn',
      build: isNode
        ? { ssr: input, outDir: dir, rolldownOptions: { output: { entryFileNames: file } } }
        : { lib: { entry: input, formats: ['es'], fileName: 'main' }, outDir: dir },
      ...(isNode && { ssr: { noExternal: true } }),
    });
  },

  /** `vite build --ssr` as it is: packages stay outside. */
  async 'vite-external'() {
    const { build } = await import('vite');
    const output = { entryFileNames: file };
    const options = { ssr: input, outDir: dir, rolldownOptions: { output } };
    await build({ configFile: false, logLevel: 'warn', build: options });
  },

  async webpack() {
    const { default: webpack } = await import('webpack');
    await packed(webpack);
  },

  async rspack() {
    const { rspack } = await import('@rspack/core');
    await packed(rspack);
  },
};

// webpack's interface, which is Rspack's too.
async function packed(webpack) {
  const compiler = webpack({
    mode: 'production',
    target: isNode ? 'node20' : target,
    entry: input,
    output: {
      path: dir,
      filename: file,
      library: { type: cjs ? 'commonjs2' : 'module' },
      ...(cjs ? {} : { module: true, chunkFormat: 'module' }),
    },
    experiments: cjs ? {} : { outputModule: true },
  });
  const stats = await new Promise((done, fail) => {
    compiler.run((error, result) => (error ? fail(error) : done(result)));
  });
  await new Promise((done) => compiler.close(done));
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
}

await rm(dir, { recursive: true, force: true });
await bundlers[bundler]();
