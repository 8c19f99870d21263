// What a run says in each dialect, by hand, from the vendors' documentation: an agent that asked a
// model, called a tool and asked again (dialect_run.h). Goldens (golden_test.cc) hold the whole
// bodies.
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/dialect_run.h"

namespace edgespan {
namespace {

using testing::At;
using testing::AttributesOf;
using testing::CoreLab;
using testing::Has;
using testing::Json;
using testing::Span;
using testing::Told;

TEST_CASE("dialects: openinference") {
  auto told = Told("openinference");
  Has(told["1"], {{"openinference.span.kind", "AGENT"},
                  {"agent.name", "Agent"},
                  {"tag.tags", {"a", "b"}},
                  {"output.value", R"({"text":"21 degrees","files":[]})"},
                  {"output.mime_type", "application/json"},
                  {"gen_ai.operation.name", nullptr},
                  {"mastra.metadata.plan", nullptr}});
  CHECK(Json::parse(told["1"]["metadata"].get<std::string>())["plan"]["seats"] == 3);
  CHECK(told["3"]["openinference.span.kind"] == "CHAIN");
  Has(told["5"], {{"openinference.span.kind", "TOOL"},
                  {"tool.name", "weather"},
                  {"tool.id", "c1"},
                  {"tool.parameters", R"({"city":"Rome"})"},
                  {"input.value", R"({"city":"Rome"})"},
                  {"input.mime_type", "application/json"},
                  {"output.value", "21"},
                  {"output.mime_type", "text/plain"}});
  const std::string in = "llm.input_messages.";
  const std::string call = ".message.tool_calls.0.tool_call.";
  Has(told["8"], {{"openinference.span.kind", "LLM"},
                  {"llm.model_name", "gpt-5-2026"},
                  {"llm.provider", "openai"},
                  {"llm.finish_reason", "stop"},
                  {"llm.invocation_parameters", R"({"temperature":0.5})"},
                  {"llm.cost.total", 0.25},
                  {"llm.token_count.prompt", 200},
                  {"llm.token_count.completion", 20},
                  {"llm.token_count.total", 220},
                  {"llm.token_count.prompt_details.cache_read", 10},
                  {"llm.token_count.prompt_details.cache_write", 4},
                  {"llm.token_count.completion_details.reasoning", 2},
                  {"input.mime_type", "application/json"},
                  {in + "0.message.role", "system"},
                  {in + "0.message.content", "be brief"},
                  {in + "1.message.role", "user"},
                  {in + "1.message.content", "hi"},
                  {in + "2.message.role", "assistant"},
                  {in + "2" + call + "id", "c1"},
                  {in + "2" + call + "function.name", "weather"},
                  {in + "2" + call + "function.arguments", R"({"city":"Rome"})"},
                  {in + "3.message.role", "tool"},
                  {in + "3.message.tool_call_id", "c1"},
                  {in + "3.message.name", "weather"},
                  {in + "3.message.content", "21"},
                  {in + "4.message.role", nullptr},
                  {"llm.output_messages.0.message.role", "assistant"},
                  {"llm.output_messages.0.message.content", "21 degrees"}});
  CHECK(Json::parse(told["8"]["input.value"].get<std::string>()).size() == 4);
}

TEST_CASE("dialects: langfuse") {
  auto told = Told("langfuse");
  Has(told["1"], {{"langfuse.observation.type", "agent"},
                  {"langfuse.trace.name", "Agent"},
                  {"langfuse.trace.tags", {"a", "b"}},
                  {"langfuse.trace.metadata.plan.tier", "pro"},
                  {"langfuse.trace.metadata.plan.seats", 3},
                  {"langfuse.trace.output", R"({"text":"21 degrees","files":[]})"},
                  {"langfuse.observation.output", R"({"text":"21 degrees","files":[]})"},
                  {"langfuse.observation.prompt.name", nullptr}});
  Has(told["3"], {{"langfuse.observation.type", "span"},
                  {"langfuse.observation.metadata.plan.tier", "pro"},
                  {"langfuse.trace.metadata.plan.tier", nullptr},
                  {"langfuse.trace.output", nullptr}});
  CHECK(told["6"]["langfuse.observation.type"] == "event");
  Has(told["4"], {{"langfuse.observation.type", "generation"},
                  {"langfuse.observation.model.name", "gpt-5-2026"},
                  {"langfuse.observation.model.parameters", R"({"temperature":0.5})"},
                  {"langfuse.observation.usage_details",
                   R"({"input":86,"input_cache_read":10,"input_cache_creation":4,"output":8,)"
                   R"("output_reasoning_tokens":2,"total":110})"},
                  {"langfuse.observation.cost_details", R"({"total":0.25})"},
                  {"langfuse.observation.completion_start_time", At(110)},
                  {"langfuse.observation.prompt.name", "weather"},
                  {"langfuse.observation.prompt.version", 4},
                  {"gen_ai.input.messages", nullptr},
                  {"gen_ai.output.messages", nullptr},
                  {"gen_ai.usage.input_tokens", nullptr},
                  {"gen_ai.request.temperature", 0.5}});
  CHECK(Json::parse(told["8"]["langfuse.observation.input"].get<std::string>()).size() == 4);
  // Its own first chunk, not the first call's.
  CHECK(told["8"]["langfuse.observation.completion_start_time"] == At(350));
}

TEST_CASE("dialects: langfuse tells errors by level") {
  CoreLab lab({{"destinations", Json::array({{{"dialect", "langfuse"}}})}});
  const Json a = AttributesOf(
      lab.Encode(Span("1", "", "tool_call", {{"errorInfo", {{"message", "no"}}}})).attributes());
  Has(a, {{"langfuse.observation.level", "ERROR"},
          {"langfuse.observation.status_message", "no"},
          {"error.message", "no"}});
}

TEST_CASE("dialects: lemma") {
  auto told = Told("lemma");
  Has(told["1"], {{"input.value", "hi"},
                  {"ai.agent.input", "hi"},
                  {"output.value", "21 degrees"},
                  {"ai.agent.output", "21 degrees"},
                  {"ai.response.text", "21 degrees"},
                  {"gen_ai.agent.name", "Agent"},
                  {"ai.agent.name", "agent"},
                  {"lemma.thread_id", "t1"},
                  {"enduser.id", "u1"},
                  {"lemma.sdk.integration", "mastra"}});
  Has(told["4"], {{"openinference.span.kind", "llm"},
                  {"gen_ai.request.model", "gpt-5"},
                  {"ai.model.id", "gpt-5"},
                  {"llm.model_name", "gpt-5-2026"},
                  {"llm.provider", "openai"},
                  {"gen_ai.system", "openai"},
                  {"gen_ai.usage.input_tokens", 100},
                  {"ai.usage.inputTokens", 100},
                  {"ai.usage.outputTokens", 10},
                  {"llm.token_count.prompt", 100},
                  {"llm.cost.total", nullptr},
                  {"llm.input_messages.0.message.content", "be brief"},
                  {"gen_ai.input.messages", nullptr},
                  {"lemma.thread_id", nullptr}});
  Has(told["5"], {{"openinference.span.kind", "tool"},
                  {"tool.name", "weather"},
                  {"ai.toolCall.args", R"({"city":"Rome"})"},
                  {"ai.toolCall.result", "21"},
                  {"input.value", R"({"city":"Rome"})"},
                  {"output.value", "21"}});
}

TEST_CASE("dialects: langsmith, braintrust, laminar") {
  auto told = Told("langsmith");
  Has(told["1"], {{"langsmith.span.kind", "chain"},
                  {"langsmith.span.tags", "a,b"},
                  {"langsmith.metadata.thread_id", "t1"},
                  {"langsmith.metadata.session_id", "t1"},
                  {"langsmith.metadata.user_id", "u1"},
                  {"langsmith.metadata.plan.tier", "pro"}});
  Has(told["4"],
      {{"langsmith.span.kind", "llm"},
       {"gen_ai.system", "openai"},
       {"langsmith.usage_metadata", R"({"input_tokens":100,"output_tokens":10,"total_tokens":110,)"
                                    R"("input_token_details":{"cache_read":10,"cache_creation":4},)"
                                    R"("output_token_details":{"reasoning":2}})"}});
  told = Told("braintrust");
  Has(told["1"], {{"braintrust.span_attributes", R"({"type":"task"})"},
                  {"braintrust.tags", {"a", "b"}},
                  {"braintrust.metadata.user_id", "u1"},
                  {"braintrust.metadata.plan.seats", 3}});
  Has(told["5"], {{"braintrust.span_attributes", R"({"type":"tool"})"},
                  {"braintrust.input_json", R"({"city":"Rome"})"},
                  {"braintrust.output_json", R"("21")"}});
  Has(told["8"],
      {{"braintrust.metrics", R"({"prompt_tokens":200,"completion_tokens":20,"tokens":220,)"
                              R"("prompt_cached_tokens":10,"prompt_cache_creation_tokens":4,)"
                              R"("completion_reasoning_tokens":2})"},
       {"braintrust.metrics.time_to_first_token", 0.05}});
  told = Told("laminar");
  Has(told["4"], {{"lmnr.span.type", "LLM"},
                  {"gen_ai.system", "openai"},
                  {"gen_ai.usage.cost", 0.25},
                  {"lmnr.association.properties.session_id", "t1"},
                  {"lmnr.association.properties.metadata.plan.tier", "pro"}});
  Has(told["5"], {{"lmnr.span.type", "TOOL"}, {"lmnr.span.output", R"("21")"}});
  CHECK(told["1"]["lmnr.association.properties.tags"] == Json({"a", "b"}));
}

TEST_CASE("dialects: posthog, datadog, dash0, traceloop, sentry, mlflow, agnost") {
  auto told = Told("posthog");
  for (const auto& [id, a] : told) {
    for (const auto& [name, value] : a.items()) CHECK(name.rfind("ai.", 0) != 0);
    CHECK(a.contains("gen_ai.operation.name"));
    CHECK(a["$ai_session_id"] == "t1");
    CHECK(a["posthog.distinct_id"] == "u1");
  }
  Has(told["5"], {{"$ai_input_state", R"({"city":"Rome"})"}, {"$ai_output_state", "21"}});
  CHECK(told["4"]["$ai_total_cost_usd"] == 0.25);
  told = Told("datadog");
  Has(told["2"], {{"dd_llmobs_enabled", "true"}, {"gen_ai.conversation.id", "t1"}});
  CHECK(Json::parse(told["2"]["_dd.ml_obs.metadata"].get<std::string>())["plan"]["tier"] == "pro");
  told = Told("dash0");
  CHECK(told["1"].contains("metadata"));
  for (const auto& [id, a] : told) {
    INFO(id);
    for (const auto& [name, value] : a.items()) {
      CHECK(name.rfind("mastra.metadata.", 0) == std::string::npos);
    }
  }
  CHECK(told["4"].contains("gen_ai.input.messages"));

  told = Told("traceloop");
  Has(told["1"], {{"traceloop.span.kind", "agent"},
                  {"traceloop.entity.name", "Agent"},
                  {"traceloop.association.properties.session_id", "t1"},
                  {"traceloop.association.properties.plan.tier", "pro"}});
  Has(told["8"], {{"llm.request.type", "chat"},
                  {"gen_ai.prompt.0.role", "system"},
                  {"gen_ai.prompt.2.tool_calls.0.name", "weather"},
                  {"gen_ai.prompt.3.tool_call_id", "c1"},
                  {"gen_ai.completion.0.content", "21 degrees"},
                  {"llm.usage.total_tokens", 220}});
  told = Told("sentry");
  Has(told["1"], {{"gen_ai.usage.input_tokens", 300},
                  {"gen_ai.usage.output_tokens", 30},
                  {"gen_ai.usage.total_tokens", 330},
                  {"gen_ai.cost.total_tokens", 0.5}});
  Has(told["8"], {{"gen_ai.usage.total_tokens", 220},
                  {"gen_ai.cost.total_tokens", 0.25},
                  {"gen_ai.response.time_to_first_chunk", 0.05},
                  {"gen_ai.response.finish_reasons", R"(["stop"])"}});
  told = Told("mlflow");
  Has(told["5"], {{"mlflow.spanInputs", R"({"city":"Rome"})"},
                  {"mlflow.spanOutputs", "21"},
                  {"mlflow.spanType", nullptr}});
  Has(told["2"], {{"mlflow.spanType", "CHAIN"}});
  CHECK(told["8"].contains("gen_ai.input.messages"));
  CHECK_FALSE(told["8"].contains("mlflow.spanInputs"));
  told = Told("agnost");
  Has(told["3"],
      {{"agnost.session_id", "t1"}, {"agnost.user_id", "u1"}, {"mastra.metadata.threadId", "t1"}});
}

TEST_CASE("dialects: what is no text is none among tags with commas") {
  CoreLab lab({{"destinations", {{{"dialect", "langsmith"}}}}});
  tools::TapeWriter tape;
  tools::TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd | tape::kIsRoot;
  envelope.span_id = "1";
  tape.Trace("1");
  tape.Span(envelope);
  tape.Array(kKeyTags);
  tape.String(0, u"a");
  tape.Bytes(0, "\xff\xfe");
  tape.String(0, u"b");
  tape.End();
  tape.End();
  REQUIRE(lab.Commit(&tape) > 0);
  const auto spans = lab.Take();  // which parses
  REQUIRE(spans.size() == 1);
  CHECK(AttributesOf(spans[0].attributes())["langsmith.span.tags"] == "a,,b");
}

}  // namespace
}  // namespace edgespan
