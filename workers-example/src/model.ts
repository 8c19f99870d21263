// The language model. With OPENAI_API_KEY set, Mastra's model router calls OpenAI; without it a
// scripted model plays the same part, so that the example runs anywhere: it asks for the weather,
// then for trains, then answers with what the tools said.
import type { MastraModelConfig } from '@mastra/core/llm';

type LanguageModel = Extract<MastraModelConfig, { specificationVersion: 'v3' }>;
type CallOptions = Parameters<LanguageModel['doStream']>[0];
type Prompt = CallOptions['prompt'];

/** One turn of the script: a tool to call, or the final text. */
type Turn = { readonly tool: string; readonly input: object } | { readonly text: string };

/** The model to use: a router id when a key is there, else the scripted model. */
export function chooseModel(env: { OPENAI_API_KEY?: string }): MastraModelConfig {
  return env.OPENAI_API_KEY ? 'openai/gpt-4o-mini' : scriptedModel();
}

function scriptedModel(): LanguageModel {
  const model = {
    specificationVersion: 'v3' as const,
    provider: 'scripted',
    modelId: 'traveller-1',
    supportedUrls: {},

    async doGenerate({ prompt }: CallOptions) {
      const turn = nextTurn(prompt);
      return { content: [contentOf(turn, prompt)], warnings: [], ...ending(turn, prompt) };
    },

    async doStream({ prompt }: CallOptions) {
      const turn = nextTurn(prompt);
      const parts = [
        { type: 'stream-start' as const, warnings: [] },
        { type: 'response-metadata' as const, ...ending(turn, prompt).response },
        ...streamOf(turn, prompt),
        { type: 'finish' as const, ...ending(turn, prompt) },
      ];
      return { stream: streamed(parts) };
    },
  };
  return model as unknown as LanguageModel;
}

function streamed<T>(parts: readonly T[]): ReadableStream<T> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}

function nextTurn(prompt: Prompt): Turn {
  const to = /\bto (\p{Lu}\p{L}+)/u.exec(JSON.stringify(prompt))?.[1] ?? 'Lisbon';
  const weather = toolResult(prompt, 'get_weather');
  if (weather === undefined) return { tool: 'get_weather', input: { city: to } };
  const trains = toolResult(prompt, 'find_trains');
  if (trains === undefined) return { tool: 'find_trains', input: { from: 'Porto', to } };
  const { departs, platform } = trains.trains[0];
  return {
    text:
      `Take the ${departs} train to ${to} from platform ${platform}. ` +
      `It is ${weather.sky} there, ${weather.celsius} °C.`,
  };
}

// `any`: the script knows what its two tools return.
function toolResult(prompt: Prompt, name: string): any {
  for (const message of prompt) {
    if (message.role !== 'tool') continue;
    for (const part of message.content) {
      if (part.type !== 'tool-result' || part.toolName !== name) continue;
      return part.output.type === 'json' ? part.output.value : undefined;
    }
  }
  return undefined;
}

function contentOf(turn: Turn, prompt: Prompt) {
  if ('text' in turn) return { type: 'text' as const, text: turn.text };
  return {
    type: 'tool-call' as const,
    toolCallId: `call_${prompt.length}`,
    toolName: turn.tool,
    input: JSON.stringify(turn.input),
  };
}

function streamOf(turn: Turn, prompt: Prompt) {
  if (!('text' in turn)) {
    const call = { id: `call_${prompt.length}`, toolName: turn.tool };
    return [
      { type: 'tool-input-start' as const, ...call },
      { type: 'tool-input-delta' as const, id: call.id, delta: JSON.stringify(turn.input) },
      { type: 'tool-input-end' as const, id: call.id },
      contentOf(turn, prompt),
    ];
  }
  const words = turn.text.match(/\S+\s*/gu) ?? [];
  return [
    { type: 'text-start' as const, id: 'text' },
    ...words.map((delta) => ({ type: 'text-delta' as const, id: 'text', delta })),
    { type: 'text-end' as const, id: 'text' },
  ];
}

/** What ends a turn: reason, token usage (a token is four characters here) and response ids. */
function ending(turn: Turn, prompt: Prompt) {
  const input = Math.ceil(JSON.stringify(prompt).length / 4);
  const output = Math.ceil(JSON.stringify(turn).length / 4);
  const unified = 'text' in turn ? ('stop' as const) : ('tool-calls' as const);
  return {
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: output, text: output, reasoning: 0 },
    },
    response: { id: `resp_${prompt.length}`, modelId: 'traveller-1-scripted' },
  };
}
