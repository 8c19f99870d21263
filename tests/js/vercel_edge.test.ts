// Edge code in Vercel's edge runtime, which compiles nothing at run time: instrumentation and function in
// bundles of their own, as Next.js makes them.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EdgeRuntime } from 'edge-runtime';
import { build } from 'esbuild';
import { startSite } from '../support/exporter.ts';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';

const site = await startSite();
const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Buffer) => object } };
const core = new wasm.Module(readFileSync(new URL('core.wasm', import.meta.resolve('edgespan'))));

/** A bundle, and whether it brings the core. */
async function bundle(name: string): Promise<{ code: string; core: boolean }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./vercel_edge/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    conditions: ['edge-light'],
    plugins: [
      {
        name: 'core',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /core\.wasm\?module$/ }, () => ({ path: 'core', namespace: 'core' }));
          onLoad({ filter: /./, namespace: 'core' }, () => ({ contents: 'export default globalThis.CORE;' }));
        },
      },
    ],
  });
  const [{ text }] = outputFiles;
  return { code: text, core: text.includes('globalThis.CORE') };
}

test('what registers reaches no core, whatever a bundler leaves out', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('vercel/register.js', import.meta.resolve('edgespan')))],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    conditions: ['edge-light'],
    external: ['@opentelemetry/api', '*.wasm?module'],
    ignoreAnnotations: true,
    treeShaking: false,
  });
  const inputs = Object.keys(metafile.inputs);
  assert.ok(inputs.some((path) => path.endsWith('otel/register.js')), `${inputs}`);
  // What waits for promises lies beside the module, and has nothing of it.
  assert.deepEqual(inputs.filter((path) => /wasm\/(?!wait-)|core\/core/.test(path)), []);
});

const heard: (string | undefined)[] = [];
const own = createServer((request, response) => {
  heard.push(request.headers.traceparent as string | undefined);
  setTimeout(() => response.writeHead(404).end('heard'), 30);
}).listen(0, '127.0.0.1');
after(() => own.close());

for (const [name, globals] of [
  ['as Vercel has it', { AsyncLocalStorage }],
  ['without AsyncLocalStorage', {}],
] as const) {
  describe(`an edge function ${name}`, () => {
    let runtime: EdgeRuntime;
    const kept: Promise<unknown>[] = [];

    before(async () => {
      const [instrumentation, handler] = await Promise.all(['instrumentation', 'function'].map(bundle));
      assert.equal(instrumentation.core, false, 'a function without an import of its own would fail');
      assert.equal(handler.core, true);
      runtime = new EdgeRuntime({
        initialCode: `${instrumentation.code};${handler.code}`,
        codeGeneration: { strings: false, wasm: false },
        extend: (context) =>
          Object.assign(context, globals, {
            CORE: core,
            SINK: site.sink.origin,
            OWN: `http://127.0.0.1:${(own.address() as AddressInfo).port}`,
            [Symbol.for('@vercel/request-context')]: {
              get: () => ({ waitUntil: (promise: Promise<unknown>) => void kept.push(promise) }),
            },
          }),
      });
    });

    /** Asks, and gives the spans of its one request, by name, after the platform has waited. */
    async function ask(way: string): Promise<{ text: string; all: WireSpan[]; spans: Map<string, WireSpan> }> {
      const first = site.sink.requests.length;
      const response = await runtime.dispatchFetch(`http://edge.test/${way}`);
      const text = await response.text();
      for (let n = 0; n < kept.length; n++) await kept[n];
      const bodies = site.sink.requests.slice(first);
      assert.equal(bodies.length, 1, 'one request');
      const all = decodeProtobuf(bodies[0].body);
      assert.equal(all[0].resource.get('service.name'), 'edge');
      return { text, all, spans: new Map(all.map((span) => [span.name, span])) };
    }

    test('its work is below its request', { skip: !('AsyncLocalStorage' in globals) }, async () => {
      const { text, spans } = await ask('work');
      assert.equal(text, '{"done":true}');
      const root = spans.get('GET');
      assert.equal(root?.kind, 2);
      assert.equal(spans.size, 3);
      for (const one of ['one', 'two']) {
        assert.equal(spans.get(one)?.parentSpanId, root?.spanId);
        assert.equal(spans.get(one)?.attributes.get('active'), one);
      }
    });

    test('an answer ends with its last byte', async () => {
      const { text, spans } = await ask('stream');
      assert.equal(text, 'said');
      const root = spans.get('GET') as WireSpan;
      assert.ok(root.end - root.start >= 59_000_000n);
      if ('AsyncLocalStorage' in globals) assert.equal(spans.get('at its end')?.parentSpanId, root.spanId);
    });

    test('Routing Middleware', async () => {
      const { spans } = await ask('next');
      assert.deepEqual([...spans.keys()], ['middleware']);
    });

    test('a failure', async () => {
      const { spans } = await ask('fail');
      assert.deepEqual(spans.get('GET')?.status, { code: 2, message: 'broken' });
    });

    test('fetch is traced, and own services hear of it', async () => {
      const { text, all } = await ask('fetch');
      assert.equal(text, 'heard');
      const [root, client] = all.sort((a, b) => a.kind - b.kind);
      assert.equal(client.parentSpanId, root.spanId);
      // The runtime's promises are of another realm.
      assert.ok(client.end - client.start >= 29_000_000n, `${client.end - client.start} ns`);
      assert.equal(client.attributes.get('http.response.status_code'), 404n);
      assert.equal(client.status.code, 2);
      assert.equal(heard.at(-1), `00-${client.traceId}-${client.spanId}-03`);
    });
  });
}
