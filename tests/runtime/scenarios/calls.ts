// What model calls and tools can be beyond a question and an answer: approval, reasoning, tools that
// run elsewhere, what a tool shows to the model, files, a run that is given up, settings.
import { Agent } from '@mastra/core/agent';
import { InMemoryStore } from '@mastra/core/storage';
import { createTool } from '@mastra/core/tools';
import { z } from 'zod';
import type { Model, Turn } from '../worker/model.ts';
import type { Kit, Scenario } from './index.ts';

type ToolParts = Partial<Parameters<typeof createTool>[0]>;

/** A tool that needs no network. */
const tool = (id: string, parts: ToolParts = {}) =>
  createTool({ id, description: `Does ${id}`, inputSchema: z.any(), ...parts } as never);
const sum = tool('sum', { execute: async () => ({ sum: 2, details: ['1 + 1'] }) });
const pay = tool('pay', { requireApproval: true, execute: async () => ({ paid: true }) });

/** The clerk of a Mastra of its own: an agent with these answers and tools. */
function clerk({ make, model }: Kit, turns: Turn[], tools: object = {}, told?: Model): Agent {
  const agent = new Agent({
    id: 'clerk',
    name: 'clerk',
    instructions: 'Do it.',
    model: model(turns, told),
    maxRetries: 0,
    tools: tools as never,
  });
  return make({ agents: { clerk: agent }, storage: new InMemoryStore() }).getAgent('clerk');
}

/** Reads a streamed answer to its end. */
async function text(answer: Awaited<ReturnType<Agent['stream']>>): Promise<string> {
  for await (const _ of answer.fullStream);
  return answer.text;
}

const use = (name: string, input: object = { a: 1 }) => ({ tools: [{ tool: name, input }] });
// Some bytes of one.
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ';

export const calls = {
  /** Two tools at once, the first of which takes longer, beside a text; then one that fails. */
  tools: async (kit) => {
    const slow = tool('slow', {
      execute: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { list: [1, -2, 2.5], none: null, nested: { '': 'ü' } };
      },
    });
    const fails = tool('fails', {
      execute: async () => {
        throw new RangeError('too far — “5”');
      },
    });
    const both = [{ tool: 'slow', input: { at: 'Zürich' } }, { tool: 'sum', input: { a: 1 } }];
    const turns = [{ text: 'Let me see.', tools: both }, use('fails', {}), { text: 'No.' }];
    return text(await clerk(kit, turns, { slow, sum, fails }).stream('Use all.'));
  },

  /** A call that waits for the user, who says yes in another run. */
  approval: async (kit) => {
    const agent = clerk(kit, [use('pay', { eur: 5 }), { text: 'Paid.' }], { pay });
    const asked = await agent.stream('Pay it.');
    await text(asked);
    return text(await agent.approveToolCall({ runId: asked.runId }));
  },

  reasoning: async (kit) => {
    const turns = [
      { reasoning: 'First I add — “1 + 1”.', ...use('sum') },
      { reasoning: 'Then I say it.', text: 'Two.' },
    ];
    return text(await clerk(kit, turns, { sum }).stream('1 + 1?'));
  },

  /** The model is shown something else than the tool's result. */
  toModelOutput: async (kit) => {
    const toModelOutput = (output: { sum: number }) => ({ type: 'text', value: `is ${output.sum}` });
    const shown = { ...sum, toModelOutput };
    return text(await clerk(kit, [use('sum'), { text: 'Two.' }], { sum: shown }).stream('1 + 1?'));
  },

  /** A tool that the user's browser runs: the answer ends with its call. */
  clientTool: async (kit) => {
    const where = tool('where');
    const answer = await clerk(kit, [use('where', { precise: false })]).stream('Where am I?', {
      clientTools: { where },
    });
    await text(answer);
    return (await answer.toolCalls).map(({ payload }) => payload.args);
  },

  providerTool: async (kit) => {
    const search = { tool: 'web_search', input: { q: 'x' }, result: { hits: 1 } };
    return text(await clerk(kit, [{ tools: [search], text: 'Found.' }]).stream('Search.'));
  },

  files: async (kit) => {
    const content = [
      { type: 'text' as const, text: 'What is it?' },
      { type: 'image' as const, image: `data:image/png;base64,${PNG}` },
      { type: 'file' as const, mediaType: 'application/pdf', data: 'JVBERi0=', filename: 'a.pdf' },
    ];
    const agent = clerk(kit, [{ text: 'A dot.', image: PNG }]);
    return text(await agent.stream([{ role: 'user', content }]));
  },

  /** Given up while the tool is at work. */
  abort: async (kit) => {
    const controller = new AbortController();
    const slow = tool('slow', {
      execute: async () => {
        controller.abort(new Error('enough'));
        return { late: true };
      },
    });
    const agent = clerk(kit, [use('slow'), { text: 'Never said.' }], { slow });
    const answer = await agent.stream('Slowly.', { abortSignal: controller.signal });
    const types: string[] = [];
    for await (const { type } of answer.fullStream) types.push(type);
    return types.includes('abort');
  },

  /** Mastra has the type of span, and no package of its own that makes one: users do. */
  embedding: async (kit) => {
    const look = tool('look', {
      execute: async (_: unknown, context: unknown) => {
        const { currentSpan } = (context as { tracingContext: Tracing }).tracingContext;
        const span = currentSpan.createChildSpan({
          type: 'rag_embedding',
          name: 'embed: “query”',
          input: ['ein Zimmer in Zürich'],
          attributes: { mode: 'query', model: 'letters-8', provider: 'openai', dimensions: 8 },
        });
        span.end({ output: [[0.5, -0.5]], attributes: { usage: { inputTokens: 11 } } });
        return { found: 3 };
      },
    });
    return text(await clerk(kit, [use('look'), { text: 'Three.' }], { look }).stream('Look.'));
  },

  settings: async (kit) => {
    const told = { provider: 'openai.chat', modelId: 'gpt-4o' };
    const agent = clerk(kit, [{ text: 'Zero.' }], {}, told);
    const modelSettings = { seed: 0, temperature: 0, topP: 0.5, stopSequences: ['–'], maxOutputTokens: 9 };
    return text(await agent.stream('Exactly.', { modelSettings }));
  },
} satisfies Record<string, Scenario>;

/** What a tool sees of the run's tracing. */
interface Tracing {
  readonly currentSpan: {
    createChildSpan(options: object): { end(options: object): void };
  };
}
