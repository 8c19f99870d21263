// The two TypeScripts of the gates: the repository's own, a native program without an API that is
// stable, and the older one inside `@arethetypeswrong/core`, which has the API and still knows the
// module resolution that TypeScript 7 dropped. What both accept is what users of either can compile.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const cli = createRequire(require.resolve('@arethetypeswrong/cli/package.json'));
const older = createRequire(cli.resolve('@arethetypeswrong/core'));

/** The compiler's API, of the older one. */
export const ts = older('typescript');

/** The command `tsc` of each, by major version. */
export const compilers = new Map(
  [require, older].map((from) => {
    const manifest = from.resolve('typescript/package.json');
    return [Number.parseInt(from(manifest).version, 10), join(dirname(manifest), 'bin/tsc')];
  }),
);
