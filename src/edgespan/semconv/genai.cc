// The OpenTelemetry GenAI dialect (semantic-conventions-genai, spans and registry, v1.41), with
// Mastra's own attributes under mastra.* where the convention has no word. Names that Mastra's
// official exporter writes are kept, except where it departs from the registry: see
// src/edgespan/semconv/README.md.
#include "edgespan/semconv/dialect.h"

namespace edgespan {
namespace {

constexpr TypeSet kCallAndEmbedding = kModelCall | TypeBit(kTypeRagEmbedding);
constexpr TypeSet kAgent = TypeBit(kTypeAgentRun);
constexpr TypeSet kCallAndAgent = kModelCall | kAgent;
constexpr TypeSet kMcpTool = TypeBit(kTypeMcpToolCall);
constexpr TypeSet kMcpServer = TypeBit(kTypeMcpServerRequest);
constexpr TypeSet kEmbedding = TypeBit(kTypeRagEmbedding);

constexpr Scope S = Scope::kSpan;
constexpr Scope A = Scope::kAttributes;
constexpr Scope U = Scope::kUsage;
constexpr Scope I = Scope::kInputDetails;
constexpr Scope O = Scope::kOutputDetails;
constexpr Scope P = Scope::kParameters;
constexpr Scope M = Scope::kMetadata;
constexpr Scope E = Scope::kError;
using enum Action;

constexpr Rule kRules[] = {
    {S, kEnter, kKeyAttributes, kAllTypes, nullptr, A},
    {S, kEnter, kKeyMetadata, kAllTypes, nullptr, M},
    {S, kEnter, kKeyErrorInfo, kAllTypes, nullptr, E},
    {S, kJson, kKeyTags, kAllTypes, "mastra.tags"},

    // Input and output.
    {S, kInputMessages, kKeyInput, kModelCall, "gen_ai.input.messages"},
    {S, kJson, kKeyInput, kToolCalls, "gen_ai.tool.call.arguments"},
    {S, kJson, kKeyInput, ~(kModelCall | kToolCalls), ".input"},
    {S, kOutputMessages, kKeyOutput, kModelCall, "gen_ai.output.messages"},
    {S, kJson, kKeyOutput, kToolCalls, "gen_ai.tool.call.result"},
    {S, kJson, kKeyOutput, ~(kModelCall | kToolCalls), ".output"},

    // Who.
    {S, kValue, kKeyEntityId, kCallAndAgent, "gen_ai.agent.id"},
    {S, kValue, kKeyEntityName, kCallAndAgent, "gen_ai.agent.name"},
    {S, kValue, kKeyEntityName, kToolCalls, "gen_ai.tool.name"},
    {S, kUnlessSibling, kKeyEntityId, kToolCalls, "gen_ai.tool.name", S, kKeyEntityName},
    {S, kValue, kKeyEntityName, TypeBit(kTypeWorkflowRun), "gen_ai.workflow.name"},
    {S, kUnlessSibling, kKeyEntityId, TypeBit(kTypeWorkflowRun), "gen_ai.workflow.name", S,
     kKeyEntityName},
    {S, kValue, kKeyEntityId, TypeBit(kTypeWorkflowStep), ".step_id"},
    {S, kValue, kKeyEntityType, kAllTypes, "mastra.entity.type"},

    // The model call.
    {A, kValue, kKeyModel, kCallAndEmbedding, "gen_ai.request.model"},
    {A, kProvider, kKeyProvider, kCallAndEmbedding, "gen_ai.provider.name"},
    {A, kEnter, kKeyUsage, kCallAndEmbedding, nullptr, U},
    {A, kEnter, kKeyParameters, kModelCall, nullptr, P},
    {A, kTextList, kKeyFinishReason, kModelCall, "gen_ai.response.finish_reasons"},
    {A, kValue, kKeyResponseModel, kModelCall, "gen_ai.response.model"},
    {A, kValue, kKeyResponseId, kModelCall, "gen_ai.response.id"},
    {A, kValue, kKeyServerAddress, kModelCall, "server.address"},
    {A, kValue, kKeyServerPort, kModelCall, "server.port"},
    {A, kValue, kKeyStreaming, kModelCall, "gen_ai.request.stream"},
    {A, kValue, kKeyCompletionStartTime, kModelCall, "mastra.completion_start_time"},
    {U, kValue, kKeyInputTokens, kAllTypes, "gen_ai.usage.input_tokens"},
    {U, kValue, kKeyOutputTokens, kAllTypes, "gen_ai.usage.output_tokens"},
    {U, kEnter, kKeyInputDetails, kAllTypes, nullptr, I},
    {U, kEnter, kKeyOutputDetails, kAllTypes, nullptr, O},
    {I, kValue, kKeyCacheRead, kAllTypes, "gen_ai.usage.cache_read.input_tokens"},
    {I, kValue, kKeyCacheWrite, kAllTypes, "gen_ai.usage.cache_creation.input_tokens"},
    {I, kValue, kKeyCacheWrite5m, kAllTypes, "gen_ai.usage.cache_creation.5m_input_tokens"},
    {I, kValue, kKeyCacheWrite1h, kAllTypes, "gen_ai.usage.cache_creation.1h_input_tokens"},
    {I, kValue, kKeyAudio, kAllTypes, "gen_ai.usage.audio_input_tokens"},
    {O, kValue, kKeyReasoning, kAllTypes, "gen_ai.usage.reasoning.output_tokens"},
    {O, kValue, kKeyAudio, kAllTypes, "gen_ai.usage.audio_output_tokens"},
    {P, kValue, kKeyTemperature, kAllTypes, "gen_ai.request.temperature"},
    {P, kValue, kKeyMaxOutputTokens, kAllTypes, "gen_ai.request.max_tokens"},
    {P, kValue, kKeyTopP, kAllTypes, "gen_ai.request.top_p"},
    {P, kValue, kKeyTopK, kAllTypes, "gen_ai.request.top_k"},
    {P, kValue, kKeyPresencePenalty, kAllTypes, "gen_ai.request.presence_penalty"},
    {P, kValue, kKeyFrequencyPenalty, kAllTypes, "gen_ai.request.frequency_penalty"},
    {P, kValue, kKeySeed, kAllTypes, "gen_ai.request.seed"},
    {P, kTextList, kKeyStopSequences, kAllTypes, "gen_ai.request.stop_sequences"},
    {P, kDrop, kKeyHeaders},      // may hold credentials
    {P, kDrop, kKeyAbortSignal},  // a live object

    // Agents.
    {A, kUnlessThread, kKeyConversationId, kAgent, "gen_ai.conversation.id"},
    {A, kInstructions, kKeyInstructions, kAgent, "gen_ai.system_instructions"},
    {A, kToolNames, kKeyAvailableTools, kAgent, "gen_ai.tool.definitions"},

    // Tools.
    {A, kValue, kKeyToolCallId, kToolCalls, "gen_ai.tool.call.id"},
    {A, kValue, kKeyToolDescription, kToolCalls, "gen_ai.tool.description"},
    {A, kValue, kKeyToolType, kToolCalls, "gen_ai.tool.type"},
    {A, kValue, kKeyMcpServer, kMcpTool, "server.address"},
    {A, kValue, kKeyMcpServer, kMcpTool | kMcpServer, ".server_name"},
    {A, kValue, kKeyMcpMethod, kMcpServer, "mcp.method.name"},
    {A, kValue, kKeyMcpProtocolVersion, kMcpServer, "mcp.protocol.version"},

    // Retrieval.
    {A, kValue, kKeyDimensions, kEmbedding, "gen_ai.embeddings.dimension.count"},
    {A, kValue, kKeyDimensions, kEmbedding, ".dimensions"},

    // Metadata with a word of its own, beside mastra.metadata.*.
    {M, kValue, kKeyThreadId, kAllTypes, "gen_ai.conversation.id"},
    {M, kValue, kKeyThreadId, kAllTypes, "mastra.metadata.threadId"},
    {M, kUnlessAttribute, kKeyToolCallId, kToolCalls, "gen_ai.tool.call.id", S, kKeyToolCallId},
    {M, kValue, kKeyToolCallId, kAllTypes, "mastra.metadata.toolCallId"},

    // Errors; the exception event carries the stack.
    {E, kValue, kKeyId, kAllTypes, "error.type"},
    {E, kUnlessSibling, kKeyName, kAllTypes, "error.type", S, kKeyId},
    {E, kDrop, kKeyStack},
};

constexpr auto kTable = MakeTable(kRules);

std::string_view Operation(TypeSet bits) {
  if (bits & kModelCall) return "chat";
  if (bits & kToolCalls) return "execute_tool";
  if (bits & TypeBit(kTypeModelStep)) return "agent_step";
  if (bits & kEmbedding) return "embeddings";
  if (bits & kAgent) return "invoke_agent";
  if (bits & TypeBit(kTypeWorkflowRun)) return "invoke_workflow";
  return {};
}

}  // namespace

constinit const Dialect kGenAi = {
    .name = "genai",
    .rules = kTable.rules,
    .starts = kTable.starts,
    .client = kCallAndEmbedding | kMcpTool,
    .server = kMcpServer,
    .operation = Operation,
};

}  // namespace edgespan
