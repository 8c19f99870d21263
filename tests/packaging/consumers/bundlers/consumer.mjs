// Bundlers: one entry for all of them, each with its documented settings for a target (bundle.mjs);
// each bundle runs where it is meant to, in Node or in a context with the web's globals alone.
import { mkdtemp, cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLAYED, RUN } from '../../lib/lab.mjs';

/** Bundles app/run-WHAT.js and runs the bundle away from node_modules, but where `external`. */
const bundle = (bundler, target, what, { external = false } = {}) => ({
  name: `${bundler}, ${target}${what === 'agent' ? '' : ', without Mastra'}`,
  async run(lab) {
    await lab.exec('node', ['bundle.mjs', bundler, target, `app/run-${what}.js`]);
    await execute(lab, target, what, external);
  },
});

async function execute(lab, target, what, external) {
  let out = join(lab.dir, 'out');
  if (!external) {
    const elsewhere = await mkdtemp(join(tmpdir(), 'edgespan-bundle-'));
    lab.defer(() => lab.remove(elsewhere));
    await cp(out, elsewhere, { recursive: true });
    await lab.exec('node', ['-e', `require('fs').writeFileSync('${elsewhere}/package.json', '{"type":"module"}')`]);
    out = elsewhere;
  }
  const file = join(out, target === 'node-cjs' ? 'main.cjs' : 'main.js');
  const host = target.startsWith('node') ? ['node.mjs'] : ['--experimental-vm-modules', 'web.mjs'];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  const stdout = await lab.exec('node', [...host, file], { env });
  await lab.checkAnswers(stdout, what === 'agent' ? RUN : PLAYED);
}

export default {
  packages: ['esbuild', 'rollup', 'rolldown', 'vite', 'webpack', '@rspack/core', 'bun'],
  rows: [
    bundle('esbuild', 'node', 'agent'),
    bundle('esbuild', 'node-cjs', 'agent'),
    bundle('esbuild', 'web', 'events'),
    bundle('rollup', 'node', 'agent'),
    bundle('rollup', 'node', 'events'),
    bundle('rollup', 'node-cjs', 'events'),
    bundle('rollup', 'web', 'events'),
    bundle('rolldown', 'node', 'agent'),
    bundle('rolldown', 'node', 'events'),
    bundle('rolldown', 'node-cjs', 'events'),
    bundle('rolldown', 'web', 'events'),
    bundle('vite', 'node', 'agent'),
    bundle('vite', 'node', 'events'),
    bundle('vite-external', 'node', 'agent', { external: true }),
    bundle('vite', 'web', 'events'),
    bundle('webpack', 'node', 'agent'),
    bundle('webpack', 'node', 'events'),
    bundle('webpack', 'node-cjs', 'events'),
    bundle('webpack', 'web', 'events'),
    bundle('webpack', 'webworker', 'events'),
    bundle('rspack', 'node', 'agent'),
    bundle('rspack', 'node', 'events'),
    bundle('rspack', 'node-cjs', 'events'),
    bundle('rspack', 'web', 'events'),
    bundle('rspack', 'webworker', 'events'),
  ],
};
