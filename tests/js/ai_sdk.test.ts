// Users of the AI SDK 6, unchanged: what it traces through OpenTelemetry's API arrives as the official SDK
// records it, one body for each trace. (Its major 7 is traced by a package of its own: the packaging
// suite's consumer ai-sdk runs the same program there.)
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import * as ai from 'ai6';
import * as mocks from 'ai6/test';
import { EdgespanTracerProvider } from 'edgespan/otel';
import * as zod from 'zod';
import { programsOf } from '../packaging/consumers/ai-sdk/program.js';
import { startSite } from '../support/exporter.ts';
import { plainOf, plainOfOfficial } from '../support/ai_sdk.ts';

const { place } = await startSite();
const programs: Record<string, () => Promise<unknown>> = programsOf({ ai, test: mocks, zod });

function forget(): void {
  for (const api of [trace, context, propagation]) api.disable();
}
const settled = async (call: () => Promise<unknown>): Promise<unknown> => {
  const [outcome] = await Promise.allSettled([call()]);
  await new Promise((resolve) => setTimeout(resolve, 20)); // a stream's last span ends by itself
  return outcome.status === 'fulfilled' ? outcome.value : `${outcome.reason}`;
};

describe('the AI SDK 6', () => {
  for (const [name, program] of Object.entries(programs)) {
    test(`${name}: spans as the official SDK records them`, async () => {
      const memory = new InMemorySpanExporter();
      const official = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
      official.register();
      const expected = await settled(program);
      forget();

      const to = place('ok');
      const provider = new EdgespanTracerProvider({ destinations: [to.to] });
      provider.register();
      assert.deepEqual(await settled(program), expected);
      forget();
      const { dropped, pending } = await provider.forceFlush();
      assert.deepEqual([dropped, pending], [{}, 0]);
      const spans = to.spans();
      assert.ok(spans.length >= 1, 'something is traced');
      assert.deepEqual(plainOf(spans), plainOfOfficial(memory.getFinishedSpans()));
      assert.equal(to.bodies().length, new Set(spans.map(({ traceId }) => traceId)).size);
    });
  }
});
