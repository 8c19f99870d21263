// The texts' snippets that are Workers do what the text says: bundled by wrangler, in workerd, against a
// local receiver. tests/support/snippets.ts says how a fence tells that.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Receipt } from 'edgespan/mastra';
import { Miniflare } from 'miniflare';
import { agentRun, ANSWER, read, runnable, startStage } from '../support/snippets.ts';
import { bundleWorker, describeWorker, startWorker } from '../support/workerd.ts';

const { sink, environment, whole } = await startStage();

describe('snippets in workerd', { timeout: 300_000 }, () => {
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
      const worker = await startWorker(outdir, environment);
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
        const running = await startWorker(outdir, environment);
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
});
