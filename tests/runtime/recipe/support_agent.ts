// The recipe's own code, as Lemma's documentation has it: this file is not ours to change.
import { propagateAttributes, startActiveObservation } from '@langfuse/tracing';
import { mastra } from './mastra.ts';

export async function runSupportAgent(userMessage: string, threadId: string) {
  const agent = mastra.getAgent('supportAgent');

  return await startActiveObservation('support-agent', async (root) => {
    root.update({ input: userMessage });

    return await propagateAttributes(
      {
        traceName: 'support-agent',
        sessionId: threadId,
        metadata: { 'gen_ai.agent.name': 'support-agent' },
      },
      async () => {
        const result = await agent.generate(userMessage);
        root.update({ output: result.text });
        return result.text;
      },
    );
  });
}
