// Redaction in Vercel's edge runtime, which compiles nothing at run time: both modules come from its
// bundler, by `?module`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EdgeRuntime } from 'edge-runtime';
import { build } from 'esbuild';
import { startSink } from '../support/exporter.ts';
import { decodeProtobuf } from '../support/otlp.ts';

const sink = await startSink();
const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Buffer) => object } };
const load = (name: string): object =>
  new wasm.Module(readFileSync(new URL(`${name}.wasm`, import.meta.resolve('edgespan'))));

const SOURCE = `
  import { otlp } from 'edgespan/destinations';
  import { EdgespanTracerProvider } from 'edgespan/otel';
  import { redact } from 'edgespan/privacy';
  const { SINK } = globalThis;
  const hook = async (value) => value.replaceAll('Zürich', 'a city');
  const provider = new EdgespanTracerProvider({
    destinations: [otlp({ endpoint: SINK + '/ok', redact: redact({ hook }) })],
  });
  addEventListener('fetch', (event) => {
    const span = provider.getTracer('edge').startSpan('to jane.doe@example.com');
    span.setAttribute('city', 'Zürich');
    span.setAttribute('db.password', 'hunter2');
    span.end();
    event.respondWith(provider.forceFlush().then((receipt) => Response.json(receipt)));
  });`;

test('an edge function redacts, its hook included', async () => {
  const { outputFiles } = await build({
    stdin: { contents: SOURCE, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    conditions: ['edge-light'],
    plugins: [
      {
        name: 'modules',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({
            path: path.includes('redactor') ? 'REDACTOR' : 'CORE',
            namespace: 'module',
          }));
          onLoad({ filter: /./, namespace: 'module' }, ({ path }) => ({
            contents: `export default globalThis.${path};`,
          }));
        },
      },
    ],
  });
  const runtime = new EdgeRuntime({
    initialCode: outputFiles[0].text,
    codeGeneration: { strings: false, wasm: false },
    extend: (context) =>
      Object.assign(context, { CORE: load('core'), REDACTOR: load('redactor'), SINK: sink.origin }),
  });
  const response = await runtime.dispatchFetch('http://edge.test/');
  const receipt = (await response.json()) as { accepted: number; redacted: number };
  assert.equal(receipt.accepted, 1, JSON.stringify(receipt));
  const [span] = sink.requests.flatMap(({ body }) => decodeProtobuf(body));
  assert.equal(span.name, 'to [REDACTED:email]');
  assert.equal(span.attributes.get('city'), 'a city');
  assert.equal(span.attributes.get('db.password'), '[REDACTED:key]');
  assert.equal(receipt.redacted, 2);
});
