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
  errorCount userId project { name } traceAnnotations { name score explanation annotatorKind }
  session { sessionId }
  rootSpan { cumulativeTokenCountPrompt cumulativeTokenCountCompletion cumulativeTokenCountTotal }
  spans(first: 1000) { edges { node {
    spanId parentId name spanKind statusCode statusMessage startTime endTime userId metadata attributes
    tokenCountPrompt tokenCountCompletion tokenCountTotal tokenPromptDetails { cacheRead }
    input { value mimeType } output { value mimeType } events { name attributes }
    spanAnnotations { name score explanation annotatorKind } } } } } }`;

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
  /** Messages as OpenInference has room for them: not for files but images, nor for a result's failure. */
  worded: (messages) =>
    messages.flatMap(({ role, parts }) => {
      const responses = parts.filter(({ type }) => type === 'tool_call_response');
      const others = parts.filter((part) => !responses.includes(part));
      return [
        ...(others.length > 0 ? [{ role, parts: others.filter(isShown) }] : []),
        ...responses.map(({ is_error: _, ...part }) => ({ role, parts: [part] })),
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
      read: (...what) => read(origin, ...what),
    };
  },
};

// The runs' only other file is a PDF: "%PDF-" in base64.
const isShown = ({ type, bytes }) => type !== 'file' || !bytes?.startsWith('JVBERi0');

/** It answers before it stores: asked again until it has all spans, and all that was said of them. */
async function read(origin, id, count, judged) {
  for (let tries = 0; ; tries++) {
    const body = JSON.stringify({ query: QUERY, variables: { id } });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${origin}/graphql`, { method: 'POST', headers, body });
    const { data, errors } = await response.json();
    if (errors) throw new Error(`Phoenix: ${JSON.stringify(errors).slice(0, 300)}`);
    const trace = data.getTraceByOtelId;
    const shown = trace && shownOf(trace);
    if (shown && shown.spans.length >= count && shown.judgements.length >= judged) return shown;
    if (tries === 100 && shown) return shown;
    if (tries === 100) throw new Error(`Phoenix has no trace ${id}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function shownOf(trace) {
  const { session, rootSpan, spans } = trace;
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
    service: trace.project.name,
    failed: trace.errorCount > 0,
    judgements: [trace, ...nodes]
      .flatMap(({ traceAnnotations, spanAnnotations }) => traceAnnotations ?? spanAnnotations)
      .map(({ name, score, explanation, annotatorKind }) => {
        return { name, value: score, comment: explanation, byHand: annotatorKind === 'HUMAN' };
      }),
    tags: nodes.map(({ attributes }) => JSON.parse(attributes).tag?.tags).find((tags) => tags),
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
    const files = pieces.filter(({ type }) => type === 'file');
    const said = pieces.filter((piece) => !files.includes(piece));
    return { role, parts: [...text, ...said, ...calls, ...files] };
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
