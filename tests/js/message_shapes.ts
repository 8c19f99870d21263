// Shapes in which messages come: the AI SDK's and Mastra's, old and new, what is not quite one, and
// what is none. Each is a span's type and members; schema.test.ts validates what becomes of it,
// messages.test.ts sees that nothing is lost, tests/native/messages*_test.cc what becomes of it.

export interface Shape {
  readonly name: string;
  readonly type: string;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly attributes?: Record<string, unknown>;
}

const PNG = 'iVBORw0KGgo=';

/** Parts of a message's content, by what they are. */
const PARTS: Record<string, unknown> = {
  'text': { type: 'text', text: 'hi' },
  'empty text': { type: 'text', text: '' },
  'text without text': { type: 'text' },
  'reasoning': { type: 'reasoning', text: 'hm', providerOptions: { x: { signature: 's' } } },
  'reasoning of a UI message': { type: 'reasoning', reasoning: 'hm', details: [] },
  'redacted reasoning': { type: 'redacted-reasoning', data: 'x' },
  'file, base64 (AI SDK 5)': { type: 'file', mediaType: 'image/png', data: PNG, filename: 'a.png' },
  'file, URL (AI SDK 5)': { type: 'file', mediaType: 'application/pdf', data: 'https://x.example' },
  'file, data URL': { type: 'file', mediaType: 'image/png', data: `data:image/png;base64,${PNG}` },
  'file (AI SDK 4)': { type: 'file', mimeType: 'text/plain', data: 'aGk=' },
  'file of a UI message': { type: 'file', mediaType: 'video/mp4', url: 'https://x.example/v.mp4' },
  'file without a type': { type: 'file', data: PNG },
  'file, bytes left out': { type: 'file', mediaType: 'image/png', data: '[Buffer length=3]' },
  'file of AI SDK 6': { type: 'file', mediaType: 'image/png', data: { type: 'url', url: 'x:y' } },
  'image, URL (AI SDK 4)': { type: 'image', image: 'https://x.example/a.png' },
  'image, base64': { type: 'image', image: PNG, mimeType: 'image/png' },
  'tool call (AI SDK 5)': { type: 'tool-call', toolCallId: 'c', toolName: 'add', input: { a: 1 } },
  'tool call (AI SDK 4)': { type: 'tool-call', toolCallId: 'c', toolName: 'add', args: { a: 1 } },
  'tool call without arguments': { type: 'tool-call', toolCallId: 'c', toolName: 'add' },
  'tool call without id': { type: 'tool-call', toolName: 'add', input: {} },
  'tool call without name': { type: 'tool-call', toolCallId: 'c', input: {} },
  'tool result, json': {
    type: 'tool-result',
    toolCallId: 'c',
    toolName: 'add',
    output: { type: 'json', value: { sum: 2 } },
  },
  'tool result, error': {
    type: 'tool-result',
    toolCallId: 'c',
    toolName: 'add',
    output: { type: 'error-text', value: 'no' },
  },
  'tool result, content': {
    type: 'tool-result',
    toolCallId: 'c',
    toolName: 'add',
    output: { type: 'content', value: [{ type: 'text', text: '2' }] },
  },
  'tool result, error (AI SDK 4)': {
    type: 'tool-result',
    toolCallId: 'c',
    toolName: 'add',
    result: 'no',
    isError: true,
  },
  'tool result (AI SDK 4)': { type: 'tool-result', toolCallId: 'c', toolName: 'add', result: null },
  'tool result without output': { type: 'tool-result', toolCallId: 'c', toolName: 'add' },
  'tool invocation, called': {
    type: 'tool-invocation',
    toolInvocation: { state: 'call', toolCallId: 'c', toolName: 'add', args: { a: 1 } },
  },
  'tool invocation, answered': {
    type: 'tool-invocation',
    toolInvocation: { state: 'result', toolCallId: 'c', toolName: 'add', args: {}, result: 2 },
  },
  'tool of a UI message (AI SDK 5)': {
    type: 'tool-add',
    toolCallId: 'c',
    state: 'output-available',
    input: { a: 1 },
    output: 2,
  },
  'step start': { type: 'step-start' },
  'source': { type: 'source', source: { id: 's', url: 'https://x.example' } },
  'data': { type: 'data-x', data: [1] },
  'no type': { text: 'hi' },
  'a type that is no text': { type: 7, text: 'hi' },
  'bare text': 'hi',
  'null': null,
  'number': 1.5,
  'list': ['a', { type: 'text', text: 'b' }],
};

/** Whole inputs. */
const INPUTS: Record<string, unknown> = {
  'prompt': 'hi',
  'empty prompt': '',
  'no messages': [],
  'system': [{ role: 'system', content: 'be brief' }],
  'texts': ['a', 'b'],
  'Mastra 1': [{ id: 'm', role: 'user', type: 'text', content: 'hi', createdAt: 'x' }],
  'Mastra 2': {
    messages: [
      {
        id: 'm',
        role: 'assistant',
        createdAt: '2026-11-20T07:57:09.000Z',
        threadId: 't',
        content: { format: 2, content: 'hi', parts: [{ type: 'text', text: 'hi' }] },
      },
    ],
  },
  'UI message': [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  'UI message (AI SDK 4)': [
    { id: 'm', role: 'user', content: 'hi', parts: [{ type: 'text', text: 'hi' }] },
  ],
  "the convention's own": [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }],
  "tool calls of the model's API": [
    {
      role: 'assistant',
      content: 'hi',
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
    },
    { role: 'tool', tool_call_id: 'c', content: '2' },
  ],
  'tool invocations beside text (AI SDK 4)': [
    {
      role: 'assistant',
      content: 'hi',
      toolInvocations: [
        { state: 'result', toolCallId: 'c', toolName: 'add', args: { a: 1 }, result: 2 },
      ],
    },
  ],
  'attachments (AI SDK 4)': [
    {
      role: 'user',
      content: 'hi',
      experimental_attachments: [
        { name: 'a.png', url: 'https://x.example/a.png', contentType: 'image/png' },
      ],
    },
  ],
  'attachments (Mastra 2)': [
    {
      role: 'user',
      content: {
        format: 2,
        parts: [{ type: 'text', text: 'hi' }],
        experimental_attachments: [{ url: 'https://x.example/a.png', contentType: 'image/png' }],
      },
    },
  ],
  'no role': [{ content: 'hi' }],
  'no content': [{ role: 'user' }],
  'content null': [{ role: 'assistant', content: null }],
  'content object': [{ role: 'assistant', content: { a: 1 } }],
  'role no text': [{ role: 7, content: 'hi' }],
  'no message': [1, null, true, [1]],
  'object': { prompt: 'hi', n: 1 },
  'messages no list': { messages: 'hi' },
  'number': 7,
  'false': false,
  'null': null,
};

const call = { toolCallId: 'c', toolName: 'add', args: { a: 1 } };

/** Whole outputs. */
const OUTPUTS: Record<string, unknown> = {
  'text': { text: 'hi', toolCalls: [] },
  'bare text': 'hi',
  'tool calls': { text: '', toolCalls: [call] },
  'text and tool calls': { text: 'hi', toolCalls: [call] },
  'reasoning': { text: 'hi', reasoning: [{ type: 'reasoning', text: 'hm' }], files: [] },
  'reasoning text': { text: 'hi', reasoning: 'hm' },
  'odd reasoning': { text: 'hi', reasoning: [{ a: 1 }, 'hm', null] },
  'odd tool calls': { text: 'hi', toolCalls: [null, 'x', { id: 1 }] },
  'object': { object: { a: 1 } },
  'text no text': { text: { a: 1 } },
  'messages': [{ role: 'assistant', content: 'hi' }],
  'nothing': {},
  'null': null,
  'number': 3,
};

const REASONS = ['stop', 'length', 'tool-calls', 'content-filter', 'error', 'other', 'unknown', ''];

const INSTRUCTIONS: Record<string, unknown> = {
  'text': 'be brief',
  'texts': ['be', 'brief'],
  'message': { role: 'system', content: 'be brief' },
  'messages': [{ role: 'system', content: 'be brief' }],
  'message of parts': { role: 'system', content: [{ type: 'text', text: 'be brief' }] },
  'odd': [1, null, { a: 1 }],
  'null': null,
};

const TOOLS: Record<string, unknown> = {
  'names': ['add', 'sub'],
  'none': [],
  'definitions': ['add', { type: 'function', name: 'x', parameters: { type: 'object' } }],
  'one': 'add',
};

const entries = Object.entries;
const CALL = { type: 'model_inference' };

export const SHAPES: readonly Shape[] = [
  ...entries(PARTS).flatMap(([name, part]) =>
    (['user', 'assistant', 'tool'] as const).map((role) => ({
      name: `part, ${role}: ${name}`,
      ...CALL,
      input: { messages: [{ role, content: [part] }, { role, content: [part, part] }] },
    })),
  ),
  ...entries(INPUTS).map(([name, input]) => ({ name: `input: ${name}`, ...CALL, input })),
  ...entries(OUTPUTS).flatMap(([name, output]) =>
    REASONS.map((finishReason) => ({
      name: `output: ${name}, '${finishReason}'`,
      ...CALL,
      output,
      attributes: finishReason ? { finishReason } : {},
    })),
  ),
  ...entries(INSTRUCTIONS).map(([name, instructions]) => ({
    name: `instructions: ${name}`,
    type: 'agent_run',
    attributes: { instructions },
  })),
  ...entries(TOOLS).map(([name, availableTools]) => ({
    name: `tools: ${name}`,
    type: 'agent_run',
    attributes: { availableTools },
  })),
];
