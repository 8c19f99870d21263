// The consumer mastra-cloudflare, installed by pnpm.
import { deployMoved, devInPlace, mastraBuild, published } from '../../lib/mastra.mjs';

export default {
  packages: ['mastra', '@mastra/deployer-cloudflare', '@mastra/core'],
  base: 'mastra-cloudflare',
  install: { manager: 'pnpm', ...published },
  prepare: mastraBuild,
  rows: [
    { name: 'mastra build for Cloudflare (pnpm), wrangler dev', run: devInPlace },
    { name: 'the same output moved elsewhere, wrangler deploy', run: deployMoved },
  ],
};
