// The messages of a model call, as the GenAI conventions word them: what they must be, found in two
// ways. expectedMessages() goes by what Mastra recorded, and heardMessages() by what the scripted model
// was really given and answered, which needs no rule for how Mastra gets there.
//
// Mastra gives a model call (model_inference) no input. What the model read is the generation's input,
// then for every earlier step what the model answered and what its tools returned.
import type { Heard, Turn } from '../runtime/worker/model.ts';
import { callId } from '../runtime/worker/model.ts';
import type { MastraSpan } from './expect.ts';

/** A part of a message; kinds without a rule stay as Mastra has them. */
export type Part =
  | { type: 'text' | 'reasoning'; content: unknown }
  | { type: 'tool_call'; id: string; name: string; arguments: unknown }
  | { type: 'tool_call_response'; id: string; name?: string; response: unknown; is_error?: true }
  | { type: 'uri' | 'blob'; modality: string; mime_type?: string; uri?: string; content?: string }
  | Record<string, unknown>;

export interface Message {
  role: string;
  parts: Part[];
}

/** Both attributes of a model call; undefined where nothing can be expected. */
export interface Messages {
  'gen_ai.input.messages'?: Message[];
  'gen_ai.output.messages'?: Message[];
}

interface ToolUse {
  toolCallId: string;
  toolName: string;
  args?: unknown;
  input?: unknown;
}

/** A file that a model made, as Mastra has it. */
interface File {
  payload: { data: string; mimeType: string };
}

interface ModelOutput {
  text?: string;
  toolCalls?: ToolUse[];
}

/**
 * What Mastra's record makes them; of the input, undefined where its content was hidden, or where the
 * generation does not hold all that the model was given (a run that was resumed).
 */
export function expectedMessages(call: MastraSpan, ended: readonly MastraSpan[]): Messages {
  const childrenOf = (span: MastraSpan | undefined, type: string): MastraSpan[] =>
    ended.filter((other) => other.parentSpanId === span?.id && other.type === type);
  const parentOf = (span: MastraSpan | undefined): MastraSpan | undefined =>
    ended.find(({ id }) => id === span?.parentSpanId);
  const answer = (inference: MastraSpan | undefined): Message | undefined =>
    inference && answerOf(inference.output as ModelOutput, childrenOf(inference, 'model_chunk'));

  const output = answer(call);
  const answered = { 'gen_ai.output.messages': output && [output] };
  const step = parentOf(call);
  const generation = parentOf(step);
  // The files that a generation made are the last call's.
  const steps = childrenOf(generation, 'model_step');
  if (steps.at(-1) === step) {
    const { files = [] } = (generation?.output as { files?: File[] } | undefined) ?? {};
    for (const { payload } of files) output?.parts.push({ type: 'blob', content: payload.data });
  }
  const given = (generation?.input as { messages?: { role: string }[] } | undefined)?.messages;
  if (!generation || !given?.some(({ role }) => role === 'user')) return answered;

  /** Spans below the generation, without those of other generations below it. */
  const within = (span: MastraSpan): boolean => {
    const parent = parentOf(span);
    return parent === generation || (parent?.type !== 'model_generation' && !!parent && within(parent));
  };
  const below = ended.filter(within);
  const input = given.map((message) => messageOf(message as Record<string, unknown>));
  const index = (span: MastraSpan | undefined): number => (span?.attributes?.stepIndex as number) ?? 0;
  const earlier = childrenOf(generation, 'model_step')
    .filter((before) => index(before) < index(step))
    .sort((a, b) => index(a) - index(b));
  for (const before of earlier) {
    const [inference] = childrenOf(before, 'model_inference');
    const said = answer(inference);
    if (said) input.push(said);
    const { toolCalls = [] } = (inference?.output as ModelOutput | undefined) ?? {};
    const responses = toolCalls.flatMap(({ toolCallId }) => responseTo(toolCallId, below));
    if (responses.length > 0) input.push({ role: 'tool', parts: responses });
  }
  return { 'gen_ai.input.messages': input, ...answered };
}

/** What a call's tool gave the model: what it made for it, or its result, or what it failed of. */
function responseTo(id: string, spans: readonly MastraSpan[]): Part[] {
  const about = spans.filter((s) => (s.attributes?.toolCallId ?? s.metadata?.toolCallId) === id);
  const tool = about.find(({ type }) => type.endsWith('tool_call'));
  const shown = about.find(({ type }) => type === 'mapping')?.output as { value?: unknown } | undefined;
  const response = shown?.value ?? tool?.output ?? tool?.errorInfo?.message;
  if (!tool || response === undefined) return []; // hidden
  const name = tool.entityName ?? tool.entityId;
  const failed = shown?.value === undefined && tool.output === undefined;
  return [
    { type: 'tool_call_response', id, ...(name && { name }), response, ...(failed && { is_error: true }) },
  ];
}

function answerOf(output: ModelOutput | undefined, chunks: MastraSpan[]): Message | undefined {
  if (!output) return undefined;
  const parts: Part[] = [];
  for (const { attributes, output } of chunks) {
    const content = (output as ModelOutput | undefined)?.text;
    if (attributes?.chunkType === 'reasoning') parts.push({ type: 'reasoning', content });
  }
  if (output.text) parts.push({ type: 'text', content: output.text });
  for (const call of output.toolCalls ?? []) parts.push(callOf(call));
  return parts.length > 0 ? { role: 'assistant', parts } : undefined;
}

const callOf = ({ toolCallId, toolName, args, input }: ToolUse): Part => {
  return { type: 'tool_call', id: toolCallId, name: toolName, arguments: input ?? args };
};

/** A message of the AI SDK's. */
function messageOf({ role, content }: Record<string, unknown>): Message {
  const pieces = Array.isArray(content) ? content : [{ type: 'text', text: content }];
  return {
    role: role as string,
    parts: pieces.map((piece): Part => {
      if (piece.type === 'tool-call') return callOf(piece);
      if (piece.type === 'tool-result') {
        const { toolCallId: id, toolName: name, output } = piece; // wrapped in { type, value }
        const failed = /^error-/.test(output?.type) && { is_error: true as const };
        return { type: 'tool_call_response', id, name, response: output?.value ?? output, ...failed };
      }
      const data = piece.image ?? piece.data ?? piece.url;
      const mime = piece.mediaType ?? piece.mimeType;
      if (typeof data === 'string' && (piece.image ?? mime) !== undefined) {
        const medium = { modality: piece.type, ...(mime && { mime_type: mime }) };
        return URL.canParse(data)
          ? { type: 'uri', ...medium, uri: data }
          : { type: 'blob', ...medium, content: data };
      }
      if (piece.type !== 'text' && piece.type !== 'reasoning') return piece;
      return { type: piece.type, content: piece.text };
    }),
  };
}

/** What the model was given and what it answered. Files are told by their bytes: see comparable(). */
export function heardMessages({ prompt, turn, at }: Heard): Required<Messages> {
  const input = prompt.map((message) => messageOf(message as unknown as Record<string, unknown>));
  return {
    'gen_ai.input.messages': comparable(input),
    'gen_ai.output.messages': comparable([saidIn(turn, at)]),
  };
}

function saidIn({ reasoning, text, image, tools = [] }: Turn, at: number): Message {
  const parts: Part[] = [];
  if (reasoning !== undefined) parts.push({ type: 'reasoning', content: reasoning });
  if (text !== undefined) parts.push({ type: 'text', content: text });
  for (const [i, { tool: name, input }] of tools.entries()) {
    parts.push({ type: 'tool_call', id: callId(at, i), name, arguments: input });
  }
  if (image !== undefined) parts.push({ type: 'blob', modality: 'image', content: image });
  return { role: 'assistant', parts };
}

/**
 * Messages without what says nothing to a reader: several results may share a message or have one
 * each, and a file may travel as base64 or as a data URL, of whichever modality that Mastra calls it.
 */
export function comparable(messages: readonly Message[]): Message[] {
  const read: Message[] = [];
  for (const { role, parts } of messages) {
    const plain = parts.map((part): Part => {
      const file = part as { type: string; uri?: string; content?: string };
      if (file.type !== 'uri' && file.type !== 'blob') return part;
      return { type: 'file', bytes: (file.uri ?? file.content)?.replace(/^data:.*;base64,/, '') };
    });
    const last = read.at(-1);
    if (role === 'tool' && last?.role === role) last.parts.push(...plain);
    else read.push({ role, parts: plain });
  }
  return read;
}
