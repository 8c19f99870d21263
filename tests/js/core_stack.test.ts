// The core's stack is half of what it was before the redactor had the other half: what the deepest values
// take of it, in every dialect, with a redactor and without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import * as dialects from 'edgespan/dialects';
import { EdgespanExporter, type MastraSpan } from 'edgespan/mastra';
import { redact } from 'edgespan/privacy';

/** wasm/CMakeLists.txt. */
const STACK = 32768;

let core: WebAssembly.Memory | undefined;
const { Instance } = WebAssembly;
// The package shows the core to nobody: its memory is taken where it is made.
WebAssembly.Instance = class extends Instance {
  constructor(...args: ConstructorParameters<typeof Instance>) {
    super(...args);
    core ??= this.exports.memory as WebAssembly.Memory | undefined;
  }
};

/** Deeper than the core keeps. */
function deep(): unknown {
  let value: unknown = 'jane@example.com';
  for (let i = 0; i < 80; i++) value = i % 2 ? [value, 1] : { a: value, 'a "key"': 1 };
  return value;
}

let ids = 0;
const id = (digits: number) => (++ids).toString(16).padStart(digits, '0');

function run(): MastraSpan[] {
  const traceId = id(32);
  const [agent, generation, step, call, tool] = Array.from({ length: 5 }, () => id(16));
  const span = (own: string, parentSpanId: string | undefined, type: string, members: object) =>
    ({
      id: own,
      traceId,
      parentSpanId,
      name: 'n',
      type,
      startTime: new Date(1e12),
      endTime: new Date(1e12 + 5),
      isEvent: false,
      isRootSpan: parentSpanId === undefined,
      metadata: { deep: deep() },
      ...members,
    }) as unknown as MastraSpan;
  const part = { toolCallId: 'c', toolName: 't' };
  const messages = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'tool-call', ...part, args: deep() },
        { type: 'tool-result', ...part, result: deep() },
      ],
    },
  ];
  const output = { text: '', toolCalls: [{ ...part, args: deep() }] };
  return [
    span(agent, undefined, 'agent_run', {
      input: messages,
      output: { text: 'x', object: deep() },
      attributes: { instructions: 'a', unheardOf: deep() },
    }),
    span(generation, agent, 'model_generation', { input: { messages }, output: { text: 'a' } }),
    span(step, generation, 'model_step', {}),
    span(call, step, 'model_inference', { output, attributes: { model: 'm', provider: 'openai' } }),
    span(tool, step, 'tool_call', {
      input: deep(),
      output: deep(),
      attributes: { toolCallId: 'c' },
      errorInfo: { message: 'x', details: deep() },
    }),
  ];
}

test('the deepest values take less than half of it', async (t) => {
  t.mock.method(globalThis, 'fetch', async () => new Response(null, { status: 200 }));
  const stack = () => new Uint8Array((core as WebAssembly.Memory).buffer, 0, STACK);
  let tried = 0;
  for (const dialect of [undefined, ...Object.values(dialects)]) {
    for (const redaction of [undefined, redact()]) {
      const exporter = new EdgespanExporter({
        destinations: [
          otlp({
            endpoint: 'http://127.0.0.1:9',
            ...(dialect && { dialect }),
            ...(redaction && { redact: redaction }),
          }),
        ],
        logLevel: 'silent',
      });
      // Between calls nothing is on it. The first exporter's run loads the core.
      if (core) stack().fill(0xa5);
      const spans = run();
      for (const span of spans) {
        exporter.onTracingEvent({ type: 'span_started', exportedSpan: { ...span, endTime: undefined } });
      }
      for (const span of spans.toReversed()) {
        exporter.onTracingEvent({ type: 'span_ended', exportedSpan: span });
      }
      assert.equal((await exporter.flush()).accepted, spans.length);
      if (tried++ === 0) continue;
      const used = STACK - stack().findIndex((byte) => byte !== 0xa5);
      assert.ok(used > 1000 && used < STACK / 2, `${used} bytes of ${STACK}`);
    }
  }
  assert.ok(tried > 20);
});
