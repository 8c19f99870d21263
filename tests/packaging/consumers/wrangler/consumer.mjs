// Workers bundled by wrangler: what `wrangler deploy` would upload, and `wrangler dev`.
import { freePort, PLAYED, RUN } from '../../lib/lab.mjs';

/** Bundles an entry as `wrangler deploy` does, and starts it; `env` is wrangler's. */
async function deploy(lab, main, { config = 'plain.jsonc', flags = [], env = {} } = {}) {
  const args = ['deploy', main, '--config', config, '--dry-run', '--outdir', 'out'];
  await lab.remove(`${lab.dir}/out`);
  await lab.exec('wrangler', args, { env });
  return lab.worker('out', { main, flags });
}

async function nodejs(lab) {
  const options = { config: 'wrangler.jsonc', flags: ['nodejs_compat'] };
  await lab.check(await deploy(lab, 'worker.js', options), '/', RUN);
}

async function plain(lab) {
  await lab.check(await deploy(lab, 'plain.js'), '/', PLAYED);
}

async function dev(lab) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const variable = `OTEL_EXPORTER_OTLP_ENDPOINT:${lab.endpoint}`;
  await lab.serve('wrangler', ['dev', '--port', `${port}`, '--var', variable], { url });
  await lab.check(fetch, url);
}

// Conditions under which a Worker gets the build for browsers and Node.
const WRONG = { WRANGLER_BUILD_CONDITIONS: 'browser' };

async function wrongBranch(lab) {
  const worker = await deploy(lab, 'plain.js', { env: WRONG });
  const response = await worker('/');
  if (response.status !== 200) throw new Error(`the Worker answered ${response.status}`);
  await lab.printed(/EDGESPAN_WASM_COMPILE_BLOCKED|forbids compiling WebAssembly/);
  await lab.printed(/edgespan\/module\.wasm.*initCore\(module\)/);
}

async function byHand(lab) {
  await lab.check(await deploy(lab, 'manual.js', { env: WRONG }), '/', PLAYED);
}

export default {
  packages: ['wrangler', '@mastra/core'],
  rows: [
    { name: 'wrangler deploy, nodejs_compat', run: nodejs },
    { name: 'wrangler deploy, without nodejs_compat', run: plain },
    { name: 'wrangler dev', run: dev },
    { name: 'wrangler without the workerd condition: the log says what to add', run: wrongBranch },
    { name: 'wrangler without the workerd condition: initCore(module) and waitUntil by hand', run: byHand },
  ],
};
