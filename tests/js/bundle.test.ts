// What a bundle carries: of a destination its own files and those that many share, and of what an exporter
// may be given beside destinations nothing that was not asked for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import * as destinations from 'edgespan/destinations';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The package's files of which something is in the bundle, from dist/ on. */
async function carried(source: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: `${root}/tests` },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd'],
    external: ['*.wasm', 'edgespan/core.wasm', 'cloudflare:*', 'node:*'],
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  return Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.replace(/^.*\bjs\/dist\//, ''));
}

// Each destination's own file, as its name says.
const fileOf = (name: string): string =>
  `destinations/${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}.js`;
const NAMES = Object.keys(destinations).filter((name) => !['otlp', 'otlpJson', 'runIdOf'].includes(name));
const FILES = new Set(NAMES.map(fileOf));

describe('a bundle', () => {
  test('every destination has a file of its own', () => {
    assert.ok(NAMES.length >= 24);
    for (const file of FILES) assert.ok(readFileSync(`${root}/js/dist/${file}`).length > 0, file);
  });

  for (const name of NAMES) {
    test(`${name}() brings no other destination`, async () => {
      const files = await carried(`export { ${name} } from 'edgespan/destinations';`);
      assert.ok(files.includes(fileOf(name)));
      assert.deepEqual(
        files.filter((file) => FILES.has(file) && file !== fileOf(name)),
        [],
      );
      const scores = files.filter((file) => /^destinations\/scores\/(?!score\.js)/.test(file));
      assert.deepEqual(
        scores.filter((file) => file !== fileOf(name).replace('/', '/scores/')),
        [],
      );
    });
  }

  test('an exporter with otlp() brings no backend, format, signal, bridge, kept trace, redactor or lasting store', async () => {
    const files = await carried(
      "export { EdgespanExporter } from 'edgespan/mastra'; export { otlp } from 'edgespan/destinations';",
    );
    const optional =
      /^(destinations\/(?!index\.js)|signals\/|mastra\/(bridge|compat|propagated|recorded|stand|traces)|otel\/|privacy\/|wasm\/redactor|spool\/(?!spool\.js)|transport\/otlp_(json|read))/;
    assert.deepEqual(files.filter((file) => optional.test(file)), []);
  });

  test('redact() brings the redactor, and no destination', async () => {
    const files = await carried("export { redact } from 'edgespan/privacy';");
    assert.ok(files.includes('wasm/redactor-workerd.js'));
    assert.deepEqual(files.filter((file) => FILES.has(file) || /^(otel|signals)\//.test(file)), []);
  });
});
