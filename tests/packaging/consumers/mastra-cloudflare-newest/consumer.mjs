// `mastra build` with CloudflareDeployer, newest releases. As published their output does not run,
// with or without us; src/mastra/deployer.ts is their users' way around it.
import { deployMoved, devInPlace, mastraBuild, published } from '../../lib/mastra.mjs';

const build = 'mastra build for Cloudflare (npm), newest, its faults worked around';

export default {
  packages: ['mastra', '@mastra/deployer', '@mastra/deployer-cloudflare', '@mastra/core'],
  base: 'mastra-cloudflare',
  install: published,
  prepare: mastraBuild,
  rows: [
    { name: `${build}, wrangler dev`, run: devInPlace },
    { name: `${build}, output moved elsewhere, wrangler deploy`, run: deployMoved },
  ],
};
