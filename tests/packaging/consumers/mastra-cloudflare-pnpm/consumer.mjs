// The consumer mastra-cloudflare, installed by pnpm in the workspace of one that create-mastra makes.
// There Mastra's bundler takes every import for one of the workspace's own packages, so that the
// package is not in the output's package.json: it is found as long as the project is above, and where
// the output is moved, one line lists it.
import { deployMoved, devInPlace, mastraBuild, published } from '../../lib/mastra.mjs';

const CONFIG = 'src/mastra/index.ts';

async function listed(lab) {
  const before = await lab.read(CONFIG);
  const line = "  bundler: { externals: ['edgespan'] },\n";
  await lab.write(CONFIG, before.replace('  deployer:', (at) => line + at));
  await mastraBuild(lab);
  await deployMoved(lab);
}

const build = 'mastra build for Cloudflare (pnpm workspace)';

export default {
  packages: ['mastra', '@mastra/deployer-cloudflare', '@mastra/core'],
  base: 'mastra-cloudflare',
  install: { manager: 'pnpm', ...published },
  prepare: mastraBuild,
  rows: [
    { name: `${build}, wrangler dev`, run: devInPlace },
    { name: `${build}, bundler.externals, moved elsewhere`, run: listed, slow: true },
  ],
};
