// The consumer vitest-workers with the plugin's former name and vitest 4.
import workers from '../vitest-workers/consumer.mjs';

export default {
  packages: ['@cloudflare/vitest-pool-workers', 'vitest', '@mastra/core'],
  base: 'vitest-workers',
  slow: true,
  rows: [{ ...workers.rows[0], name: 'vitest in workerd, @cloudflare/vitest-pool-workers' }],
};
