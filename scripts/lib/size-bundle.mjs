// Bundles a module's text as a Worker's build would, for what measures bundles and looks into them.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The minified bundle of `source`: its bytes, whether it imports core.wasm (which stays a file of its
 *  own), and how many bytes each file is in it. `conditions` are workerd's if left out. */
export async function bundle(source, conditions = ['workerd']) {
  const result = await build({
    stdin: { contents: source, resolveDir: join(root, 'tests') },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    conditions,
    external: ['*.wasm', 'edgespan/core.wasm', 'cloudflare:*', 'node:*'],
    logLevel: 'warning',
  });
  const [output] = Object.values(result.metafile.outputs);
  return {
    bytes: result.outputFiles[0].contents,
    withWasm: output.imports.some(({ path }) => path.endsWith('core.wasm')),
    files: Object.fromEntries(
      Object.entries(output.inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
    ),
  };
}
