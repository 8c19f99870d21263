// The application that consumers bundle and run: a Mastra agent with one tool and a model that plays
// a script, so that no key and no network are needed. Plain JavaScript of today: every bundler, and
// every release of Mastra in the supported range, takes it as it is.
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { z } from 'zod';
import { exporters } from './exporter.js';
import { SECRET } from './secret.js';

const weather = createTool({
  id: 'weather',
  description: 'Weather in a city',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: -5, source: `asked with ${SECRET}` }),
});

/** Asks for the weather, then answers. Of the specification that every Mastra 1 understands. */
const model = {
  specificationVersion: 'v2',
  provider: 'scripted',
  modelId: 'scripted-1',
  supportedUrls: {},
  async doGenerate({ prompt }) {
    const { call, text, ending } = turn(prompt);
    return { content: [call ?? { type: 'text', text }], warnings: [], ...ending };
  },
  async doStream({ prompt }) {
    const { call, text, ending } = turn(prompt);
    const parts = [{ type: 'stream-start', warnings: [] }];
    if (call) parts.push(call);
    else {
      parts.push({ type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: text });
      parts.push({ type: 'text-end', id: 't' });
    }
    parts.push({ type: 'finish', ...ending });
    const stream = new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(part);
        controller.close();
      },
    });
    return { stream };
  },
};

function turn(prompt) {
  const asked = prompt.some((message) => message.role === 'tool');
  const input = JSON.stringify({ city: 'Zürich' });
  return {
    call: asked
      ? undefined
      : { type: 'tool-call', toolCallId: 'call_1', toolName: 'weather', input },
    text: 'It snows in Zürich 🌨️.',
    ending: {
      finishReason: asked ? 'stop' : 'tool-calls',
      usage: { inputTokens: 300, outputTokens: 17, totalTokens: 317 },
    },
  };
}

/** The agent; one for each Mastra instance. */
export const makeAgent = () =>
  new Agent({
    id: 'reporter',
    name: 'reporter',
    instructions: 'Answer about the weather.',
    model,
    tools: { weather },
  });

/** An instance that sends to the OTLP endpoint. */
export const makeMastra = (endpoint) =>
  new Mastra({
    agents: { reporter: makeAgent() },
    observability: new Observability({
      configs: { default: { serviceName: 'packaging', exporters: exporters(endpoint) } },
    }),
  });

/** One run. What it returns is what the harness wants as the JSON answer of a request. */
export async function ask(mastra) {
  const { text, traceId } = await mastra.getAgent('reporter').generate('Weather in Zürich?');
  return { text, traceId };
}
