// `mastra build` without a deployer: a Node server.
import { freePort } from '../../lib/lab.mjs';
import { mastraBuild, published, QUESTION, ROUTE } from '../../lib/mastra.mjs';

async function serve(lab) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { PORT: `${port}`, OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.serve('node', ['index.mjs'], { cwd: '.mastra/output', env, url });
  await lab.check(fetch, url + ROUTE, undefined, QUESTION);
}

export default {
  packages: ['mastra', '@mastra/core'],
  base: 'mastra-cloudflare',
  install: published,
  prepare: mastraBuild,
  rows: [{ name: 'mastra build (Node), node .mastra/output/index.mjs', run: serve }],
};
