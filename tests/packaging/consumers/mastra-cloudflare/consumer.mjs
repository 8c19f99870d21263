// `mastra build` with CloudflareDeployer, of the newest releases whose output runs in workerd as it is
// built: from 1.54 on, @mastra/server calls createRequire(import.meta.url) when it is loaded, and
// import.meta.url is undefined there (mastra-cloudflare-newest).
import { deployMoved, devInPlace, mastraBuild, published } from '../../lib/mastra.mjs';

const build = 'mastra build for Cloudflare (npm)';

export default {
  packages: ['mastra', '@mastra/deployer', '@mastra/deployer-cloudflare', '@mastra/core'],
  install: published,
  prepare: mastraBuild,
  rows: [
    { name: `${build}, wrangler dev`, run: devInPlace },
    { name: `${build}, output moved elsewhere, wrangler deploy`, run: deployMoved },
  ],
};
