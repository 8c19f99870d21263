// The snippets of every text, in folders of their own, and the place where they run: a receiver, and a
// local server that plays OpenAI.
//
// A fence says how its snippet runs (GitHub shows only the language):
//   ts run=workerd      a Worker: bundled by wrangler, run in workerd, asked once
//   ts run=instrument   a Worker with a KV and a Durable Object's binding, KV and COUNTER: the same, and
//                       what arrives is its request's trace
//   ts run=node         a program: run by Node, must exit 0
//   ts run=traced       a program that traces: run by Node, must exit 0, and leaves whole traces
//   ts run=exporter     exports an `exporter`, which is given a run
//   ts run=lost         exports `lost`, which is given an exporter after a run, and finds nothing lost
//   ts run=import       a module: Node imports it, and it prints nothing
//   ts run=loader       the first lines of a Worker whose bundler brings the core's bytes, which
//                       workerd does not compile: with them it traces nevertheless
//   ts run=outage       a Worker's exporter with a spool in one of Cloudflare's stores: what it cannot
//                       send is in there
//   ts compiled="WHY"   only compiled, for the reason given
// Each runnable snippet sends to the receiver that OTEL_EXPORTER_OTLP_ENDPOINT names, and what
// arrives must be whole.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startSink } from './exporter.ts';
import { decodeProtobuf, lint, type WireSpan } from './otlp.ts';
import type { Sink } from './sink.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** A file of the repository. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export interface Snippet {
  readonly where: string;
  readonly mode: string;
  readonly text: string;
  /** Its folder, with the text as index.ts (or .js). */
  readonly dir: string;
  readonly file: string;
}

// Below the repository, so that packages resolve as they do for a user.
mkdirSync(join(root, 'build/test'), { recursive: true });
/** A folder until the tests of the file are over. */
export const scratch = mkdtempSync(join(root, 'build/test/docs-'));
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
export const all: Snippet[] = texts.trim().split('\n').flatMap(snippets);
export const runnable = (mode: string): Snippet[] => all.filter((snippet) => snippet.mode === mode);

/** OpenAI's Responses API with one thing to say. */
export const ANSWER = 'Near the reader, words arrive.';
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

/** Where snippets run. */
export interface Stage {
  readonly sink: Sink;
  /** The variables that they read. */
  readonly environment: Record<string, string>;
  /** The spans that arrived since `first`, which must form whole traces of one root each. */
  whole(first: number): WireSpan[];
}

/** Until the tests of the file are over. */
export async function startStage(): Promise<Stage> {
  const [model, sink] = await Promise.all([startModel(), startSink()]);
  after(() => {
    model.closeAllConnections();
    model.close();
  });
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.origin,
    OTLP_TOKEN: 's3cr3t',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
  };
  function whole(first: number): WireSpan[] {
    const requests = sink.requests.slice(first).filter(({ path }) => path.endsWith('/v1/traces'));
    const bodies = requests.map((request) => decodeProtobuf(request.body));
    assert.ok(bodies.length > 0, 'nothing arrived');
    for (const spans of bodies) {
      assert.deepEqual(spans.flatMap(lint), []);
      assert.equal(spans.filter((span) => span.parentSpanId === '').length, 1);
    }
    return bodies.flat();
  }
  return { sink, environment, whole };
}

/** An agent's run whose one model call said what the model did. */
export function agentRun(spans: WireSpan[]): void {
  const calls = spans.filter((s) => s.attributes.get('gen_ai.operation.name') === 'chat');
  assert.equal(calls.length, 1);
  assert.match(String(calls[0].attributes.get('gen_ai.output.messages')), new RegExp(ANSWER));
  assert.equal(calls[0].attributes.get('gen_ai.usage.output_tokens'), 7n);
}
