// edgespan/otel under the API's own users, on workerd with each way to AsyncLocalStorage and without one,
// and on edge-runtime: trees arrive whole, in one request each, and nobody flushes.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EdgeRuntime } from 'edge-runtime';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { later, type OtelPlace, startOtel } from '../support/otel.ts';

const { sink, place } = await startOtel();
const core = readFileSync(new URL('core.wasm', import.meta.resolve('edgespan')));

/** Bundled as its platform's tools do, but for the core, which stays a module beside it. */
async function bundle(entry: string, conditions: string[], core: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./otel/${entry}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions,
    external: ['cloudflare:workers', 'node:async_hooks'],
    plugins: [
      {
        name: 'core',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /core\.wasm/ }, () => (core ? { path: core, external: true } : { path: 'core', namespace: 'core' }));
          onLoad({ filter: /.*/, namespace: 'core' }, () => ({ contents: 'export default new WebAssembly.Module(CORE);' }));
        },
      },
    ],
  });
  return outputFiles[0].text;
}

interface Host {
  ask(path: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

async function workerd(at: OtelPlace, entry: string, flags: string[]): Promise<Host> {
  const contents = await bundle(entry, ['workerd', 'worker'], './core.wasm');
  const worker = new Miniflare({
    modulesRoot: '/',
    modules: [
      { type: 'ESModule', path: '/index.js', contents },
      { type: 'CompiledWasm', path: '/core.wasm', contents: core },
    ],
    compatibilityDate: '2026-04-01',
    compatibilityFlags: flags,
    bindings: { SINK: at.endpoint },
  });
  await worker.ready;
  return {
    ask: async (path, headers = {}) =>
      (await worker.dispatchFetch(`http://worker${path}`, { headers })) as unknown as Response,
    close: () => worker.dispose(),
  };
}

/** `given`: what Vercel and Next.js add to it. */
async function edge(at: OtelPlace, given: object): Promise<Host> {
  const initialCode = await bundle('edge', ['edge-light', 'worker'], '');
  const runtime = new EdgeRuntime({
    initialCode,
    extend: (context) => Object.assign(context, { CORE: core, SINK: at.endpoint, ...given }),
  });
  return {
    ask: async (path, headers = {}) =>
      (await runtime.dispatchFetch(`http://edge${path}`, { headers })) as unknown as Response,
    close: async () => {},
  };
}

const HOSTS: [string, (at: OtelPlace) => Promise<Host>, boolean][] = [
  ['workerd with nodejs_compat', (at) => workerd(at, 'worker', ['nodejs_compat']), true],
  ['workerd with nodejs_als, given', (at) => workerd(at, 'worker_als', ['nodejs_als']), true],
  ['workerd, set up at global scope', (at) => workerd(at, 'worker_global', ['nodejs_compat']), true],
  ['workerd without flags', (at) => workerd(at, 'worker', []), false],
  ['edge-runtime as Vercel has it', (at) => edge(at, { AsyncLocalStorage }), true],
  ['edge-runtime', (at) => edge(at, {}), false],
];

for (const [name, start, stored] of HOSTS) {
  describe(name, () => {
    const at = place();
    let host: Host;
    before(async () => {
      host = await start(at);
    });
    after(() => host.close());

    /** The bodies of spans that begin so, once all have come. */
    async function arrived(prefix: string, spans: number): Promise<OtelPlace['bodies'] extends () => infer T ? T : never> {
      const of = (): ReturnType<OtelPlace['bodies']> =>
        at.bodies().filter((body) => body.some((span) => span.name.startsWith(`${prefix}-`)));
      await sink.until(() => of().flat().length >= spans, `${spans} spans of ${prefix}`);
      return of();
    }

    for (const explicit of stored ? [false, true] : [true]) {
      test(`parents of what runs at once are right (contexts ${explicit ? 'given' : 'active'})`, async () => {
        const names = ['p', 'q', 'r'].map((one) => `${one}${+explicit}`);
        const answers = await Promise.all(
          names.map((one) => host.ask(`/tree?name=${one}${explicit ? '&explicit' : ''}`)),
        );
        assert.deepEqual(await Promise.all(answers.map((answer) => answer.text())), ['done', 'done', 'done']);
        for (const one of names) {
          const bodies = await arrived(one, 7);
          assert.equal(bodies.length, 1);
          const ids = new Map(bodies[0].map(({ spanId, name }) => [spanId, name]));
          const tree = Object.fromEntries(bodies[0].map((span) => [span.name, ids.get(span.parentSpanId) ?? '']));
          assert.deepEqual(tree, {
            [`${one}-root`]: '',
            ...Object.fromEntries(['a', 'b', 'c'].flatMap((part) => [
              [`${one}-${part}`, `${one}-root`],
              [`${one}-${part}-leaf`, `${one}-${part}`],
            ])),
          });
          assert.equal(new Set(bodies[0].map(({ traceId }) => traceId)).size, 1);
          assert.equal(bodies[0][0].resource.get('service.name'), 'app');
        }
      });
    }

    test('times stay in order where the clock stands still', async () => {
      await host.ask('/clock?name=clock');
      const [spans, ...more] = await arrived('clock', 41);
      assert.equal(more.length, 0);
      const by = new Map(spans.map((span) => [span.spanId, span]));
      for (const { start, end, parentSpanId, name } of spans) {
        const parent = by.get(parentSpanId);
        assert.ok(start <= end, name);
        assert.ok(start > 1_600_000_000_000_000_000n, `${start}`);
        if (parent) assert.ok(parent.start <= start && end <= parent.end, `${name} ${parent.start} ${start} ${end} ${parent.end}`);
        else assert.match(name, /-root$/);
      }
    });

    test('W3C context comes in and goes out', async () => {
      const headers = { traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`, tracestate: 'x=1' };
      const out = (await (await host.ask('/remote?name=remote', headers)).json()) as Record<string, string>;
      const [[root]] = await arrived('remote', 1);
      assert.deepEqual([root.traceId, root.parentSpanId, root.kind, root.traceState], ['ab'.repeat(16), 'cd'.repeat(8), 2, 'x=1']);
      assert.deepEqual(out, { traceparent: `00-${root.traceId}-${root.spanId}-01`, tracestate: 'x=1' });
    });

    test('nothing is lost', async () => {
      let stats: Record<string, unknown> = {};
      for (let tries = 0; tries < 100 && stats.pending !== 0; tries++) {
        stats = (await (await host.ask('/stats')).json()) as Record<string, unknown>;
        await later(10); // answers are under way
      }
      assert.deepEqual([stats.accepted, stats.dropped, stats.pending], [at.spans().length, {}, 0]);
    });
  });
}
