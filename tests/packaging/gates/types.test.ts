// What the packed declarations are to users: found and right under every module resolution, alone,
// without another package or an ambient type; and unchanged since they were last reviewed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { publicApi } from './api.mjs';
import { golden, npm, Packed, scratch } from './pack.ts';
import { compilers } from './typescript.mjs';

const packed = new Packed();
after(() => packed.dispose());

/** Subpaths with declarations. */
const subpaths = Object.entries(packed.manifest.exports)
  .filter(([, conditions]) => typeof conditions === 'object')
  .map(([path]) => path);

test('publint --strict has nothing to say', async () => {
  const options = { pkgDir: packed.dir, level: 'suggestion', strict: true, pack: false } as const;
  const { messages, pkg } = await publint(options);
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg, { color: false })), []);
});

test('attw has nothing to say, but for the exceptions named here', () => {
  const exceptions = new Map([
    [
      'CJSResolvesToESM',
      'the package is ESM alone: require() of it works on every Node of `engines`, because no module ' +
        'of it has a top-level await (tests/js/load.test.ts)',
    ],
  ]);
  const require = createRequire(import.meta.url);
  const bin = join(require.resolve('@arethetypeswrong/cli/package.json'), '../dist/index.js');
  // To a file: attw exits without waiting for a pipe to take all of what it wrote.
  const report = `${packed.tarball}.attw.json`;
  const out = openSync(report, 'w');
  const { stderr } = spawnSync(
    process.execPath,
    [bin, packed.tarball, '--format', 'json', '--no-definitely-typed'],
    { encoding: 'utf8', stdio: ['ignore', out, 'pipe'] },
  );
  closeSync(out);
  assert.equal(stderr, '');
  const { analysis } = JSON.parse(readFileSync(report, 'utf8')) as {
    analysis: {
      problems: { kind: string; entrypoint: string; resolutionKind: string }[];
      entrypoints: Record<string, { resolutions: object }>;
    };
  };
  assert.deepEqual(Object.keys(analysis.entrypoints), Object.keys(packed.manifest.exports));
  // The exceptions and the problems are the same set: one that is no longer needed goes.
  assert.deepEqual([...new Set(analysis.problems.map(({ kind }) => kind))], [...exceptions.keys()]);
});

test('typesVersions says the same as exports, for the resolution that does not know exports', () => {
  const types = subpaths
    .filter((path) => path !== '.')
    .map((path) => [
      path.slice(2),
      [(packed.manifest.exports[path] as Record<string, string>).types],
    ]);
  assert.deepEqual(packed.manifest.typesVersions, { '*': Object.fromEntries(types) });
});

test('the public API is that of golden/api.txt', () => {
  const api = publicApi(packed.dir, packed.manifest);
  for (const path of subpaths) assert.ok(api.includes(`//////// edgespan${path.slice(1)}\n`), path);
  // If a change is meant: scripts/lib/update-goldens, and the changelog.
  assert.deepEqual(api.split('\n'), golden('api.txt', api).split('\n'));
});

describe('the declarations compile alone', () => {
  let dir: string;
  const globals = 'globals.d.ts';
  before(() => {
    dir = scratch();
    writeFileSync(join(dir, 'package.json'), '{ "private": true }');
    npm(dir, 'install', '--offline', packed.tarball);
    // All that the declarations take from the platform: the lib has no DOM.
    writeFileSync(
      join(dir, globals),
      `declare namespace WebAssembly {
         interface Module {}
         interface Memory {}
       }`,
    );
    const imports = subpaths.map((path, i) => `import * as s${i} from 'edgespan${path.slice(1)}';`);
    const program = `${imports.join('\n')}
      import { EdgespanError, initCore, type Destination } from 'edgespan';
      import coreModule from 'edgespan/module.wasm';
      import { otlp } from 'edgespan/destinations';
      import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
      initCore(coreModule);
      const destination: Destination = otlp({ endpoint: undefined });
      const exporter = new EdgespanExporter({ destinations: [destination] });
      export const receipt: Promise<Receipt> = exporter.flush();
      export const code: string = new EdgespanError('EDGESPAN_BAD_MODULE', '').code;
      // @ts-expect-error: an option of a wrong type is an error, so nothing here is \`any\`.
      otlp({ endpoint: 1 });
      export const all: readonly object[] = [${imports.map((_, i) => `s${i}`).join(', ')}];`;
    for (const name of ['esm/index.mts', 'cjs/index.cts', 'old/index.ts']) {
      mkdirSync(join(dir, name, '..'));
      writeFileSync(join(dir, name), program);
    }
  });
  after(() => rmSync(dir, { recursive: true }));

  /** The errors of compiling `files`, without the places. */
  function errors(version: number, files: string[], ...args: string[]): string[] {
    const common = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2022'];
    // The program's own folder has no @types, and none above it is looked into.
    common.push('--typeRoots', join(dir, 'none'), '--pretty', 'false');
    const tsc = compilers.get(version);
    assert.ok(tsc, `TypeScript ${version}`);
    const command = [tsc, ...common, ...args, ...files];
    const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: dir, encoding: 'utf8' });
    assert.equal(stderr, '');
    return stdout.split('\n').filter((line) => line !== '');
  }

  // Where CommonJS may not `require` a module: Node 16 could not, and TypeScript 5.6 is older than
  // the Node that can. Those say so, of every import, and of nothing else.
  const NO_REQUIRE = /error TS(1479|1541|1542):/;
  const combinations: [number, string[], string, 'works' | 'no require'][] = [
    [7, ['--module', 'nodenext'], 'esm/index.mts', 'works'],
    [7, ['--module', 'nodenext'], 'cjs/index.cts', 'works'],
    [7, ['--module', 'node16'], 'esm/index.mts', 'works'],
    [7, ['--module', 'node16'], 'cjs/index.cts', 'no require'],
    [7, ['--module', 'esnext', '--moduleResolution', 'bundler'], 'old/index.ts', 'works'],
    [5, ['--module', 'nodenext'], 'esm/index.mts', 'works'],
    [5, ['--module', 'nodenext'], 'cjs/index.cts', 'no require'],
    [5, ['--module', 'node16'], 'esm/index.mts', 'works'],
    [5, ['--module', 'node16'], 'cjs/index.cts', 'no require'],
    [5, ['--module', 'esnext', '--moduleResolution', 'bundler'], 'old/index.ts', 'works'],
    [5, ['--module', 'esnext', '--moduleResolution', 'node10'], 'old/index.ts', 'works'],
    [5, ['--module', 'commonjs', '--moduleResolution', 'node10', '--esModuleInterop'], 'old/index.ts', 'works'],
  ];
  for (const [version, args, file, expected] of combinations) {
    test(`TypeScript ${version} ${args.join(' ')}: ${file} ${expected}`, () => {
      const found = errors(version, [globals, file], ...args);
      if (expected === 'works') assert.deepEqual(found, []);
      else {
        assert.ok(found.length > 0);
        assert.deepEqual(found.filter((line) => !NO_REQUIRE.test(line)), []);
      }
    });
  }

  test('no global is needed but WebAssembly', () => {
    const found = errors(7, ['esm/index.mts'], '--module', 'nodenext');
    const names = found.map((line) => /error TS2503: Cannot find namespace '(\w+)'/.exec(line)?.[1]);
    assert.deepEqual([...new Set(names)], ['WebAssembly'], found.join('\n'));
  });
});
