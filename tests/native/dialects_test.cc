// What a run says in each dialect, by hand, from the vendors' documentation: an agent that asked a model,
// called a tool and asked again, and what crosses spans (parents, roll-ups, who it was for). Goldens
// (golden_test.cc) hold the whole bodies.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/model/keys.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;
using PbSpan = otlp::pb::Span;

std::string At(int ms) { return "2026-11-20T07:57:09." + std::to_string(ms) + "Z"; }

// 1 agent > 2 generation > 3 step > 4 call (chunk 6), 5 tool; 7 step > 8 call (chunk 9)
std::vector<Json> Run() {
  const Json metadata = {{"threadId", "t1"},
                         {"resourceId", "u1"},
                         {"plan", {{"tier", "pro"}, {"seats", 3}}},
                         {"langfuse", {{"prompt", {{"name", "weather"}, {"version", 4}}}}}};
  const auto span = [&](const char* id, const char* parent, const char* type, Json members) {
    members["metadata"] = metadata;
    return Span(id, parent, type, members);
  };
  const auto usage = [](int in, int out) {
    return Json{{"inputTokens", in},
                {"outputTokens", out},
                {"inputDetails", {{"cacheRead", 10}, {"cacheWrite", 4}}},
                {"outputDetails", {{"reasoning", 2}}}};
  };
  const auto call = [&](const Json& used) {
    return Json{{"model", "gpt-5"},
                {"provider", "openai.responses"},
                {"responseModel", "gpt-5-2026"},
                {"finishReason", "stop"},
                {"completionStartTime", At(110)},
                {"parameters", {{"temperature", 0.5}, {"headers", {{"authorization", "secret"}}}}},
                {"costContext", {{"estimatedCost", 0.25}, {"costUnit", "usd"}}},
                {"usage", used}};
  };
  const Json tool_call = {
      {"toolCallId", "c1"}, {"toolName", "weather"}, {"args", {{"city", "Rome"}}}};
  std::vector<Json> run = {
      span("1", "", "agent_run",
           {{"entityId", "agent"},
            {"entityName", "Agent"},
            {"tags", {"a", "b"}},
            {"input",
             {{{"role", "user"}, {"content", "old"}}, {{"role", "user"}, {"content", "hi"}}}},
            {"output", {{"text", "21 degrees"}, {"files", Json::array()}}}}),
      span("2", "1", "model_generation",
           {{"input",
             {{"messages",
               {{{"role", "system"}, {"content", "be brief"}},
                {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "hi"}}}}}}}}},
            {"attributes", {{"model", "gpt-5"}, {"usage", usage(300, 30)}}}}),
      span("3", "2", "model_step", {{"attributes", {{"usage", usage(100, 10)}}}}),
      span("4", "3", "model_inference",
           {{"attributes", call(usage(100, 10))},
            {"output", {{"text", ""}, {"toolCalls", Json::array({tool_call})}}}}),
      span("5", "3", "tool_call",
           {{"entityName", "weather"},
            {"input", {{"city", "Rome"}}},
            {"output", "21"},
            {"attributes", {{"toolCallId", "c1"}}}}),
      span("6", "4", "model_chunk", {}),
      span("7", "2", "model_step", Json::object()),
      span("8", "7", "model_inference",
           {{"attributes", call(usage(200, 20))}, {"output", {{"text", "21 degrees"}}}}),
      span("9", "8", "model_chunk", {}),
  };
  for (Json& s : run) s["startTime"] = At(100), s["endTime"] = At(600);
  run[7]["startTime"] = At(300);
  run[8]["startTime"] = At(350);
  return run;
}

std::map<std::string, PbSpan> Spans(const Json& destination, const std::vector<Json>& run = Run()) {
  CoreLab lab({{"destinations", Json::array({destination})}});
  for (const Json& span : run) lab.Start(span);
  for (size_t i = run.size(); i > 0; --i) lab.End(run[i - 1]);
  std::map<std::string, PbSpan> spans;
  for (const PbSpan& span : lab.Take()) spans[HexOf(span.span_id()).substr(15)] = span;
  return spans;
}
std::map<std::string, Json> Told(const char* dialect) {
  std::map<std::string, Json> told;
  for (const auto& [id, span] : Spans({{"dialect", dialect}})) {
    told[id] = AttributesOf(span.attributes());
    CHECK(span.attributes_size() < 64);
    CHECK(told[id].dump().find("secret") == std::string::npos);
  }
  CHECK(told.size() == 9);
  return told;
}
// That `attributes` has all of `expected`; null: that it has not.
void Has(const Json& attributes, const Json& expected) {
  for (const auto& [name, value] : expected.items()) {
    INFO(name);
    const Json found = attributes.contains(name) ? attributes[name] : Json(nullptr);
    CHECK(found == value);
  }
}

TEST_CASE("dialects: whose it was is on every span, usage on model calls alone") {
  const std::pair<const char*, const char*> words[] = {
      {"genai", "gen_ai.usage.input_tokens"},
      {"openinference", "llm.token_count.prompt"},
      {"langfuse", "langfuse.observation.usage_details"},
      {"lemma", "llm.token_count.prompt"},
      {"langsmith", "langsmith.usage_metadata"},
      {"braintrust", "braintrust.metrics"},
      {"laminar", "gen_ai.usage.input_tokens"},
      {"posthog", "gen_ai.usage.input_tokens"},
      {"datadog", "gen_ai.usage.input_tokens"},
      {"dash0", "gen_ai.usage.input_tokens"},
      {"traceloop", "llm.usage.total_tokens"},
      {"mlflow", "gen_ai.usage.input_tokens"},
      {"agnost", "gen_ai.usage.input_tokens"},
  };
  for (const auto& [dialect, usage] : words) {
    for (const auto& [id, a] : Told(dialect)) {
      INFO(dialect << " " << id);
      CHECK(a.contains(usage) == (id == "4" || id == "8"));
      CHECK(a["session.id"] == "t1");
      CHECK(a["user.id"] == "u1");
    }
  }
}

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

TEST_CASE("dialects: a cost counts where it is in US dollars, of a call and of its run") {
  const std::pair<const char*, Json> units[] = {
      {"usd", 0.5}, {"USD", 0.5}, {"eur", nullptr}, {"", nullptr}};
  for (const auto& [unit, sum] : units) {
    INFO(unit);
    auto run = Run();
    for (Json& span : run) {
      if (span["type"] == "model_inference") span["attributes"]["costContext"]["costUnit"] = unit;
    }
    auto spans = Spans({{"dialect", "sentry"}}, run);
    Has(AttributesOf(spans["1"].attributes()), {{"gen_ai.cost.total_tokens", sum}});
    Has(AttributesOf(spans["8"].attributes()),
        {{"gen_ai.cost.total_tokens", sum.is_null() ? sum : Json(0.25)}});
  }
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

TEST_CASE("dialects: the session is the first of what may name it") {
  const auto told = [](const Json& members) {
    CoreLab lab;
    return AttributesOf(lab.Encode(Span("1", "", "agent_run", members)).attributes());
  };
  const Json conversation = {{"conversationId", "c"}};
  CHECK(told({{"attributes", conversation}})["session.id"] == "c");
  CHECK(told({{"attributes", conversation}, {"metadata", {{"threadId", "t"}}}})["session.id"] ==
        "t");
  CHECK(told({{"attributes", conversation}, {"metadata", {{"sessionId", "s"}}}})["session.id"] ==
        "s");
  const Json all =
      told({{"attributes", conversation},
            {"metadata",
             {{"threadId", "t"}, {"sessionId", "s"}, {"userId", "u"}, {"resourceId", "r"}}}});
  Has(all, {{"session.id", "s"}, {"user.id", "u"}, {"gen_ai.conversation.id", "t"}});
}

TEST_CASE("dialects: a key that is in no table does not stand for another") {
  CoreLab lab;
  const std::string inlined(KeyTable::kMaxBytes + 1, 'k');
  const Json metadata = {{inlined, "x"}, {"threadId", "t"}, {"resourceId", "r"}};
  const Json a =
      AttributesOf(lab.Encode(Span("1", "", "agent_run", {{"metadata", metadata}})).attributes());
  Has(a, {{"session.id", "t"}, {"user.id", "r"}, {"mastra.metadata." + inlined, "x"}});
}

TEST_CASE("dialects: a remote parent is kept or detached") {
  std::vector<Json> run = {Span("1"), Span("2", "1")};
  run[0]["externalParentSpanId"] = "b7ad6b7169203331";
  const auto check = [&](const Json& destination, bool detached) {
    INFO(destination.dump());
    auto spans = Spans(destination, run);
    CHECK(HexOf(spans["1"].parent_span_id()) == (detached ? "" : "b7ad6b7169203331"));
    CHECK(spans["1"].flags() == (detached ? 0x101 : 0x301));
    Has(AttributesOf(spans["1"].attributes()),
        {{"mastra.external_parent_span_id", detached ? Json("b7ad6b7169203331") : Json(nullptr)}});
    CHECK(HexOf(spans["2"].parent_span_id()) == "0000000000000001");
  };
  check({{"dialect", "genai"}}, false);
  check({{"dialect", "genai"}, {"remoteParent", "detach"}}, true);
  for (const char* dialect : {"openinference", "langfuse", "lemma", "langsmith", "braintrust",
                              "laminar", "posthog", "traceloop", "mlflow", "agnost"}) {
    check({{"dialect", dialect}}, true);
    check({{"dialect", dialect}, {"remoteParent", "keep"}}, false);
  }
  for (const char* dialect : {"datadog", "sentry"}) check({{"dialect", dialect}}, false);
}

TEST_CASE("dialects: types that are left out take no children with them, and are accounted for") {
  const Json destinations = {
      {{"dialect", "genai"}},
      {{"dialect", "langfuse"}, {"dropTypes", {"model_chunk", "model_step"}}}};
  CoreLab lab({{"destinations", destinations}});
  const std::vector<Json> run = Run();
  for (const Json& span : run) lab.Start(span);
  for (size_t i = run.size(); i > 0; --i) lab.End(run[i - 1]);
  CHECK(lab.Take(0, 0).size() == 9);
  std::map<std::string, PbSpan> spans;
  for (const PbSpan& span : lab.Take(0, 1)) spans[HexOf(span.span_id()).substr(15)] = span;
  CHECK(spans.size() == 5);
  for (const char* id : {"4", "5", "8"}) {
    CHECK(HexOf(spans[id].parent_span_id()).substr(15) == "2");
  }
  // What a chunk that is left out knew is not lost.
  CHECK(AttributesOf(spans["8"].attributes())["gen_ai.response.time_to_first_chunk"] == 0.05);
  CHECK(lab.ReadStats(1).dropped(LossReason::kLeftOut) == 4);
  CHECK(lab.ReadStats(1)[Stat::kAccepted] == 5);
  CHECK(lab.ReadStats(0).dropped() == 0);
}

TEST_CASE("dialects: nothing is sent where all is left out") {
  CoreLab lab(
      {{"destinations",
        Json::array({{{"dialect", "genai"}, {"dropTypes", {"generic"}}, {"maxSpans", 1}}})}});
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1", "tool_call"));
  lab.End(Span("4", "1"));
  lab.EndRoot(Span("1"));
  CHECK(lab.TakeIds() == "3");
  CHECK(lab.ReadStats().dropped(LossReason::kLeftOut) == 3);
  lab.EndRoot(Span("5"));
  CHECK(lab.TakeBatches().empty());
  CHECK(lab.ReadStats()[Stat::kPending] == 0);
}

TEST_CASE("dialects: a parent that never ended is passed over where an ancestor did") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.Start(Span("2", "1"));
  lab.End(Span("3", "2"));
  lab.EndRoot(Span("1"));
  for (const PbSpan& span : lab.Take()) {
    const std::string id = HexOf(span.span_id()).substr(15);
    if (id == "3") CHECK(HexOf(span.parent_span_id()).substr(15) == "1");
  }
}

TEST_CASE("dialects: time that runs backwards is repaired, and marked") {
  CoreLab lab;
  Json span = Span("1");
  span["endTime"] = At(100);
  span["startTime"] = At(200);
  const PbSpan repaired = lab.Encode(span);
  CHECK(repaired.end_time_unix_nano() == repaired.start_time_unix_nano());
  CHECK(AttributesOf(repaired.attributes())["edgespan.time_order_repaired"] == "true");
  CHECK(!AttributesOf(lab.Encode(Span("2")).attributes()).contains("edgespan.time_order_repaired"));
}

TEST_CASE("dialects: several parts of a message have places of their own") {
  CoreLab lab({{"destinations", Json::array({{{"dialect", "openinference"}}})}});
  const Json parts = {{{"type", "text"}, {"text", "look"}},
                      {{"type", "image"}, {"image", "x"}},
                      {{"type", "text"}, {"text", "here"}}};
  const Json results = {
      {{"type", "tool-result"},
       {"toolCallId", "a"},
       {"toolName", "f"},
       {"output", {{"type", "json"}, {"value", 1}}}},
      {{"type", "tool-result"}, {"toolCallId", "b"}, {"toolName", "g"}, {"output", 2}}};
  const Json input = {{{"role", "user"}, {"content", parts}},
                      {{"role", "tool"}, {"content", results}}};
  const Json output = {{"text", "so"}, {"reasoning", {{{"type", "reasoning"}, {"text", "hm"}}}}};
  const Json a = AttributesOf(
      lab.Encode(Span("1", "", "model_generation", {{"input", input}, {"output", output}}))
          .attributes());
  const std::string in = "llm.input_messages.";
  const std::string out = "llm.output_messages.0.message.contents.";
  Has(a, {{in + "0.message.content", nullptr},
          {in + "0.message.contents.0.message_content.type", "text"},
          {in + "0.message.contents.0.message_content.text", "look"},
          {in + "0.message.contents.1.message_content.type", "image"},
          {in + "0.message.contents.1.message_content.image.image.url", "x"},
          {in + "0.message.contents.2.message_content.text", "here"},
          {in + "1.message.role", "tool"},
          {in + "1.message.tool_call_id", "a"},
          {in + "1.message.content", "1"},
          {in + "2.message.role", "tool"},
          {in + "2.message.tool_call_id", "b"},
          {in + "2.message.content", "2"},
          {in + "3.message.role", nullptr},
          {out + "0.message_content.type", "reasoning"},
          {out + "0.message_content.text", "hm"},
          {out + "1.message_content.text", "so"}});
}

TEST_CASE("dialects: a call and its result in one part are two messages with an index") {
  CoreLab lab({{"destinations", Json::array({{{"dialect", "traceloop"}}})}});
  // As the AI SDK's UI messages have them.
  const Json invocation = {
      {"toolCallId", "a"}, {"toolName", "f"}, {"args", {{"x", 1}}}, {"result", "2"}};
  const Json parts = {{{"type", "tool-invocation"}, {"toolInvocation", invocation}},
                      {{"type", "text"}, {"text", "two"}}};
  const Json two = {{{"type", "text"}, {"text", "p"}}, {{"type", "text"}, {"text", "q"}}};
  const Json input = {{{"role", "assistant"}, {"parts", parts}},
                      {{"role", "user"}, {"content", two}},
                      {{"role", "user"}, {"content", "r"}}};
  const Json a =
      AttributesOf(lab.Encode(Span("1", "", "model_generation", {{"input", input}})).attributes());
  const std::string in = "gen_ai.prompt.";
  Has(a, {{in + "0.role", "assistant"},
          {in + "0.tool_calls.0.id", "a"},
          {in + "0.tool_calls.0.name", "f"},
          {in + "0.tool_calls.0.arguments", "{\"x\":1}"},
          {in + "0.content", nullptr},
          {in + "1.role", "tool"},
          {in + "1.tool_call_id", "a"},
          {in + "1.content", "2"},
          {in + "2.role", "assistant"},
          {in + "2.content", "two"},
          {in + "3.content", two.dump()},
          {in + "4.content", "r"},
          {in + "5.role", nullptr}});
}

}  // namespace
}  // namespace edgespan
