// The tree on the console: what a person reads of a run, and what is never shown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoleTree, otlp } from 'edgespan/destinations';
import type { EdgespanExporter, MastraTracingEvent, Receipt } from 'edgespan/mastra';
import { place, send, sink } from './formats.ts';
import { play, recorded, run } from './spans.ts';

async function shown(
  feed: readonly MastraTracingEvent[] | ((exporter: EdgespanExporter) => void),
  options: Parameters<typeof consoleTree>[0] = {},
): Promise<{ texts: string[]; receipt: Receipt }> {
  const texts: string[] = [];
  const tree = consoleTree({ log: (text) => texts.push(text), color: false, ...options });
  const { receipt } = await send([tree], feed);
  return { texts, receipt };
}

test('a run, as a person reads it', async () => {
  const before = sink.requests.length;
  const { texts, receipt } = await shown(recorded('agent-generate-tool'));
  assert.deepEqual(texts, [
    `trace b88418b4dd9ae5710c4334ff388e1f23 · 7 spans · 2 model calls · 717 → 40 tokens
invoke_agent weather-agent  195 ms
└─ model_generation gpt-4o-mini  111 ms
   ├─ agent_step weather-agent  63 ms
   │  ├─ chat gpt-4o-mini  client · 58 ms · 305 → 17 tokens
   │  └─ execute_tool weather  29 ms
   │        args {"city":"Paris"}
   │        gave {"tempC":21,"sky":"sunny"}
   └─ agent_step weather-agent  29 ms
      └─ chat gpt-4o-mini  client · 28 ms · 412 → 23 tokens`,
  ]);
  assert.equal(receipt.accepted, 7);
  assert.equal(sink.requests.length, before);
});

test('errors, and colours where they are wanted', async () => {
  const { texts } = await shown(recorded('agent-error'), { color: true });
  assert.match(texts[0], /\x1b\[31merror: mock provider exploded \(429\)\x1b\[0m/);
  assert.match(texts[0], /\x1b\[1minvoke_agent error-agent\x1b\[0m/);
  const bland = await shown(recorded('agent-error'));
  assert.match(bland.texts[0], /error: mock provider exploded \(429\)/);
  assert.doesNotMatch(bland.texts[0], /\x1b/);
});

test('long texts are cut, and none moves the cursor', async () => {
  const spans = run(1);
  Object.assign(spans[1], {
    type: 'tool_call',
    entityName: 'evil\x1b[2J\rtool',
    input: `${'\x1b]0;title\x07'}${'🌨️ snow '.repeat(10_000)}`,
    errorInfo: { message: 'line one\nline two' },
  });
  const { texts } = await shown((exporter) => play(exporter, spans), { width: 40 });
  const lines = texts[0].split('\n');
  assert.equal(lines.length, 4);
  assert.doesNotMatch(texts[0].replaceAll('\n', ''), /\p{Cc}/u);
  assert.match(texts[0], /error: line one line two/);
  const args = lines.find((line) => line.includes('args')) as string;
  assert.ok(args.endsWith('…') && Array.from(args).length < 60, args);
});

test('nothing of what other destinations know is shown, and what throws is counted', async () => {
  const texts: string[] = [];
  const headers = { authorization: 'Bearer s3cr3t' };
  const { receipt } = await send(
    [
      otlp({ endpoint: `${sink.origin}${place()}`, headers }),
      consoleTree({ log: (text) => texts.push(text), color: false }),
      consoleTree({
        name: 'broken',
        log: () => {
          throw new Error('closed');
        },
      }),
    ],
    (exporter) => play(exporter, run(2)),
  );
  assert.doesNotMatch(texts.join(), /s3cr3t|127\.0\.0\.1/);
  assert.equal(receipt.accepted, 6);
  assert.equal(receipt.rejected, 3);
  assert.match(receipt.errors[0].message, /^`log` threw \(Error: closed\)/);
});
