// SpanEncoder: what a model call says, by hand, and which span is the call: tokens must not be
// counted twice.
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/encoded_spans.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::Encoded;
using testing::EncodedRun;
using testing::Json;
using testing::Span;
using PbSpan = otlp::pb::Span;

TEST_CASE("encoder: a model call") {
  const Json members = {
      {"entityId", "weather-agent"},
      {"entityName", "Weather Agent"},
      {"entityType", "agent"},
      {"input", {{"messages", {{{"role", "user"}, {"content", "hi"}}}}}},
      {"output", {{"text", "hello"}}},
      {"metadata",
       {{"runId", "r1"}, {"threadId", "t1"}, {"nested", {{"a", 1}}}, {"none", nullptr}}},
      {"tags", {"a", "b"}},
      {"attributes",
       {{"model", "gpt-5"},
        {"provider", "openai.responses"},
        {"streaming", true},
        {"finishReason", "stop"},
        {"responseModel", "gpt-5-2026"},
        {"responseId", "resp_1"},
        {"serverAddress", "api.openai.com"},
        {"serverPort", 443},
        {"completionStartTime", "2026-11-20T07:57:09.100Z"},
        {"stepIndex", 0},
        {"toolChoice", "auto"},
        {"availableTools", {"add"}},
        {"parameters",
         {{"temperature", 0.5},
          {"maxOutputTokens", 100},
          {"topP", 0.9},
          {"topK", 40},
          {"presencePenalty", 0.1},
          {"frequencyPenalty", 0.2},
          {"seed", 0},
          {"maxRetries", 2},
          {"stopSequences", {"END", "STOP"}},
          {"headers", {{"authorization", "Bearer secret"}}},
          {"abortSignal", {{"aborted", false}}}}},
        {"usage",
         {{"inputTokens", 10},
          {"outputTokens", 20},
          {"inputDetails",
           {{"text", 9},
            {"cacheRead", 1},
            {"cacheWrite", 2},
            {"cacheWrite5m", 3},
            {"cacheWrite1h", 4},
            {"audio", 5}}},
          {"outputDetails", {{"text", 15}, {"reasoning", 6}, {"audio", 7}}}}}}}};
  const Json expected = {
      {"gen_ai.operation.name", "chat"},
      {"mastra.span.type", "model_inference"},
      {"gen_ai.agent.id", "weather-agent"},
      {"gen_ai.agent.name", "Weather Agent"},
      {"mastra.entity_type", "agent"},
      {"gen_ai.input.messages", R"([{"role":"user","parts":[{"type":"text","content":"hi"}]}])"},
      {"gen_ai.output.messages",
       R"([{"role":"assistant","parts":[{"type":"text","content":"hello"}],)"
       R"("finish_reason":"stop"}])"},
      {"mastra.metadata.runId", "r1"},
      {"mastra.metadata.threadId", "t1"},
      {"gen_ai.conversation.id", "t1"},
      {"mastra.metadata.nested", R"({"a":1})"},
      {"mastra.tags", R"(["a","b"])"},
      {"gen_ai.request.model", "gpt-5"},
      {"gen_ai.provider.name", "openai"},
      {"gen_ai.request.stream", true},
      {"gen_ai.response.finish_reasons", {"stop"}},
      {"gen_ai.response.model", "gpt-5-2026"},
      {"gen_ai.response.time_to_first_chunk", 0.1},
      {"session.id", "t1"},
      {"gen_ai.response.id", "resp_1"},
      {"server.address", "api.openai.com"},
      {"server.port", 443},
      {"mastra.completion_start_time", "2026-11-20T07:57:09.100Z"},
      {"mastra.model_inference.step_index", 0},
      {"mastra.model_inference.tool_choice", "auto"},
      {"mastra.model_inference.available_tools", R"(["add"])"},
      {"gen_ai.request.temperature", 0.5},
      {"gen_ai.request.max_tokens", 100},
      {"gen_ai.request.top_p", 0.9},
      {"gen_ai.request.top_k", 40},
      {"gen_ai.request.presence_penalty", 0.1},
      {"gen_ai.request.frequency_penalty", 0.2},
      {"gen_ai.request.seed", 0},
      {"mastra.model_inference.parameters.max_retries", 2},
      {"gen_ai.request.stop_sequences", {"END", "STOP"}},
      {"gen_ai.usage.input_tokens", 10},
      {"gen_ai.usage.output_tokens", 20},
      {"mastra.model_inference.usage.input_details.text", 9},
      {"gen_ai.usage.cache_read.input_tokens", 1},
      {"gen_ai.usage.cache_creation.input_tokens", 2},
      {"gen_ai.usage.cache_creation.5m_input_tokens", 3},
      {"gen_ai.usage.cache_creation.1h_input_tokens", 4},
      {"gen_ai.usage.audio_input_tokens", 5},
      {"mastra.model_inference.usage.output_details.text", 15},
      {"gen_ai.usage.reasoning.output_tokens", 6},
      {"gen_ai.usage.audio_output_tokens", 7},
  };
  CHECK(nlohmann::json(Encoded(members, "model_inference")) == nlohmann::json(expected));

  // An older Mastra, without inference spans: the generation is the call.
  Json older = expected;
  older.erase("mastra.model_inference.step_index");
  const Json generation = Encoded(members, "model_generation");
  CHECK(generation["gen_ai.operation.name"] == "chat");
  CHECK(generation["gen_ai.request.model"] == "gpt-5");
  CHECK(generation["gen_ai.usage.input_tokens"] == 10);
  CHECK(generation["mastra.model_generation.step_index"] == 0);

  // With them it is not: backends would count the tokens twice.
  Json below = Span("2", "1", "model_inference");
  auto run = EncodedRun({Span("1", "", "model_generation", members), below});
  const Json outer = AttributesOf(run["1"].attributes());
  CHECK(outer["gen_ai.operation.name"] == "model_generation");
  CHECK(!outer.contains("gen_ai.usage.input_tokens"));
  CHECK(!outer.contains("gen_ai.request.model"));
  CHECK(outer["mastra.model_generation.model"] == "gpt-5");
  CHECK(outer["mastra.model_generation.usage"].get<std::string>().find("\"inputTokens\":10") !=
        std::string::npos);
  CHECK(run["1"].kind() == PbSpan::SPAN_KIND_INTERNAL);
  CHECK(run["2"].kind() == PbSpan::SPAN_KIND_CLIENT);
  // The call has no input of its own: the generation's.
  CHECK(AttributesOf(run["2"].attributes())["gen_ai.input.messages"] ==
        expected["gen_ai.input.messages"]);
}

TEST_CASE("encoder: providers that the registry does not know") {
  const auto provider = [](const Json& given) {
    return Encoded({{"attributes", {{"provider", given}}}}, "model_inference")
        .value("gen_ai.provider.name", "absent");
  };
  CHECK(provider("OpenAI.chat") == "openai");
  CHECK(provider("Mock-Provider") == "mock-provider");
  CHECK(provider("OpenRouter.chat") == "openrouter");
  CHECK(provider("") == "");
}

TEST_CASE("encoder: a generation is the model call where it has no inference of its own") {
  const Json attributes = {{"attributes", {{"model", "m"}, {"usage", {{"inputTokens", 7}}}}}};
  const auto calls = [](std::map<std::string, PbSpan> run) {
    std::string ids;
    for (const auto& [id, span] : run) {
      const Json a = AttributesOf(span.attributes());
      CHECK((a["gen_ai.operation.name"] == "chat") == a.contains("gen_ai.usage.input_tokens"));
      if (a["gen_ai.operation.name"] == "chat") ids += id;
    }
    return ids;
  };
  // One of Mastra's agents beside one of an SDK's, with a tool that asks another of Mastra's.
  CHECK(calls(EncodedRun(
            {Span("1", "", "workflow_run"), Span("2", "1", "model_generation", attributes),
             Span("3", "2", "model_step"), Span("4", "3", "model_inference", attributes),
             Span("5", "1", "model_generation", attributes), Span("6", "5", "tool_call"),
             Span("7", "6", "model_generation", attributes),
             Span("8", "7", "model_inference", attributes)})) == "458");
  // A step between them was never announced: the inference may be of any generation.
  CHECK(
      calls(EncodedRun({Span("1", "", "agent_run"), Span("2", "1", "model_generation", attributes),
                        Span("3", "f", "model_inference", attributes)})) == "3");
}

TEST_CASE("encoder: the last call has the response's id") {
  const Json id = {{"attributes", {{"responseId", "r"}}}};
  const Json own = {{"attributes", {{"responseId", "own"}}}};
  for (const bool has_own : {false, true}) {
    auto run = EncodedRun({Span("1", "", "model_generation", id), Span("2", "1", "model_step"),
                           Span("3", "2", "model_inference"), Span("4", "1", "model_step"),
                           Span("5", "4", "model_inference", has_own ? own : Json::object())});
    CHECK(!AttributesOf(run["3"].attributes()).contains("gen_ai.response.id"));
    CHECK(AttributesOf(run["5"].attributes())["gen_ai.response.id"] == (has_own ? "own" : "r"));
    CHECK(AttributesOf(run["1"].attributes())["mastra.model_generation.response_id"] == "r");
  }
}

TEST_CASE("encoder: a later call's completion starts with its first chunk") {
  const auto told = [](const char* given, const char* start, const char* chunk) {
    Json call =
        Span("2", "1", "model_inference", {{"attributes", {{"completionStartTime", given}}}});
    Json piece = Span("3", "2", "model_chunk");
    call["startTime"] = start;
    piece["startTime"] = chunk;
    auto run = EncodedRun({Span("1", "", "agent_run"), call, piece});
    const Json a = AttributesOf(run["2"].attributes());
    const auto of = [&](const char* name) { return a.contains(name) ? a[name] : Json(nullptr); };
    return Json::array(
        {of("mastra.completion_start_time"), of("gen_ai.response.time_to_first_chunk")});
  };
  constexpr char kBefore[] = "2026-11-20T07:57:09.000Z";
  CHECK(told("2026-11-20T07:57:09.125Z", kBefore, "2026-11-20T07:57:09.200Z") ==
        Json::array({"2026-11-20T07:57:09.125Z", 0.125}));
  // Days of every kind.
  for (const char* const time :
       {"1970-01-01T00:00:00.001Z", "1999-12-31T23:59:59.999Z", "2000-02-29T01:02:03.004Z",
        "2026-03-01T10:20:30.040Z", "2028-12-31T00:00:00.000Z", "2100-03-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z"}) {
    CHECK(told("1969-12-31T00:00:00.000Z", time, time) == Json::array({time, 0}));
  }
  // Nothing tells: neither before the call, nor beyond what a date can say.
  for (const char* const time : {"2026-11-20T07:57:08.000Z", "1969-12-31T00:00:00.000Z"}) {
    CHECK(told("2026-11-20T07:57:08.999Z", kBefore, time) == Json::array({nullptr, nullptr}));
  }
}

}  // namespace
}  // namespace edgespan
