// The OpenTelemetry GenAI dialect (semantic-conventions-genai, spans and registry, v1.41), with
// Mastra's own attributes under mastra.* where the convention has no word. Names that Mastra's
// official exporter writes are kept, except where it departs from the registry: see
// src/edgespan/semconv/README.md.
#include "edgespan/semconv/dialect.h"

namespace edgespan {
namespace {

constexpr TypeSet kEmbedding = TypeBit(kTypeRagEmbedding);
constexpr TypeSet kMcpTool = TypeBit(kTypeMcpToolCall);
constexpr TypeSet kMcpServer = TypeBit(kTypeMcpServerRequest);

// Sets of span types that rules name, by index.
enum Types : uint8_t {
  kAny,
  kCall,
  kCallEmbedding,
  kCallAgent,
  kAgent,
  kTools,
  kOthers,
  kWorkflow,
  kStep,
  kMcp,
  kMcpRequest,
  kMcpBoth,
  kNotCall,
  kEmbed,
};
constexpr TypeSet kTypeSets[] = {
    kAllTypes,
    kModelCall,
    kModelCall | kEmbedding,
    kModelCall | TypeBit(kTypeAgentRun),
    TypeBit(kTypeAgentRun),
    kToolCalls,
    ~(kModelCall | kToolCalls),
    TypeBit(kTypeWorkflowRun),
    TypeBit(kTypeWorkflowStep),
    kMcpTool,
    kMcpServer,
    kMcpTool | kMcpServer,
    ~kModelCall,
    kEmbedding,
};

constexpr Scope S = Scope::kSpan;
constexpr Scope A = Scope::kAttributes;
constexpr Scope U = Scope::kUsage;
constexpr Scope I = Scope::kInputDetails;
constexpr Scope O = Scope::kOutputDetails;
constexpr Scope P = Scope::kParameters;
constexpr Scope Q = Scope::kOtherParameters;
constexpr Scope M = Scope::kMetadata;
constexpr Scope E = Scope::kError;
using enum Action;

constexpr Rule kRules[] = {
    {S, kEnter, kKeyAttributes, kAny, A},
    {S, kEnter, kKeyMetadata, kAny, M},
    {S, kEnter, kKeyErrorInfo, kAny, E},
    {S, kJson, kKeyTags, kAny, S, "mastra.tags"},

    // Input and output.
    {S, kInputMessages, kKeyInput, kCall, S, "gen_ai.input.messages"},
    {S, kJson, kKeyInput, kTools, S, "gen_ai.tool.call.arguments"},
    {S, kJson, kKeyInput, kOthers, S, ".input"},
    {S, kOutputMessages, kKeyOutput, kCall, S, "gen_ai.output.messages"},
    {S, kJson, kKeyOutput, kTools, S, "gen_ai.tool.call.result"},
    {S, kJson, kKeyOutput, kOthers, S, ".output"},

    // Who.
    {S, kValue, kKeyEntityId, kCallAgent, S, "gen_ai.agent.id"},
    {S, kValue, kKeyEntityName, kCallAgent, S, "gen_ai.agent.name"},
    {S, kValue, kKeyEntityName, kTools, S, "gen_ai.tool.name"},
    {S, kValue, kKeyEntityId, kTools, S, "gen_ai.tool.name", kKeyNone, kKeyEntityName},
    {S, kValue, kKeyEntityName, kWorkflow, S, "gen_ai.workflow.name"},
    {S, kValue, kKeyEntityId, kWorkflow, S, "gen_ai.workflow.name", kKeyNone, kKeyEntityName},
    {S, kValue, kKeyEntityId, kStep, S, ".step_id"},

    // The model call.
    {A, kValue, kKeyModel, kCallEmbedding, S, "gen_ai.request.model"},
    {A, kProvider, kKeyProvider, kCallEmbedding, S, "gen_ai.provider.name"},
    {A, kEnter, kKeyUsage, kCallEmbedding, U},
    {A, kEnter, kKeyParameters, kCall, P},
    {A, kEnter, kKeyParameters, kNotCall, Q},
    {A, kList, kKeyFinishReason, kCall, S, "gen_ai.response.finish_reasons"},
    {A, kValue, kKeyResponseModel, kCall, S, "gen_ai.response.model"},
    {A, kValue, kKeyResponseId, kCall, S, "gen_ai.response.id"},
    {A, kValue, kKeyServerAddress, kCall, S, "server.address"},
    {A, kValue, kKeyServerPort, kCall, S, "server.port"},
    {A, kValue, kKeyStreaming, kCall, S, "gen_ai.request.stream"},
    {A, kValue, kKeyCompletionStartTime, kCall, S, "mastra.completion_start_time"},
    {U, kValue, kKeyInputTokens, kAny, S, "gen_ai.usage.input_tokens"},
    {U, kValue, kKeyOutputTokens, kAny, S, "gen_ai.usage.output_tokens"},
    {U, kEnter, kKeyInputDetails, kAny, I},
    {U, kEnter, kKeyOutputDetails, kAny, O},
    {I, kValue, kKeyCacheRead, kAny, S, "gen_ai.usage.cache_read.input_tokens"},
    {I, kValue, kKeyCacheWrite, kAny, S, "gen_ai.usage.cache_creation.input_tokens"},
    {I, kValue, kKeyCacheWrite5m, kAny, S, "gen_ai.usage.cache_creation.5m_input_tokens"},
    {I, kValue, kKeyCacheWrite1h, kAny, S, "gen_ai.usage.cache_creation.1h_input_tokens"},
    {I, kValue, kKeyAudio, kAny, S, "gen_ai.usage.audio_input_tokens"},
    {O, kValue, kKeyReasoning, kAny, S, "gen_ai.usage.reasoning.output_tokens"},
    {O, kValue, kKeyAudio, kAny, S, "gen_ai.usage.audio_output_tokens"},
    {P, kValue, kKeyTemperature, kAny, S, "gen_ai.request.temperature"},
    {P, kValue, kKeyMaxOutputTokens, kAny, S, "gen_ai.request.max_tokens"},
    {P, kValue, kKeyTopP, kAny, S, "gen_ai.request.top_p"},
    {P, kValue, kKeyTopK, kAny, S, "gen_ai.request.top_k"},
    {P, kValue, kKeyPresencePenalty, kAny, S, "gen_ai.request.presence_penalty"},
    {P, kValue, kKeyFrequencyPenalty, kAny, S, "gen_ai.request.frequency_penalty"},
    {P, kValue, kKeySeed, kAny, S, "gen_ai.request.seed"},
    {P, kList, kKeyStopSequences, kAny, S, "gen_ai.request.stop_sequences"},
    // Headers may hold credentials, an abort signal is a live object: on no span.
    {P, kDrop, kKeyHeaders, kAny},
    {P, kDrop, kKeyAbortSignal, kAny},
    {Q, kDrop, kKeyHeaders, kAny},
    {Q, kDrop, kKeyAbortSignal, kAny},

    // Agents.
    {A, kValue, kKeyConversationId, kAgent, S, "gen_ai.conversation.id", kKeyMetadata,
     kKeyThreadId},
    {A, kInstructions, kKeyInstructions, kAgent, S, "gen_ai.system_instructions"},
    {A, kToolNames, kKeyAvailableTools, kAgent, S, "gen_ai.tool.definitions"},

    // Tools.
    {A, kValue, kKeyToolCallId, kTools, S, "gen_ai.tool.call.id"},
    {A, kValue, kKeyToolDescription, kTools, S, "gen_ai.tool.description"},
    {A, kValue, kKeyToolType, kTools, S, "gen_ai.tool.type"},
    {A, kValue, kKeyMcpServer, kMcp, S, "server.address"},
    {A, kValue, kKeyMcpServer, kMcpBoth, S, ".server_name"},
    {A, kValue, kKeyMcpMethod, kMcpRequest, S, "mcp.method.name"},
    {A, kValue, kKeyMcpProtocolVersion, kMcpRequest, S, "mcp.protocol.version"},

    // Retrieval.
    {A, kValue, kKeyDimensions, kEmbed, S, "gen_ai.embeddings.dimension.count"},
    {A, kValue, kKeyDimensions, kEmbed, S, ".dimensions"},

    // Metadata with a word of its own, beside mastra.metadata.*.
    {M, kValue, kKeyThreadId, kAny, S, "gen_ai.conversation.id"},
    {M, kValue, kKeyThreadId, kAny, S, "mastra.metadata.threadId"},
    {M, kValue, kKeyToolCallId, kTools, S, "gen_ai.tool.call.id", kKeyAttributes, kKeyToolCallId},
    {M, kValue, kKeyToolCallId, kAny, S, "mastra.metadata.toolCallId"},

    // Errors; the exception event carries the stack.
    {E, kValue, kKeyId, kAny, S, "error.type"},
    {E, kValue, kKeyName, kAny, S, "error.type", kKeyErrorInfo, kKeyId},
    {E, kDrop, kKeyStack, kAny},
};

constexpr Operation kOperations[] = {
    {kModelCall, "chat"},
    {kToolCalls, "execute_tool"},
    {TypeBit(kTypeModelStep), "agent_step"},
    {kEmbedding, "embeddings"},
    {TypeBit(kTypeAgentRun), "invoke_agent"},
    {TypeBit(kTypeWorkflowRun), "invoke_workflow"},
    {},
};

}  // namespace

constinit const Dialect kGenAi = {
    .name = "genai",
    .type_sets = kTypeSets,
    .rules = kRules,
    .rule_count = sizeof kRules / sizeof *kRules,
    .client = kModelCall | kEmbedding | kMcpTool,
    .server = kMcpServer,
    .operations = kOperations,
};

}  // namespace edgespan
