// Loading: nothing happens at import, construction or init; the core loads with the first span; and
// where it cannot, the exporter says which line to add, turns itself off and counts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Runs a module in a fresh Node; its last line is JSON. */
function inNode(source: string): unknown {
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', source], {
    cwd: here,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out.trim().split('\n').at(-1) ?? '');
}

const SPAN = `{ id: '1', traceId: '2', name: 'n', type: 'generic', startTime: new Date(1763625600000),
  endTime: new Date(1763625600001), isEvent: false, isRootSpan: true }`;
const PLAY = `
  const lines = [];
  const note = (line) => void lines.push(line);
  const make = () => {
    const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint: 'http://127.0.0.1:9' })] });
    exporter.__setLogger({ debug() {}, info() {}, warn: note, error: note });
    return exporter;
  };
  const play = (exporter) => {
    for (const type of ['span_started', 'span_ended']) {
      exporter.onTracingEvent({ type, exportedSpan: ${SPAN} });
    }
  };`;

test('import, construction and init do nothing that a global scope forbids', () => {
  const result = inNode(`
    const forbidden = [];
    const forbid = (object, name) => {
      const original = object[name];
      object[name] = new Proxy(original, {
        apply(...args) { forbidden.push(name); return Reflect.apply(...args); },
        construct(...args) { forbidden.push(name); return Reflect.construct(...args); },
      });
    };
    for (const name of ['fetch', 'setTimeout', 'setInterval', 'setImmediate']) forbid(globalThis, name);
    for (const name of ['Module', 'Instance', 'Memory', 'compile', 'instantiate']) forbid(WebAssembly, name);
    forbid(Math, 'random'); forbid(crypto, 'getRandomValues'); forbid(crypto, 'randomUUID');
    const { Buffer } = globalThis;
    Object.defineProperty(globalThis, 'Buffer', { get() { forbidden.push('Buffer'); return Buffer; } });
    await import('edgespan');
    const { EdgespanExporter } = await import('edgespan/mastra');
    const { otlp } = await import('edgespan/destinations');
    const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint: 'https://example.com' })] });
    exporter.init({ config: { serviceName: 'x' } });
    const quiet = forbidden.splice(0);
    exporter.onTracingEvent({ type: 'span_started', exportedSpan: ${SPAN} });
    console.log(JSON.stringify({ quiet, then: forbidden }));
  `) as { quiet: string[]; then: string[] };
  assert.deepEqual(result.quiet, []);
  assert.deepEqual(result.then, ['Module', 'Instance']); // so the traps do work
});

test('modules import each other, the core and the platform: no builtin, no top-level await', () => {
  const dist = new URL('../../js/dist/', import.meta.url);
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const scripts = files.filter((file) => file.endsWith('.js'));
  assert.ok(scripts.length > 15, 'the package is built');
  const foreign = new Map<string, string[]>();
  for (const file of scripts) {
    const text = readFileSync(new URL(file, dist), 'utf8');
    for (const [, name] of text.matchAll(/^(?:import|export) (?:[\w\s{},*]+ from )?['"]([^'"]+)/gm)) {
      if (!name.startsWith('./') && !name.startsWith('../')) {
        foreign.set(name, [...(foreign.get(name) ?? []), file]);
      }
    }
  }
  assert.deepEqual([...foreign.keys()].sort(), [
    '#core-wasm',
    '#redactor-wasm',
    '#vercel-maker',
    '#wait-until',
    '@opentelemetry/api',
    'cloudflare:workers',
    'edgespan/core.wasm',
    'edgespan/redactor.wasm',
  ]);
  // An optional peer: whoever does not register a provider needs none.
  assert.deepEqual(foreign.get('@opentelemetry/api'), ['otel/register.js']);
  // require() of a graph with a top-level await throws.
  const names = inNode(`
    import { createRequire } from 'node:module';
    const require = createRequire(process.cwd() + '/x.js');
    console.log(JSON.stringify(Object.keys(require('edgespan/mastra'))));
  `);
  assert.deepEqual(names, ['EdgespanBridge', 'EdgespanExporter']);
  const config = JSON.parse(readFileSync(new URL('../package.json', dist), 'utf8'));
  assert.equal(config.dependencies, undefined);
});

test('code generation forbidden: one warning that names the lines to add, spans counted', () => {
  const result = inNode(`
    WebAssembly.Module = function () { throw new WebAssembly.CompileError('disallowed by embedder'); };
    const { EdgespanExporter } = await import('edgespan/mastra');
    const { otlp } = await import('edgespan/destinations');
    const { initCore } = await import('edgespan');
    ${PLAY}
    const exporter = make(); play(exporter); play(exporter);
    const again = make(); play(again);
    let code; try { initCore(); } catch (error) { code = error.code; }
    console.log(JSON.stringify({ lines, code, first: await exporter.flush(), second: await again.shutdown() }));
  `) as { lines: string[]; code: string; first: { dropped: object }; second: { dropped: object } };
  assert.equal(result.code, 'EDGESPAN_WASM_COMPILE_BLOCKED');
  assert.equal(result.lines.length, 1, result.lines.join('\n'));
  for (const advice of [/bundler: \{ externals/, /serverExternalPackages/, /initCore\(module\)/]) {
    assert.match(result.lines[0], advice);
  }
  const lost = (dropped: object): number => Object.values(dropped).reduce((a, b) => a + b, 0);
  assert.equal(lost(result.first.dropped), 2);
  assert.equal(lost(result.second.dropped), 1);
});

test('initCore takes a module once, and refuses what is not ours', () => {
  const result = inNode(`
    import { readdirSync, readFileSync } from 'node:fs';
    const { initCore, EdgespanError } = await import('edgespan');
    const codes = [];
    const attempt = (value) => { try { initCore(value); codes.push('ok'); } catch (error) {
      codes.push(error instanceof EdgespanError ? error.code : String(error)); } };
    attempt(42);
    attempt(new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)));
    const module = new WebAssembly.Module(readFileSync('../../js/dist/core.wasm'));
    attempt(module); attempt(module); attempt();
    console.log(JSON.stringify(codes));
  `);
  assert.deepEqual(result, ['EDGESPAN_BAD_MODULE', 'EDGESPAN_ABI_MISMATCH', 'ok', 'ok', 'ok']);
});

test('a core that traps turns tracing off and nothing reaches the caller', () => {
  const result = inNode(`
    const { coreTape } = await import('../../js/dist/core/core.js');
    const { EdgespanExporter } = await import('edgespan/mastra');
    const { otlp } = await import('edgespan/destinations');
    ${PLAY}
    const exporter = make();
    play(exporter);
    const tape = coreTape();
    const x = { ...tape.x, edgespan_commit() { throw new WebAssembly.RuntimeError('unreachable'); } };
    Object.defineProperty(tape, 'x', { value: x });
    const other = new EdgespanExporter({ destinations: [otlp({ endpoint: 'http://127.0.0.1:8' })] });
    other.__setLogger({ debug() {}, info() {}, warn: note, error: note });
    play(other); play(other);
    const receipt = await other.flush();
    console.log(JSON.stringify({ lines, receipt }));
  `) as { lines: string[]; receipt: { dropped: Record<string, number>; pending: number } };
  assert.ok(result.lines.some((line) => /Tracing is off.*unreachable/.test(line)));
  assert.ok((result.receipt.dropped.disabled ?? 0) >= 1);
});

test("the version in the code is the package's", async () => {
  const { VERSION } = await import('edgespan');
  const config = JSON.parse(readFileSync(new URL('../../js/package.json', import.meta.url), 'utf8'));
  assert.equal(VERSION, config.version);
});

test('called as Mastra 0.x does, the exporter says once that nothing is traced', () => {
  const result = inNode(`
    const { EdgespanExporter } = await import('edgespan/mastra');
    const { otlp } = await import('edgespan/destinations');
    ${PLAY}
    const exporter = make();
    for (let i = 0; i < 3; i++) await exporter.exportEvent({ type: 'span_started' });
    console.log(JSON.stringify(lines));
  `) as string[];
  assert.equal(result.length, 1);
  assert.match(result[0], /@mastra\/core is older than 1\.0/);
});

test('the redactor loads with the first exporter that has one, once, whenever the core was loaded', () => {
  const result = inNode(`
    const made = [];
    const { Instance } = WebAssembly;
    WebAssembly.Instance = function (module, imports) {
      made.push(imports ? 'redactor' : 'core');
      return new Instance(module, imports);
    };
    const { EdgespanExporter } = await import('edgespan/mastra');
    const { otlp } = await import('edgespan/destinations');
    const { initCore } = await import('edgespan');
    const { redact } = await import('edgespan/privacy');
    ${PLAY}
    initCore();
    play(make());
    const before = made.length;
    const endpoint = 'http://127.0.0.1:9';
    for (const name of ['a', 'b']) {
      const own = redact({ keys: ['badge' + name] });
      const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint, name, redact: own })] });
      exporter.__setLogger({ debug() {}, info() {}, warn: note, error: note });
      play(exporter);
    }
    console.log(JSON.stringify({ made, before, lines }));
  `);
  assert.deepEqual(result, { made: ['core', 'redactor'], before: 1, lines: [] });
});

test('initRedactor takes a module; where the redactor cannot be loaded nothing leaves', () => {
  const result = inNode(`
    import { readFileSync } from 'node:fs';
    const { EdgespanExporter } = await import('edgespan/mastra');
    const { otlp } = await import('edgespan/destinations');
    const { initCore } = await import('edgespan');
    const { initRedactor, redact } = await import('edgespan/privacy');
    const codes = [];
    try { initRedactor(42); } catch (error) { codes.push(error.code); }
    initCore(new WebAssembly.Module(readFileSync('../../js/dist/core.wasm')));
    const own = new WebAssembly.Module(readFileSync('../../js/dist/redactor.wasm'));
    const { Module } = WebAssembly;
    WebAssembly.Module = function () { throw new WebAssembly.CompileError('disallowed by embedder'); };
    WebAssembly.Module.prototype = Module.prototype;
    ${PLAY}
    let requests = 0;
    globalThis.fetch = async () => (requests++, new Response());
    const send = async (name) => {
      const to = otlp({ endpoint: 'http://127.0.0.1:9', name, redact: redact() });
      const exporter = new EdgespanExporter({ destinations: [to] });
      exporter.__setLogger({ debug() {}, info() {}, warn: note, error: note });
      play(exporter); play(exporter);
      return (await exporter.flush());
    };
    const blocked = await send('blocked');
    const lost = requests;
    initRedactor(own);
    const { accepted } = await send('given');
    console.log(JSON.stringify({ codes, lines, dropped: blocked.dropped, lost, accepted, requests }));
  `) as { codes: string[]; lines: string[]; dropped: Record<string, number> } & Record<string, unknown>;
  const { codes, lines, dropped, ...rest } = result;
  assert.deepEqual(codes, ['EDGESPAN_BAD_MODULE']);
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0], /initRedactor\(module\) from 'edgespan\/privacy'/);
  assert.equal(Object.values(dropped).reduce((a, b) => a + b, 0), 2);
  assert.equal(rest.lost, 0);
  assert.equal(rest.accepted, 2);
});
