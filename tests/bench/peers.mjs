// Where the code of others is that no package of ours brings, by names that both hosts understand: the
// resolver of Node's process, and that of the bundle for workerd.
//
//   peer:transformer     the official serialisers, of the version that the SDK's exporter brings
//   peer:vercel          @vercel/otel, its build for the edge
//   peer:cf-workers      the serialiser of @microlabs/otel-cf-workers
//
// The last two are nobody's dependency here: npm installs them, in exactly these versions, into
// build/bench. Without them their rows are left out.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const own = createRequire(import.meta.url);
const lab = fileURLToPath(new URL('../../build/bench/peers', import.meta.url));
const VERSIONS = { '@vercel/otel': '2.1.3', '@microlabs/otel-cf-workers': '0.9.1' };

/** Installs what is missing; why it could not, or undefined. */
export function installPeers() {
  const there = Object.entries(VERSIONS).every(([name, version]) => {
    const manifest = join(lab, 'node_modules', name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  });
  if (there) return undefined;
  mkdirSync(lab, { recursive: true });
  writeFileSync(join(lab, 'package.json'), '{ "private": true }\n');
  const wanted = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
  const flags = ['--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    execFileSync('npm', ['install', ...flags, ...wanted], { cwd: lab, timeout: 180_000, stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return String(error.stderr || error.message).trim().split('\n').slice(0, 3).join(' ');
  }
}

/** The file of a `peer:` name, and the folder that its package is found from. */
export function resolvePeer(name) {
  switch (name) {
    case 'peer:transformer': {
      const from = own.resolve('@opentelemetry/exporter-trace-otlp-proto');
      return { from: dirname(from), name: '@opentelemetry/otlp-transformer' };
    }
    case 'peer:cf-workers': {
      const from = join(lab, 'node_modules/@microlabs/otel-cf-workers');
      return { from, name: '@opentelemetry/otlp-transformer' };
    }
    case 'peer:vercel':
      return { file: join(lab, 'node_modules/@vercel/otel/dist/edge/index.js') };
    default:
      throw new Error(`no peer "${name}"`);
  }
}

/** For `module.registerHooks()`. */
export const hooks = {
  resolve(specifier, context, next) {
    if (!specifier.startsWith('peer:')) return next(specifier, context);
    const { file, from, name } = resolvePeer(specifier);
    return next(file ?? createRequire(join(from, 'x.js')).resolve(name), context);
  },
};

/** For esbuild. */
export const plugin = {
  name: 'peers',
  setup(build) {
    build.onResolve({ filter: /^peer:/ }, ({ path, kind }) => {
      const { file, from, name } = resolvePeer(path);
      return file ? { path: file } : build.resolve(name, { resolveDir: from, kind });
    });
  },
};
