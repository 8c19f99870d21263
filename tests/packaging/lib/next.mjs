// Rows that the consumers with Next.js share: one build, then `next start` and what it serves.
import { freePort, PLAYED, RUN } from './lab.mjs';

/** Builds, with more arguments where a bundler is not the default. */
export const nextBuild = (lab, args = []) =>
  lab.exec('next', ['build', ...args], { timeout: 600_000 });

/** Starts what was built, and asks it for runs. */
export async function nextStart(lab, path, expected) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.serve('next', ['start', '-p', `${port}`], { url: `${url}/none`, env });
  await lab.check(fetch, url + path, expected);
}

/**
 * Edge code must carry the core and the redactor as modules, which the platform compiles: `next start`
 * would compile their bytes as well, Vercel does not.
 */
async function checkEdgeCode(lab, find) {
  if (lab.control) return;
  const manifest = JSON.parse(await lab.read('.next/server/middleware-manifest.json'));
  const { wasm, files } = find(manifest);
  if (wasm.length !== 2) throw new Error(`its modules: ${JSON.stringify(wasm)}`);
  for (const file of files) {
    const code = await lab.read(`.next/${file}`);
    if (code.includes('AGFzbQEAAAA')) throw new Error(`${file} carries a module's bytes`);
  }
}

/** A row for each kind of server code, built by `bundler` with `args` for `next build`. */
export function nextRows(bundler, args) {
  let built; // the lab in which these rows' build was made
  const row = (what, run) => ({
    name: `Next.js, ${bundler}: ${what}`,
    async run(lab) {
      if (built !== lab) await nextBuild(lab, args);
      built = lab;
      await run(lab);
    },
  });
  return [
    row('Node route', (lab) => nextStart(lab, '/node', RUN)),
    row('Edge route', async (lab) => {
      await checkEdgeCode(lab, ({ functions }) => functions['/edge/route']);
      await nextStart(lab, '/edge', PLAYED);
    }),
    row('Edge middleware', async (lab) => {
      await checkEdgeCode(lab, ({ middleware }) => middleware['/']);
      await nextStart(lab, '/middleware', PLAYED);
    }),
  ];
}
