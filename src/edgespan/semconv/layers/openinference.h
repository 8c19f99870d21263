// OpenInference (spec/semantic_conventions.md of Arize-ai/openinference), as Phoenix and Arize AX read
// it. Members that it has no word for keep their mastra.* names, metadata and parameters of a model
// call are one JSON text each.
#pragma once

#include "edgespan/semconv/layer.h"

namespace edgespan::table {

inline constexpr Rule kOpenInference[] = {
    {Every, kConstant, kKeyNone, kCall, S, "openinference.span.kind=LLM"},
    {Every, kConstant, kKeyNone, kTools, S, "openinference.span.kind=TOOL"},
    {Every, kConstant, kKeyNone, kAgent, S, "openinference.span.kind=AGENT"},
    {Every, kConstant, kKeyNone, kEmbed, S, "openinference.span.kind=EMBEDDING"},
    {Every, kConstant, kKeyNone, kRetrievers, S, "openinference.span.kind=RETRIEVER"},
    {Every, kConstant, kKeyNone, kEvaluators, S, "openinference.span.kind=EVALUATOR"},
    {Every, kConstant, kKeyNone, kChains, S, "openinference.span.kind=CHAIN"},

    // Alone, where GenAI lies below: the same text under three names would be most of the body.
    Instead({S, kMimeType, kKeyInput, kAny, S, "input.mime_type"}),
    Instead({S, kInputMessages, kKeyInput, kCall, S, "input.value"}),
    Instead({S, kInputIndexed, kKeyInput, kCall, S, "llm.input_messages."}),
    Instead({S, kJson, kKeyInput, kNotCall, S, "input.value"}),
    Instead({S, kJson, kKeyInput, kTools, S, "tool.parameters"}),
    Instead({S, kMimeType, kKeyOutput, kAny, S, "output.mime_type"}),
    Instead({S, kJson, kKeyOutput, kAny, S, "output.value"}),
    Instead({S, kOutputIndexed, kKeyOutput, kCall, S, "llm.output_messages."}),

    {S, kValue, kKeyEntityName, kAgent, S, "agent.name"},
    Extra({S, kValue, kKeyEntityId, kAgent, S, "agent.name", kKeyNone, kKeyEntityName}),
    {S, kValue, kKeyEntityName, kTools, S, "tool.name"},
    Extra({S, kValue, kKeyEntityId, kTools, S, "tool.name", kKeyNone, kKeyEntityName}),
    {S, kList, kKeyTags, kAny, S, "tag.tags"},
    {S, kJson, kKeyMetadata, kAny, S, "metadata"},
    {M, kDrop, kKeyNone, kAny},

    // The model that answered, where it is known.
    {A, kValue, kKeyModel, kCall, S, "llm.model_name", kKeyAttributes, kKeyResponseModel},
    {A, kValue, kKeyResponseModel, kCall, S, "llm.model_name"},
    {A, kValue, kKeyModel, kEmbed, S, "embedding.model_name"},
    {A, kProvider, kKeyProvider, kCallEmbed, S, "llm.provider"},
    {A, kProvider, kKeyProvider, kCallEmbed, S, "llm.system"},
    {A, kValue, kKeyFinishReason, kCall, S, "llm.finish_reason"},
    {A, kParameters, kKeyParameters, kCall, S, "llm.invocation_parameters"},
    {P, kDrop, kKeyNone, kAny},
    Extra({A, kCost, kKeyCostContext, kCall, S, "llm.cost.total"}),
    {A, kFigures, kKeyUsage, kCallEmbed, S, "llm.token_count.total=C"},
    {U, kValue, kKeyInputTokens, kAny, S, "llm.token_count.prompt"},
    {U, kValue, kKeyOutputTokens, kAny, S, "llm.token_count.completion"},
    {I, kValue, kKeyCacheRead, kAny, S, "llm.token_count.prompt_details.cache_read"},
    {I, kValue, kKeyCacheWrite, kAny, S, "llm.token_count.prompt_details.cache_write"},
    {I, kValue, kKeyAudio, kAny, S, "llm.token_count.prompt_details.audio"},
    {O, kValue, kKeyReasoning, kAny, S, "llm.token_count.completion_details.reasoning"},
    {O, kValue, kKeyAudio, kAny, S, "llm.token_count.completion_details.audio"},

    {A, kValue, kKeyToolCallId, kTools, S, "tool.id"},
    {A, kValue, kKeyToolDescription, kTools, S, "tool.description"},
};

}  // namespace edgespan::table
