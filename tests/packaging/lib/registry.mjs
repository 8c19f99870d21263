// A registry of one package: ours, as published; every other name is sent on to the registry that npm
// is configured with. For tools that install by name and version what a bundle imports, as
// `mastra build` does.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

/**
 * Serves `tarball` under the name and version of `manifest` (its package.json).
 * @returns its URL, which ends in '/', and what closes it.
 */
export async function startRegistry({ tarball, manifest, upstream }) {
  const bytes = await readFile(tarball);
  const { name, version } = manifest;
  const file = `/${name}/-/${name}-${version}.tgz`;
  const server = createServer((request, response) => {
    response.setHeader('cache-control', 'no-store'); // the port may be another build's next time
    if (request.url === file) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes);
    } else if (request.url === `/${name}`) {
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      const dist = { tarball: new URL(file, origin()).href, integrity };
      const document = {
        name,
        'dist-tags': { latest: version },
        versions: { [version]: { ...manifest, dist } },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    } else {
      response.writeHead(302, { location: new URL(request.url.slice(1), upstream).href }).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = () => `http://127.0.0.1:${server.address().port}/`;
  return {
    url: origin(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
