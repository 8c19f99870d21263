// Langfuse, upon GenAI: input and output in its own words alone (the server takes them from the first
// convention that has either), figures and parameters as it prices and shows them.
#pragma once

#include "edgespan/semconv/layer.h"

namespace edgespan::table {

inline constexpr Rule kLangfuse[] = {
    {Every, kConstant, kKeyNone, kCall, S, "langfuse.observation.type=generation"},
    {Every, kConstant, kKeyNone, kTools, S, "langfuse.observation.type=tool"},
    {Every, kConstant, kKeyNone, kAgent, S, "langfuse.observation.type=agent"},
    {Every, kConstant, kKeyNone, kEmbed, S, "langfuse.observation.type=embedding"},
    {Every, kConstant, kKeyNone, kRetrievers, S, "langfuse.observation.type=retriever"},
    {Every, kConstant, kKeyNone, kEvaluators, S, "langfuse.observation.type=evaluator"},
    {Every, kConstant, kKeyNone, kWorkflow, S, "langfuse.observation.type=chain"},
    {Every, kConstant, kKeyNone, kChunk, S, "langfuse.observation.type=event"},
    {Every, kConstant, kKeyNone, kPlain, S, "langfuse.observation.type=span"},

    Instead({S, kInputMessages, kKeyInput, kCall, S, "langfuse.observation.input"}),
    Instead({S, kJson, kKeyInput, kNotCall, S, "langfuse.observation.input"}),
    OnRoot({S, kJson, kKeyInput, kAny, S, "langfuse.trace.input"}),
    Instead({S, kOutputMessages, kKeyOutput, kCall, S, "langfuse.observation.output"}),
    Instead({S, kJson, kKeyOutput, kNotCall, S, "langfuse.observation.output"}),
    OnRoot({S, kJson, kKeyOutput, kAny, S, "langfuse.trace.output"}),

    {A, kValue, kKeyModel, kCallEmbed, S, "langfuse.observation.model.name", kKeyAttributes,
     kKeyResponseModel},
    {A, kValue, kKeyResponseModel, kCall, S, "langfuse.observation.model.name"},
    {A, kParameters, kKeyParameters, kCall, S, "langfuse.observation.model.parameters"},
    // Each kind of token has its price: what is read from and written to the cache is not input, what
    // was thought is not output.
    {A, kFigures, kKeyUsage, kCallEmbed, S,
     "langfuse.observation.usage_details={ \"input\":G\"input_cache_read\":D"
     "\"input_cache_creation\":E\"output\":H\"output_reasoning_tokens\":F\"total\":C }"},
    Instead({U, kDrop, kKeyInputTokens, kAny}),
    Instead({U, kDrop, kKeyOutputTokens, kAny}),
    Instead({I, kDrop, kKeyCacheRead, kAny}),
    Instead({I, kDrop, kKeyCacheWrite, kAny}),
    Instead({O, kDrop, kKeyReasoning, kAny}),
    Extra(
        {A, kCostJson, kKeyCostContext, kCall, S, "langfuse.observation.cost_details={\"total\":"}),
    {A, kInSpan, kKeyCompletionStartTime, kCall, S, "langfuse.observation.completion_start_time"},
    {M, kEnter, kKeyLangfuse, kCall, L},
    {L, kEnter, kKeyPrompt, kAny, T},
    {T, kValue, kKeyName, kAny, S, "langfuse.observation.prompt.name"},
    {T, kValue, kKeyVersion, kAny, S, "langfuse.observation.prompt.version"},

    Extra({E, kConstant, kKeyMessage, kAny, S, "langfuse.observation.level=ERROR"}),
    Extra({E, kValue, kKeyMessage, kAny, S, "langfuse.observation.status_message"}),

    {S, kList, kKeyTags, kAny, S, "langfuse.trace.tags"},
    OnRoot({M, kValue, kKeyTraceName, kAny, S, "langfuse.trace.name"}),
    OnRoot(Extra(
        {S, kValue, kKeyEntityName, kAny, S, "langfuse.trace.name", kKeyMetadata, kKeyTraceName})),
    OnRoot({M, kFlat, kKeyNone, kAny, S, "langfuse.trace.metadata."}),
    NotOnRoot({M, kFlat, kKeyNone, kAny, S, "langfuse.observation.metadata."}),
};

}  // namespace edgespan::table
