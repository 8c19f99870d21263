// What each backend reads of a run, by its documentation or code: written by hand, from those.
import { SECRET } from '../lab.ts';

/** Where a number is: an attribute, or members of its JSON that are summed. */
interface Count {
  readonly name: string;
  readonly members?: readonly string[];
}

export interface Contract {
  readonly name: string;
  /** The path of the sink below which it is. */
  readonly at: string;
  /** What the backend's own address ends with. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly remoteParent: 'keep' | 'detach';
  readonly session: readonly string[];
  readonly user: readonly string[];
  readonly tags: { readonly name: string; readonly form: 'list' | 'json' | 'commas' };
  /** One attribute of JSON; or a prefix, below which objects are flat, or JSON. */
  readonly metadata: { readonly name: string; readonly form: 'json' | 'flat' | 'members' };
  readonly root: { readonly input: readonly string[]; readonly output: readonly string[] };
  readonly kind: { readonly name: string; readonly agent?: string; readonly model?: string; readonly tool?: string };
  readonly model: readonly string[];
  readonly provider: readonly string[];
  readonly messages: readonly string[];
  readonly tool: { readonly name?: string; readonly input: string; readonly output: string };
  readonly usage: { readonly input: Count; readonly output: Count };
  /** Attributes of the resource, beside the exporter's own. */
  readonly resource?: Readonly<Record<string, string>>;
  /** What the backend keeps of a span. */
  readonly limits?: { readonly attributes?: number; readonly bytes: number };
  /** The root tells the sums of its run as well, by convention. */
  readonly sumsOnRoot?: boolean;
}

/** OpenTelemetry's GenAI conventions, as backends without words of their own show them. */
const GENAI = {
  path: '/v1/traces',
  gzip: false,
  remoteParent: 'keep',
  session: ['session.id', 'gen_ai.conversation.id'],
  user: ['user.id'],
  tags: { name: 'mastra.tags', form: 'json' },
  metadata: { name: 'mastra.metadata.', form: 'members' },
  root: { input: ['mastra.agent_run.input'], output: ['mastra.agent_run.output'] },
  kind: { name: 'gen_ai.operation.name', agent: 'invoke_agent', model: 'chat', tool: 'execute_tool' },
  model: ['gen_ai.request.model', 'gen_ai.response.model'],
  provider: ['gen_ai.provider.name'],
  messages: ['gen_ai.input.messages', 'gen_ai.output.messages'],
  tool: {
    name: 'gen_ai.tool.name',
    input: 'gen_ai.tool.call.arguments',
    output: 'gen_ai.tool.call.result',
  },
  usage: {
    input: { name: 'gen_ai.usage.input_tokens' },
    output: { name: 'gen_ai.usage.output_tokens' },
  },
} as const;

/** OpenInference, of Phoenix and Arize AX. */
const OPENINFERENCE = {
  ...GENAI,
  remoteParent: 'detach',
  session: ['session.id'],
  tags: { name: 'tag.tags', form: 'list' },
  metadata: { name: 'metadata', form: 'json' },
  root: { input: ['input.value'], output: ['output.value'] },
  kind: { name: 'openinference.span.kind', agent: 'AGENT', model: 'LLM', tool: 'TOOL' },
  model: ['llm.model_name'],
  provider: ['llm.provider', 'llm.system'],
  messages: ['llm.input_messages.0.message.content', 'llm.output_messages.0.message.role'],
  tool: { name: 'tool.name', input: 'input.value', output: 'output.value' },
  usage: {
    input: { name: 'llm.token_count.prompt' },
    output: { name: 'llm.token_count.completion' },
  },
} as const;

const bearer = (key = SECRET) => ({ authorization: `Bearer ${key}` });
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

export const CONTRACTS: readonly Contract[] = [
  {
    ...OPENINFERENCE,
    name: 'lemma',
    at: '/ok/lemma',
    path: '/otel/v1/traces',
    gzip: true,
    resource: { 'service.version': 'r42', 'lemma.release': 'r42' },
    headers: {
      ...bearer(`lma_${SECRET}`),
      'x-lemma-project-id': '0f8fad5b-d9cb-469f-a165-70867728950e',
    },
    kind: { name: 'openinference.span.kind', agent: 'agent', model: 'llm', tool: 'tool' },
    root: {
      input: ['input.value', 'ai.agent.input'],
      output: ['output.value', 'ai.agent.output', 'ai.response.text'],
    },
  },
  {
    ...GENAI,
    name: 'agnost',
    at: '/ok/agnost',
    headers: { 'x-agnost-org-id': `org-${SECRET}` },
    remoteParent: 'detach',
    session: ['agnost.session_id', 'mastra.metadata.threadId'],
    user: ['agnost.user_id', 'mastra.metadata.userId'],
    root: { input: ['input.value'], output: ['output.value'] },
    tool: { name: 'gen_ai.tool.name', input: 'input.value', output: 'output.value' },
  },
  {
    ...GENAI,
    name: 'langfuse',
    at: '/ok/langfuse',
    path: '/api/public/otel/v1/traces',
    gzip: true,
    resource: { 'langfuse.environment': 'test', 'langfuse.release': 'r42' },
    headers: { ...basic(`pk-lf-${SECRET}`, `sk-lf-${SECRET}`), 'x-langfuse-ingestion-version': '4' },
    remoteParent: 'detach',
    session: ['session.id'],
    tags: { name: 'langfuse.trace.tags', form: 'list' },
    metadata: { name: 'langfuse.trace.metadata.', form: 'flat' },
    root: {
      input: ['langfuse.observation.input', 'langfuse.trace.input'],
      output: ['langfuse.observation.output', 'langfuse.trace.output'],
    },
    kind: { name: 'langfuse.observation.type', agent: 'agent', model: 'generation', tool: 'tool' },
    model: ['langfuse.observation.model.name'],
    messages: ['langfuse.observation.input', 'langfuse.observation.output'],
    tool: { input: 'langfuse.observation.input', output: 'langfuse.observation.output' },
    usage: {
      // Buckets that do not overlap: each is priced by itself.
      input: {
        name: 'langfuse.observation.usage_details',
        members: ['input', 'input_cache_read', 'input_cache_creation'],
      },
      output: {
        name: 'langfuse.observation.usage_details',
        members: ['output', 'output_reasoning_tokens'],
      },
    },
  },
  {
    ...GENAI,
    name: 'langsmith',
    at: '/ok/langsmith',
    path: '/otel/v1/traces',
    headers: { 'x-api-key': SECRET, 'langsmith-project': 'weather' },
    remoteParent: 'detach',
    session: ['langsmith.metadata.thread_id', 'langsmith.metadata.session_id'],
    user: ['langsmith.metadata.user_id'],
    tags: { name: 'langsmith.span.tags', form: 'commas' },
    metadata: { name: 'langsmith.metadata.', form: 'flat' },
    root: { input: ['input.value'], output: ['output.value'] },
    kind: { name: 'langsmith.span.kind', agent: 'chain', model: 'llm', tool: 'tool' },
    provider: ['gen_ai.system'],
    tool: { name: 'gen_ai.tool.name', input: 'input.value', output: 'output.value' },
    usage: {
      input: { name: 'langsmith.usage_metadata', members: ['input_tokens'] },
      output: { name: 'langsmith.usage_metadata', members: ['output_tokens'] },
    },
  },
  {
    ...GENAI,
    name: 'braintrust',
    at: '/ok/braintrust',
    path: '/otel/v1/traces',
    headers: { ...bearer(), 'x-bt-parent': 'project_name:weather' },
    remoteParent: 'detach',
    session: ['braintrust.metadata.session_id'],
    user: ['braintrust.metadata.user_id'],
    tags: { name: 'braintrust.tags', form: 'list' },
    metadata: { name: 'braintrust.metadata.', form: 'flat' },
    root: { input: ['braintrust.input_json'], output: ['braintrust.output_json'] },
    kind: {
      name: 'braintrust.span_attributes',
      agent: '{"type":"task"}',
      model: '{"type":"llm"}',
      tool: '{"type":"tool"}',
    },
    messages: ['braintrust.input_json', 'braintrust.output_json'],
    tool: { input: 'braintrust.input_json', output: 'braintrust.output_json' },
    usage: {
      input: { name: 'braintrust.metrics', members: ['prompt_tokens'] },
      output: { name: 'braintrust.metrics', members: ['completion_tokens'] },
    },
  },
  {
    ...OPENINFERENCE,
    name: 'phoenix',
    at: '/ok/phoenix',
    gzip: true,
    resource: { 'openinference.project.name': 'weather' },
    headers: bearer(),
  },
  {
    ...OPENINFERENCE,
    name: 'arize',
    at: '/ok/arize',
    resource: { 'openinference.project.name': 'weather' },
    headers: { space_id: `space-${SECRET}`, api_key: SECRET },
  },
  {
    ...GENAI,
    name: 'datadog',
    at: '/ok/datadog',
    resource: { 'service.name': 'weather', 'deployment.environment.name': 'test' },
    headers: { 'dd-api-key': SECRET, 'dd-otlp-source': 'llmobs', 'dd-ml-app': 'weather' },
    metadata: { name: '_dd.ml_obs.metadata', form: 'json' },
  },
  {
    ...GENAI,
    name: 'laminar',
    at: '/ok/laminar',
    headers: bearer(),
    remoteParent: 'detach',
    session: ['lmnr.association.properties.session_id'],
    user: ['lmnr.association.properties.user_id'],
    tags: { name: 'lmnr.association.properties.tags', form: 'list' },
    metadata: { name: 'lmnr.association.properties.metadata.', form: 'flat' },
    root: { input: ['lmnr.span.input'], output: ['lmnr.span.output'] },
    kind: { name: 'lmnr.span.type', agent: 'DEFAULT', model: 'LLM', tool: 'TOOL' },
    provider: ['gen_ai.system'],
    messages: ['lmnr.span.input', 'lmnr.span.output'],
    tool: { input: 'lmnr.span.input', output: 'lmnr.span.output' },
  },
  {
    ...GENAI,
    name: 'posthog',
    at: '/ok/posthog',
    path: '/i/v0/ai/otel',
    gzip: true,
    headers: bearer(`phc_${SECRET}`),
    remoteParent: 'detach',
    session: ['$ai_session_id'],
    user: ['posthog.distinct_id'],
    root: { input: ['$ai_input_state'], output: ['$ai_output_state'] },
    tool: { name: 'gen_ai.tool.name', input: '$ai_input_state', output: '$ai_output_state' },
  },
  {
    ...GENAI,
    name: 'sentry',
    at: '/ok/sentry',
    path: '/api/42/integration/otlp/v1/traces/',
    gzip: true,
    resource: { 'deployment.environment.name': 'test' },
    headers: { 'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${SECRET}` },
    sumsOnRoot: true,
  },
  {
    ...GENAI,
    name: 'dash0',
    at: '/ok/dash0',
    headers: { ...bearer(), 'dash0-dataset': 'agents' },
    metadata: { name: 'metadata', form: 'json' },
    limits: { attributes: 32, bytes: 2048 },
  },
  {
    ...GENAI,
    name: 'mlflow',
    at: '/ok/mlflow',
    gzip: true,
    headers: { ...bearer(), 'x-mlflow-experiment-id': '7' },
    remoteParent: 'detach',
    session: ['session.id'],
    tags: { name: 'mlflow.traceTag.tags', form: 'json' },
    root: { input: ['mlflow.spanInputs'], output: ['mlflow.spanOutputs'] },
    tool: { name: 'gen_ai.tool.name', input: 'mlflow.spanInputs', output: 'mlflow.spanOutputs' },
  },
  {
    ...GENAI,
    name: 'newrelic',
    at: '/ok/newrelic',
    gzip: true,
    headers: { 'api-key': SECRET },
    limits: { bytes: 4095 },
  },
  { ...GENAI, name: 'signoz', at: '/ok/signoz', headers: { 'signoz-ingestion-key': SECRET } },
  {
    ...GENAI,
    name: 'traceloop',
    at: '/ok/traceloop',
    headers: bearer(),
    remoteParent: 'detach',
    session: ['traceloop.association.properties.session_id'],
    user: ['traceloop.association.properties.user_id'],
    tags: { name: 'traceloop.association.properties.tags', form: 'json' },
    metadata: { name: 'traceloop.association.properties.', form: 'flat' },
    root: { input: ['traceloop.entity.input'], output: ['traceloop.entity.output'] },
    kind: { name: 'traceloop.span.kind', agent: 'agent', tool: 'tool' },
    provider: ['gen_ai.system'],
    messages: ['gen_ai.prompt.0.content', 'gen_ai.completion.0.role'],
    tool: { name: 'traceloop.entity.name', input: 'traceloop.entity.input', output: 'traceloop.entity.output' },
  },
  { ...GENAI, name: 'honeycomb', at: '/ok/honeycomb', headers: { 'x-honeycomb-team': SECRET } },
  {
    ...GENAI,
    name: 'grafana-cloud',
    at: '/ok/grafana-cloud',
    path: '/otlp/v1/traces',
    headers: basic('123456', `glc_${SECRET}`),
    limits: { bytes: 2048 },
  },
  {
    ...GENAI,
    name: 'axiom',
    at: '/ok/axiom',
    gzip: true,
    headers: { ...bearer(), 'x-axiom-dataset': 'agents' },
  },
  { ...GENAI, name: 'collector', at: '/ok/collector', gzip: true, headers: {} },
];
