// Users of the AI SDK in real workerd, unchanged, behind instrument(): what the SDK traces through
// OpenTelemetry's API is in the request's trace and in its body. (What each span says:
// tests/js/ai_sdk.test.ts.)
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Miniflare } from 'miniflare';
import { decodeProtobuf, lint } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { treeOf } from '../support/span_tree.ts';
import { bundleWorker, startWorker } from '../support/workerd.ts';

const TEXT = [
  'ai.generateText',
  '  ai.generateText.doGenerate',
  '  ai.toolCall',
  '    lookup',
  '  ai.generateText.doGenerate',
];
const RUNS: [program: string, answer: string, lines: string[]][] = [
  ['generateText', 'It snows.', TEXT],
  [
    'streamText',
    'It snows.',
    // Node has the tool below the model's call: workerd calls a stream's functions in the context in which
    // the stream was made.
    [
      'ai.streamText',
      '  ai.streamText.doStream',
      '  ai.toolCall',
      '    lookup',
      '  ai.streamText.doStream',
    ],
  ],
  ['embed', '2', ['ai.embed', '  ai.embed.doEmbed']],
  ['a failing tool', 'It snows.', TEXT],
  ['a failing model', 'TypeError: model overloaded', TEXT.slice(0, 2)],
  [
    "two at once, in a span of the user's",
    'undefined',
    ['request', ...[...TEXT, ...TEXT].map((line) => `  ${line}`)],
  ],
];

describe('the AI SDK behind instrument()', { timeout: 120_000 }, () => {
  let sink: Sink;
  let worker: Miniflare;
  let outdir: string;
  before(async () => {
    sink = await Sink.start();
    outdir = await bundleWorker(new URL('./ai_sdk/', import.meta.url));
    worker = await startWorker(outdir, { SINK: sink.origin });
  });
  after(async () => {
    await worker.dispose();
    await sink.close();
    await rm(outdir, { recursive: true });
  });

  for (const [program, answer, lines] of RUNS) {
    it(`${program}: one trace, one body`, async () => {
      const first = sink.requests.length;
      const response = await worker.dispatchFetch(`http://worker/${encodeURIComponent(program)}`);
      assert.equal(await response.text(), answer);
      await sink.until(() => sink.requests.length > first, program);
      await new Promise((resolve) => setTimeout(resolve, 60)); // for what must not come
      const bodies = sink.requests.slice(first).map(({ body }) => decodeProtobuf(body));
      assert.deepEqual(bodies.flat().flatMap(lint), []);
      assert.deepEqual(bodies.map(treeOf), [['GET', ...lines.map((line) => `  ${line}`)]]);
    });
  }
});
