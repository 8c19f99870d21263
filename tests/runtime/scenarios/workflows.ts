// Workflows with every kind of entry that Mastra has. waitForEvent() is gone from Mastra; its
// documented equivalent, suspend and resume, is `suspend`.
import { Agent } from '@mastra/core/agent';
import { InMemoryStore } from '@mastra/core/storage';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { z } from 'zod';
import type { Kit, Scenario } from './index.ts';

const n = z.object({ n: z.number() });
const step = (id: string, of: (n: number) => number) =>
  createStep({
    id,
    inputSchema: n,
    outputSchema: n,
    execute: async ({ inputData }) => ({ n: of(inputData.n) }),
  });
const flow = (id: string) => createWorkflow({ id, inputSchema: n, outputSchema: z.any() });

/** Runs a workflow by its key. */
async function start(mastra: ReturnType<Kit['make']>, id: string, inputData: unknown) {
  const run = await mastra.getWorkflow(id).createRun();
  const result = await run.start({ inputData: inputData as never });
  return { status: result.status, result: (result as { result?: unknown }).result };
}

export const workflows = {
  parallel: ({ make }) => {
    const all = flow('all')
      .parallel([step('plus', (n) => n + 1), step('minus', (n) => -n)])
      .commit();
    return start(make({ workflows: { all } }), 'all', { n: 5 });
  },

  branch: ({ make }) => {
    const either = flow('either')
      .branch([
        [async ({ inputData }) => inputData.n > 100, step('large', (n) => n / 100)],
        [async ({ inputData }) => inputData.n < 100, step('small', (n) => n * 100)],
      ])
      .commit();
    return start(make({ workflows: { either } }), 'either', { n: 5 });
  },

  foreach: ({ make }) => {
    const each = createWorkflow({ id: 'each', inputSchema: z.array(n), outputSchema: z.any() })
      .foreach(step('half', (n) => n / 2), { concurrency: 2 })
      .commit();
    return start(make({ workflows: { each } }), 'each', [{ n: 1 }, { n: 2 }, { n: -3 }]);
  },

  sleep: ({ make }) => {
    const slow = flow('slow')
      .sleep(20)
      .then(step('next', (n) => n + 1))
      .sleepUntil(async () => new Date(Date.now() + 20))
      .then(step('last', (n) => n + 1))
      .commit();
    return start(make({ workflows: { slow } }), 'slow', { n: 5 });
  },

  dowhile: ({ make }) => {
    const again = flow('again')
      .dowhile(step('count', (n) => n + 1), async ({ inputData }) => inputData.n < 3)
      .commit();
    return start(make({ workflows: { again } }), 'again', { n: 0 });
  },

  dountil: ({ make }) => {
    const until = flow('until')
      .dountil(step('count', (n) => n + 1), async ({ inputData }) => inputData.n >= 3)
      .commit();
    return start(make({ workflows: { until } }), 'until', { n: 0 });
  },

  /** One kind of entry after the other. */
  everything: ({ make }) => {
    const everything = flow('everything')
      .then(step('first', (n) => n + 1))
      .parallel([step('plus', (n) => n + 1), step('minus', (n) => -n)])
      .map(async ({ inputData }) => ({ n: inputData.plus.n - inputData.minus.n }))
      .branch([
        [async ({ inputData }) => inputData.n > 100, step('large', (n) => n / 100)],
        [async ({ inputData }) => inputData.n < 100, step('small', (n) => n * 100)],
      ])
      .map(async ({ inputData }) => [{ n: inputData.small?.n ?? 0 }, { n: -2 }])
      .foreach(step('half', (n) => n / 2))
      .sleep(10)
      .map(async ({ inputData }) => ({ n: inputData.reduce((sum, { n }) => sum + n, 0) }))
      .dowhile(step('count', (n) => n + 1), async ({ inputData }) => inputData.n < 651)
      .commit();
    return start(make({ workflows: { everything } }), 'everything', { n: 5 });
  },

  suspend: async ({ make }) => {
    const approve = createStep({
      id: 'approve',
      inputSchema: n,
      outputSchema: n,
      suspendSchema: z.object({ ask: z.string() }),
      resumeSchema: z.object({ yes: z.boolean() }),
      execute: async ({ inputData, resumeData, suspend }) =>
        resumeData ? { n: resumeData.yes ? inputData.n : 0 } : await suspend({ ask: 'ok — “5”?' }),
    });
    const approval = flow('approval')
      .then(step('plus', (n) => n + 1))
      .then(approve)
      .commit();
    const mastra = make({ workflows: { approval }, storage: new InMemoryStore() });
    const run = await mastra.getWorkflow('approval').createRun();
    const first = await run.start({ inputData: { n: 4 } });
    const second = await run.resume({ step: 'approve', resumeData: { yes: true } });
    return [first.status, second.status];
  },

  agentStep: ({ make, model }) => {
    const poet = new Agent({
      id: 'poet',
      name: 'poet',
      instructions: 'Rhyme.',
      model: model([{ text: 'roses are red' }]),
    });
    const verse = createWorkflow({
      id: 'verse',
      inputSchema: z.object({ about: z.string() }),
      outputSchema: z.any(),
    })
      .map(async ({ inputData }) => ({ prompt: `About ${inputData.about}` }))
      .then(createStep(poet))
      .commit();
    return start(make({ workflows: { verse }, agents: { poet } }), 'verse', { about: 'roses' });
  },
} satisfies Record<string, Scenario>;
