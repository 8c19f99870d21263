// A travel planner: an agent with two tools, and a workflow that asks the agent.
import { Agent } from '@mastra/core/agent';
import type { MastraModelConfig } from '@mastra/core/llm';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { z } from 'zod';

const getWeather = createTool({
  id: 'get_weather',
  description: 'Today’s weather in a city',
  inputSchema: z.object({ city: z.string() }),
  outputSchema: z.object({ city: z.string(), sky: z.string(), celsius: z.number() }),
  execute: async ({ city }) => ({ city, sky: 'sunny', celsius: 21.5 }),
});

const findTrains = createTool({
  id: 'find_trains',
  description: 'Trains between two cities, earliest first',
  inputSchema: z.object({ from: z.string(), to: z.string() }),
  outputSchema: z.object({
    trains: z.array(z.object({ departs: z.string(), minutes: z.number(), platform: z.number() })),
  }),
  execute: async () => ({
    trains: [
      { departs: '09:12', minutes: 172, platform: 4 },
      { departs: '11:42', minutes: 168, platform: 2 },
    ],
  }),
});

export function travelPlanner(model: MastraModelConfig): Agent {
  return new Agent({
    id: 'travel-planner',
    name: 'travel-planner',
    instructions: 'You plan day trips by train. Look up the weather and the trains, then answer.',
    model,
    tools: { get_weather: getWeather, find_trains: findTrains },
  });
}

const trip = z.object({ city: z.string() });
const question = z.object({ question: z.string() });
const plan = z.object({ plan: z.string() });

const writeQuestion = createStep({
  id: 'write-question',
  inputSchema: trip,
  outputSchema: question,
  execute: async ({ inputData }) => ({ question: `Plan a day trip to ${inputData.city}.` }),
});

const askPlanner = createStep({
  id: 'ask-planner',
  inputSchema: question,
  outputSchema: plan,
  execute: async ({ inputData, mastra, tracingContext }) => {
    const agent = mastra.getAgent('travelPlanner');
    const answer = await agent.generate(inputData.question, { tracingContext });
    return { plan: answer.text };
  },
});

export const planTrip = createWorkflow({ id: 'plan-trip', inputSchema: trip, outputSchema: plan })
  .then(writeQuestion)
  .then(askPlanner)
  .commit();
