// A language model that plays a script, for tests: no network, the same turns every time. It keeps
// no state: the turn follows from how many answers the prompt already holds, so that one model can
// serve overlapping requests. `delay=N` in the user's message makes every turn wait N milliseconds.
import type { MastraModelConfig } from '@mastra/core/llm';

type LanguageModel = Extract<MastraModelConfig, { specificationVersion: 'v3' }>;
type CallOptions = Parameters<LanguageModel['doStream']>[0];

export interface ToolUse {
  readonly tool: string;
  readonly input: object;
  /** The provider itself runs the tool, and says what came of it. */
  readonly result?: object;
}

/** What the model answers once: reasoning, tool calls, a text, a file, or a failure. */
export interface Turn {
  readonly reasoning?: string;
  readonly tools?: readonly ToolUse[];
  readonly text?: string;
  /** A PNG, in base64. */
  readonly image?: string;
  /** The provider's call itself fails (as a refused connection does). */
  readonly fails?: string;
  /** The stream breaks after its first part. */
  readonly breaks?: string;
}

/** A call as the model saw it: what every trace of it is to say. */
export interface Heard {
  readonly prompt: CallOptions['prompt'];
  /** What it answered; its calls have the ids that callId() makes of `at`. */
  readonly turn: Turn;
  readonly at: number;
}

/** The id of the i-th tool call of an answer. */
export const callId = (at: number, i: number): string => `call_${at}_${i}`;

export interface Model {
  readonly provider?: string;
  readonly modelId?: string;
  /** Told of each call, in the order in which calls come. */
  hear?(call: Heard): void;
}

export function scripted(turns: readonly Turn[], told: Model = {}): MastraModelConfig {
  async function play({ prompt }: CallOptions): Promise<{ turn: Turn; at: number }> {
    const delay = /delay=(\d+)/.exec(JSON.stringify(prompt))?.[1];
    if (delay) await new Promise((resolve) => setTimeout(resolve, Number(delay)));
    const at = prompt.filter((message) => message.role === 'assistant').length;
    const turn = turns[Math.min(at, turns.length - 1)] as Turn;
    told.hear?.({ prompt, turn, at });
    if (turn.fails) throw new Error(turn.fails);
    return { turn, at };
  }

  const model = {
    specificationVersion: 'v3',
    provider: told.provider ?? 'openai',
    modelId: told.modelId ?? 'gpt-4o-mini',
    supportedUrls: {},

    async doGenerate(options: CallOptions) {
      const { turn, at } = await play(options);
      if (turn.breaks) throw new Error(turn.breaks);
      const content: object[] = [];
      if (turn.reasoning !== undefined) content.push({ type: 'reasoning', text: turn.reasoning });
      content.push(...ran(turn, at).flat());
      if (turn.image !== undefined) content.push(file(turn.image));
      if (turn.text !== undefined) content.push({ type: 'text', text: turn.text });
      content.push(...asked(turn, at));
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
      if (turn.reasoning !== undefined) parts.push(...words('reasoning', turn.reasoning));
      for (const [call, result] of ran(turn, at)) parts.push(...streamed(call), result);
      if (turn.image !== undefined) parts.push(file(turn.image));
      if (turn.text !== undefined) parts.push(...words('text', turn.text));
      for (const call of asked(turn, at)) parts.push(...streamed(call));
      parts.push({ type: 'finish', ...finish });
      return { stream: ReadableStream.from(parts) };
    },
  };
  return model as unknown as LanguageModel;
}

/** A text in pieces, as models stream it. */
function words(kind: 'text' | 'reasoning', text: string): object[] {
  const id = kind;
  const deltas = (text.match(/\S+\s*/gu) ?? []).map((delta) => ({ type: `${kind}-delta`, id, delta }));
  return [{ type: `${kind}-start`, id }, ...deltas, { type: `${kind}-end`, id }];
}

const file = (data: string) => ({ type: 'file', mediaType: 'image/png', data });

interface Call {
  readonly type: 'tool-call';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: string;
  readonly providerExecuted?: true;
}

/** The calls that end an answer: their tools are run outside. */
function asked({ tools = [] }: Turn, at: number): Call[] {
  return tools.flatMap(({ tool: toolName, input, result }, i): Call[] => {
    const toolCallId = callId(at, i);
    return result
      ? []
      : [{ type: 'tool-call', toolCallId, toolName, input: JSON.stringify(input) }];
  });
}

/** Calls that the provider ran itself, with what came of them; the answer goes on behind them. */
function ran({ tools = [] }: Turn, at: number): [Call, object][] {
  return tools.flatMap(({ tool: toolName, input, result }, i): [Call, object][] => {
    const which = { toolCallId: callId(at, i), toolName, providerExecuted: true as const };
    const call: Call = { type: 'tool-call', ...which, input: JSON.stringify(input) };
    return result ? [[call, { type: 'tool-result', ...which, result }]] : [];
  });
}

/** A call as models stream it. */
function streamed(call: Call): object[] {
  const { toolCallId: id, toolName, input, providerExecuted } = call;
  return [
    { type: 'tool-input-start', id, toolName, ...(providerExecuted && { providerExecuted }) },
    { type: 'tool-input-delta', id, delta: input },
    { type: 'tool-input-end', id },
    call,
  ];
}

/** Usage differs by turn, so that a value on the wrong span is seen. */
function ending(turn: Turn, at: number) {
  const unified = turn.tools?.some(({ result }) => !result) ? 'tool-calls' : 'stop';
  return {
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 300 + at, noCache: 172 + at, cacheRead: 128, cacheWrite: 0 },
      outputTokens: { total: 17 + at, text: 13 + at, reasoning: 4 },
    },
    response: { id: `resp_${at}`, modelId: 'gpt-4o-mini-2024-07-18' },
  };
}
