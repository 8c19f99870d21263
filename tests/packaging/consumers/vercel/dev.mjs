// dev.mjs PORT ENTRYPOINT: serves a function as `vercel dev` does, by the same builder, without an
// account: passes each request on to the function's own server.
import { createServer } from 'node:http';
import vercel from '@vercel/node';

const [, , port, entrypoint] = process.argv;
const middleware = entrypoint === 'middleware.js';
const server = await vercel.startDevServer({
  entrypoint,
  workPath: process.cwd(),
  repoRootPath: process.cwd(),
  files: {},
  config: { zeroConfig: true, ...(middleware && { middleware }) },
  meta: { isDev: true, requestUrl: '/', env: { ...process.env }, buildEnv: {} },
});
process.on('exit', () => process.kill(server.pid));
const host = `127.0.0.1:${port}`;
createServer(async (request, response) => {
  const headers = { 'x-forwarded-host': host, 'x-forwarded-proto': 'http' };
  const answer = await fetch(`http://127.0.0.1:${server.port}${request.url}`, { headers });
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(await answer.text());
}).listen(Number(port), '127.0.0.1');
