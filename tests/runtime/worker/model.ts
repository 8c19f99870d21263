// A language model that plays a script, for tests: no network, the same turns every time. It keeps
// no state: the turn follows from how many answers the prompt already holds, so that one model can
// serve overlapping requests. `delay=N` in the user's message makes every turn wait N milliseconds.
import type { MastraModelConfig } from '@mastra/core/llm';

type LanguageModel = Extract<MastraModelConfig, { specificationVersion: 'v3' }>;
type CallOptions = Parameters<LanguageModel['doStream']>[0];

export interface ToolUse {
  readonly tool: string;
  readonly input: object;
}

/** What the model answers once: tool calls, a text, or a failure. */
export interface Turn {
  readonly tools?: readonly ToolUse[];
  readonly text?: string;
  /** The provider's call itself fails (as a refused connection does). */
  readonly fails?: string;
  /** The stream breaks after its first part. */
  readonly breaks?: string;
}

export function scripted(turns: readonly Turn[]): MastraModelConfig {
  async function play({ prompt }: CallOptions): Promise<{ turn: Turn; at: number }> {
    const delay = /delay=(\d+)/.exec(JSON.stringify(prompt))?.[1];
    if (delay) await new Promise((resolve) => setTimeout(resolve, Number(delay)));
    const at = prompt.filter((message) => message.role === 'assistant').length;
    const turn = turns[Math.min(at, turns.length - 1)] as Turn;
    if (turn.fails) throw new Error(turn.fails);
    return { turn, at };
  }

  const model = {
    specificationVersion: 'v3',
    provider: 'openai',
    modelId: 'gpt-4o-mini',
    supportedUrls: {},

    async doGenerate(options: CallOptions) {
      const { turn, at } = await play(options);
      if (turn.breaks) throw new Error(turn.breaks);
      const content: object[] = calls(turn, at);
      if (turn.text !== undefined) content.push({ type: 'text', text: turn.text });
      return { content, warnings: [], ...ending(turn, at) };
    },

    async doStream(options: CallOptions) {
      const { turn, at } = await play(options);
      const { response, ...finish } = ending(turn, at);
      const parts: object[] = [
        { type: 'stream-start', warnings: [] },
        { type: 'response-metadata', ...response },
      ];
      if (turn.breaks) {
        parts.push({ type: 'error', error: new Error(turn.breaks) });
        return { stream: ReadableStream.from(parts) };
      }
      for (const call of calls(turn, at)) {
        const { toolCallId: id, toolName, input } = call;
        parts.push(
          { type: 'tool-input-start', id, toolName },
          { type: 'tool-input-delta', id, delta: input },
          { type: 'tool-input-end', id },
          call,
        );
      }
      if (turn.text !== undefined) {
        parts.push({ type: 'text-start', id: 't' });
        for (const delta of turn.text.match(/\S+\s*/gu) ?? []) {
          parts.push({ type: 'text-delta', id: 't', delta });
        }
        parts.push({ type: 'text-end', id: 't' });
      }
      parts.push({ type: 'finish', ...finish });
      return { stream: ReadableStream.from(parts) };
    },
  };
  return model as unknown as LanguageModel;
}

function calls(turn: Turn, at: number) {
  return (turn.tools ?? []).map((use, i) => ({
    type: 'tool-call',
    toolCallId: `call_${at}_${i}`,
    toolName: use.tool,
    input: JSON.stringify(use.input),
  }));
}

/** Usage differs by turn, so that a value on the wrong span is seen. */
function ending(turn: Turn, at: number) {
  const unified = turn.tools ? 'tool-calls' : 'stop';
  return {
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 300 + at, noCache: 172 + at, cacheRead: 128, cacheWrite: 0 },
      outputTokens: { total: 17 + at, text: 13 + at, reasoning: 4 },
    },
    response: { id: `resp_${at}`, modelId: 'gpt-4o-mini-2024-07-18' },
  };
}
