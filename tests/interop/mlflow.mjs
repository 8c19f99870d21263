// MLflow: its tracking server on SQLite in a folder of its own, and what it shows of a trace, by its REST
// interface, which is what its pages read.
import { join } from 'node:path';
import { comparable } from '../support/messages.ts';
import { counts } from './compare.mjs';
import { buildPython, pinned } from './python.mjs';
import { freePort, startServer } from './process.mjs';

const KINDS = {
  agent_run: 'AGENT',
  model_inference: 'CHAT_MODEL',
  rag_embedding: 'EMBEDDING',
  rag_vector_operation: 'RETRIEVER',
  scorer_run: 'EVALUATOR',
  scorer_step: 'EVALUATOR',
};

export const mlflow = {
  name: 'mlflow',
  remoteParents: false,
  kindOf: (type) => KINDS[type] ?? (type.endsWith('tool_call') ? 'TOOL' : 'CHAIN'),
  named: (name) => name,
  counted: ['model_inference', 'rag_embedding'],
  isFailed: (root) => root.errorInfo !== undefined,
  /** Absent where no span has any. */
  sum(usages) {
    if (usages.length === 0) return undefined;
    const add = (key) => usages.reduce((sum, usage) => sum + (usage[key] ?? 0), 0);
    const [input_tokens, output_tokens] = [add('input'), add('output')];
    const total_tokens = input_tokens + output_tokens;
    return { input_tokens, output_tokens, total_tokens, cache_read_input_tokens: add('cacheRead') };
  },

  async start(log) {
    const bin = await buildPython('mlflow', log);
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const { stop } = await startServer('mlflow', `${origin}/health`, (dir) => {
      const at = ['--host', '127.0.0.1', '--port', `${port}`, '--workers', '1'];
      const store = ['--backend-store-uri', `sqlite:///${dir}/ml.db`];
      const files = ['--default-artifact-root', join(dir, 'artifacts')];
      const quiet = { MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' };
      const env = { ...quiet, PATH: `${bin}:${process.env.PATH}` }; // it starts others by name
      return [join(bin, 'mlflow'), ['server', ...at, ...store, ...files], env];
    }, 180);
    return {
      stop,
      version: `MLflow ${pinned('mlflow', 'mlflow')}`,
      endpoint: origin,
      read: (...what) => read(origin, ...what),
    };
  },
};

/** It stores spans before it answers; what is said of them comes later. */
async function read(origin, id, _, judged) {
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${origin}/api/3.0/mlflow/traces/get?trace_id=tr-${id}`);
    const { trace, message } = await response.json();
    if (!response.ok) throw new Error(`MLflow: ${response.status} ${message}`);
    const shown = shownOf(trace);
    if (shown.judgements.length >= judged || tries === 100) return shown;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function shownOf(trace) {
  const { trace_info: info } = trace;
  const { trace_metadata: metadata = {}, tags = {} } = info;
  const usage = metadata['mlflow.trace.tokenUsage'];
  const { cache_creation_input_tokens: _, ...tokens } = usage ? JSON.parse(usage) : {};
  return {
    spans: (trace.spans ?? []).map(spanOf),
    tokens: usage && tokens,
    session: metadata['mlflow.trace.session'],
    user: metadata['mlflow.trace.user'],
    failed: info.state === 'ERROR',
    service: tags['service.name'],
    tags: tags.tags && JSON.parse(tags.tags),
    judgements: (info.assessments ?? []).map((one) => {
      const { assessment_name: name, source, feedback, rationale: comment } = one;
      return { name, value: feedback.value, comment, byHand: source.source_type === 'HUMAN' };
    }),
  };
}

function spanOf(span) {
  const attributes = members(span.attributes);
  const of = (name) => attributes[`mlflow.${name}`];
  const metadata = Object.entries(attributes)
    .filter(([key]) => key.startsWith('mastra.metadata.'))
    .map(([key, value]) => [key.slice('mastra.metadata.'.length), value]);
  const exception = span.events?.find(({ name }) => name === 'exception');
  const thrown = exception && members(exception.attributes);
  const usage = of('chat.tokenUsage') ?? {};
  const isCall = of('spanType') === 'CHAT_MODEL';
  return {
    id: hex(span.span_id),
    parent: span.parent_span_id ? hex(span.parent_span_id) : null,
    name: span.name,
    kind: of('spanType'),
    start: milliseconds(span.start_time_unix_nano),
    end: milliseconds(span.end_time_unix_nano),
    failed: span.status.code === 'STATUS_CODE_ERROR',
    message: span.status.message,
    exception: thrown && { type: thrown['exception.type'], message: thrown['exception.message'] },
    input: of('spanInputs'),
    output: of('spanOutputs'),
    ...(isCall && { asked: messagesOf(of('spanInputs')), answered: messagesOf(of('spanOutputs')) }),
    model: of('llm.model'),
    provider: of('llm.provider'),
    tokens: counts({
      input: usage.input_tokens,
      output: usage.output_tokens,
      cacheRead: usage.cache_read_input_tokens,
      reasoning: attributes['gen_ai.usage.reasoning.output_tokens'],
    }),
    metadata: Object.fromEntries(metadata),
    tool: {
      name: attributes['gen_ai.tool.name'],
      id: attributes['gen_ai.tool.call.id'],
      description: attributes['gen_ai.tool.description'],
    },
    arguments: of('spanInputs'),
    result: of('spanOutputs'),
  };
}

const hex = (base64) => Buffer.from(base64, 'base64').toString('hex');
// A JSON number, which JavaScript has rounded.
const milliseconds = (nanoseconds) => Math.round(nanoseconds / 1e6);

/** Its JSON of OTLP's key-value lists. */
function members(list = []) {
  return Object.fromEntries(list.map(({ key = '', value }) => [key, plain(value)]));
}
function plain(value = {}) {
  if ('array_value' in value) return (value.array_value.values ?? []).map(plain);
  if ('kvlist_value' in value) return members(value.kvlist_value.values);
  return Object.values(value)[0] ?? null;
}

function messagesOf(messages) {
  if (!Array.isArray(messages)) return messages;
  return comparable(messages.map(({ role, parts }) => ({ role, parts })));
}
