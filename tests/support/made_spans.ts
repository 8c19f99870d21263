// Made-up spans of every type, with every documented attribute: what recordings do not have. As Mastra
// would hand them over, in one trace.
import type { Fields, Span } from './official.ts';

const MODEL: Fields = {
  model: 'gpt-5',
  provider: 'openai.chat',
  resultType: 'response_generation',
  streaming: true,
  finishReason: 'tool-calls',
  completionStartTime: '2026-11-20T07:57:09.100Z',
  responseModel: 'gpt-5-2026',
  responseId: 'resp_1',
  serverAddress: 'api.openai.com',
  serverPort: 443,
  stepIndex: 0,
  parameters: {
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    stopSequences: ['END', 'STOP'],
    seed: 7,
    maxRetries: 2,
  },
  usage: {
    inputTokens: 10,
    outputTokens: 20,
    inputDetails: {
      text: 9,
      cacheRead: 1,
      cacheWrite: 2,
      cacheWrite5m: 3,
      cacheWrite1h: 4,
      audio: 5,
    },
    outputDetails: { text: 15, reasoning: 6, audio: 7 },
  },
};
const ENTRY: Fields = {
  entryId: 'entry',
  entryDescription: 'an entry',
  entryMetadata: { a: false, b: 0, c: { d: null } },
};
const TOOL: Fields = {
  toolType: 'function',
  toolDescription: 'adds',
  toolCallId: 'c1',
  success: true,
};
const CALLS = { text: '', toolCalls: [{ toolCallId: 'c1', toolName: 'add', args: { a: 1 } }] };

/** Type, attributes and other members. */
const SPANS: [type: string, attributes: Fields, members?: Fields][] = [
  ['agent_run', { instructions: 'be brief', availableTools: ['add'], maxSteps: 5,
    conversationId: 'c', prompt: 'p', resolvedVersionId: 'v' }],
  ['agent_run', { conversationId: 'c' }, { metadata: { threadId: 't', n: 1, o: { a: [1] } } }],
  ['scorer_run', { scorerName: 's' }],
  ['scorer_step', { step: 's' }],
  ['classifier_evaluation', { questionCount: 2 }],
  ['model_generation', MODEL],
  ['model_step', { stepIndex: 1, isContinued: false, finishReason: 'stop', usage: MODEL.usage }],
  ['model_inference', MODEL, { output: CALLS, input: {
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'hi' }] },
      { role: 'assistant', content: [
        { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: { a: 1 } } ] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'add',
        output: { type: 'json', value: { sum: 2 } } }] },
    ] } }],
  ['model_inference', {}, { output: undefined, input: { messages: [
    { role: 'user', content: [{ type: 'image', image: 'x' }, { type: 'text', text: 'hi' }] },
  ] } }],
  ['model_inference', { model: 'm', provider: 'azure', finishReason: 'stop' }, { input: 'a prompt',
    output: { text: 'four', reasoning: [{ type: 'reasoning', text: '2+2' }] } }],
  ['model_inference', { model: 'm', provider: 'google.generative-ai' }, { output: { text: 'x' } }],
  ['model_inference', { model: 'm', provider: 'Mock-Provider' }, { output: { object: { a: 1 } } }],
  ['model_inference', { model: 'm', provider: 'OpenAI', finishReason: 'error' }],
  ['model_chunk', { chunkType: 'text', sequenceNumber: 3 }],
  ['tool_call', TOOL],
  ['tool_call', {}, { metadata: { toolCallId: 'c2' }, entityName: undefined }],
  ['client_tool_call', TOOL],
  ['provider_tool_call', TOOL],
  ['mcp_tool_call', { ...TOOL, mcpServer: 'srv', serverVersion: '2' }],
  ['mcp_server_request', { mcpMethod: 'tools/call', targetName: 'add', mcpServer: 'srv',
    serverVersion: '2', mcpProtocolVersion: '2025', clientName: 'c', clientVersion: '3' }],
  ['processor_run', { processorExecutor: 'workflow', processorIndex: 0 }],
  ['workflow_run', { status: 'success' }],
  ['workflow_step', { status: 'failed', ...ENTRY }],
  ['workflow_conditional', { conditionCount: 2, truthyIndexes: [0], selectedSteps: ['a'],
    ...ENTRY }],
  ['workflow_conditional_eval', { conditionIndex: 0, result: false }],
  ['workflow_parallel', { branchCount: 2, parallelSteps: ['a', 'b'], ...ENTRY }],
  ['workflow_loop', { loopType: 'foreach', iteration: 0, totalIterations: 3, concurrency: 2,
    ...ENTRY }],
  ['workflow_sleep', { durationMs: 5, untilDate: '2026-11-20T07:57:10.000Z', sleepType: 'fixed',
    ...ENTRY }],
  ['workflow_wait_event', { eventName: 'e', timeoutMs: 5, eventReceived: false,
    waitDurationMs: 0 }],
  ['workspace_action', { category: 'search', success: true }],
  ['generic', { internalUsage: MODEL.usage }, { entityName: undefined, entityId: undefined,
    name: "a 'quoted' (name): \u00e4\u{1f600}" }],
  ['memory_operation', { operationType: 'recall', lastMessages: false }],
  ['rag_ingestion', { pipelineName: 'p' }],
  ['rag_embedding', { model: 'e', provider: 'openai', dimensions: 3, inputCount: 2, mode: 'query',
    usage: MODEL.usage }],
  ['rag_vector_operation', { operation: 'query', topK: 3, dimensions: 3 }],
  ['rag_action', { action: 'rerank', scorer: 's' }],
  ['graph_action', { action: 'build', threshold: 0.5 }],
  ['mapping', { mappingType: 'm', toolCallId: 'c1' }],
  ['skill_resolution', { skillCount: 1 }],
  ['skill_action', { operation: 'read', success: true }],
  ['agent_signal', { mode: 'delta' }],
  ['tool_call', TOOL, { output: undefined, errorInfo: { message: 'broke', name: 'TypeError',
    stack: 'TypeError: broke', domain: 'TOOL', category: 'USER',
    details: { stack: 'inner', a: 1 } } }],
  ['generic', {}, { errorInfo: { message: 'broke', id: 'E_1', details: { stack: 'inner' } } }],
  ['generic', {}, { errorInfo: { message: 'broke' } }],
  ['generic', {}, { isEvent: true, endTime: undefined, input: 'text', output: 0 }],
  ['custom_type', { anyThing: 1 }],
];

/** One span of each, and their root at the end. */
export function madeSpans(): Span[] {
  const make = (n: number, type: string, attributes: Fields, members: Fields = {}): Span => ({
    id: n.toString(16).padStart(16, '0'),
    traceId: '0af7651916cd43dd8448eb211c80319c',
    name: `${type} ${n}`,
    type,
    entityId: 'entity-id',
    entityName: 'Entity Name',
    startTime: '2026-11-20T07:57:09.000Z',
    endTime: '2026-11-20T07:57:09.250Z',
    input: { a: [1, 'b', null], c: 0.5 },
    output: type === 'model_inference' ? undefined : 'output',
    attributes,
    metadata: { runId: 'r1', none: null, list: [1] },
    isEvent: false,
    isRootSpan: false,
    parentSpanId: '00000000000000ff',
    ...members,
  });
  const spans = SPANS.map(([type, attributes, members], i) =>
    make(0x100 + i, type, attributes, members),
  );
  spans.push(
    make(0xff, 'generic', {}, {
      isRootSpan: true,
      parentSpanId: undefined,
      externalParentSpanId: '00000000000000ee',
      tags: ['a', 'b'],
    }),
  );
  return spans;
}
