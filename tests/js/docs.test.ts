// The documentation is true: every snippet of every text compiles and runs, against the built package
// and a local receiver, and what the texts name exists: options, tests, files, commands, versions.
// Figures are those that a script measured, untouched.
//
// A fence says how its snippet runs (GitHub shows only the language):
//   ts run=workerd      a Worker: bundled by wrangler, run in workerd, asked once
//   ts run=node         a program: run by Node, must exit 0
//   ts run=exporter     exports an `exporter`, which is given a run
//   ts run=lost         exports `lost`, which is given an exporter after a run, and finds nothing lost
//   ts run=import       a module: Node imports it, and it prints nothing
//   ts run=loader       the first lines of a Worker whose bundler brings the core's bytes, which
//                       workerd does not compile: with them it traces nevertheless
//   ts run=outage       a Worker's exporter with a spool in one of Cloudflare's stores: what it cannot
//                       send is in there
//   ts compiled="WHY"   only compiled, for the reason given
// Each runnable snippet sends to the receiver that OTEL_EXPORTER_OTLP_ENDPOINT names, and what
// arrives must be whole. OpenAI is played by a local server.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { Miniflare } from 'miniflare';
import { isMeasured } from '../../scripts/lib/figures.mjs';
import { decodeProtobuf, lint, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { bundleWorker, describeWorker, startWorker } from '../support/workerd.ts';
import { play, run } from './spans.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'src/README.md',
  'wasm/README.md',
  'js/README.md',
  'docs/life.md',
  'docs/packaging.md',
];

interface Snippet {
  readonly where: string;
  readonly mode: string;
  readonly text: string;
  /** Its folder, with the text as index.ts (or .js). */
  readonly dir: string;
  readonly file: string;
}

// Below the repository, so that packages resolve as they do for a user.
mkdirSync(join(root, 'build/test'), { recursive: true });
const scratch = mkdtempSync(join(root, 'build/test/docs-'));
after(() => rmSync(scratch, { recursive: true }));

function snippets(document: string): Snippet[] {
  const found: Snippet[] = [];
  const fences = /^```(ts|js)\b(.*)\n([\s\S]*?)^```$/gm;
  const page = read(document);
  for (const { 1: language, 2: how, 3: text, index } of page.matchAll(fences)) {
    const mode = /^ run=(\w+)$/.exec(how)?.[1] ?? (/^ compiled="[^"]+"$/.test(how) ? '' : how);
    const line = page.slice(0, index).split('\n').length;
    const dir = join(scratch, `${document.replaceAll(/\W/g, '-')}-${line}`);
    const file = join(dir, `index.${language}`);
    mkdirSync(dir);
    writeFileSync(file, text);
    found.push({ where: `${document}:${line}`, mode, text, dir, file });
  }
  return found;
}
const texts = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' });
const all: Snippet[] = texts.trim().split('\n').flatMap(snippets);
const runnable = (mode: string): Snippet[] => all.filter((snippet) => snippet.mode === mode);

/** OpenAI's Responses API with one thing to say. */
const ANSWER = 'Near the reader, words arrive.';
async function startModel(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const content = [{ type: 'output_text', text: ANSWER, annotations: [] }];
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'resp_1',
          created_at: 1,
          model: 'gpt-4o-mini-2024-07-18',
          output: [{ type: 'message', role: 'assistant', id: 'msg_1', content }],
          usage: { input_tokens: 21, output_tokens: 7 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('snippets', { timeout: 300_000 }, () => {
  let model: Server;
  let sink: Sink;
  const environment = (): Record<string, string> => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.origin,
    OTLP_TOKEN: 's3cr3t',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
  });
  before(async () => {
    [model, sink] = await Promise.all([startModel(), Sink.start()]);
  });
  after(async () => {
    model.closeAllConnections();
    model.close();
    await sink.close();
  });

  /** The spans that arrived since `first`, which must form whole traces of one root each. */
  function whole(first: number): WireSpan[] {
    const bodies = sink.requests.slice(first).map((request) => decodeProtobuf(request.body));
    assert.ok(bodies.length > 0, 'nothing arrived');
    for (const spans of bodies) {
      assert.deepEqual(spans.flatMap(lint), []);
      assert.equal(spans.filter((span) => span.parentSpanId === '').length, 1);
    }
    return bodies.flat();
  }

  /** An agent's run whose one model call said what the model did. */
  function agentRun(spans: WireSpan[]): void {
    const calls = spans.filter((s) => s.attributes.get('gen_ai.operation.name') === 'chat');
    assert.equal(calls.length, 1);
    assert.match(String(calls[0].attributes.get('gen_ai.output.messages')), new RegExp(ANSWER));
    assert.equal(calls[0].attributes.get('gen_ai.usage.output_tokens'), 7n);
  }

  test('each says how it runs', () => {
    const modes = ['workerd', 'outage', 'node', 'exporter', 'lost', 'import', 'loader', ''];
    assert.deepEqual(
      all.filter(({ mode }) => !modes.includes(mode)).map(({ where, mode }) => `${where}:${mode}`),
      [],
    );
  });

  test('all compile', () => {
    assert.ok(all.length >= 8, `only ${all.length} snippets were found`);
    const ambient = join(scratch, 'ambient.d.ts');
    writeFileSync(
      ambient,
      "declare module 'cloudflare:workers' {\n" +
        '  export const env: Record<string, string | undefined> & {\n' +
        "    SPANS_KV: import('edgespan/spool').KVNamespaceLike;\n" +
        "    SPANS_BUCKET: import('edgespan/spool').R2BucketLike;\n" +
        "    SPANS_QUEUE: import('edgespan/spool').QueueLike;\n  };\n" +
        '  export class DurableObject {\n' +
        "    protected ctx: { storage: import('edgespan/spool').DurableObjectStorageLike };\n  }\n}\n",
    );
    const config = join(scratch, 'tsconfig.json');
    const compilerOptions = {
      noEmit: true,
      strict: true,
      allowJs: true,
      checkJs: true,
      skipLibCheck: true,
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: ['node'],
      module: 'nodenext',
      moduleDetection: 'force',
    };
    const files = [ambient, ...all.map((snippet) => snippet.file)];
    writeFileSync(config, JSON.stringify({ compilerOptions, files }));
    writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    try {
      execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', config], { cwd: scratch });
    } catch (error) {
      assert.fail((error as { stdout: Buffer }).stdout.toString());
    }
  });

  for (const { where, dir, text } of runnable('workerd')) {
    test(`${where} runs in workerd`, async () => {
      const name = 'docs';
      const compatibility = /"compatibility_date": "([\d-]+)"/.exec(read('README.md'))?.[1];
      assert.ok(compatibility, 'the README says which compatibility date to set');
      const flags = ['nodejs_compat'];
      const main = 'index.ts';
      const settings = { name, main, compatibility_date: compatibility, compatibility_flags: flags };
      writeFileSync(join(dir, 'wrangler.jsonc'), JSON.stringify(settings));
      const first = sink.requests.length;
      const outdir = await bundleWorker(pathToFileURL(`${dir}/`));
      const worker = await startWorker(outdir, environment());
      try {
        const response = await worker.dispatchFetch('http://example/');
        assert.equal(await response.text(), ANSWER);
        await sink.until(() => sink.requests.length > first, 'the trace');
      } finally {
        await worker.dispose();
        rmSync(outdir, { recursive: true });
      }
      agentRun(whole(first));
      assert.doesNotMatch(text, /flush/);
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      assert.ok(lines.length <= 12, `the Worker of the first screen has ${lines.length} lines`);
    });
  }

  for (const { where, dir } of runnable('outage')) {
    test(`${where} keeps what it cannot send`, async () => {
      const folder = join(dir, 'worker');
      mkdirSync(folder);
      const settings = { name: 'docs', main: 'index.ts', compatibility_date: '2026-04-01' };
      writeFileSync(join(folder, 'wrangler.jsonc'), JSON.stringify(settings));
      writeFileSync(
        join(folder, 'index.ts'),
        `import * as snippet from '../index.ts';
        const span = {
          id: 'a'.repeat(16), traceId: 'b'.repeat(32), name: 'n', type: 'generic', isEvent: false,
          isRootSpan: true, startTime: new Date(1763625600000), endTime: new Date(1763625600001),
        };
        async function play(exporter) {
          for (const type of ['span_started', 'span_ended']) {
            exporter.onTracingEvent({ type, exportedSpan: span });
          }
          return Response.json(await exporter.flush());
        }
        const { Agent: Base = Object } = snippet;
        export class Agent extends Base {
          fetch() { return play(this.exporter); }
        }
        export default {
          ...snippet.default,
          fetch(request, { AGENT }) {
            const { exporter } = snippet;
            return exporter ? play(exporter) : AGENT.get(AGENT.idFromName('a')).fetch(request);
          },
        };`,
      );
      const outdir = await bundleWorker(pathToFileURL(`${folder}/`));
      const running = new Miniflare({
        ...(await describeWorker(outdir, { OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.origin}/401` })),
        kvNamespaces: ['SPANS_KV'],
        r2Buckets: ['SPANS_BUCKET'],
        queueProducers: { SPANS_QUEUE: 'spans' },
        durableObjects: { AGENT: { className: 'Agent', useSQLite: true } },
      });
      try {
        const receipt = await (await running.dispatchFetch('http://example/')).json();
        const { spooled, dropped, errors } = receipt as Receipt;
        assert.deepEqual([spooled, dropped, errors.map(({ code }) => code)], [1, {}, ['denied']]);
      } finally {
        await running.dispose();
        rmSync(outdir, { recursive: true });
      }
    });
  }

  for (const { where, file } of runnable('node')) {
    test(`${where} runs in Node`, async () => {
      const first = sink.requests.length;
      const env = { ...process.env, ...environment() };
      const { stdout } = await promisify(execFile)(process.execPath, [file], { env });
      assert.match(stdout, new RegExp(ANSWER));
      agentRun(whole(first));
    });
  }

  for (const { where, file } of runnable('import')) {
    test(`${where} is imported`, async () => {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [file]);
      assert.deepEqual([stdout, stderr], ['', '']);
    });
  }

  for (const { where, file } of runnable('lost')) {
    test(`${where} finds nothing lost`, async () => {
      const module = (await import(pathToFileURL(file).href)) as {
        lost(exporter: EdgespanExporter): Promise<number>;
      };
      const first = sink.requests.length;
      for (const [path, expected] of [['', 0], ['/503', 4]] as const) {
        const endpoint = sink.origin + path;
        const exporter = new EdgespanExporter({
          destinations: [otlp({ endpoint, retryBudget: 100 })],
          spool: false,
          logLevel: 'silent',
        });
        play(exporter, run(3));
        assert.equal(await module.lost(exporter), expected);
      }
      assert.ok(sink.requests.length >= first + 2);
    });
  }

  for (const { where, dir } of runnable('loader')) {
    test(`${where} helps where the bundler brings the bytes`, async () => {
      const folder = join(dir, 'worker');
      mkdirSync(folder);
      const settings = { name: 'docs', main: 'index.ts', compatibility_date: '2026-04-01' };
      writeFileSync(join(folder, 'wrangler.jsonc'), JSON.stringify(settings));
      const worker = (...before: string[]): string => `${before.join('\n')}
        import { env } from 'cloudflare:workers';
        import { otlp } from 'edgespan/destinations';
        import { EdgespanExporter } from 'edgespan/mastra';
        const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
        const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint })] });
        const span = {
          id: 'a'.repeat(16), traceId: 'b'.repeat(32), name: 'n', type: 'generic', isEvent: false,
          isRootSpan: true, startTime: new Date(1763625600000), endTime: new Date(1763625600001),
        };
        export default {
          async fetch() {
            for (const type of ['span_started', 'span_ended']) {
              exporter.onTracingEvent({ type, exportedSpan: span });
            }
            return Response.json(await exporter.flush());
          },
        };`;
      for (const [before, accepted] of [[[], 0], [["import '../index.ts';"], 1]] as const) {
        writeFileSync(join(folder, 'index.ts'), worker(...before));
        const outdir = await bundleWorker(pathToFileURL(`${folder}/`), {
          WRANGLER_BUILD_CONDITIONS: 'browser', // and not `workerd`, by which it finds core.wasm
        });
        const first = sink.requests.length;
        const running = await startWorker(outdir, environment());
        try {
          const response = await running.dispatchFetch('http://example/');
          assert.equal(((await response.json()) as { accepted: number }).accepted, accepted);
        } finally {
          await running.dispose();
          rmSync(outdir, { recursive: true });
        }
        assert.equal(sink.requests.length - first, accepted);
      }
    });
  }

  for (const { where, file } of runnable('exporter')) {
    test(`${where} exports`, async () => {
      Object.assign(process.env, environment());
      const { exporter } = (await import(pathToFileURL(file).href)) as { exporter: EdgespanExporter };
      const first = sink.requests.length;
      const spans = run(3);
      play(exporter, spans);
      const receipt = await exporter.flush();
      const wire = whole(first);
      const destinations = wire.length / spans.length;
      assert.equal(Number.isInteger(destinations), true);
      assert.equal(receipt.accepted + receipt.pending, wire.length);
      assert.deepEqual([receipt.dropped, receipt.errors], [{}, []]);
    });
  }
});

describe('what the texts name exists', () => {
  /** The members of an interface in the package's declarations. */
  function members(file: string, name: string): string[] {
    const body = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(read(file))?.[1] ?? '';
    const names = [...body.matchAll(/^ {4}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member]) => member);
    assert.ok(names.length > 1, `${name} was not found in ${file}`);
    return names;
  }
  for (const document of ['README.md', 'js/README.md']) {
    test(`${document} describes every option`, () => {
      const page = read(document);
      const options = [
        ...members('js/dist/mastra/options.d.ts', 'EdgespanExporterOptions'),
        ...members('js/dist/transport/otlp_http.d.ts', 'OtlpOptions'),
        ...members('js/dist/core/pipeline.d.ts', 'SpanLimits'),
        ...members('js/dist/mastra/lane.d.ts', 'EarlyOptions'),
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
    const keys = [...schema.matchAll(/X\(\w+, "(\w+)"\)/g)].map(([, key]) => key);
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

  for (const document of ['README.md', 'wasm/README.md', 'docs/packaging.md']) {
    test(`${document}: figures were measured, not typed`, () => {
      const page = read(document);
      assert.equal(isMeasured(page), true, 'run node scripts/lib/figures.mjs');
      const begin = '<!-- figures:begin -->\n';
      assert.equal(isMeasured(page.replace(begin, `${begin}better `)), false);
    });
  }
});
