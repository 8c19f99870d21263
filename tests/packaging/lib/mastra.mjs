// Rows that the consumers of `mastra build` share.
import { cp } from 'node:fs/promises';
import { freePort } from './lab.mjs';

/** Mastra's own route to the agent. */
export const ROUTE = '/api/agents/reporter/generate';
export const QUESTION = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ messages: [{ role: 'user', content: 'Weather in Zürich?' }] }),
};

/** What installs by name and version, as `mastra build` does for what it leaves out of its bundle. */
export const published = { published: true };

export async function mastraBuild(lab) {
  await lab.exec('mastra', ['build'], { timeout: 600_000 });
}

/** `wrangler dev` on the output where it was built. */
export async function devInPlace(lab) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const variable = `OTEL_EXPORTER_OTLP_ENDPOINT:${lab.endpoint}`;
  const args = ['dev', '--port', `${port}`, '--var', variable];
  await lab.serve('wrangler', args, { cwd: '.mastra/output', url });
  await lab.check(fetch, url + ROUTE, undefined, QUESTION);
}

/** What `wrangler deploy` uploads from the output, copied to where the project is not above it. */
export async function deployMoved(lab) {
  const moved = `${lab.dir}-moved`;
  await cp(`${lab.dir}/.mastra/output`, moved, { recursive: true, verbatimSymlinks: true });
  lab.defer(() => lab.remove(moved));
  await lab.exec('wrangler', ['deploy', '--dry-run', '--outdir', 'out'], { cwd: moved });
  const config = JSON.parse(await lab.read(`${moved}/wrangler.json`));
  const worker = await lab.worker(`${moved}/out`, {
    flags: config.compatibility_flags,
    date: config.compatibility_date,
  });
  await lab.check(worker, ROUTE, undefined, QUESTION);
}
