// The schema table: every name the core knows, with its id. One table for C++ and TypeScript:
// scripts/build writes js/src/core/schema.gen.ts from it (src/tools/schema_gen.cc).
//
// Ids run from 1 in the order below and are ABI between one core.wasm and the shim built with it
// (they are regenerated together), not between releases. Names are Mastra's field names, as its
// exported spans spell them (@mastra/core, observability/types/tracing.d.ts), OpenTelemetry's where
// the item is an OpenTelemetry span, and our own for configuration.
//
// Only names that the core acts upon stand here. Every other key is interned by the host when it
// first meets it (edgespan_intern) and needs no line: the dialects' default rules name it.
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
  /* The envelope of a Mastra span: written by the host into the item's head, never as members. */ \
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
  /* Members of a Mastra span. */ \
  X(kKeyEntityType, "entityType") \
  X(kKeyEntityId, "entityId") \
  X(kKeyEntityName, "entityName") \
  X(kKeyAttributes, "attributes") \
  X(kKeyMetadata, "metadata") \
  X(kKeyTags, "tags") \
  X(kKeyInput, "input") \
  X(kKeyOutput, "output") \
  X(kKeyErrorInfo, "errorInfo") \
  /* Members of its attributes that a dialect names, and of the shapes inside them. */ \
  X(kKeyModel, "model") \
  X(kKeyProvider, "provider") \
  X(kKeyUsage, "usage") \
  X(kKeyParameters, "parameters") \
  X(kKeyFinishReason, "finishReason") \
  X(kKeyTripwireAbort, "tripwireAbort") \
  X(kKeyResponseModel, "responseModel") \
  X(kKeyResponseId, "responseId") \
  X(kKeyServerAddress, "serverAddress") \
  X(kKeyServerPort, "serverPort") \
  X(kKeyStreaming, "streaming") \
  X(kKeyCompletionStartTime, "completionStartTime") \
  X(kKeyCostContext, "costContext") \
  X(kKeyEstimatedCost, "estimatedCost") \
  X(kKeyCostUnit, "costUnit") \
  X(kKeyConversationId, "conversationId") \
  X(kKeyInstructions, "instructions") \
  X(kKeyAvailableTools, "availableTools") \
  X(kKeyTools, "tools") \
  X(kKeyChunkType, "chunkType") \
  X(kKeyToolCallId, "toolCallId") \
  X(kKeyToolDescription, "toolDescription") \
  X(kKeyToolType, "toolType") \
  X(kKeyMcpServer, "mcpServer") \
  X(kKeyMcpMethod, "mcpMethod") \
  X(kKeyMcpProtocolVersion, "mcpProtocolVersion") \
  X(kKeyDimensions, "dimensions") \
  X(kKeyInputTokens, "inputTokens") \
  X(kKeyOutputTokens, "outputTokens") \
  X(kKeyInputDetails, "inputDetails") \
  X(kKeyOutputDetails, "outputDetails") \
  X(kKeyCacheRead, "cacheRead") \
  X(kKeyCacheWrite, "cacheWrite") \
  X(kKeyCacheWrite5m, "cacheWrite5m") \
  X(kKeyCacheWrite1h, "cacheWrite1h") \
  X(kKeyAudio, "audio") \
  X(kKeyReasoning, "reasoning") \
  X(kKeyTemperature, "temperature") \
  X(kKeyMaxOutputTokens, "maxOutputTokens") \
  X(kKeyTopP, "topP") \
  X(kKeyTopK, "topK") \
  X(kKeyPresencePenalty, "presencePenalty") \
  X(kKeyFrequencyPenalty, "frequencyPenalty") \
  X(kKeySeed, "seed") \
  X(kKeyStopSequences, "stopSequences") \
  X(kKeyHeaders, "headers") \
  X(kKeyAbortSignal, "abortSignal") \
  /* Metadata with a meaning of its own; members of errorInfo. */ \
  X(kKeyThreadId, "threadId") \
  X(kKeySessionId, "sessionId") \
  X(kKeyUserId, "userId") \
  X(kKeyResourceId, "resourceId") \
  X(kKeyTraceName, "traceName") \
  X(kKeyLangfuse, "langfuse") \
  X(kKeyPrompt, "prompt") \
  X(kKeyMessage, "message") \
  X(kKeyStack, "stack") \
  X(kKeyDetails, "details") \
  /* Messages (AI SDK, Mastra) inside inputs and outputs. */ \
  X(kKeyMessages, "messages") \
  X(kKeyRole, "role") \
  X(kKeyContent, "content") \
  X(kKeyText, "text") \
  X(kKeyToolName, "toolName") \
  X(kKeyToolCalls, "toolCalls") \
  X(kKeyArgs, "args") \
  X(kKeyResult, "result") \
  X(kKeyValue, "value") \
  X(kKeyParts, "parts") \
  X(kKeyToolInvocation, "toolInvocation") \
  X(kKeyData, "data") \
  X(kKeyImage, "image") \
  X(kKeyUrl, "url") \
  X(kKeyMediaType, "mediaType") \
  X(kKeyMimeType, "mimeType") \
  X(kKeyPayload, "payload") \
  X(kKeyFiles, "files") \
  X(kKeyToolInvocations, "toolInvocations") \
  X(kKeyAttachments, "experimental_attachments") \
  X(kKeyOpenAiToolCalls, "tool_calls") \
  X(kKeyOpenAiToolCallId, "tool_call_id") \
  X(kKeyFunction, "function") \
  X(kKeyArguments, "arguments") \
  X(kKeyContentType, "contentType") \
  X(kKeyErrorText, "errorText") \
  X(kKeyIsError, "isError") \
  X(kKeyFilename, "filename") \
  /* OpenTelemetry spans, events and links (kOtel items). */ \
  X(kKeyStatus, "status") \
  X(kKeyCode, "code") \
  X(kKeyTraceState, "traceState") \
  X(kKeyFlags, "flags") \
  X(kKeyEvents, "events") \
  X(kKeyLinks, "links") \
  X(kKeySpanId, "spanId") \
  X(kKeyStartTimeUnixNano, "startTimeUnixNano") \
  X(kKeyEndTimeUnixNano, "endTimeUnixNano") \
  X(kKeySchemaUrl, "schemaUrl") \
  X(kKeyTime, "time") \
  X(kKeyDroppedAttributesCount, "droppedAttributesCount") \
  X(kKeyDroppedEventsCount, "droppedEventsCount") \
  X(kKeyDroppedLinksCount, "droppedLinksCount") \
  /* Of the start of a run's root. */ \
  X(kKeySamplingThreshold, "samplingThreshold") \
  /* Configuration. */ \
  X(kKeyTail, "tail") \
  X(kKeyRatio, "ratio") \
  X(kKeyKeep, "keep") \
  X(kKeyOn, "on") \
  X(kKeyMs, "ms") \
  X(kKeyAtLeast, "atLeast") \
  X(kKeyBelow, "below") \
  X(kKeyPerMinute, "perMinute") \
  X(kKeyBy, "by") \
  X(kKeyKey, "key") \
  X(kKeyResource, "resource") \
  X(kKeyScope, "scope") \
  X(kKeyVersion, "version") \
  X(kKeyDestinations, "destinations") \
  X(kKeyDialect, "dialect") \
  X(kKeyMaxBytes, "maxBytes") \
  X(kKeyMaxSpans, "maxSpans") \
  X(kKeyWhole, "whole") \
  X(kKeyRemoteParent, "remoteParent") \
  X(kKeyDropTypes, "dropTypes") \
  X(kKeyLimits, "limits") \
  X(kKeyAttributeCountLimit, "attributeCountLimit") \
  X(kKeyAttributeValueLengthLimit, "attributeValueLengthLimit") \
  X(kKeyEventCountLimit, "eventCountLimit") \
  X(kKeyLinkCountLimit, "linkCountLimit") \
  X(kKeyRedact, "redact") \
  X(kKeyHooks, "hooks") \
  X(kKeyActions, "actions") \
  X(kKeyHashKey, "hashKey") \
  X(kKeyKeys, "keys") \
  X(kKeyPolicy, "policy") \
  X(kKeyLimit, "limit") \
  /* Of metadata: how much of its content a run shows. */ \
  X(kKeyEdgespanContent, "edgespan.content") \
  /* And, on all spans of a scorer, whose content it quotes. */ \
  X(kKeyTargetTraceId, "targetTraceId")

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

// The fixed names in id order, each followed by a newline (edgespan_keys).
extern const char kSchemaText[];

// Name of a fixed key; REQUIRES 0 < key < kFirstDynamicKey.
std::string_view SchemaName(uint32_t key);

}  // namespace edgespan
