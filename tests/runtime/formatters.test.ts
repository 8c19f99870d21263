// Real Mastra in real workerd: a destination with a formatter of its own, asynchronous and chained by
// Mastra, gets the run in its own form after the response, the other one as it was; and the run is read
// back in a later request. Titles name rows of the promises
// (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkTrace } from '../support/expect.ts';
import type { WireSpan } from '../support/otlp.ts';
import { Lab } from './lab.ts';

describe('formatters and kept traces in workerd', { timeout: 300_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start();
  });
  after(() => lab.close());

  for (const build of ['request', undefined] as const) {
    it(`rows 76-78, 112, 127-129: built per ${build ?? 'isolate'}`, async () => {
      const label = lab.label();
      const { traceId = '' } = await lab.run({ scenario: 'generate', label, build, formatted: true });
      const { ended } = await lab.recorded(label, traceId);
      const plain = (): WireSpan[] => lab.below('/ok/v1', traceId);
      const formatted = (): WireSpan[] => lab.below('/ok/formatted/', traceId);
      const both = (): number => plain().length + formatted().length;
      await lab.sink.until(() => both() >= 2 * ended.length, 'the run, in both forms');
      await lab.quiet();

      assert.deepEqual(checkTrace(plain(), ended), []);
      assert.deepEqual(
        formatted().map((s) => s.spanId).sort(),
        plain().map((s) => s.spanId).sort(),
      );
      for (const span of formatted()) {
        assert.equal(span.attributes.get('mastra.metadata.formatted'), true);
        assert.equal(span.attributes.has('mastra.tool_call.input'), false);
        assert.equal(span.attributes.has('gen_ai.tool.call.arguments'), false);
      }
      const [receipt] = await lab.receipts(label);
      assert.deepEqual(
        [receipt.accepted, receipt.withheld, receipt.pending, receipt.dropped],
        [2 * ended.length, 0, 0, {}],
      );

      const trace = await lab.trace(label, traceId);
      assert.ok(trace, 'the trace is read in a request of its own');
      assert.deepEqual(
        trace.spans.map((s) => s.id).sort(),
        ended.map((s) => s.id).sort(),
      );
      assert.deepEqual(trace.usage, { inputTokens: 903, outputTokens: 54, totalTokens: 957 });
      const { type, startTime, endTime, children } = trace.rootSpan;
      assert.deepEqual([type, children.length > 0], ['agent_run', true]);
      assert.equal(trace.duration, Date.parse(`${endTime}`) - Date.parse(`${startTime}`));
      const tool = trace.spans.find((s) => s.type === 'tool_call');
      assert.deepEqual(tool?.input, { city: 'Zürich' }, 'as the first destination got it');
    });
  }
});
