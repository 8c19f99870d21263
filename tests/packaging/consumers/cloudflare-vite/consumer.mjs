// Cloudflare's Vite plugin: the built Worker in workerd, and the development server.
import { freePort } from '../../lib/lab.mjs';

async function build(lab) {
  await lab.exec('vite', ['build']);
  await lab.check(await lab.worker('dist/consumer', { flags: ['nodejs_compat'] }), '/');
}

async function dev(lab) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  await lab.write('.dev.vars', `OTEL_EXPORTER_OTLP_ENDPOINT=${lab.endpoint}\n`);
  await lab.serve('vite', ['dev', '--host', '127.0.0.1', '--port', `${port}`, '--strictPort'], {
    url,
  });
  await lab.check(fetch, url);
}

export default {
  packages: ['@cloudflare/vite-plugin', 'vite', '@mastra/core'],
  rows: [
    { name: 'Cloudflare Vite plugin, build', run: build },
    { name: 'Cloudflare Vite plugin, dev', run: dev },
  ],
};
