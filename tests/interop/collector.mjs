// The OpenTelemetry Collector as a receiver: built from its Go modules (otelcol/), run with OTLP in
// and OTLP/JSON out to a sink of ours, so that what it understood can be compared.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./otelcol/', import.meta.url));
const BUILD = fileURLToPath(new URL('../../build/interop/', import.meta.url));

/** A reason for which the Collector cannot be had here; the suite skips it, visibly. */
export class Unavailable extends Error {}

/** The Collector's binary, built when its sources changed since. */
export function buildCollector(log) {
  const binary = join(BUILD, 'otelcol');
  const stampFile = `${binary}.stamp`;
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(SOURCE, file)));
  const stamp = hash.digest('hex');
  const current = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (existsSync(binary) && current === stamp) return binary;

  mkdirSync(BUILD, { recursive: true });
  const go = findGo(log);
  log('building the OpenTelemetry Collector (a few minutes the first time)');
  // Go fetches through its module proxy; go.sum pins every module.
  const settings = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' };
  const env = { HOME: BUILD, ...process.env, ...settings };
  const run = (...args) => spawnSync(go, args, { cwd: SOURCE, env, encoding: 'utf8' });
  const fetched = run('mod', 'download');
  if (fetched.status !== 0) throw new Unavailable(`go mod download: ${tail(fetched.stderr)}`);
  const built = run('build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', binary, '.');
  if (built.status !== 0) throw new Error(`go build: ${tail(built.stderr)}`);
  writeFileSync(stampFile, stamp);
  return binary;
}

/** The machine's Go if it is new enough, else Debian sid's, fetched beside the build. */
function findGo(log) {
  const isNewEnough = (go) => {
    const { stdout } = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' });
    const [, minor] = /^go1\.(\d+)/.exec(stdout ?? '') ?? [];
    return Number(minor) >= 25;
  };
  if (isNewEnough('go')) return 'go';
  const fetched = join(BUILD, 'go-from-sid/bin/go');
  if (!isNewEnough(fetched)) {
    log('no Go >= 1.25 here: fetching the one of Debian sid');
    const script = fileURLToPath(new URL('./get-go.sh', import.meta.url));
    const got = spawnSync(script, [join(BUILD, 'go-from-sid')], { encoding: 'utf8' });
    if (got.status !== 0) throw new Unavailable(`no Go >= 1.25: ${tail(got.stderr)}`);
  }
  return fetched;
}

const tail = (text) => (text ?? '').trim().slice(-400);

/** A port that was free a moment ago. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts the Collector; what it receives goes as OTLP/JSON to `sinkOrigin`. `limits` are settings of its
 * receiver, as YAML.
 */
export async function startCollector(binary, sinkOrigin, limits = '') {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'edgespan-otelcol-'));
  const config = join(dir, 'otelcol.yaml');
  writeFileSync(
    config,
    `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}"${limits} } } } }
exporters:
  otlp_http:
    traces_endpoint: ${sinkOrigin}/v1/traces
    encoding: json
    compression: none
    retry_on_failure: { enabled: false }
    sending_queue: { enabled: false }
service:
  telemetry: { logs: { level: warn }, metrics: { level: none } }
  pipelines: { traces: { receivers: [otlp], exporters: [otlp_http] } }
`,
  );
  const child = spawn(binary, [`--config=${config}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const url = `http://127.0.0.1:${port}/v1/traces`;
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null) throw new Error(`the Collector ended at once: ${said}`);
    // A GET is answered (405) as soon as it listens.
    if (
      (await fetch(url).then(
        (r) => r.body?.cancel() ?? true,
        () => false,
      )) !== false
    )
      break;
    if (tries === 100) throw new Error(`the Collector does not answer: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    version: execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim(),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
      rmSync(dir, { recursive: true });
    },
  };
}
