// Next.js, its current major release: a route in Node, and in Edge code a route and the middleware;
// and the proxy, in Node, which takes the middleware's place. Built and started as for production.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { PLAYED } from '../../lib/lab.mjs';
import { nextBuild, nextRows, nextStart } from '../../lib/next.mjs';

async function proxy(lab) {
  const text = await lab.read('middleware.js');
  await lab.write('middleware.js', text.replace('const middleware', 'const proxy'));
  await rename(join(lab.dir, 'middleware.js'), join(lab.dir, 'proxy.js'));
  await nextBuild(lab);
  await nextStart(lab, '/middleware', PLAYED);
}

export default {
  packages: ['next', 'react', '@mastra/core'],
  rows: [...nextRows('Turbopack'), { name: 'Next.js, Turbopack: proxy', run: proxy }],
};
