// Agents: structured output, a tripwire before and after the model, a live scorer.
import { Agent } from '@mastra/core/agent';
import { createScorer } from '@mastra/core/evals';
import type { InputProcessor, OutputProcessor } from '@mastra/core/processors';
import { InMemoryStore } from '@mastra/core/storage';
import { z } from 'zod';
import type { Kit, Scenario } from './index.ts';

const forecast = z.object({ sky: z.string(), celsius: z.number(), gusts: z.array(z.number()) });

async function ask({ make, model }: Kit, parts: Partial<ConstructorParameters<typeof Agent>[0]>) {
  const agent = new Agent({
    id: 'scout',
    name: 'scout',
    instructions: 'Report.',
    model: model([{ text: 'all quiet — ☀️' }]),
    ...parts,
  } as ConstructorParameters<typeof Agent>[0]);
  const mastra = make({ agents: { scout: agent }, storage: new InMemoryStore() });
  const result = await mastra.getAgent('scout').generate('Anything?');
  return { text: result.text, tripwire: result.tripwire };
}

const gate: InputProcessor & { processInput: unknown } = {
  id: 'gate',
  processInput: async ({ messages, abort }) =>
    messages.length > 0
      ? abort('not this one', { retry: false, metadata: { rule: 'r1', score: 0.25 } })
      : messages,
};
const censor: OutputProcessor & { processOutputResult: unknown } = {
  id: 'censor',
  processOutputResult: async ({ messages, abort }) =>
    messages.length > 0 ? abort('said too much', { metadata: { rule: 'r2' } }) : messages,
};

export const agents = {
  structured: async ({ make, model }) => {
    const agent = new Agent({
      id: 'forecaster',
      name: 'forecaster',
      instructions: 'Forecast.',
      model: model([{ text: '{"sky":"clear – ☀️","celsius":-4.5,"gusts":[]}' }]),
    });
    const mastra = make({ agents: { forecaster: agent } });
    const result = await mastra
      .getAgent('forecaster')
      .generate('Tomorrow?', { structuredOutput: { schema: forecast } });
    return result.object;
  },

  tripwireInput: (kit) => ask(kit, { inputProcessors: [gate] }),

  tripwireOutput: (kit) => ask(kit, { outputProcessors: [censor] }),

  scorer: async (kit) => {
    let scored: (value: unknown) => void;
    const done = new Promise((resolve) => (scored = resolve));
    const brevity = createScorer({
      id: 'brevity',
      name: 'brevity',
      description: 'Shorter is better',
      type: 'agent',
    })
      .preprocess(({ run }) => ({ messages: run.output.length }))
      .generateScore(({ results }) => 1 / results.preprocessStepResult.messages)
      .generateReason(({ score }) => {
        scored(score);
        return `of all ${score}`;
      });
    const answer = await ask(kit, {
      scorers: { brevity: { scorer: brevity, sampling: { type: 'ratio', rate: 1 } } },
    });
    // Mastra scores after the answer, in the background of this request.
    await done;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return answer;
  },
} satisfies Record<string, Scenario>;
