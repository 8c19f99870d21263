// The schema table: every name the core knows, with its id. One table for C++ and TypeScript:
// scripts/build writes js/src/core/schema.gen.ts from it (src/tools/schema_gen.cc).
//
// Ids run from 1 in the order below and are ABI between one core.wasm and the shim built with it
// (they are regenerated together), not between releases. Names are Mastra's field names, as its
// exported spans spell them (@mastra/core, observability/types/tracing.d.ts), OpenTelemetry's where
// the item is an OpenTelemetry span, and our own for configuration. Adding a name: add a line.
#pragma once

#include <cstdint>
#include <string_view>

// X(identifier, "name")
#define EDGESPAN_SCHEMA(X) \
  /* Span types (Mastra's SpanType). Contiguous: kFirstSpanType..kLastSpanType. */ \
  X(kTypeAgentRun, "agent_run") \
  X(kTypeScorerRun, "scorer_run") \
  X(kTypeClassifierEvaluation, "classifier_evaluation") \
  X(kTypeScorerStep, "scorer_step") \
  X(kTypeWorkflowRun, "workflow_run") \
  X(kTypeModelGeneration, "model_generation") \
  X(kTypeModelStep, "model_step") \
  X(kTypeModelInference, "model_inference") \
  X(kTypeModelChunk, "model_chunk") \
  X(kTypeToolCall, "tool_call") \
  X(kTypeClientToolCall, "client_tool_call") \
  X(kTypeProviderToolCall, "provider_tool_call") \
  X(kTypeMcpToolCall, "mcp_tool_call") \
  X(kTypeMcpServerRequest, "mcp_server_request") \
  X(kTypeProcessorRun, "processor_run") \
  X(kTypeWorkflowStep, "workflow_step") \
  X(kTypeWorkflowConditional, "workflow_conditional") \
  X(kTypeWorkflowConditionalEval, "workflow_conditional_eval") \
  X(kTypeWorkflowParallel, "workflow_parallel") \
  X(kTypeWorkflowLoop, "workflow_loop") \
  X(kTypeWorkflowSleep, "workflow_sleep") \
  X(kTypeWorkflowWaitEvent, "workflow_wait_event") \
  X(kTypeWorkspaceAction, "workspace_action") \
  X(kTypeGeneric, "generic") \
  X(kTypeMemoryOperation, "memory_operation") \
  X(kTypeRagIngestion, "rag_ingestion") \
  X(kTypeRagEmbedding, "rag_embedding") \
  X(kTypeRagVectorOperation, "rag_vector_operation") \
  X(kTypeRagAction, "rag_action") \
  X(kTypeGraphAction, "graph_action") \
  X(kTypeMapping, "mapping") \
  X(kTypeSkillResolution, "skill_resolution") \
  X(kTypeSkillAction, "skill_action") \
  X(kTypeAgentSignal, "agent_signal") \
  /* The envelope of a Mastra span: written by the host, never as members. */ \
  X(kKeyId, "id") \
  X(kKeyTraceId, "traceId") \
  X(kKeyParentSpanId, "parentSpanId") \
  X(kKeyExternalParentSpanId, "externalParentSpanId") \
  X(kKeyName, "name") \
  X(kKeyType, "type") \
  X(kKeyStartTime, "startTime") \
  X(kKeyEndTime, "endTime") \
  X(kKeyIsEvent, "isEvent") \
  X(kKeyIsRootSpan, "isRootSpan") \
  X(kKeyIsInternal, "isInternal") \
  /* Other top-level fields of a Mastra span. */ \
  X(kKeyEntityType, "entityType") \
  X(kKeyEntityId, "entityId") \
  X(kKeyEntityName, "entityName") \
  X(kKeyAttributes, "attributes") \
  X(kKeyMetadata, "metadata") \
  X(kKeyTags, "tags") \
  X(kKeyInput, "input") \
  X(kKeyOutput, "output") \
  X(kKeyErrorInfo, "errorInfo") \
  X(kKeyRequestContext, "requestContext") \
  /* OpenTelemetry spans, events and links (kOtel items). */ \
  X(kKeyKind, "kind") \
  X(kKeyStatus, "status") \
  X(kKeyCode, "code") \
  X(kKeyMessage, "message") \
  X(kKeyTraceState, "traceState") \
  X(kKeyFlags, "flags") \
  X(kKeyEvents, "events") \
  X(kKeyLinks, "links") \
  X(kKeySpanId, "spanId") \
  X(kKeyTime, "time") \
  X(kKeyDroppedAttributesCount, "droppedAttributesCount") \
  X(kKeyDroppedEventsCount, "droppedEventsCount") \
  X(kKeyDroppedLinksCount, "droppedLinksCount") \
  /* Configuration. */ \
  X(kKeyServiceName, "serviceName") \
  X(kKeyResource, "resource") \
  X(kKeyScope, "scope") \
  X(kKeyVersion, "version") \
  X(kKeyDestinations, "destinations") \
  X(kKeyDialect, "dialect") \
  X(kKeyMaxBytes, "maxBytes") \
  X(kKeyMaxSpans, "maxSpans") \
  X(kKeyLimits, "limits") \
  X(kKeyAttributeCountLimit, "attributeCountLimit") \
  X(kKeyAttributeValueLengthLimit, "attributeValueLengthLimit") \
  X(kKeyEventCountLimit, "eventCountLimit") \
  X(kKeyLinkCountLimit, "linkCountLimit") \
  X(kKeyIdentity, "identity") \
  /* Attributes of Mastra spans, by span type, and the shapes they share. */ \
  X(kKeyConversationId, "conversationId") \
  X(kKeyInstructions, "instructions") \
  X(kKeyPrompt, "prompt") \
  X(kKeyAvailableTools, "availableTools") \
  X(kKeyMaxSteps, "maxSteps") \
  X(kKeyResolvedVersionId, "resolvedVersionId") \
  X(kKeyTripwireAbort, "tripwireAbort") \
  X(kKeyReason, "reason") \
  X(kKeyProcessorId, "processorId") \
  X(kKeyRetry, "retry") \
  X(kKeyScorerId, "scorerId") \
  X(kKeyScorerName, "scorerName") \
  X(kKeyScoreSource, "scoreSource") \
  X(kKeyTargetScope, "targetScope") \
  X(kKeyTargetEntityType, "targetEntityType") \
  X(kKeyScorerDefinition, "scorerDefinition") \
  X(kKeyClassifierId, "classifierId") \
  X(kKeyModelId, "modelId") \
  X(kKeyProvider, "provider") \
  X(kKeyQuestionCount, "questionCount") \
  X(kKeyQuestionTypes, "questionTypes") \
  X(kKeyMaxRetries, "maxRetries") \
  X(kKeyAttemptCount, "attemptCount") \
  X(kKeyRetryCount, "retryCount") \
  X(kKeyDurationMs, "durationMs") \
  X(kKeyUsage, "usage") \
  X(kKeyErrorType, "errorType") \
  X(kKeyStep, "step") \
  X(kKeyStepType, "stepType") \
  X(kKeyJudgeModel, "judgeModel") \
  X(kKeyModel, "model") \
  X(kKeyTools, "tools") \
  X(kKeyResultType, "resultType") \
  X(kKeyCostContext, "costContext") \
  X(kKeyParameters, "parameters") \
  X(kKeyMaxOutputTokens, "maxOutputTokens") \
  X(kKeyTemperature, "temperature") \
  X(kKeyTopP, "topP") \
  X(kKeyTopK, "topK") \
  X(kKeyPresencePenalty, "presencePenalty") \
  X(kKeyFrequencyPenalty, "frequencyPenalty") \
  X(kKeyStopSequences, "stopSequences") \
  X(kKeySeed, "seed") \
  X(kKeyAbortSignal, "abortSignal") \
  X(kKeyHeaders, "headers") \
  X(kKeyStreaming, "streaming") \
  X(kKeyFinishReason, "finishReason") \
  X(kKeyCompletionStartTime, "completionStartTime") \
  X(kKeyResponseModel, "responseModel") \
  X(kKeyResponseId, "responseId") \
  X(kKeyServerAddress, "serverAddress") \
  X(kKeyServerPort, "serverPort") \
  X(kKeyStepIndex, "stepIndex") \
  X(kKeyIsContinued, "isContinued") \
  X(kKeyWarnings, "warnings") \
  X(kKeyMessageId, "messageId") \
  X(kKeyProviderOptions, "providerOptions") \
  X(kKeyToolChoice, "toolChoice") \
  X(kKeyResponseFormat, "responseFormat") \
  X(kKeyChunkType, "chunkType") \
  X(kKeySequenceNumber, "sequenceNumber") \
  X(kKeyToolType, "toolType") \
  X(kKeyToolDescription, "toolDescription") \
  X(kKeyToolCallId, "toolCallId") \
  X(kKeySuccess, "success") \
  X(kKeyClientEnvironment, "clientEnvironment") \
  X(kKeyMcpServer, "mcpServer") \
  X(kKeyServerVersion, "serverVersion") \
  X(kKeyMcpMethod, "mcpMethod") \
  X(kKeyTargetName, "targetName") \
  X(kKeyMcpProtocolVersion, "mcpProtocolVersion") \
  X(kKeyClientName, "clientName") \
  X(kKeyClientVersion, "clientVersion") \
  X(kKeyEntryDescription, "entryDescription") \
  X(kKeyEntryMetadata, "entryMetadata") \
  X(kKeyConditionCount, "conditionCount") \
  X(kKeyTruthyIndexes, "truthyIndexes") \
  X(kKeySelectedSteps, "selectedSteps") \
  X(kKeyEntryId, "entryId") \
  X(kKeyConditionIndex, "conditionIndex") \
  X(kKeyResult, "result") \
  X(kKeyBranchCount, "branchCount") \
  X(kKeyParallelSteps, "parallelSteps") \
  X(kKeyLoopType, "loopType") \
  X(kKeyIteration, "iteration") \
  X(kKeyTotalIterations, "totalIterations") \
  X(kKeyConcurrency, "concurrency") \
  X(kKeyUntilDate, "untilDate") \
  X(kKeySleepType, "sleepType") \
  X(kKeyEventName, "eventName") \
  X(kKeyTimeoutMs, "timeoutMs") \
  X(kKeyEventReceived, "eventReceived") \
  X(kKeyWaitDurationMs, "waitDurationMs") \
  X(kKeyWorkspaceId, "workspaceId") \
  X(kKeyWorkspaceName, "workspaceName") \
  X(kKeyCategory, "category") \
  X(kKeySandboxProvider, "sandboxProvider") \
  X(kKeyFilesystemProvider, "filesystemProvider") \
  X(kKeyInternalUsage, "internalUsage") \
  X(kKeyOperationType, "operationType") \
  X(kKeyMessageCount, "messageCount") \
  X(kKeyEmbeddingTokens, "embeddingTokens") \
  X(kKeySemanticRecallEnabled, "semanticRecallEnabled") \
  X(kKeyVectorResultCount, "vectorResultCount") \
  X(kKeyWorkingMemoryEnabled, "workingMemoryEnabled") \
  X(kKeyLastMessages, "lastMessages") \
  X(kKeySelectedModel, "selectedModel") \
  X(kKeyMultiThread, "multiThread") \
  X(kKeyPipelineName, "pipelineName") \
  X(kKeySourceCount, "sourceCount") \
  X(kKeyVectorStore, "vectorStore") \
  X(kKeyIndexName, "indexName") \
  X(kKeyEmbeddingModel, "embeddingModel") \
  X(kKeyEmbeddingProvider, "embeddingProvider") \
  X(kKeyDimensions, "dimensions") \
  X(kKeyInputCount, "inputCount") \
  X(kKeyMode, "mode") \
  X(kKeyOperation, "operation") \
  X(kKeyStore, "store") \
  X(kKeyAction, "action") \
  X(kKeyStrategy, "strategy") \
  X(kKeyChunkSize, "chunkSize") \
  X(kKeyChunkOverlap, "chunkOverlap") \
  X(kKeyExtractor, "extractor") \
  X(kKeyCandidateCount, "candidateCount") \
  X(kKeyTopN, "topN") \
  X(kKeyScorer, "scorer") \
  X(kKeyNodeCount, "nodeCount") \
  X(kKeyEdgeCount, "edgeCount") \
  X(kKeyThreshold, "threshold") \
  X(kKeyStartNodes, "startNodes") \
  X(kKeyMaxDepth, "maxDepth") \
  X(kKeyMappingType, "mappingType") \
  X(kKeyAgentId, "agentId") \
  X(kKeySkillCount, "skillCount") \
  X(kKeyPhase, "phase") \
  X(kKeySkillFormat, "skillFormat") \
  X(kKeySkillName, "skillName") \
  X(kKeyStateId, "stateId") \
  X(kKeyTagName, "tagName") \
  X(kKeyProcessorExecutor, "processorExecutor") \
  X(kKeyProcessorIndex, "processorIndex") \
  X(kKeyProcessorPhase, "processorPhase") \
  X(kKeyHookDurationMs, "hookDurationMs") \
  X(kKeyMessageListMutations, "messageListMutations") \
  X(kKeyInputTokens, "inputTokens") \
  X(kKeyOutputTokens, "outputTokens") \
  X(kKeyInputDetails, "inputDetails") \
  X(kKeyOutputDetails, "outputDetails") \
  X(kKeyText, "text") \
  X(kKeyCacheRead, "cacheRead") \
  X(kKeyCacheWrite, "cacheWrite") \
  X(kKeyCacheWrite5m, "cacheWrite5m") \
  X(kKeyCacheWrite1h, "cacheWrite1h") \
  X(kKeyAudio, "audio") \
  X(kKeyImage, "image") \
  X(kKeyReasoning, "reasoning") \
  X(kKeyEstimatedCost, "estimatedCost") \
  X(kKeyCostUnit, "costUnit") \
  X(kKeyCostMetadata, "costMetadata") \
  X(kKeyDomain, "domain") \
  X(kKeyDetails, "details") \
  X(kKeyStack, "stack") \
  X(kKeyDescription, "description") \
  /* Metadata with a meaning of its own. */ \
  X(kKeyThreadId, "threadId") \
  X(kKeyResourceId, "resourceId") \
  X(kKeyRunId, "runId") \
  X(kKeyUserId, "userId") \
  X(kKeySessionId, "sessionId") \
  X(kKeyEnvironment, "environment") \
  /* Messages (AI SDK, Mastra) inside inputs and outputs. */ \
  X(kKeyMessages, "messages") \
  X(kKeyRole, "role") \
  X(kKeyContent, "content") \
  X(kKeyParts, "parts") \
  X(kKeyToolName, "toolName") \
  X(kKeyToolCalls, "toolCalls") \
  X(kKeyArgs, "args") \
  X(kKeyArguments, "arguments") \
  X(kKeyToolResults, "toolResults") \
  X(kKeyValue, "value") \
  X(kKeyData, "data") \
  X(kKeyMediaType, "mediaType") \
  X(kKeyUrl, "url") \
  X(kKeyObject, "object") \
  X(kKeyFiles, "files") \
  X(kKeySources, "sources") \
  X(kKeyResponse, "response")

namespace edgespan {

enum Key : uint16_t {
  kKeyNone = 0,
#define EDGESPAN_KEY_ID(identifier, name) identifier,
  EDGESPAN_SCHEMA(EDGESPAN_KEY_ID)
#undef EDGESPAN_KEY_ID
      kFirstDynamicKey,
};

constexpr Key kFirstSpanType = kTypeAgentRun;
constexpr Key kLastSpanType = kTypeAgentSignal;
constexpr uint32_t kSpanTypeCount = kLastSpanType - kFirstSpanType + 1;

// The fixed names in id order, '\n' between them (edgespan_keys).
extern const std::string_view kSchemaText;

// Name of a fixed key; REQUIRES 0 < key < kFirstDynamicKey.
std::string_view SchemaName(uint16_t key);

}  // namespace edgespan
