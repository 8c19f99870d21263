// Every snippet of every text compiles, and those that Node can run do what the text says, against the
// built package and a local receiver. tests/support/snippets.ts says how a fence tells that.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { agentRun, all, ANSWER, runnable, scratch, startStage } from '../support/snippets.ts';
import { play, run } from './spans.ts';

const { sink, environment, whole } = await startStage();

describe('snippets', { timeout: 300_000 }, () => {
  test('each says how it runs', () => {
    const modes = ['workerd', 'instrument', 'outage', 'node', 'traced', 'exporter', 'lost', 'import', 'loader', ''];
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
        '  export class DurableObject<Env = unknown> {\n    protected env: Env;\n' +
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

  for (const { where, file } of runnable('node')) {
    test(`${where} runs in Node`, async () => {
      const first = sink.requests.length;
      const env = { ...process.env, ...environment };
      const { stdout } = await promisify(execFile)(process.execPath, [file], { env });
      assert.match(stdout, new RegExp(ANSWER));
      agentRun(whole(first));
    });
  }

  for (const { where, file } of runnable('traced')) {
    test(`${where} traces`, async () => {
      const first = sink.requests.length;
      await promisify(execFile)(process.execPath, [file], { env: { ...process.env, ...environment } });
      whole(first);
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

  for (const { where, file } of runnable('exporter')) {
    test(`${where} exports`, async () => {
      Object.assign(process.env, environment);
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
