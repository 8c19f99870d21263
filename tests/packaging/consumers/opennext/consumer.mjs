// OpenNext for Cloudflare: a Next.js application as a Worker, by both of Next.js's bundlers.
import { freePort, RUN } from '../../lib/lab.mjs';

const bundledBy = (option) => async (lab) => {
  if (lab.control) await lab.write('app/exporter.js', await lab.read('control-exporter.js'));
  const env = { BUNDLER: option };
  await lab.exec('opennextjs-cloudflare', ['build'], { env, timeout: 600_000 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const variable = `OTEL_EXPORTER_OTLP_ENDPOINT:${lab.endpoint}`;
  const args = ['dev', '--port', `${port}`, '--var', variable];
  const server = await lab.serve('wrangler', args, { url: `${url}/none` });
  try {
    await lab.check(fetch, `${url}/node`, RUN);
  } catch (error) {
    // Its answer gives no reason; its log does, a moment later.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    throw new Error(`${error.message}\n${server.all()}`);
  }
};

export default {
  packages: ['@opennextjs/cloudflare', 'next', 'wrangler', '@mastra/core'],
  rows: [
    { name: 'OpenNext for Cloudflare, next build --webpack', run: bundledBy('--webpack') },
    {
      name: 'OpenNext for Cloudflare, next build (Turbopack)',
      run: bundledBy(''),
      broken: {
        because:
          'OpenNext looks for subpaths of serverExternalPackages in part of what Turbopack wrote, ' +
          'and leaves out others: `No such module "edgespan-…/mastra"`, `"zod-…/mini"`',
        error: /Failed to load external module (edgespan|zod)-/,
      },
    },
  ],
};
