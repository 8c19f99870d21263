// Servers from PyPI, each in a virtual environment of its own below build/interop, every version pinned
// (requirements/).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output, Unavailable } from './process.mjs';

const BUILD = fileURLToPath(new URL('../../build/interop/', import.meta.url));
/** Debian's own, for which the versions are pinned, before others that may be first in the path. */
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** The `bin` folder of the environment, made when its requirements changed since. */
export async function buildPython(name, log) {
  const dir = join(BUILD, name);
  const file = fileURLToPath(new URL(`./requirements/${name}.txt`, import.meta.url));
  const requirements = readFileSync(file);
  const stampFile = join(dir, 'edgespan.stamp');
  const stamp = createHash('sha256').update(requirements).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return join(dir, 'bin');

  log(`installing ${name} from PyPI (a minute or two the first time)`);
  mkdirSync(BUILD, { recursive: true });
  rmSync(dir, { recursive: true, force: true });
  const cannot = (error) => {
    throw new Unavailable(error.message);
  };
  await output(PYTHON, ['-m', 'venv', dir]).catch(cannot);
  // The list is complete: nothing is to be resolved.
  const how = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--no-compile'];
  const pip = ['install', ...how, '--only-binary=:all:', '-r', file];
  await output(join(dir, 'bin/pip'), pip).catch(cannot);
  writeFileSync(stampFile, stamp);
  return join(dir, 'bin');
}

/** The pinned version of a package. */
export function pinned(name, pkg) {
  const file = new URL(`./requirements/${name}.txt`, import.meta.url);
  return new RegExp(`^${pkg}==(.*)$`, 'm').exec(readFileSync(file, 'utf8'))[1];
}
