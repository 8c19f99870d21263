// An agent that looks a question up and answers; a scripted model plays its part.
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { z } from 'zod';

const usage = { inputTokens: 300, outputTokens: 17, totalTokens: 317 };
const model = {
  specificationVersion: 'v2',
  provider: 'scripted',
  modelId: 'scripted-1',
  supportedUrls: {},
  async doGenerate({ prompt }: { prompt: { role: string }[] }) {
    const isAsked = prompt.some(({ role }) => role === 'tool');
    const call = { type: 'tool-call', toolCallId: 'call_1', toolName: 'search_docs', input: '{"query":"reset"}' };
    const content = [isAsked ? { type: 'text', text: 'Ask for a link.' } : call];
    return { content, finishReason: isAsked ? 'stop' : 'tool-calls', usage, warnings: [] };
  },
};

const searchDocs = createTool({
  id: 'search_docs',
  description: 'Searches the documentation',
  inputSchema: z.object({ query: z.string() }),
  execute: async ({ context }) => ({ found: [`How to ${context.query}`] }),
});

export const supportAgent = new Agent({
  name: 'supportAgent',
  instructions: 'Answer from the documentation.',
  model: model as never,
  tools: { search_docs: searchDocs },
});
