// What the tarball holds: the files that were reviewed and no other, nothing of the machine that
// built it, the licences of all that is compiled in; and that it is all that an install brings.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { golden, listing, npm, pack, Packed, root, scratch } from './pack.ts';

const packed = new Packed();
after(() => packed.dispose());

test('the files are those of golden/files.txt', () => {
  const lines = execFileSync('tar', ['-tvf', packed.tarball], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => {
      const [mode, , , , , path] = line.split(/\s+/);
      return `${mode} ${path.replace(/^package\//, '')}`;
    });
  const text = `${lines.sort().join('\n')}\n`;
  assert.deepEqual(text.split('\n'), golden('files.txt', text).split('\n'));
  assert.deepEqual(lines.filter((line) => !line.startsWith('-rw-r--r-- ')), []);
});

test('no source maps, and nothing of the machine that built it', () => {
  const home = homedir();
  const foreign = [
    root.replace(/\/$/, ''),
    process.cwd(),
    // A home of `/` would be found everywhere, and is no secret.
    ...(home.length > 1 ? [home] : []),
    '/usr/',
    '/home/',
    '/root/',
    '/tmp/',
    '/Users/',
    'C:\\',
    'file://',
    'node_modules',
    'sourceMappingURL',
  ];
  const found = packed.files().flatMap((path) => {
    const text = packed.bytes(path).toString('latin1');
    // Documentation may say `file://` or node_modules to its reader; code may not.
    const sought = path.endsWith('.md') ? foreign.slice(0, 3) : foreign;
    return sought.filter((name) => text.includes(name)).map((name) => `${path}: ${name}`);
  });
  assert.deepEqual(found, []);
  assert.deepEqual(packed.files().filter((path) => /\.(map|tsbuildinfo)$/.test(path)), []);
  // The search does find what is there.
  assert.ok(packed.bytes('dist/core.wasm').toString('latin1').includes('gen_ai.'));
});

test('the copies of the modules in JavaScript are core.wasm and redactor.wasm', () => {
  for (const name of ['core', 'redactor']) {
    const wasm = packed.bytes(`dist/${name}.wasm`).toString('base64');
    const copies = packed.files().filter((path) => packed.text(path).includes(wasm));
    assert.deepEqual(copies, [`dist/wasm/${name}_bytes.gen.js`]);
  }
});

test('the manifest says where the package comes from, and runs nothing at install', () => {
  const { manifest } = packed;
  const repository = manifest.repository as { type: string; url: string; directory: string };
  const home = repository.url.replace(/^git\+(.*)\.git$/, '$1');
  assert.notEqual(home, repository.url);
  assert.deepEqual(
    { ...repository, bugs: manifest.bugs, homepage: manifest.homepage },
    { type: 'git', url: `git+${home}.git`, directory: 'js', bugs: { url: `${home}/issues` }, homepage: `${home}#readme` },
  );
  // npm publishes with a statement of the build that made the package, or not at all.
  assert.deepEqual(manifest.publishConfig, { access: 'public', provenance: true });
  assert.equal(manifest.license, 'Apache-2.0');
  for (const field of ['author', 'description', 'keywords']) assert.ok(manifest[field], field);
  const scripts = Object.keys((manifest.scripts ?? {}) as object);
  assert.deepEqual(scripts.filter((name) => /install|prepare|prepublish/.test(name)), []);
  for (const field of ['dependencies', 'optionalDependencies', 'bundleDependencies']) {
    assert.equal(manifest[field], undefined, field);
  }
  // No peer is installed by itself.
  const peers = Object.keys((manifest.peerDependencies ?? {}) as object);
  const meta = (manifest.peerDependenciesMeta ?? {}) as Record<string, { optional?: boolean }>;
  assert.deepEqual(peers.filter((name) => !meta[name]?.optional), []);
  assert.deepEqual(Object.keys(meta).filter((name) => !peers.includes(name)), []);
});

test('an install brings the package and no other', () => {
  const dir = scratch();
  try {
    writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }');
    npm(dir, 'install', '--offline', packed.tarball);
    assert.deepEqual(
      readdirSync(join(dir, 'node_modules')).filter((name) => !name.startsWith('.')),
      ['edgespan'],
    );
    const program = "import('edgespan').then(({ initCore, VERSION }) => { initCore(); console.log(VERSION); })";
    const version = execFileSync(process.execPath, ['-e', program], { cwd: dir, encoding: 'utf8' });
    assert.equal(version.trim(), packed.manifest.version);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a clean build in another folder, under another umask, gives the same tarball', () => {
  const clone = mkdtempSync(join(root, 'build/test/another-folder-'));
  const sh = (command: string): string =>
    execFileSync('bash', ['-euo', 'pipefail', '-c', command], { cwd: clone, encoding: 'utf8' });
  try {
    // What git knows or would add: the tree as it is, without anything that was built.
    execFileSync(
      'bash',
      [
        '-euo',
        'pipefail',
        '-c',
        `git ls-files -z --cached --others --exclude-standard --deduplicate |
           while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\\0' "$file"; done |
           tar --null -T - -cf - | tar -xf - -C "${clone}"`,
      ],
      { cwd: root },
    );
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
    const preset = /^readonly shipped_preset=(\w+)$/m.exec(
      readFileSync(join(root, 'scripts/lib/common.sh'), 'utf8'),
    )?.[1];
    assert.ok(preset, 'common.sh names the preset that ships');
    sh(`umask 077
        cmake --preset ${preset} > cmake.log
        cmake --build build/${preset} >> cmake.log
        "${process.execPath}" js/scripts/build.mjs build/${preset}/wasm`);
    const again = pack(join(clone, 'js'), join(clone, 'packed'));
    assert.deepEqual(listing(again), listing(packed.tarball), 'or js/dist is old: scripts/build');
    assert.ok(readFileSync(again).equals(readFileSync(packed.tarball)), 'the tarballs differ');
  } finally {
    rmSync(clone, { recursive: true });
  }
});

test('NOTICE names every library whose code is in the core, with its licence', () => {
  assert.equal(packed.text('LICENSE'), readFileSync(join(root, 'LICENSE'), 'utf8'));
  const notice = packed.text('NOTICE');
  assert.equal(notice, readFileSync(join(root, 'NOTICE'), 'utf8'));

  // The core with line tables: which headers of others did instructions come from?
  execFileSync('bash', ['-euc', 'cmake --preset wasm-debug && cmake --build build/wasm-debug'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const sources = sourcesOfCode(join(root, 'build/wasm-debug/wasm/core.wasm'));
  const others = sources.filter((path) => !path.startsWith(root));
  assert.ok(sources.length > others.length, 'the core itself is seen');
  const libraries = new Map([
    ['Protocol Buffers', /^protobuf\/google\/protobuf\//],
    ['libc++', /^\/usr\/include\/wasm32-wasi\/c\+\+\//],
  ]);
  for (const [name, path] of libraries) {
    assert.ok(notice.includes(name), name);
    assert.ok(others.some((file) => path.test(file)), `nothing of ${name} is in the core`);
  }
  const known = [...libraries.values()];
  assert.deepEqual(
    others.filter((path) => !known.some((library) => library.test(path))),
    [],
    'code of a library that NOTICE does not name',
  );

  // Protobuf's licence is that of the headers.
  const words = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  const header = readFileSync('/usr/include/google/protobuf/io/coded_stream.h', 'utf8');
  const banner = words(/^(?:\/\/.*\n)+/.exec(header)?.[0].replaceAll(/^\/\/ ?/gm, '') ?? '');
  const conditions = banner.slice(banner.indexOf('Redistribution and use'));
  assert.ok(conditions.length > 1000);
  assert.ok(words(notice).includes(conditions), "protobuf's conditions");
  assert.ok(words(notice).includes(/Copyright \d+ Google Inc\./.exec(banner)?.[0] ?? '?'));
});

/** Paths of the source files that the line table gives instructions to, but those of intrinsics. */
function sourcesOfCode(wasm: string): string[] {
  const dump = execFileSync('llvm-dwarfdump-19', ['--debug-line', wasm], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const sources = new Set<string>();
  for (const unit of dump.split(/^debug_line\[/m).slice(1)) {
    const folders = new Map(
      [...unit.matchAll(/^include_directories\[\s*(\d+)\] = "(.*)"$/gm)].map((m) => [m[1], m[2]]),
    );
    const files = new Map<string, string>();
    const entries = /^file_names\[\s*(\d+)\]:\s+name: "(.*)"\s+dir_index: (\d+)/gm;
    for (const [, index, name, folder] of unit.matchAll(entries)) {
      files.set(index, join(folders.get(folder) ?? dirname(wasm), name));
    }
    // A row at address 0 belongs to a function that the linker dropped.
    for (const [, address, file] of unit.matchAll(/^0x(\w+)\s+\d+\s+\d+\s+(\d+)/gm)) {
      if (Number.parseInt(address, 16) !== 0) sources.add(files.get(file) ?? `file ${file}`);
    }
  }
  return [...sources].sort();
}
