// Where single backends depart from the conventions below them. Each is named like its dialect.
#pragma once

#include "edgespan/semconv/layer.h"

namespace edgespan::table {

// Upon GenAI and OpenInference. The contract wants one turn's question and answer on the root, and
// kinds in lower case; the backend computes the cost.
inline constexpr Rule kLemma[] = {
    Instead({Every, kOperation, kKeyNone, kAny, S, "gen_ai.operation.name"}),
    {Every, kConstant, kKeyNone, kCall, S, "openinference.span.kind=llm"},
    {Every, kConstant, kKeyNone, kTools, S, "openinference.span.kind=tool"},
    {Every, kConstant, kKeyNone, kAgent, S, "openinference.span.kind=agent"},
    {Every, kConstant, kKeyNone, kAny, S, "lemma.sdk.language=typescript"},
    {Every, kConstant, kKeyNone, kAny, S, "lemma.sdk.integration=mastra"},
    OnRoot(Instead({S, kQuestion, kKeyInput, kAny, S, "input.value"})),
    OnRoot({S, kQuestion, kKeyInput, kAny, S, "ai.agent.input"}),
    OnRoot(Instead({S, kAnswer, kKeyOutput, kAny, S, "output.value"})),
    OnRoot({S, kAnswer, kKeyOutput, kAny, S, "ai.agent.output"}),
    OnRoot({S, kAnswer, kKeyOutput, kAny, S, "ai.response.text"}),
    OnRoot({S, kValue, kKeyEntityId, kAny, S, "ai.agent.name"}),
    OnRoot(Extra({S, kValue, kKeyEntityName, kAny, S, "ai.agent.name", kKeyNone, kKeyEntityId})),
    OnRoot({S, kValue, kKeyEntityId, kNotAgent, S, "gen_ai.agent.name"}),
    OnRoot(Extra(
        {S, kValue, kKeyEntityName, kNotAgent, S, "gen_ai.agent.name", kKeyNone, kKeyEntityId})),
    OnRoot({Session, kValue, kKeyNone, kAny, S, "lemma.thread_id"}),
    OnRoot({User, kValue, kKeyNone, kAny, S, "enduser.id"}),
    {A, kValue, kKeyModel, kCall, S, "ai.model.id"},
    {A, kProvider, kKeyProvider, kCall, S, "gen_ai.system"},
    Instead({A, kDrop, kKeyCostContext, kAny}),
    {U, kValue, kKeyInputTokens, kAny, S, "ai.usage.inputTokens"},
    {U, kValue, kKeyOutputTokens, kAny, S, "ai.usage.outputTokens"},
    {S, kJson, kKeyInput, kTools, S, "ai.toolCall.args"},
    {S, kJson, kKeyOutput, kTools, S, "ai.toolCall.result"},
    {M, kValue, kKeyNone, kAny, S, "mastra.metadata."},
};

inline constexpr Rule kLangSmith[] = {
    {Every, kConstant, kKeyNone, kCall, S, "langsmith.span.kind=llm"},
    {Every, kConstant, kKeyNone, kTools, S, "langsmith.span.kind=tool"},
    {Every, kConstant, kKeyNone, kEmbed, S, "langsmith.span.kind=embedding"},
    {Every, kConstant, kKeyNone, kRetrievers, S, "langsmith.span.kind=retriever"},
    {Every, kConstant, kKeyNone, kSteps, S, "langsmith.span.kind=chain"},
    {Session, kValue, kKeyNone, kAny, S, "langsmith.metadata.thread_id"},
    {Session, kValue, kKeyNone, kAny, S, "langsmith.metadata.session_id"},
    {User, kValue, kKeyNone, kAny, S, "langsmith.metadata.user_id"},
    {M, kFlat, kKeyNone, kAny, S, "langsmith.metadata."},
    {S, kCommaList, kKeyTags, kAny, S, "langsmith.span.tags"},
    Instead({S, kJson, kKeyInput, kNotCall, S, "input.value"}),
    Instead({S, kJson, kKeyOutput, kNotCall, S, "output.value"}),
    {A, kProvider, kKeyProvider, kCall, S, "gen_ai.system"},
    {A, kFigures, kKeyUsage, kCallEmbed, S,
     "langsmith.usage_metadata={ \"input_tokens\":A\"output_tokens\":B\"total_tokens\":C"
     "\"input_token_details\":{ \"cache_read\":D\"cache_creation\":E }"
     "\"output_token_details\":{ \"reasoning\":F } }"},
};

inline constexpr Rule kBraintrust[] = {
    {Every, kConstant, kKeyNone, kCall, S, "braintrust.span_attributes={\"type\":\"llm\"}"},
    {Every, kConstant, kKeyNone, kTools, S, "braintrust.span_attributes={\"type\":\"tool\"}"},
    {Every, kConstant, kKeyNone, kEvaluators, S, "braintrust.span_attributes={\"type\":\"score\"}"},
    {Every, kConstant, kKeyNone, kTasks, S, "braintrust.span_attributes={\"type\":\"task\"}"},
    Instead({S, kInputMessages, kKeyInput, kCall, S, "braintrust.input_json"}),
    Instead({S, kQuoted, kKeyInput, kNotCall, S, "braintrust.input_json"}),
    Instead({S, kOutputMessages, kKeyOutput, kCall, S, "braintrust.output_json"}),
    Instead({S, kQuoted, kKeyOutput, kNotCall, S, "braintrust.output_json"}),
    {Session, kValue, kKeyNone, kAny, S, "braintrust.metadata.session_id"},
    {User, kValue, kKeyNone, kAny, S, "braintrust.metadata.user_id"},
    {M, kFlat, kKeyNone, kAny, S, "braintrust.metadata."},
    {S, kList, kKeyTags, kAny, S, "braintrust.tags"},
    {A, kFigures, kKeyUsage, kCallEmbed, S,
     "braintrust.metrics={ \"prompt_tokens\":A\"completion_tokens\":B\"tokens\":C"
     "\"prompt_cached_tokens\":D\"prompt_cache_creation_tokens\":E"
     "\"completion_reasoning_tokens\":F }"},
    {A, kFirstChunk, kKeyCompletionStartTime, kCall, S, "braintrust.metrics.time_to_first_token"},
};

inline constexpr Rule kLaminar[] = {
    {Every, kConstant, kKeyNone, kCall, S, "lmnr.span.type=LLM"},
    {Every, kConstant, kKeyNone, kTools, S, "lmnr.span.type=TOOL"},
    {Every, kConstant, kKeyNone, kOthers, S, "lmnr.span.type=DEFAULT"},
    Instead({S, kInputMessages, kKeyInput, kCall, S, "lmnr.span.input"}),
    Instead({S, kQuoted, kKeyInput, kNotCall, S, "lmnr.span.input"}),
    Instead({S, kOutputMessages, kKeyOutput, kCall, S, "lmnr.span.output"}),
    Instead({S, kQuoted, kKeyOutput, kNotCall, S, "lmnr.span.output"}),
    {Session, kValue, kKeyNone, kAny, S, "lmnr.association.properties.session_id"},
    {User, kValue, kKeyNone, kAny, S, "lmnr.association.properties.user_id"},
    {M, kFlat, kKeyNone, kAny, S, "lmnr.association.properties.metadata."},
    {S, kList, kKeyTags, kAny, S, "lmnr.association.properties.tags"},
    {A, kProvider, kKeyProvider, kCall, S, "gen_ai.system"},
    Extra({A, kCost, kKeyCostContext, kCall, S, "gen_ai.usage.cost"}),
};

// No key may begin with "ai.": the server would take the span for the Vercel AI SDK's.
inline constexpr Rule kPostHog[] = {
    Instead({S, kJson, kKeyInput, kNotCall, S, "$ai_input_state"}),
    Instead({S, kJson, kKeyOutput, kNotCall, S, "$ai_output_state"}),
    {Session, kValue, kKeyNone, kAny, S, "$ai_session_id"},
    {User, kValue, kKeyNone, kAny, S, "posthog.distinct_id"},
    Extra({A, kCost, kKeyCostContext, kCall, S, "$ai_total_cost_usd"}),
};

inline constexpr Rule kDatadog[] = {
    {Every, kConstant, kKeyNone, kAny, S, "dd_llmobs_enabled=true"},
    Extra(
        {M, kValue, kKeySessionId, kAny, S, "gen_ai.conversation.id", kKeyMetadata, kKeyThreadId}),
    {S, kJson, kKeyMetadata, kAny, S, "_dd.ml_obs.metadata"},
    {M, kDrop, kKeyNone, kAny},
};

// It keeps 32 attributes of a span, however many members metadata has: messages come last.
inline constexpr Rule kDash0[] = {
    {S, kJson, kKeyMetadata, kAny, S, "metadata"},
    {M, kDrop, kKeyNone, kAny},
};

inline constexpr Rule kTraceloop[] = {
    {Every, kConstant, kKeyNone, kCall, S, "llm.request.type=chat"},
    {Every, kConstant, kKeyNone, kEmbed, S, "llm.request.type=embedding"},
    {Every, kConstant, kKeyNone, kTools, S, "traceloop.span.kind=tool"},
    {Every, kConstant, kKeyNone, kAgent, S, "traceloop.span.kind=agent"},
    {Every, kConstant, kKeyNone, kWorkflow, S, "traceloop.span.kind=workflow"},
    {Every, kConstant, kKeyNone, kPlain, S, "traceloop.span.kind=task"},
    {S, kInputIndexed, kKeyInput, kCall, S, "gen_ai.prompt.=brief"},
    Instead({S, kJson, kKeyInput, kNotCall, S, "traceloop.entity.input"}),
    {S, kOutputIndexed, kKeyOutput, kCall, S, "gen_ai.completion.=brief"},
    Instead({S, kJson, kKeyOutput, kNotCall, S, "traceloop.entity.output"}),
    {S, kValue, kKeyEntityName, kAny, S, "traceloop.entity.name"},
    {S, kValue, kKeyEntityName, kWorkflow, S, "traceloop.workflow.name"},
    {Session, kValue, kKeyNone, kAny, S, "traceloop.association.properties.session_id"},
    {User, kValue, kKeyNone, kAny, S, "traceloop.association.properties.user_id"},
    {M, kFlat, kKeyNone, kAny, S, "traceloop.association.properties."},
    {S, kJson, kKeyTags, kAny, S, "traceloop.association.properties.tags"},
    {A, kProvider, kKeyProvider, kCall, S, "gen_ai.system"},
    {A, kFigures, kKeyUsage, kCall, S, "llm.usage.total_tokens=C"},
};

// The agent's own span says what the whole run took.
inline constexpr Rule kSentry[] = {
    {A, kFigures, kKeyUsage, kCallEmbed, S, "gen_ai.usage.total_tokens=C"},
    Extra({A, kCost, kKeyCostContext, kCall, S, "gen_ai.cost.total_tokens"}),
    OnRoot({Every, kFigures, kKeyNone, kNotCall, S, "gen_ai.usage.input_tokens=A"}),
    OnRoot({Every, kFigures, kKeyNone, kNotCall, S, "gen_ai.usage.output_tokens=B"}),
    OnRoot({Every, kFigures, kKeyNone, kNotCall, S, "gen_ai.usage.total_tokens=C"}),
    OnRoot({Every, kFigures, kKeyNone, kNotCall, S, "gen_ai.cost.total_tokens=I"}),
};

// The server has types, inputs and outputs of its own for what it reads from conventions, and is given
// those: of a convention's it leaves out what is empty or 0, and has no type for most operations. Its
// total of tokens needs both sides, of which an embedding has one.
inline constexpr Rule kMlflow[] = {
    {Every, kConstant, kKeyNone, kRetrievers, S, "mlflow.spanType=RETRIEVER"},
    {Every, kConstant, kKeyNone, kEvaluators, S, "mlflow.spanType=EVALUATOR"},
    {Every, kConstant, kKeyNone, kChains, S, "mlflow.spanType=CHAIN"},
    Instead({S, kValue, kKeyInput, kNotCall, S, "mlflow.spanInputs"}),
    Instead({S, kValue, kKeyOutput, kNotCall, S, "mlflow.spanOutputs"}),
    {A, kFigures, kKeyUsage, kEmbed, S,
     "mlflow.chat.tokenUsage={ \"input_tokens\":A\"output_tokens\":B\"total_tokens\":C }"},
    {S, kJson, kKeyTags, kAny, S, "mlflow.traceTag.tags"},
};

inline constexpr Rule kAgnost[] = {
    {Session, kValue, kKeyNone, kAny, S, "agnost.session_id"},
    {User, kValue, kKeyNone, kAny, S, "agnost.user_id"},
    Instead({S, kJson, kKeyInput, kNotCall, S, "input.value"}),
    Instead({S, kJson, kKeyOutput, kNotCall, S, "output.value"}),
};

}  // namespace edgespan::table
