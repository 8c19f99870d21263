// Next.js, its current major release, with spans of OpenTelemetry's API; and the proxy, in Node, which
// takes the middleware's place.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { nextBuild } from '../../lib/next.mjs';
import { behindMiddleware, otelRows } from '../../lib/next_otel.mjs';

async function proxy(lab) {
  const text = await lab.read('middleware.js');
  await lab.write('middleware.js', text.replace('const middleware', 'const proxy'));
  await rename(join(lab.dir, 'middleware.js'), join(lab.dir, 'proxy.js'));
  await nextBuild(lab);
  await behindMiddleware(lab, 'nodejs');
}

export default {
  packages: ['next', 'react', '@opentelemetry/api'],
  rows: [
    ...otelRows('Turbopack'),
    { name: 'Next.js, Turbopack, OpenTelemetry: Node route behind a proxy in Node', run: proxy },
  ],
};
