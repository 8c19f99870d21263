// Next.js, the major release before the current one, by both of its bundlers.
import { nextRows } from '../../lib/next.mjs';

export default {
  base: 'next',
  packages: ['next', 'react', '@mastra/core'],
  rows: [...nextRows('webpack'), ...nextRows('Turbopack', ['--turbopack'])],
};
