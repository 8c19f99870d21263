// Bundlers: one entry for all of them, each with its documented settings for a target (bundle.mjs);
// each bundle runs where it is meant to: in Node, or in a context with the web's globals alone.
import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLAYED, RUN } from '../../lib/lab.mjs';

const PACKAGES = { rspack: '@rspack/core', 'vite-external': 'vite' };

/** Bundles app/run-WHAT.js, and runs the bundle. */
const bundle = (bundler, target, what, options = {}) => ({
  name: `${bundler}, ${target}${what === 'agent' ? '' : ', without Mastra'}`,
  packages: [PACKAGES[bundler] ?? bundler, ...(what === 'agent' ? ['@mastra/core'] : [])],
  async run(lab) {
    await lab.exec('node', ['bundle.mjs', bundler, target, `app/run-${what}.js`]);
    const out = options.external ? join(lab.dir, 'out') : await moved(lab);
    const file = join(out, target === 'node-cjs' ? 'main.cjs' : 'main.js');
    const isNode = target.startsWith('node');
    const host = isNode ? ['node.mjs'] : ['--experimental-vm-modules', 'web.mjs'];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
    const stdout = await lab.exec('node', [...host, file], { env });
    await lab.checkAnswers(stdout, what === 'agent' ? RUN : PLAYED);
  },
  ...options,
});

/** The bundle in a folder of its own, above which there are no packages. */
async function moved(lab) {
  const dir = await mkdtemp(join(tmpdir(), 'edgespan-bundle-'));
  lab.defer(() => lab.remove(dir));
  await cp(join(lab.dir, 'out'), dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }');
  return dir;
}

export default {
  rows: [
    bundle('esbuild', 'node', 'agent'),
    bundle('esbuild', 'node-cjs', 'agent'),
    bundle('esbuild', 'web', 'events'),
    bundle('rollup', 'node', 'agent'),
    bundle('rollup', 'node-cjs', 'events'),
    bundle('rollup', 'web', 'events'),
    bundle('rolldown', 'node', 'agent'),
    bundle('rolldown', 'node-cjs', 'events'),
    bundle('rolldown', 'web', 'events'),
    bundle('vite', 'node', 'agent'),
    bundle('vite-external', 'node', 'agent', { external: true }),
    bundle('vite', 'web', 'events'),
    bundle('webpack', 'node', 'agent', { slow: true }),
    bundle('webpack', 'node', 'events'),
    bundle('webpack', 'node-cjs', 'events'),
    bundle('webpack', 'web', 'events'),
    bundle('webpack', 'webworker', 'events'),
    bundle('rspack', 'node', 'agent'),
    bundle('rspack', 'node-cjs', 'events'),
    bundle('rspack', 'web', 'events'),
    bundle('rspack', 'webworker', 'events'),
    bundle('bun', 'node', 'agent'),
    bundle('bun', 'node-cjs', 'events'),
    bundle('bun', 'web', 'events'),
  ],
};
