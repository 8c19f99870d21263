// The snippets of docs/cloudflare.md, and of docs/otel.md with instrument(), run in workerd, and what they
// trace arrives.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Miniflare } from 'miniflare';
import { runnable, startStage } from '../support/snippets.ts';
import { bundleWorker, describeWorker } from '../support/workerd.ts';
import { Tree } from './cloudflare/lab.ts';

const { sink, environment, whole } = await startStage();
// In the order of the pages.
const TREES = [
  'GET\n  get KV\n  put KV',
  'GET\n  COUNTER/add\n    Counter/add\n      get storage\n      put storage',
  'GET\n  order',
];

describe('snippets of instrumented Workers', { timeout: 120_000 }, () => {
  assert.equal(runnable('instrument').length, TREES.length);
  for (const [i, { where, dir, text }] of runnable('instrument').entries()) {
    test(`${where} traces a request`, async () => {
      const settings = { name: 'docs', main: 'index.ts', compatibility_date: '2026-04-01' };
      writeFileSync(join(dir, 'wrangler.jsonc'), JSON.stringify(settings));
      const first = sink.requests.length;
      const outdir = await bundleWorker(pathToFileURL(`${dir}/`));
      const worker = new Miniflare({
        ...(await describeWorker(outdir, environment)),
        kvNamespaces: ['KV'],
        ...(text.includes('COUNTER') && { durableObjects: { COUNTER: { className: 'Counter', useSQLite: true } } }),
      });
      try {
        const answer = await worker.dispatchFetch('http://example/');
        assert.match(await answer.text(), /1$/);
        await sink.until(() => sink.requests.length > first, 'the trace');
      } finally {
        await worker.dispose();
        rmSync(outdir, { recursive: true });
      }
      assert.equal(`${new Tree(whole(first))}`, TREES[i]);
    });
  }
});
