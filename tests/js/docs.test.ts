// What the texts name exists: options, tests, files, commands, versions. Figures are those that a script
// measured, untouched. (The texts' snippets have tests of their own: snippets.test.ts.)
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMeasured } from '../../scripts/lib/figures.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const PAGES = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'src/README.md',
  'wasm/README.md',
  'js/README.md',
  ...PAGES,
];

describe('what the texts name exists', () => {
  /** The members of an interface in the package's declarations. */
  function members(file: string, name: string): string[] {
    const body = new RegExp(`interface ${name}(?: extends \\w+)? \\{([\\s\\S]*?)\\n\\}`).exec(read(file))?.[1] ?? '';
    const names = [...body.matchAll(/^ {4}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member]) => member);
    assert.ok(names.length > 1, `${name} was not found in ${file}`);
    return names;
  }
  for (const documents of [['README.md', ...PAGES], ['js/README.md']]) {
    test(`${documents[0]} describes every option`, () => {
      const page = documents.map(read).join('\n');
      const options = [
        ...members('js/dist/mastra/options.d.ts', 'EdgespanExporterOptions'),
        ...members('js/dist/engine/options.d.ts', 'EngineOptions'),
        ...members('js/dist/transport/otlp_http.d.ts', 'OtlpOptions'),
        ...members('js/dist/core/pipeline.d.ts', 'SpanLimits'),
        ...members('js/dist/engine/lane.d.ts', 'EarlyOptions'),
        ...members('js/dist/engine/privacy.d.ts', 'PrivacyOptions'),
        ...members('js/dist/privacy/options.d.ts', 'RedactOptions'),
        ...members('js/dist/mastra/traces.d.ts', 'TraceStoreOptions'),
        ...members('js/dist/spool/spool.d.ts', 'MemorySpoolOptions'),
        ...members('js/dist/spool/store.d.ts', 'StoreSpoolOptions'),
        ...members('js/dist/spool/queue.d.ts', 'QueueSpoolOptions'),
      ];
      // The name begins a cell of a table, alone or as one of several.
      const cells = [...page.matchAll(/^\| ((?:`[^`|]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
        [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name),
      );
      assert.deepEqual(options.filter((option) => !cells.includes(option)), []);
    });
  }

  test('docs/cloudflare.md describes every option', () => {
    const page = read('docs/cloudflare.md');
    const file = 'js/dist/cloudflare/options.d.ts';
    const options = [...members(file, 'InstrumentOptions extends EngineOptions'), ...members(file, 'PropagateOptions')];
    assert.deepEqual(options.filter((option) => !page.includes(`\`${option}\``)), []);
  });

  test('README.md describes the receipt and every reason of a loss', async () => {
    const page = read('README.md');
    const fields = members('js/dist/transport/receipt.d.ts', 'Receipt');
    const { LOSS_NAMES } = (await import(
      new URL('../../js/dist/core/schema.gen.js', import.meta.url).href
    )) as { LOSS_NAMES: readonly string[] };
    assert.deepEqual([...fields, ...LOSS_NAMES].filter((name) => !page.includes(`\`${name}\``)), []);
  });

  test('wasm/README.md describes every function of the ABI', () => {
    const page = read('wasm/README.md');
    const functions = [...read('wasm/abi.h').matchAll(/EDGESPAN_EXPORT\((edgespan_\w+)\)/g)];
    assert.ok(functions.length > 10);
    assert.deepEqual(functions.map(([, name]) => name).filter((name) => !page.includes(name)), []);
  });

  test('src/README.md describes the configuration item', () => {
    const [, schema] = read('src/edgespan/model/schema.h').split('/* Configuration. */');
    const [configuration] = schema.split('/* Of metadata');
    const keys = [...configuration.matchAll(/X\(\w+, "(\w+)"\)/g)].map(([, key]) => key);
    assert.ok(keys.length > 8);
    const section = read('src/README.md').split('## Configuration')[1]?.split('\n## ')[0] ?? '';
    assert.deepEqual(keys.filter((key) => !section.includes(`\`${key}\``)), []);
  });

  test('the tests that stand behind the invariants', () => {
    const named = [...read('src/README.md').matchAll(/\]\(\.\.\/(tests\/[^)]+)\): "([^"]+)"/g)];
    assert.ok(named.length > 15, `only ${named.length} tests are named`);
    const missing = named.filter(([, file, name]) => !read(file).includes(name));
    assert.deepEqual(missing.map(([, file, name]) => `${file}: ${name}`), []);
  });

  test('versions are those of the manifests', () => {
    const page = read('README.md');
    const { devDependencies } = JSON.parse(read('tests/package.json'));
    for (const name of ['@mastra/core', '@mastra/observability', 'miniflare']) {
      assert.ok(page.includes(`\`${name}\` ${devDependencies[name]}`), `${name} as it is tested`);
    }
    const { engines, peerDependencies } = JSON.parse(read('js/package.json'));
    assert.ok(page.includes(`Node ${engines.node}`), 'engines.node');
    assert.ok(page.includes(`\`@mastra/core\` ${peerDependencies['@mastra/core']}`), 'the peer');
  });

  for (const document of DOCUMENTS) {
    test(`${document}: links, files and commands`, () => {
      const page = read(document);
      const missing: string[] = [];
      for (const [, target] of page.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
        if (!existsSync(join(root, dirname(document), target))) missing.push(target);
      }
      for (const [command] of page.matchAll(/\bscripts\/[a-z]+\b(?!\/)/g)) {
        const path = join(root, command);
        if (!existsSync(path) && !existsSync(join(root, 'js', `${command}.mjs`))) missing.push(command);
      }
      for (const [, path] of page.matchAll(/`((?:src|wasm|js|tests|scripts)\/[\w./-]+\.\w+)`/g)) {
        // Built files are no sources; scripts/build makes them.
        if (!existsSync(join(root, path))) missing.push(path);
      }
      assert.deepEqual(missing, []);
    });
  }

  for (const document of ['README.md', 'wasm/README.md', 'docs/packaging.md', 'docs/scale.md']) {
    test(`${document}: figures were measured, not typed`, () => {
      const page = read(document);
      assert.equal(isMeasured(page), true, 'run node scripts/lib/figures.mjs');
      const begin = '<!-- figures:begin -->\n';
      assert.equal(isMeasured(page.replace(begin, `${begin}better `)), false);
    });
  }
});
