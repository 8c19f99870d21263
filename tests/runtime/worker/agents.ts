// The agents and the workflow that the scenarios run. Their values are chosen to be awkward on the
// wire: negative numbers, fractions, empty strings and arrays, text outside ASCII and the BMP.
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { z } from 'zod';
import { scripted, type Turn } from './model.ts';

const weather = createTool({
  id: 'weather',
  description: 'Weather in a city — “now”',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({
    city,
    celsius: -5,
    exact: -4.75,
    wind: { knots: 0, gusts: [] },
    warnings: [''],
    sky: '🌨️ snow',
  }),
});

const stations = createTool({
  id: 'stations',
  description: 'Stations near a city',
  inputSchema: z.object({ city: z.string(), limit: z.number() }),
  execute: async ({ city, limit }) => ({ city, limit, ids: [1, 2, 9007199254740991, -2147483649] }),
});

const broken = createTool({
  id: 'broken',
  description: 'Always fails',
  inputSchema: z.object({ city: z.string() }),
  execute: async () => {
    throw new Error('station ⛔ unreachable');
  },
});

function agent(id: string, turns: readonly Turn[]): Agent {
  return new Agent({
    id,
    name: id,
    instructions: 'Answer about the weather in Zürich.',
    model: scripted(turns),
    maxRetries: 0,
    tools: { weather, stations, broken },
  });
}

const ANSWER: Turn = { text: 'It snows in Zürich 🌨️, −5 °C.' };

// Built per Mastra instance: an agent or a workflow belongs to the Mastra that registered it last.
export const makeAgents = () => ({
  tools: agent('tools', [
    { tools: [{ tool: 'weather', input: { city: 'Zürich' } }] },
    {
      text: 'And the stations?',
      tools: [
        { tool: 'stations', input: { city: 'Zürich', limit: -1 } },
        { tool: 'weather', input: { city: '' } },
      ],
    },
    ANSWER,
  ]),
  text: agent('text', [ANSWER]),
  toolError: agent('toolError', [{ tools: [{ tool: 'broken', input: { city: 'Bern' } }] }, ANSWER]),
  providerFails: agent('providerFails', [{ fails: 'model overloaded: 503' }]),
  providerBreaks: agent('providerBreaks', [{ breaks: 'connection reset' }]),
});

const n = z.object({ n: z.number() });
const double = createStep({
  id: 'double',
  inputSchema: n,
  outputSchema: n,
  execute: async ({ inputData }) => ({ n: inputData.n * 2 }),
});
const addOne = createStep({
  id: 'add-one',
  inputSchema: n,
  outputSchema: n,
  execute: async ({ inputData }) => ({ n: inputData.n + 1 }),
});

const approve = createStep({
  id: 'approve',
  inputSchema: n,
  outputSchema: n,
  resumeSchema: z.object({ yes: z.boolean() }),
  execute: async ({ inputData, resumeData, suspend }) =>
    resumeData ? { n: resumeData.yes ? inputData.n : 0 } : await suspend({}),
});

export const makeWorkflows = () => ({
  calc: createWorkflow({ id: 'calc', inputSchema: n, outputSchema: n })
    .then(double)
    .then(addOne)
    .commit(),
  /** Stops in its second step until it is resumed. */
  approval: createWorkflow({ id: 'approval', inputSchema: n, outputSchema: n })
    .then(double)
    .then(approve)
    .commit(),
});
