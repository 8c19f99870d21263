// The messages of a model call, as the GenAI conventions word them. Mastra gives a model call
// (model_inference) no input: what the model really read is the generation's input, then for every
// earlier step what the model answered and what its tools returned.
import type { MastraSpan } from './expect.ts';

/** A part as readMessages() of expect.ts gives it; kinds without a rule stay as Mastra has them. */
export type Part =
  | { type: 'text' | 'reasoning'; content: unknown }
  | { type: 'tool_call'; id: string; name: string; arguments: unknown }
  | { type: 'tool_call_response'; id: string; response: unknown }
  | { type: 'uri' | 'blob'; modality: string; mime_type?: string; uri?: string; content?: string }
  | Record<string, unknown>;

interface Message {
  role: string;
  parts: Part[];
}

interface ModelOutput {
  text?: string;
  toolCalls?: { toolCallId: string; toolName: string; args: unknown }[];
}

/** Both message attributes of one model call; undefined where its content was hidden. */
export function expectedMessages(
  call: MastraSpan,
  ended: readonly MastraSpan[],
): { 'gen_ai.input.messages'?: Message[]; 'gen_ai.output.messages'?: Message[] } {
  const byId = new Map(ended.map((span) => [span.id, span]));
  const step = byId.get(call.parentSpanId ?? '');
  const generation = byId.get(step?.parentSpanId ?? '');
  const output = answerOf(call.output as ModelOutput | undefined);
  const given = (generation?.input as { messages?: unknown[] } | undefined)?.messages;
  if (!given || !step) return { 'gen_ai.output.messages': output && [output] };

  const input = given.map((message) => fromMastra(message as Record<string, unknown>));
  const index = (span: MastraSpan): number => (span.attributes?.stepIndex as number) ?? 0;
  const earlier = ended
    .filter((s) => s.type === 'model_step' && s.parentSpanId === generation?.id)
    .filter((s) => index(s) < index(step))
    .sort((a, b) => index(a) - index(b));
  for (const before of earlier) {
    const answer = answerOf(before.output as ModelOutput | undefined);
    if (answer) input.push(answer);
    const results = ended
      .filter((s) => s.type.endsWith('tool_call') && s.parentSpanId === before.id)
      .map((tool) => ({
        type: 'tool_call_response' as const,
        id: tool.attributes?.toolCallId as string,
        response: tool.output ?? tool.errorInfo?.message, // what the model is told of a failure
      }))
      .filter(({ response }) => response !== undefined); // hidden
    if (results.length > 0) input.push({ role: 'tool', parts: results });
  }
  return { 'gen_ai.input.messages': input, 'gen_ai.output.messages': output && [output] };
}

function answerOf(output: ModelOutput | undefined): Message | undefined {
  if (!output) return undefined;
  const parts: Part[] = output.text ? [{ type: 'text', content: output.text }] : [];
  for (const call of output.toolCalls ?? []) {
    const { toolCallId: id, toolName: name, args } = call;
    parts.push({ type: 'tool_call', id, name, arguments: args });
  }
  return parts.length > 0 ? { role: 'assistant', parts } : undefined;
}

function fromMastra({ role, content }: Record<string, unknown>): Message {
  const pieces = Array.isArray(content) ? content : [{ type: 'text', text: content }];
  return {
    role: role as string,
    parts: pieces.map((piece): Part => {
      if (piece.type === 'tool-call') {
        const { toolCallId: id, toolName: name } = piece;
        return { type: 'tool_call', id, name, arguments: piece.input ?? piece.args };
      }
      if (piece.type === 'tool-result') {
        const { toolCallId: id, output } = piece; // the AI SDK wraps results in { type, value }
        return { type: 'tool_call_response', id, response: output?.value ?? output };
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
