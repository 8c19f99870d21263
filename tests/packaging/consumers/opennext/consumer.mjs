// OpenNext for Cloudflare: a Next.js application as a Worker. Next.js's webpack builds it: in what
// Turbopack writes, OpenNext 1.20 looks for subpaths of serverExternalPackages in some of the chunks
// only, and finds them in some builds and in others not (`No such module "edgespan-…/mastra"`, or
// `"zod-…/mini"` in an application without this package). No row can tell what comes of that.
import { freePort, RUN } from '../../lib/lab.mjs';

async function run(lab) {
  await lab.exec('opennextjs-cloudflare', ['build'], { timeout: 600_000 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const variable = `OTEL_EXPORTER_OTLP_ENDPOINT:${lab.endpoint}`;
  const args = ['dev', '--port', `${port}`, '--var', variable];
  await lab.serve('wrangler', args, { url: `${url}/none` });
  await lab.check(fetch, `${url}/node`, RUN);
}

export default {
  packages: ['@opennextjs/cloudflare', 'next', 'wrangler', '@mastra/core'],
  rows: [{ name: 'OpenNext for Cloudflare, next build --webpack', run }],
};
