// Runs that give servers something to show: a conversation of one user, tags and metadata, a provider
// that fails, a caller that is traced elsewhere, a document.
import { Agent } from '@mastra/core/agent';
import { createScorer } from '@mastra/core/evals';
import { InMemoryStore } from '@mastra/core/storage';
import { createTool } from '@mastra/core/tools';
import { Memory } from '@mastra/memory';
import { z } from 'zod';
import type { EdgespanExporter } from 'edgespan/mastra';
import type { Kit, Scenario } from '../../runtime/scenarios/index.ts';
import type { Turn } from '../../runtime/worker/model.ts';

/** Scenarios that are judged need the exporter. */
export interface JudgedKit extends Kit {
  readonly exporter: EdgespanExporter;
}

const weather = createTool({
  id: 'get_weather',
  description: 'Wetter für eine Stadt — heute',
  inputSchema: z.object({ city: z.string(), units: z.array(z.string()) }),
  execute: async ({ city }) => ({ city, sky: 'sonnig ☀️', celsius: -4.5, gusts: [], since: null }),
});

function guide({ make, model }: Kit, turns: readonly Turn[], parts: object = {}): Agent {
  const agent = new Agent({
    id: 'guide',
    name: 'Führer „Zoë”',
    instructions: 'Antworte kurz – auf Deutsch.',
    model: model(turns),
    maxRetries: 0,
    tools: { get_weather: weather },
    ...parts,
  });
  return make({ agents: { guide: agent }, storage: new InMemoryStore() }).getAgent('guide');
}

const ask: Turn = { tools: [{ tool: 'get_weather', input: { city: 'Zürich', units: ['°C', '💨'] } }] };
const told: Turn = { text: '−4,5 °C und 𝕤onnig in Zürich. 日本語' };

export const visits = {
  /** Tags, metadata of every kind, a user and a session that are named as such. */
  visit: async (kit) => {
    const { text } = await guide(kit, [ask, told]).generate('Wetter in Zürich? 👩‍👩‍👧', {
      modelSettings: { temperature: 0.25, maxOutputTokens: 99 },
      tracingOptions: {
        tags: ['Straße', 'a,b', 'prod'],
        metadata: {
          userId: 'zoë@example.com',
          sessionId: 'session-ü-1',
          plan: 'größte',
          seats: 3,
          share: 0.5,
          paid: true,
          nested: { deep: ['x', { y: null }] },
        },
      },
    });
    return text;
  },

  /** Two turns in one thread of a user's. */
  conversation: async (kit) => {
    const memory = new Memory({ storage: new InMemoryStore(), options: { lastMessages: 9 } });
    const agent = guide(kit, [ask, told, { text: 'Gern.' }], { memory });
    const options = { memory: { thread: 'thread-9', resource: 'resource-9' } };
    const first = await agent.generate('Wetter in Zürich?', options);
    const second = await agent.generate('Danke!', options);
    return [first.text, second.text];
  },

  /** The provider refuses the second call. */
  refused: async (kit) => {
    const agent = guide(kit, [ask, { fails: 'quota exceeded — “429”' }]);
    return agent.generate('Wetter?').then(
      () => 'answered',
      (error: Error) => error.message,
    );
  },

  /** Called by a service that is traced elsewhere. */
  called: async (kit) => {
    const { text } = await guide(kit, [told]).generate('Wetter?', {
      tracingOptions: {
        traceId: 'c0ffee00c0ffee00c0ffee00c0ffee00',
        parentSpanId: 'feedfacefeedface',
      },
    });
    return text;
  },

  /** A megabyte of text, a third of it beyond ASCII. */
  document: async (kit) => {
    const line = 'Ein langer Satz über Zürich, 東京 und Ὀδυσσεύς 🚂; "quoted" \\ and\ttabbed.\n';
    return (await guide(kit, [told]).generate(line.repeat(12_000))).text;
  },

  /** Scores and feedback, from a scorer of Mastra's and by hand; answers what servers are to show. */
  judged: async (kit) => {
    const brevity = createScorer({
      id: 'brevity',
      name: 'brevity',
      description: 'Kürzer ist besser',
      type: 'agent',
    })
      .generateScore(() => 0.25)
      .generateReason(() => 'zu lang – „“');
    const scorers = { brevity: { scorer: brevity, sampling: { type: 'ratio', rate: 1 } } };
    const { traceId = '' } = await guide(kit, [told], { scorers }).generate('Wetter?');
    // Mastra scores after the answer, in the background of this request.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { exporter } = kit as JudgedKit;
    exporter.addScore({
      traceId,
      scorerId: 'relevance',
      score: 0.75,
      reason: 'zur Sache 👍',
      scoreSource: 'manual',
    });
    exporter.addFeedback({ traceId, feedbackType: 'rating', value: 4, comment: 'merci' });
    return {
      judgements: [
        { name: 'brevity', value: 0.25, comment: 'zu lang – „“', byHand: false },
        { name: 'relevance', value: 0.75, comment: 'zur Sache 👍', byHand: true },
        { name: 'rating', value: 4, comment: 'merci', byHand: true },
      ],
    };
  },

  streamed: async (kit) => {
    const answer = await guide(kit, [{ reasoning: 'Erst nachsehen …', ...ask }, told]).stream('Wetter?');
    for await (const _ of answer.fullStream);
    return answer.text;
  },
} satisfies Record<string, Scenario>;
