// Workers bundled by wrangler: what `wrangler deploy` would upload, and `wrangler dev`.
import { freePort, PLAYED, RUN } from '../../lib/lab.mjs';

const deploy = (config, flags, expected) => async (lab) => {
  await lab.exec('wrangler', ['deploy', '--config', config, '--dry-run', '--outdir', 'out']);
  const main = config === 'plain.jsonc' ? 'plain.js' : 'worker.js';
  await lab.check(await lab.worker('out', { main, flags }), '/', expected);
};

async function dev(lab) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const variable = `OTEL_EXPORTER_OTLP_ENDPOINT:${lab.endpoint}`;
  await lab.serve('wrangler', ['dev', '--port', `${port}`, '--var', variable], { url });
  await lab.check(fetch, url);
}

export default {
  packages: ['wrangler', '@mastra/core'],
  rows: [
    {
      name: 'wrangler deploy, nodejs_compat',
      run: deploy('wrangler.jsonc', ['nodejs_compat'], RUN),
    },
    { name: 'wrangler deploy, without nodejs_compat', run: deploy('plain.jsonc', [], PLAYED) },
    { name: 'wrangler dev', run: dev },
  ],
};
