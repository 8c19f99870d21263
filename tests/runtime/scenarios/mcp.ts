// An MCP tool: Mastra's MCP client and server in one isolate, over workerd's node:http.
import { createServer } from 'node:http';
import { handleAsNodeRequest } from 'cloudflare:node';
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { MCPClient, MCPServer } from '@mastra/mcp';
import { z } from 'zod';
import type { Scenario } from './index.ts';

const PORT = 8099;
const URL_ = new URL(`http://localhost:${PORT}/mcp`);

const inputSchema = z.object({ port: z.string() });
const tide = createTool({
  id: 'tide',
  description: 'Height of the tide — in m',
  inputSchema,
  execute: async ({ port }) => ({ metres: -0.25, at: port }),
});

export const mcp = {
  mcp: async ({ make, model }) => {
    const harbour = new MCPServer({
      id: 'harbour',
      name: 'harbour',
      version: '2.1.0',
      tools: { tide },
    });
    createServer((req, res) => {
      void harbour.startHTTP({ url: new URL(req.url ?? '', URL_), httpPath: '/mcp', req, res });
    }).listen(PORT);
    const client = new MCPClient({
      servers: {
        harbour: {
          url: URL_,
          fetch: (url, init) => handleAsNodeRequest(PORT, new Request(url, init)),
        },
      },
    });
    // Mastra checks JSON Schemas, which is what MCP tools come with, by compiled code, and workerd
    // forbids that: so the tool has no output schema, and gets back the input schema that it had.
    const tools = await client.listTools();
    for (const tool of Object.values(tools)) Object.assign(tool, { inputSchema });
    const pilot = new Agent({
      id: 'pilot',
      name: 'pilot',
      instructions: 'Look at the tide.',
      model: model([
        { tools: [{ tool: 'harbour_tide', input: { port: 'Brest' } }] },
        { text: 'Low.' },
      ]),
      tools,
    });
    const mastra = make({ agents: { pilot }, mcpServers: { harbour } });
    const { text } = await mastra.getAgent('pilot').generate('The tide?');
    await client.disconnect();
    return text;
  },
} satisfies Record<string, Scenario>;
