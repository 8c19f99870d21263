// Messages: no member of a shape is lost, and what a model call was given is rebuilt where the run is
// not the usual row of steps. Spans are made by hand, in the shapes that Mastra and the AI SDK write.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsed, replay } from '../support/official.ts';
import { plain, type WireSpan } from '../support/otlp.ts';
import { type Shape, SHAPES } from './message_shapes.ts';

type Fields = Record<string, any>;

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

function span(id: number, type: string, parent?: number, members: Fields = {}): Fields {
  return {
    id: hex(id, 16),
    traceId: '0af7651916cd43dd8448eb211c80319c',
    name: 'a span',
    type,
    startTime: '2026-11-20T07:57:09.000Z',
    endTime: '2026-11-20T07:57:09.250Z',
    isEvent: false,
    isRootSpan: parent === undefined,
    ...(parent !== undefined && { parentSpanId: hex(parent, 16) }),
    ...members,
  };
}

/** A run, parents first: they start in this order, and end in the other. Spans by their number. */
function run(spans: Fields[]): (id: number) => WireSpan {
  const started = spans.map(({ output: _, errorInfo: __, endTime: ___, ...exportedSpan }) => {
    return { type: 'span_started', exportedSpan };
  });
  const ended = spans.map((exportedSpan) => ({ type: 'span_ended', exportedSpan })).reverse();
  const wire = new Map(replay([...started, ...ended]).map((one) => [one.spanId, one]));
  return (id) => wire.get(hex(id, 16)) as WireSpan;
}

// ---- Shapes ------------------------------------------------------------------------------------

/** A copy in which every value of its own says so, and where each of them was. */
function mark(value: unknown, path: string, marks: Map<string, string>): unknown {
  const name = /[^.]*$/.exec(path)?.[0] ?? '';
  if (typeof value === 'number' || (typeof value === 'string' && !/^(type|role|state)$/.test(name))) {
    // Not at the end: data of files may be cut there.
    const text = typeof value === 'number' ? `${100_000 + marks.size}` : `~${100_000 + marks.size}`;
    marks.set(text, path);
    return typeof value === 'number' ? Number(text) : `${value}${text}`;
  }
  if (Array.isArray(value)) return value.map((item, i) => mark(item, `${path}.${i}`, marks));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, mark(item, `${path}.${key}`, marks)]));
}

/** Members of shapes that are not told, by "{shape}: {path}". */
function lost(shapes: readonly Shape[]): string[] {
  const marked = shapes.map(({ name, type, ...members }, i) => {
    const marks = new Map<string, string>();
    const content = Object.fromEntries(
      Object.entries(members).map(([key, value]) => [key, mark(value, key, marks)]),
    );
    return { name, marks, span: span(i + 2, type, 1, content) };
  });
  const wire = run([span(1, 'generic'), ...marked.map((one) => one.span)]);
  return marked.flatMap(({ name, marks }, i) => {
    const text = JSON.stringify([...wire(i + 2).attributes.values()].map((value) => plain(value)));
    return [...marks].filter(([mark]) => !text.includes(mark)).map(([, path]) => `${name}: ${path}`);
  });
}

/** Left out on purpose: what is told elsewhere, or is for the provider or Mastra's memory alone. */
const LEFT_OUT = [
  /\.(id|createdAt|threadId|format)$/, // of messages: Mastra's books
  /providerOptions\./, // signatures and the like, for the provider
  /^input: UI message .*\.content$/, // its parts say it
  /^input: Mastra 2: .*\.content\.content$/, // the same
];

test('no member of a shape is lost', () => {
  assert.ok(SHAPES.length > 200);
  const calls = SHAPES.filter(({ type }) => type === 'model_inference');
  const losses = lost(calls);
  assert.deepEqual(losses.filter((loss) => !LEFT_OUT.some((known) => known.test(loss))), []);
  const needless = LEFT_OUT.filter((known) => !losses.some((loss) => known.test(loss)));
  assert.deepEqual(needless, [], 'rows of LEFT_OUT that nothing needs');
});

/** What becomes of one message that a call was given. */
function told(message: Fields): Fields[] {
  const wire = run([span(1, 'model_inference', undefined, { input: { messages: [message] } })]);
  return parsed(wire(1).attributes.get('gen_ai.input.messages'))[0].parts as Fields[];
}
const PARTS = [
  { type: 'tool_call', id: 'c', name: 'add', arguments: { a: 1 } },
  { type: 'tool_call_response', id: 'c', name: 'add', response: 2 },
];

test('a tool of a UI message is a call and its answer', () => {
  const ran = { toolCallId: 'c', state: 'output-available', input: { a: 1 }, output: 2 };
  for (const part of [
    { type: 'tool-add', ...ran },
    { type: 'dynamic-tool', toolName: 'add', ...ran },
  ]) {
    assert.deepEqual(told({ role: 'assistant', parts: [part] }), PARTS);
  }
});

test('a file keeps its name, and an attachment', () => {
  const png = { mediaType: 'image/png', data: 'iVBORw0KGgo=' };
  const blob = { modality: 'image', mime_type: 'image/png', type: 'blob', content: png.data };
  const content = [{ type: 'file', ...png, filename: 'a "1".png' }, { type: 'file', ...png }];
  assert.deepEqual(told({ role: 'user', content }), [{ ...blob, filename: 'a "1".png' }, blob]);
  const url = 'https://x.example/b.png';
  const attached = [{ name: 'b.png', contentType: 'image/png', url }];
  const [, part] = told({ role: 'user', content: 'see', experimental_attachments: attached });
  const uri = { modality: 'image', mime_type: 'image/png', type: 'uri', uri: url };
  assert.deepEqual(part, { ...uri, filename: 'b.png' });
});

test('the result of a tool that failed says so', () => {
  const ids = { toolCallId: 'c', toolName: 'add' };
  const no = { ...PARTS[1], response: 'no' };
  for (const [part, failed] of [
    [{ result: 'no', isError: true }, true], // AI SDK 4
    [{ result: 'no', isError: false }, false],
    [{ result: 'no', isError: 'yes' }, false],
    [{ output: { type: 'error-text', value: 'no' } }, true], // AI SDK 5
    [{ output: { type: 'error-json', value: 'no' } }, true],
    [{ output: { type: 'text', value: 'no' } }, false],
  ] as const) {
    const content = [{ type: 'tool-result', ...ids, ...part }];
    const expected = failed ? { ...no, is_error: true } : no;
    assert.deepEqual(told({ role: 'tool', content }), [expected], JSON.stringify(part));
  }
  const ui = { type: 'tool-add', toolCallId: 'c', state: 'output-error', input: { a: 1 } };
  const parts = told({ role: 'assistant', parts: [{ ...ui, errorText: 'no' }] });
  assert.deepEqual(parts, [PARTS[0], { ...no, is_error: true }]);
});

test('arguments that are JSON text become an object', () => {
  const call = { toolCallId: 'c', toolName: 'add' };
  const content = [{ type: 'tool-call', ...call, input: '{"a":1}' }];
  assert.deepEqual(told({ role: 'assistant', content }), [PARTS[0]]);
  const output = { text: '', toolCalls: [{ ...call, args: '{"a":1}' }] };
  const wire = run([span(1, 'model_inference', undefined, { output })]);
  const [{ parts }] = parsed(wire(1).attributes.get('gen_ai.output.messages'));
  assert.deepEqual(parts, [PARTS[0]]);
  // Of the models' own API they always are.
  const tool_calls = [{ id: 'c', function: { name: 'add', arguments: '{"a": [{"b":"é \\u00e9"}]}' } }];
  const [, asked] = told({ role: 'assistant', content: 'x', tool_calls });
  assert.deepEqual(asked, { ...PARTS[0], arguments: { a: [{ b: 'é é' }] } });
  // What only looks like an object is text, and so is what is none.
  for (const input of ['{"a":', '{"a":1}}', '[1,]', '{"a":01}', '["\\ud800"]', '1', 'true', '"a"', '']) {
    const odd = [{ type: 'tool-call', ...call, input }];
    assert.deepEqual(told({ role: 'assistant', content: odd }), [{ ...PARTS[0], arguments: input }]);
  }
});

// ---- What a call was given ---------------------------------------------------------------------

const asked = { messages: [{ role: 'user', content: 'q' }] };
const text = (content: string) => ({ type: 'text', content });
const USER = { role: 'user', parts: [text('q')] };
const call = (id: string): Fields => ({ toolCallId: id, toolName: 't', args: { of: id } });
const calls = (...ids: string[]): Fields => ({ output: { text: '', toolCalls: ids.map(call) } });
const asks = (...ids: string[]): Fields => ({
  role: 'assistant',
  parts: ids.map((id) => ({ type: 'tool_call', id, name: 't', arguments: { of: id } })),
});
const answers = (...ids: string[]): Fields[] =>
  ids.map((id) => {
    const response = `answer to ${id}`;
    return { role: 'tool', parts: [{ type: 'tool_call_response', id, name: 't', response }] };
  });
const tool = (number: number, id: string, parent: number, members: Fields = {}): Fields =>
  span(number, 'tool_call', parent, {
    entityName: 't',
    attributes: { toolCallId: id },
    output: `answer to ${id}`,
    ...members,
  });
const input = (wire: WireSpan): unknown => parsed(wire.attributes.get('gen_ai.input.messages'));

/**
 * A generation (2) of two steps: one (3) with a call (4) and what else is there, and one (8) with the
 * call that is looked at (9).
 */
const steps = (first: Fields, others: Fields[]): Fields[] => [
  span(1, 'agent_run'),
  span(2, 'model_generation', 1, { input: asked }),
  span(3, 'model_step', 2, { attributes: { stepIndex: 0 } }),
  span(4, 'model_inference', 3, { attributes: { model: 'm' }, ...first }),
  ...others,
  span(8, 'model_step', 2, { attributes: { stepIndex: 1 } }),
  span(9, 'model_inference', 8, { attributes: { model: 'm' }, output: { text: 'end' } }),
];

describe('what a later call was given', () => {
  test('the answer of a tool in the step', () => {
    const wire = run(steps(calls('A'), [tool(5, 'A', 3)]));
    assert.deepEqual(input(wire(9)), [USER, asks('A'), ...answers('A')]);
    assert.deepEqual(input(wire(4)), [USER]);
  });

  test('answers in the order of their calls', () => {
    const wire = run(steps(calls('A', 'B'), [tool(5, 'B', 3), tool(6, 'A', 3)]));
    assert.deepEqual(input(wire(9)), [USER, asks('A', 'B'), ...answers('A', 'B')]);
  });

  test('of a tool below a processor in the step', () => {
    const wire = run(steps(calls('A'), [span(5, 'processor_run', 3), tool(6, 'A', 5)]));
    assert.deepEqual(input(wire(9)), [USER, asks('A'), ...answers('A')]);
  });

  test('of a tool whose id stands in its metadata', () => {
    const metadata = { toolCallId: 'A' };
    const own = { attributes: {}, metadata, output: 'answer to A' };
    const wire = run(steps(calls('A'), [tool(5, '', 3, own)]));
    assert.deepEqual(input(wire(9)), [USER, asks('A'), ...answers('A')]);
  });

  test('of a tool without any id, by its place', () => {
    const wire = run(steps(calls('A'), [tool(5, '', 3, { attributes: {}, output: 'x' })]));
    const response = { type: 'tool_call_response', name: 't', response: 'x' };
    assert.deepEqual(input(wire(9)), [USER, asks('A'), { role: 'tool', parts: [response] }]);
  });

  test('of a tool beside the steps, that began before them: the run was resumed', () => {
    const spans = steps(calls('A'), []);
    spans.splice(2, 0, tool(5, 'A', 2));
    const wire = run(spans);
    assert.deepEqual(input(wire(4)), [USER], 'not before it is asked for');
    assert.deepEqual(input(wire(9)), [USER, asks('A'), ...answers('A')]);
  });

  test('an id that is used again is answered by the tool of its step', () => {
    const again = [
      tool(5, 'A', 3),
      span(10, 'model_step', 2),
      span(11, 'model_inference', 10, calls('A')),
      tool(12, 'A', 10, { output: 'the second' }),
    ];
    const second = { type: 'tool_call_response', id: 'A', name: 't', response: 'the second' };
    assert.deepEqual(input(run(steps(calls('A'), again))(9)), [
      USER,
      asks('A'),
      ...answers('A'),
      asks('A'),
      { role: 'tool', parts: [second] },
    ]);
  });

  test("tools of an agent that is a tool's are its own", () => {
    const inner = [
      tool(5, 'A', 3),
      span(10, 'agent_run', 5),
      span(11, 'model_generation', 10, { input: asked }),
      span(12, 'model_step', 11),
      span(13, 'model_inference', 12, calls('A')),
      tool(14, 'A', 12, { output: 'of the inner agent' }),
    ];
    const wire = run(steps(calls('A'), inner));
    assert.deepEqual(input(wire(9)), [USER, asks('A'), ...answers('A')]);
    assert.deepEqual(input(wire(13)), [USER]);
  });

  test('a tool that failed, and one whose result was shown in another form', () => {
    const errorInfo = { message: 'answer to B' };
    const mapping = {
      attributes: { toolCallId: 'A', mappingType: 'toModelOutput' },
      output: { type: 'text', value: 'answer to A' },
    };
    const wire = run(
      steps(calls('A', 'B'), [
        tool(5, 'A', 3, { output: { all: 'of it' } }),
        span(6, 'mapping', 2, mapping),
        tool(7, 'B', 3, { output: undefined, errorInfo }),
      ]),
    );
    const [shown, failed] = answers('A', 'B');
    Object.assign(failed.parts[0], { is_error: true });
    assert.deepEqual(input(wire(9)), [USER, asks('A', 'B'), shown, failed]);
  });

  test('reasoning of an earlier call, which is in its chunks', () => {
    const chunk = (number: number, chunkType: string, content: string): Fields =>
      span(number, 'model_chunk', 4, { attributes: { chunkType }, output: { text: content } });
    const others = [chunk(5, 'reasoning', 'hm'), chunk(6, 'text', 'x'), tool(7, 'A', 3)];
    const wire = run(steps(calls('A'), others));
    const parts = [{ type: 'reasoning', content: 'hm' }, ...(asks('A').parts as Fields[])];
    assert.deepEqual(input(wire(9)), [USER, { role: 'assistant', parts }, ...answers('A')]);
    const [{ parts: said }] = parsed(wire(4).attributes.get('gen_ai.output.messages'));
    assert.deepEqual(said, parts);
  });
});

// What Mastra shows of it, "[tool: t]" for a call: better than nothing, and marked.
test('without a generation to go by: the preview of the step, marked', () => {
  const shown = [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: '[tool: t]' },
  ];
  const messages = [USER, { role: 'assistant', parts: [text('[tool: t]')] }];
  const call = [span(8, 'model_step', 2, { input: shown }), span(9, 'model_inference', 8)];
  const wire = run([span(1, 'agent_run'), span(2, 'generic', 1), ...call]); // it was filtered
  assert.deepEqual(input(wire(9)), messages);
  assert.equal(wire(9).attributes.get('edgespan.partial_messages'), 'true');
  const usual = run(steps(calls('A'), [tool(5, 'A', 3)]));
  assert.equal(usual(9).attributes.get('edgespan.partial_messages'), undefined);
});

// ---- Which spans are model calls ---------------------------------------------------------------

test('a generation without a call below it is the call, whatever else is in the run', () => {
  const usage = { inputTokens: 7, outputTokens: 2 };
  const wire = run([
    span(1, 'workflow_run'),
    ...steps(calls(), []).slice(1),
    span(20, 'model_generation', 1, {
      attributes: { model: 'claude', provider: 'anthropic', usage },
      input: asked,
      output: { text: 'sdk' },
    }),
  ]);
  assert.equal(wire(9).attributes.get('gen_ai.operation.name'), 'chat');
  assert.equal(wire(2).attributes.get('gen_ai.operation.name'), 'model_generation');
  assert.equal(wire(20).name, 'chat claude');
  assert.equal(wire(20).attributes.get('gen_ai.usage.input_tokens'), 7n);
  assert.deepEqual(input(wire(20)), [USER]);
});

test('its reasoning, as Mastra writes it', () => {
  const payload = { id: '1', text: 'hm' };
  const reasoning = [{ type: 'reasoning', runId: 'r', from: 'AGENT', payload }];
  const output = { text: 'yes', reasoning, reasoningText: 'hm', toolCalls: [] };
  const wire = run([span(1, 'model_generation', undefined, { input: asked, output })]);
  const [{ parts }] = parsed(wire(1).attributes.get('gen_ai.output.messages'));
  assert.deepEqual(parts, [{ type: 'reasoning', content: 'hm' }, text('yes')]);
});

// ---- Calls that their provider failed ------------------------------------------------------------

const failed = { attributes: { model: 'm', finishReason: 'error' } };

test('the step and the generation of a failed call failed, too', () => {
  const wire = run([
    span(1, 'agent_run', undefined, { errorInfo: { message: 'overloaded', name: 'ApiError' } }),
    span(2, 'model_generation', 1, { input: asked, ...failed }),
    span(3, 'model_step', 2, failed),
    span(4, 'model_inference', 3, failed),
  ]);
  for (const id of [1, 2, 3, 4]) {
    assert.deepEqual(wire(id).status, { code: 2, message: 'overloaded' }, `span ${id}`);
    assert.equal(wire(id).attributes.get('error.type'), 'ApiError');
    assert.equal(wire(id).events[0]?.attributes.get('exception.message'), 'overloaded');
  }
});

test('a failure that the run got over is not the one that ended it', () => {
  const wire = run([
    span(1, 'agent_run', undefined, { errorInfo: { message: 'something else', name: 'Later' } }),
    span(2, 'model_generation', 1, { input: asked }),
    span(3, 'model_step', 2, failed),
    span(4, 'model_inference', 3, failed),
    span(8, 'model_step', 2),
    span(9, 'model_inference', 8, { attributes: { model: 'm', finishReason: 'stop' } }),
  ]);
  assert.deepEqual(wire(4).status, { code: 2, message: '' });
  assert.equal(wire(4).attributes.get('error.type'), '_OTHER');
  assert.equal(wire(9).status.code, 1);
});
