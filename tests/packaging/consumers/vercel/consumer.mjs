// Vercel without an account: functions by its own builder, as `vercel dev` serves them, and as they are
// deployed. Edge code runs in its edge runtime.
import { freePort, PLAYED, RUN } from '../../lib/lab.mjs';

const dev = (entrypoint, expected) => async (lab) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.serve('node', ['dev.mjs', `${port}`, entrypoint], { url, env });
  await lab.check(fetch, url, expected);
};

const built = (entrypoint, expected) => async (lab) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.checkAnswers(await lab.exec('node', ['built.mjs', entrypoint], { env }), expected);
};

export default {
  packages: ['@vercel/node', 'edge-runtime', '@mastra/core'],
  rows: [
    { name: 'Vercel, Node function as deployed', run: built('api/node.js', RUN) },
    { name: 'Vercel, Edge function as deployed, edge-runtime', run: built('api/edge.js', PLAYED) },
    { name: 'Vercel, Node function in vercel dev', run: dev('api/node.js', RUN) },
    { name: 'Vercel, Edge function in vercel dev', run: dev('api/edge.js', PLAYED) },
    { name: 'Vercel, Routing Middleware in vercel dev', run: dev('middleware.js', PLAYED) },
  ],
};
