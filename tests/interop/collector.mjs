// The OpenTelemetry Collector as a receiver: built from its Go modules (otelcol/), run with OTLP in
// and OTLP/JSON out to a sink of ours, so that what it understood can be compared.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, output, startServer, Unavailable } from './process.mjs';

const SOURCE = fileURLToPath(new URL('./otelcol/', import.meta.url));
const BUILD = fileURLToPath(new URL('../../build/interop/', import.meta.url));

/** The Collector's binary, built when its sources changed since. */
export async function buildCollector(log) {
  const binary = join(BUILD, 'otelcol');
  const stampFile = `${binary}.stamp`;
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(SOURCE, file)));
  const stamp = hash.digest('hex');
  const current = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (existsSync(binary) && current === stamp) return binary;

  mkdirSync(BUILD, { recursive: true });
  const go = await findGo(log);
  log('building the OpenTelemetry Collector (a few minutes the first time)');
  // Go fetches through its module proxy; go.sum pins every module.
  const settings = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' };
  const env = { HOME: BUILD, ...process.env, ...settings };
  const run = (...args) => output(go, args, { cwd: SOURCE, env });
  await run('mod', 'download').catch((error) => {
    throw new Unavailable(error.message);
  });
  await run('build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', binary, '.');
  writeFileSync(stampFile, stamp);
  return binary;
}

/** The machine's Go if it is new enough, else Debian sid's, fetched beside the build. */
async function findGo(log) {
  const isNewEnough = async (go) => {
    const version = await output(go, ['env', 'GOVERSION']).catch(() => ''); // there is none
    const [, minor] = /^go1\.(\d+)/.exec(version) ?? [];
    return Number(minor) >= 25;
  };
  if (await isNewEnough('go')) return 'go';
  const fetched = join(BUILD, 'go-from-sid/bin/go');
  if (!(await isNewEnough(fetched))) {
    log('no Go >= 1.25 here: fetching the one of Debian sid');
    const script = fileURLToPath(new URL('./get-go.sh', import.meta.url));
    await output(script, [join(BUILD, 'go-from-sid')]).catch((error) => {
      throw new Unavailable(`no Go >= 1.25: ${error.message}`);
    });
  }
  return fetched;
}

/**
 * Starts the Collector; what it receives goes as OTLP/JSON to `sinkOrigin`. `limits` are settings of its
 * receiver, as YAML.
 */
export async function startCollector(binary, sinkOrigin, limits = '') {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/v1/traces`;
  const config = `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}"${limits} } } } }
exporters:
  otlp_http:
    endpoint: ${sinkOrigin}
    encoding: json
    compression: none
    retry_on_failure: { enabled: false }
    sending_queue: { enabled: false }
service:
  telemetry: { logs: { level: warn }, metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp_http] }
    logs: { receivers: [otlp], exporters: [otlp_http] }
    metrics: { receivers: [otlp], exporters: [otlp_http] }
`;
  // A GET is answered (405) as soon as it listens.
  const { stop } = await startServer('otelcol', url, (dir) => {
    const file = join(dir, 'otelcol.yaml');
    writeFileSync(file, config);
    return [binary, [`--config=${file}`]];
  });
  return { url, version: await output(binary, ['--version']), stop };
}
