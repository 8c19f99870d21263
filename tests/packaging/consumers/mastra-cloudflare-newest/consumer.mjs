// `mastra build` with CloudflareDeployer, newest releases. As published they fail without us, each
// fault hiding the next; their users' ways around them are in src/mastra/deployer.ts, and:
// @mastra/deployer-cloudflare 1.2.2 drops the argument in which @mastra/deployer from 1.68 on passes
// the project's folder; inside a workspace it is not needed (package.json).
import { deployMoved, devInPlace, mastraBuild, published } from '../../lib/mastra.mjs';

const build = 'mastra build for Cloudflare, newest releases with their faults worked around';

export default {
  packages: ['mastra', '@mastra/deployer', '@mastra/deployer-cloudflare', '@mastra/core'],
  base: 'mastra-cloudflare',
  install: published,
  prepare: mastraBuild,
  rows: [
    { name: `${build}, wrangler dev`, run: devInPlace },
    { name: 'the same output moved elsewhere, wrangler deploy', run: deployMoved },
  ],
};
