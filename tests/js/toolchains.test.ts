// The same spans give the same bytes, whoever compiled the core: Emscripten's module, clang's module
// and the native build (edgespan-replay, the same core behind a tape writer in C++) encode every
// recorded run, and each encoded Span must be equal byte for byte.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = join(root, 'tests/data/mastra-events');
const recordings = readdirSync(data).filter((name) => name.endsWith('.json'));

/** A protobuf field that is length-delimited; OTLP requests hold no others down to their spans. */
function* fields(message: Uint8Array): Generator<[number, Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    assert.equal(tag & 7, 2, `wire type ${tag & 7}`);
    const size = varint();
    yield [tag >> 3, message.subarray(at, (at += size))];
  }
}

/** The encoded spans of request bodies, in an order of their own. */
function spansOf(...bodies: Uint8Array[]): string[] {
  const spans: string[] = [];
  for (const body of bodies) {
    for (const [, resourceSpans] of fields(body)) {
      for (const [number, scopeSpans] of fields(resourceSpans)) {
        if (number !== 2) continue;
        for (const [field, span] of fields(scopeSpans)) {
          if (field === 2) spans.push(Buffer.from(span).toString('hex'));
        }
      }
    }
  }
  return spans.sort();
}

// Runs in a process of its own: a process has one core. Prints { recording: [body, ...] } in base64.
const ENCODE = `
  import { readFileSync } from 'node:fs';
  import { initCore } from 'edgespan';
  import { otlp } from 'edgespan/destinations';
  import { EdgespanExporter } from 'edgespan/mastra';
  const [wasm, ...files] = process.argv.slice(1);
  initCore(new WebAssembly.Module(readFileSync(wasm)));
  let bodies;
  globalThis.fetch = async (_, { body }) => {
    bodies.push(Buffer.from(body).toString('base64'));
    return new Response(null, { status: 200 });
  };
  const exporter = new EdgespanExporter({
    destinations: [otlp({ endpoint: 'http://127.0.0.1:9', dropTypes: [] })], logLevel: 'silent',
  });
  const dated = (object, ...names) => {
    for (const name of names) if (object?.[name]) object[name] = new Date(object[name]);
  };
  const out = {};
  for (const file of files) {
    bodies = out[file] = [];
    for (const event of JSON.parse(readFileSync(file, 'utf8'))) {
      const span = event.exportedSpan;
      if (!span) continue;
      dated(span, 'startTime', 'endTime');
      dated(span.attributes, 'completionStartTime', 'untilDate');
      exporter.onTracingEvent(event);
    }
    await exporter.flush();
  }
  console.log(JSON.stringify(out));
`;

function encode(preset: string): Record<string, string[]> {
  const wasm = join(root, `build/${preset}/wasm/core.wasm`);
  const files = recordings.map((name) => join(data, name));
  const args = ['--input-type=module', '-e', ENCODE, wasm, ...files];
  const options = { cwd: join(root, 'tests'), encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  return JSON.parse(execFileSync(process.execPath, args, options));
}

describe('every build of the core writes the same bytes', () => {
  const clang = encode('wasi');
  const emscripten = encode('wasm');
  for (const name of recordings) {
    test(basename(name, '.json'), () => {
      const file = join(data, name);
      const bodies = (of: Record<string, string[]>): string[] =>
        spansOf(...of[file].map((body) => Buffer.from(body, 'base64')));
      const native = execFileSync(join(root, 'build/bin/edgespan-replay'), [file], {
        maxBuffer: 1 << 28,
      });
      const expected = spansOf(native);
      assert.notEqual(expected.length, 0);
      assert.deepEqual(bodies(clang), expected);
      assert.deepEqual(bodies(emscripten), expected);
    });
  }
});
