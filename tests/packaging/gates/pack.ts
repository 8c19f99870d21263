// The package as npm would publish it: packed from js/ as it is built, and unpacked again. What the
// gates beside this file look at is always this, never the folder that it came from.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A package.json, as far as the gates look into it. */
export interface Manifest {
  readonly [field: string]: unknown;
  readonly name: string;
  readonly exports: Record<string, string | Record<string, string>>;
  readonly files: readonly string[];
}

/** The environment of commands that a user would type: without this repository's tools in PATH. */
export const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((path) => path !== join(root, 'node_modules/.bin'))
    .join(delimiter),
});

/** Runs npm on the Node that it came with (scripts/lib/common.sh says why). */
export function npm(cwd: string, ...args: string[]): string {
  const options = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  return execFileSync('npm', [...args, ...options], {
    cwd,
    encoding: 'utf8',
    env: environment(),
  });
}

/** A folder outside of the repository, where nothing of it is found by looking upwards. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), 'edgespan-package-'));

/** Packs the package in `folder`; returns the path of the tarball, below `into`. */
export function pack(folder: string, into: string): string {
  mkdirSync(into, { recursive: true });
  npm(folder, 'pack', '--silent', '--pack-destination', into);
  const files = readdirSync(into).filter((file) => file.endsWith('.tgz'));
  if (files.length !== 1) throw new Error(`npm pack left ${files.join(', ')} in ${into}`);
  return join(into, files[0]);
}

/** The package, packed and unpacked; `dispose` removes both. */
export class Packed {
  readonly tarball: string;
  /** Where it is unpacked. */
  readonly dir: string;
  readonly manifest: Manifest;
  readonly #scratch: string;

  constructor() {
    this.#scratch = scratch();
    this.tarball = pack(join(root, 'js'), this.#scratch);
    execFileSync('tar', ['-xf', this.tarball, '-C', this.#scratch]);
    this.dir = join(this.#scratch, 'package');
    this.manifest = JSON.parse(this.text('package.json')) as Manifest;
  }

  /** Paths of its files, sorted. */
  files(): string[] {
    return readdirSync(this.dir, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(this.dir, path)).isFile())
      .sort();
  }

  bytes(path: string): Buffer {
    return readFileSync(join(this.dir, path));
  }

  text(path: string): string {
    return this.bytes(path).toString('utf8');
  }

  dispose(): void {
    rmSync(this.#scratch, { recursive: true });
  }
}

/** Size and digest of each file of a tarball, for a difference that says where it lies. */
export function listing(tarball: string): string[] {
  const dir = scratch();
  try {
    execFileSync('tar', ['-xf', tarball, '-C', dir]);
    const modes = execFileSync('tar', ['-tvf', tarball], { encoding: 'utf8' }).split('\n');
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
    const digests = files
      .filter((path) => statSync(join(dir, path)).isFile())
      .map((path) => {
        const bytes = readFileSync(join(dir, path));
        return `${createHash('sha256').update(bytes).digest('hex').slice(0, 16)} ${path}`;
      });
    return [...modes, ...digests];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The golden text `name`, which becomes `actual` first if goldens are being updated. */
export function golden(name: string, actual: string): string {
  const path = join(dirname(fileURLToPath(import.meta.url)), '../golden', name);
  if (process.env.EDGESPAN_UPDATE_GOLDENS) writeFileSync(path, actual);
  return readFileSync(path, 'utf8');
}
