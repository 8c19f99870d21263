// The newest releases of `mastra build` for Cloudflare with nothing worked around. When this row works,
// mastra-cloudflare-newest needs its deployer no longer.
import { mastraBuild, published } from '../../lib/mastra.mjs';

export default {
  packages: ['mastra', '@mastra/deployer', '@mastra/deployer-cloudflare', '@mastra/core'],
  base: 'mastra-cloudflare',
  slow: true,
  install: published,
  rows: [
    {
      name: 'mastra build for Cloudflare, newest releases as published',
      run: mastraBuild,
      broken: {
        because:
          "CloudflareDeployer does not hand on the project's folder, which the newest deployer needs",
        error: /"path" argument must be of type string. Received undefined/,
      },
    },
  ],
};
