// An agent in a request's span, by the bridge; its tool makes a span, too.
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanBridge } from 'edgespan/mastra';
import { EdgespanTracerProvider, run } from 'edgespan/otel';
import { z } from 'zod';

const destinations = [otlp({ endpoint: process.env.OTEL_EXPORTER_OTLP_ENDPOINT })];
const provider = new EdgespanTracerProvider({ serviceName: 'oldest', destinations });
const tracer = provider.getTracer('app');

const usage = { inputTokens: 300, outputTokens: 17, totalTokens: 317 };
const model = {
  specificationVersion: 'v2',
  provider: 'scripted',
  modelId: 'scripted-1',
  supportedUrls: {},
  async doGenerate({ prompt }) {
    const asked = prompt.some((message) => message.role === 'tool');
    const call = { type: 'tool-call', toolCallId: 'call_1', toolName: 'weather', input: '{"city":"Bern"}' };
    const content = [asked ? { type: 'text', text: 'It snows.' } : call];
    return { content, finishReason: asked ? 'stop' : 'tool-calls', usage, warnings: [] };
  },
};
const weather = createTool({
  id: 'weather',
  description: 'Weather in a city',
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => run(tracer, 'query', {}, async () => ({ city, celsius: -5 })),
});
const reporter = new Agent({ id: 'reporter', name: 'reporter', instructions: 'Answer.', model, tools: { weather } });
const configs = { default: { serviceName: 'oldest', bridge: new EdgespanBridge({ provider }) } };
const mastra = new Mastra({ logger: false, agents: { reporter }, observability: new Observability({ configs }) });

const { text } = await run(tracer, 'request', {}, () => mastra.getAgent('reporter').generate('Weather?'));
console.log(`answer ${text}`);
await mastra.observability.shutdown();
