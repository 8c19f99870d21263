// Mastra on hosts of every kind: Express, whose active span's ids go to the agent; AWS Lambda, whose
// handler awaits a flush; and a run that is suspended here and resumed there.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { Mastra } from '@mastra/core/mastra';
import { InMemoryStore } from '@mastra/core/storage';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import { type Carrier, continueFrom, inject, tracingOptions } from 'edgespan/context';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { EdgespanTracerProvider } from 'edgespan/otel';
import { withTracing } from 'edgespan/vercel';
// @ts-expect-error it brings no types
import express from 'express';
import { z } from 'zod';
import { startSink } from '../support/exporter.ts';
import { mastraOf, type } from '../support/office.ts';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const sink = await startSink();
let places = 0;

/** An exporter to an address of its own, and the spans of each request that came there. */
function setUp() {
  const path = `/ok/${++places}`;
  const exporter = new EdgespanExporter({
    destinations: [otlp({ endpoint: sink.origin + path, dropTypes: [] })],
  });
  const bodies = (): WireSpan[][] =>
    sink.requests.filter((request) => request.path.startsWith(`${path}/`)).map(({ body }) => decodeProtobuf(body));
  return { exporter, bodies };
}

/** The types and names between a span and the top, from below. */
function above(spans: WireSpan[], span: WireSpan | undefined): string[] {
  const byId = new Map(spans.map((one) => [one.spanId, one]));
  const names: string[] = [];
  for (let at = span; at; at = byId.get(at.parentSpanId)) names.push(`${type(at) ?? at.name}`);
  return names;
}

test('Express: the agent’s run is below its request, in one trace and one request', async () => {
  const { exporter, bodies } = setUp();
  const mastra = mastraOf({ exporters: [exporter] }, async () => 'done');
  const app = express();
  app.get('/ask', async (_: unknown, response: { json(value: unknown): void }) => {
    const { text } = await mastra.getAgent('clerk').generate('File it.', { tracingOptions: tracingOptions() });
    response.json({ text });
  });
  const server = app.listen.call(withTracing(app, { exporter }), 0);
  try {
    const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ask`;
    const answer = await fetch(url, { headers: { traceparent } });
    assert.deepEqual(await answer.json(), { text: 'Filed.' });
    await sink.until(() => bodies().length > 0, 'the trace');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [spans, ...more] = bodies();
    assert.deepEqual(more, []);
    assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [CALLER.traceId]);
    const tool = spans.find((span) => type(span) === 'tool_call');
    const path = above(spans, tool);
    assert.deepEqual([path[0], path.at(-2), path.at(-1)], ['tool_call', 'agent_run', 'GET']);
    const root = spans.find((span) => span.name === 'GET');
    assert.equal(root?.parentSpanId, CALLER.spanId);
  } finally {
    server.close();
  }
});

test('AWS Lambda: what was recorded has arrived when the handler returns', async () => {
  const { exporter, bodies } = setUp();
  const mastra = mastraOf({ exporters: [exporter] }, async () => 'done');
  // As it is deployed: after its return the process is frozen.
  const handler = async (event: { body: string }) => {
    try {
      const { text } = await mastra.getAgent('clerk').generate(event.body);
      return { statusCode: 200, body: text };
    } finally {
      await mastra.observability.flush();
    }
  };
  for (let calls = 1; calls <= 2; calls++) {
    assert.deepEqual(await handler({ body: 'File it.' }), { statusCode: 200, body: 'Filed.' });
    assert.equal(bodies().length, calls);
    assert.equal(bodies().at(-1)?.filter((span) => span.parentSpanId === '').length, 1, 'whole');
  }
  const { accepted, pending, dropped } = exporter.stats();
  assert.deepEqual([accepted, pending, dropped], [bodies().flat().length, 0, {}]);
});

describe('a suspended workflow', () => {
  const n = z.object({ n: z.number() });
  const suspended = z.object({ trace: z.record(z.string(), z.string()) });
  // What is suspended carries its trace along: to the process that resumes it, in the workflow's storage.
  const approve = createStep({
    id: 'approve',
    inputSchema: n,
    outputSchema: n,
    suspendSchema: suspended,
    resumeSchema: z.object({ yes: z.boolean() }),
    execute: async ({ inputData, resumeData, suspend, tracingContext }) => {
      if (resumeData) return inputData;
      const from = tracingContext?.currentSpan as { traceId: string; id: string } | undefined;
      return suspend({ trace: { ...inject({}, { from }) } as Record<string, string> });
    },
  });

  /** A workflow that has been suspended, and how another process resumes it. */
  async function suspend() {
    const { exporter, bodies } = setUp();
    const approval = createWorkflow({ id: 'approval', inputSchema: n, outputSchema: n }).then(approve).commit();
    const mastra = new Mastra({
      logger: false,
      storage: new InMemoryStore(),
      workflows: { approval },
      observability: new Observability({
        configs: { default: { serviceName: 'office', exporters: [exporter] } },
      }),
    });
    const run = await mastra.getWorkflow('approval').createRun();
    const first = await run.start({ inputData: { n: 4 } });
    assert.equal(first.status, 'suspended');
    await sink.until(() => bodies().length === 1, 'the first run');
    const { trace } = (first as unknown as { steps: { approve: { suspendPayload: { trace: Carrier } } } }).steps.approve
      .suspendPayload;
    const resume = async (options: object): Promise<void> => {
      const second = await run.resume({ step: 'approve', resumeData: { yes: true }, ...options });
      assert.equal(second.status, 'success');
    };
    return { exporter, bodies, trace, resume };
  }

  test('resumed as one trace', async () => {
    const { bodies, trace, resume } = await suspend();
    await resume({ tracingOptions: tracingOptions(trace) });
    await sink.until(() => bodies().length === 2, 'the second run');
    const [first, second] = bodies();
    const step = first.find((span) => type(span) === 'workflow_step');
    const again = second.find((span) => type(span) === 'workflow_run');
    assert.deepEqual([again?.traceId, again?.parentSpanId], [step?.traceId, step?.spanId]);
  });

  test('resumed as a trace of its own, with a link', async () => {
    const { exporter, bodies, trace, resume } = await suspend();
    const tracer = new EdgespanTracerProvider({ exporter }).getTracer('office');
    await continueFrom(trace, () => resume({ tracingOptions: tracingOptions() }), {
      name: 'resume',
      relation: 'link',
      tracer,
    });
    await sink.until(() => bodies().length === 2, 'the second run');
    const [first, second] = bodies();
    const step = first.find((span) => type(span) === 'workflow_step');
    const root = second.find((span) => span.name === 'resume');
    const again = second.find((span) => type(span) === 'workflow_run');
    assert.notEqual(root?.traceId, step?.traceId);
    assert.deepEqual(root?.links.map((link) => [link.traceId, link.spanId]), [[step?.traceId, step?.spanId]]);
    assert.deepEqual([again?.traceId, again?.parentSpanId], [root?.traceId, root?.spanId], 'one request');
  });
});
