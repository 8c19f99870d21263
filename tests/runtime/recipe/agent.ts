// An agent that looks a question up and answers; a scripted model plays its part.
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { z } from 'zod';
import { scripted } from '../worker/model.ts';

const searchDocs = createTool({
  id: 'search_docs',
  description: 'Searches the documentation',
  inputSchema: z.object({ query: z.string() }),
  execute: async ({ query }) => ({ found: [`How to ${query}`] }),
});

export const supportAgent = new Agent({
  id: 'supportAgent',
  name: 'supportAgent',
  instructions: 'Answer from the documentation.',
  model: scripted([
    { tools: [{ tool: 'search_docs', input: { query: 'reset a password' } }] },
    { text: 'Ask for a link.' },
  ]),
  tools: { search_docs: searchDocs },
});
