// Arize Phoenix: started on SQLite in a folder of its own, and what it shows of a trace, by its GraphQL
// interface, which is what its pages read.
import { join } from 'node:path';
import { counts } from './compare.mjs';
import { buildPython, pinned } from './python.mjs';
import { freePort, startServer } from './process.mjs';

const KINDS = {
  agent_run: 'agent',
  model_inference: 'llm',
  rag_embedding: 'embedding',
  rag_vector_operation: 'retriever',
  scorer_run: 'evaluator',
  scorer_step: 'evaluator',
};

const QUERY = `query ($id: String!) { getTraceByOtelId(traceId: $id) {
  numSpans errorCount userId
  session { sessionId userId numTraces tokenUsage { prompt completion total } }
  rootSpan { cumulativeTokenCountPrompt cumulativeTokenCountCompletion cumulativeTokenCountTotal }
  costSummary { prompt { tokens } completion { tokens } total { tokens } }
  spans(first: 1000) { edges { node {
    spanId parentId name spanKind statusCode statusMessage startTime endTime userId metadata attributes
    tokenCountPrompt tokenCountCompletion tokenCountTotal tokenPromptDetails { cacheRead }
    input { value mimeType } output { value mimeType } events { name attributes } } } } } }`;

export const phoenix = {
  name: 'phoenix',
  remoteParents: false,
  kindOf: (type) => KINDS[type] ?? (type.endsWith('tool_call') ? 'tool' : 'chain'),
  named: (name) => name,
  /** An embedding's tokens are among its attributes, and counted nowhere. */
  counted: ['model_inference'],
  isFailed: (_, trace) => trace.some(({ errorInfo }) => errorInfo),
  /** As the root's page says. */
  sum(usages) {
    const add = (key) => usages.reduce((sum, usage) => sum + (usage[key] ?? 0), 0);
    const [prompt, completion] = [add('input'), add('output')];
    return { prompt, completion, total: prompt + completion };
  },
  /** Messages as OpenInference has room for them: a file that is no image has none. */
  worded: (messages) =>
    messages.flatMap(({ role, parts }) => {
      const responses = parts.filter(({ type }) => type === 'tool_call_response');
      const others = parts.filter((part) => !responses.includes(part));
      return [
        ...(others.length > 0 ? [{ role, parts: others.filter(isShown) }] : []),
        ...responses.map((part) => ({ role, parts: [part] })),
      ];
    }),

  async start(log) {
    const bin = await buildPython('phoenix', log);
    const [port, grpc] = [await freePort(), await freePort()];
    const origin = `http://127.0.0.1:${port}`;
    const { stop } = await startServer('phoenix', origin, (dir) => {
      const settings = { HOST: '127.0.0.1', PORT: port, GRPC_PORT: grpc, WORKING_DIR: dir };
      const quiet = { TELEMETRY_ENABLED: false, ALLOW_EXTERNAL_RESOURCES: false };
      const env = Object.entries({ ...settings, ...quiet }).map(([k, v]) => [`PHOENIX_${k}`, `${v}`]);
      return [join(bin, 'phoenix'), ['serve'], Object.fromEntries(env)];
    }, 180);
    return {
      stop,
      version: `Arize Phoenix ${pinned('phoenix', 'arize-phoenix')}`,
      endpoint: origin,
      read: (traceId, count) => read(origin, traceId, count),
    };
  },
};

const isShown = ({ type, bytes }) => type !== 'file' || !bytes?.startsWith('JVBERi0'); // %PDF-

/** It answers before it stores: asked again until it has all spans. */
export async function read(origin, id, count) {
  for (let tries = 0; ; tries++) {
    const body = JSON.stringify({ query: QUERY, variables: { id } });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${origin}/graphql`, { method: 'POST', headers, body });
    const { data, errors } = await response.json();
    if (errors) throw new Error(`Phoenix: ${JSON.stringify(errors).slice(0, 300)}`);
    const trace = data.getTraceByOtelId;
    if (trace && trace.numSpans >= count) return shownOf(trace);
    if (tries === 100) throw new Error(`Phoenix has ${trace?.numSpans ?? 'no'} spans of ${id}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function shownOf(trace) {
  const { session, rootSpan, costSummary, spans } = trace;
  const nodes = spans.edges.map(({ node }) => node);
  const sums = {
    prompt: rootSpan?.cumulativeTokenCountPrompt ?? 0,
    completion: rootSpan?.cumulativeTokenCountCompletion ?? 0,
    total: rootSpan?.cumulativeTokenCountTotal ?? 0,
  };
  return {
    spans: nodes.map(spanOf),
    tokens: sums,
    session: session?.sessionId,
    user: trace.userId,
    failed: trace.errorCount > 0,
    tags: nodes.map(({ attributes }) => JSON.parse(attributes).tag?.tags).find((tags) => tags),
    // Beside the form that all servers share, for the session's page.
    sessionPage: session,
    priced: costSummary,
  };
}

function spanOf(node) {
  const attributes = JSON.parse(node.attributes);
  const { llm = {}, tool, session } = attributes;
  const exception = node.events.find(({ name }) => name === 'exception')?.attributes;
  return {
    id: node.spanId,
    parent: node.parentId,
    name: node.name,
    kind: node.spanKind,
    start: Date.parse(node.startTime),
    end: Date.parse(node.endTime),
    failed: node.statusCode === 'ERROR',
    message: node.statusMessage || null,
    exception: exception && { type: exception['exception.type'], message: exception['exception.message'] },
    input: valueOf(node.input),
    output: valueOf(node.output),
    asked: messagesOf(llm.input_messages),
    answered: messagesOf(llm.output_messages),
    model: llm.model_name,
    provider: llm.provider,
    tokens: counts({
      input: node.tokenCountPrompt,
      output: node.tokenCountCompletion,
      cacheRead: node.tokenPromptDetails?.cacheRead,
      reasoning: llm.token_count?.completion_details?.reasoning,
    }),
    user: node.userId,
    session: session?.id,
    metadata: node.metadata && JSON.parse(node.metadata),
    ...(tool && {
      tool: { name: tool.name, id: tool.id, description: tool.description },
      arguments: tool.parameters,
    }),
    result: valueOf(node.output),
  };
}

const valueOf = (io) => io && (io.mimeType === 'json' ? JSON.parse(io.value) : io.value);

function messagesOf(indexed) {
  return indexed?.map(({ message }) => {
    const { role, content, contents = [], tool_calls = [], tool_call_id, name } = message;
    const pieces = contents.map(({ message_content: { type, text, image } }) =>
      type === 'image'
        ? { type: 'file', bytes: image.image.url.replace(/^data:.*;base64,/, '') }
        : { type, content: text },
    );
    if (tool_call_id) {
      const response = { type: 'tool_call_response', id: tool_call_id, name, response: parsed(content) };
      return { role, parts: [response] };
    }
    const calls = tool_calls.map(({ tool_call: { id, function: called } }) => {
      return { type: 'tool_call', id, name: called.name, arguments: JSON.parse(called.arguments) };
    });
    const text = content === undefined ? [] : [{ type: 'text', content }];
    return { role, parts: [...text, ...pieces.filter(({ type }) => type !== 'file'), ...calls, ...pieces.filter(({ type }) => type === 'file')] };
  });
}

/** A tool's result is text there: JSON where it was anything else. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
