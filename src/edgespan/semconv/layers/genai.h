// The OpenTelemetry GenAI conventions (semantic-conventions-genai, spans and registry, v1.41), with
// Mastra's own attributes under mastra.* where the convention has no word. Names that Mastra's
// official exporter writes are kept, except where it departs from the registry: see
// src/edgespan/semconv/README.md.
#pragma once

#include "edgespan/semconv/layer.h"

namespace edgespan::table {

inline constexpr Rule kGenAi[] = {
    {Every, kOperation, kKeyNone, kAny, S, "gen_ai.operation.name"},

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
    Extra({S, kValue, kKeyEntityId, kTools, S, "gen_ai.tool.name", kKeyNone, kKeyEntityName}),
    {S, kValue, kKeyEntityName, kWorkflow, S, "gen_ai.workflow.name"},
    Extra(
        {S, kValue, kKeyEntityId, kWorkflow, S, "gen_ai.workflow.name", kKeyNone, kKeyEntityName}),
    {S, kValue, kKeyEntityId, kStep, S, ".step_id"},

    // The model call.
    {A, kValue, kKeyModel, kCallEmbed, S, "gen_ai.request.model"},
    {A, kProvider, kKeyProvider, kCallEmbed, S, "gen_ai.provider.name"},
    {A, kList, kKeyFinishReason, kCall, S, "gen_ai.response.finish_reasons"},
    {A, kValue, kKeyResponseModel, kCall, S, "gen_ai.response.model"},
    {A, kValue, kKeyResponseId, kCall, S, "gen_ai.response.id"},
    {A, kValue, kKeyServerAddress, kCall, S, "server.address"},
    {A, kValue, kKeyServerPort, kCall, S, "server.port"},
    {A, kValue, kKeyStreaming, kCall, S, "gen_ai.request.stream"},
    {A, kValue, kKeyCompletionStartTime, kCall, S, "mastra.completion_start_time"},
    {A, kFirstChunk, kKeyCompletionStartTime, kCall, S, "gen_ai.response.time_to_first_chunk"},
    {U, kValue, kKeyInputTokens, kAny, S, "gen_ai.usage.input_tokens"},
    {U, kValue, kKeyOutputTokens, kAny, S, "gen_ai.usage.output_tokens"},
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
    Extra({M, kValue, kKeyThreadId, kAny, S, "gen_ai.conversation.id"}),
    Extra({M, kValue, kKeyToolCallId, kTools, S, "gen_ai.tool.call.id", kKeyAttributes,
           kKeyToolCallId}),
};

}  // namespace edgespan::table
