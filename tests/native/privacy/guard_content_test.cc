// What content policies hide where names, runs and dialects make it hard to see: whatever a policy is
// for has a word in it that must not be in the body.
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/core_lab.h"
#include "tests/support/otel_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::Batch;
using testing::CoreLab;
using testing::Json;
using testing::Span;

const char* const kWish = "edgespan.content";

Json Wish(const char* policy) { return {{"metadata", {{kWish, policy}, {"kept", "yes"}}}}; }

Json Destination(const Json& members, const char* dialect = "genai") {
  Json destination = members;
  destination["dialect"] = dialect;
  return {{"destinations", Json::array({destination})}};
}

Json Content(const char* policy) { return {{"content", {{"policy", policy}, {"limit", 10}}}}; }

Json Redact(const char* actions = "22222222222") {
  return {{"redact", {{"hooks", 1}, {"actions", actions}, {"hashKey", "k"}}}};
}

// All that leaves of what ended.
std::string Body(CoreLab* lab) {
  std::string all;
  for (const Batch& batch : lab->TakeBatches()) all += batch.body;
  return all;
}

bool Has(const std::string& body, std::string_view text) {
  return body.find(text) != std::string::npos;
}

// The root ends last.
std::string Leaves(const Json& config, const std::vector<Json>& spans) {
  CoreLab lab(config);
  for (const Json& span : spans) lab.Start(span);
  for (size_t i = spans.size(); i > 0; --i) lab.End(spans[i - 1]);
  return Body(&lab);
}

Json With(Json members, const Json& more) {
  members.update(more);
  return members;
}

TEST_CASE("guard content: a wish of any span hides the run") {
  const char* const dialect = GENERATE("genai", "openinference", "langfuse", "native");
  INFO(dialect);
  const Json said = {{"input", "SECRET in"}, {"output", "SECRET out"}};
  const auto run = [&](const Json& root, const Json& middle, const Json& leaf) {
    return Leaves(Destination(Json::object(), dialect),
                  {Span("1", "", "generic", With(said, root)),
                   Span("2", "1", "workflow_run", With(said, middle)),
                   Span("3", "2", "tool_call", With(said, leaf))});
  };
  const Json none = Json::object();
  REQUIRE(Has(run(none, none, none), "SECRET"));
  for (const std::string& body :
       {run(Wish("off"), none, none), run(none, Wish("off"), none), run(none, none, Wish("off")),
        run(Wish("full"), Wish("off"), none), run(none, Wish("off"), Wish("full"))}) {
    CHECK(!Has(body, "SECRET"));
    CHECK(!Has(body, kWish));
    CHECK(Has(body, "kept"));
  }
}

TEST_CASE("guard content: the wish of a span that leaves early, or without content, holds") {
  CoreLab lab(Destination(Json::object()));
  const Json said = {{"input", "SECRET in"}, {"output", "SECRET out"}};
  lab.Start(Span("1", "", "generic", {}));
  lab.End(Span("2", "1", "workflow_run", Wish("off")));
  CHECK(!Has(Body(&lab), kWish));
  lab.End(Span("3", "1", "tool_call", said));
  lab.End(Span("1", "", "generic", said));
  CHECK(!Has(Body(&lab), "SECRET"));
}

TEST_CASE("guard content: a scorer hides what the run hid that it quotes") {
  const Json said = {{"input", "SECRET in"}, {"output", "SECRET out"}};
  const auto run = [&](CoreLab* lab, const char* trace, const Json& members) {
    Json root = Span("1", "", "agent_run", members);
    root["traceId"] = trace;
    lab->Start(root);
    lab->End(root);
  };
  const auto scores = [&](CoreLab* lab, const char* of, const Json& more = Json::object()) {
    Json root = Span("8", "", "scorer_run",
                     With(With(said, {{"metadata", {{"targetTraceId", of}}}}), more));
    Json step = Span("9", "8", "scorer_step", With(said, {{"metadata", {{"targetTraceId", of}}}}));
    root["traceId"] = step["traceId"] = "5c0e";
    for (const Json& span : {root, step}) lab->Start(span);
    for (const Json& span : {step, root}) lab->End(span);
  };
  const Json hides = GENERATE(Json{{"metadata", {{kWish, "off"}}}}, Json{{"name", "hid all"}});
  const bool asks = hides.contains("metadata");
  const Json members = asks ? With(said, hides) : hides;
  INFO(members.dump());
  SECTION("that has left") {
    CoreLab lab(Destination(Json::object()));
    run(&lab, "a1", members);
    run(&lab, "a2", said);
    CHECK(Has(Body(&lab), "SECRET"));
    scores(&lab, "A1");
    CHECK(!Has(Body(&lab), "SECRET"));
  }
  SECTION("that tail sampling left out") {
    const Json rules = Json::array({{{"on", "error"}}});
    CoreLab lab(Destination({{"tail", {{"ratio", 0}, {"keep", rules}}}}));
    run(&lab, "a1", members);
    CHECK(Body(&lab).empty());
    scores(&lab, "a1", {{"errorInfo", {{"message", "it failed"}}}});
    const std::string body = Body(&lab);
    CHECK(Has(body, "it failed"));
    CHECK(!Has(body, "SECRET"));
  }
  SECTION("that is here yet") {
    CoreLab lab(Destination(Json::object()));
    run(&lab, "a1", members);
    scores(&lab, "a1");
    CHECK(!Has(Body(&lab), "SECRET"));
  }
  SECTION("and of no other") {
    CoreLab lab(Destination(Json::object()));
    run(&lab, "a1", members);
    run(&lab, "a2", said);
    Body(&lab);
    for (const char* of : {"a2", "a3", "no id"}) {
      scores(&lab, of);
      CHECK(Has(Body(&lab), "SECRET"));
    }
  }
  SECTION("among many") {
    CoreLab lab(Destination(Json::object()));
    run(&lab, "a1", members);
    for (int i = 0; i < 60; ++i) run(&lab, std::to_string(i + 1).c_str(), members);
    Body(&lab);
    scores(&lab, "a1");
    CHECK(!Has(Body(&lab), "SECRET"));
  }
}

TEST_CASE("guard content: a wish for all is not sent") {
  const char* const dialect = GENERATE("genai", "openinference", "langfuse", "native");
  INFO(dialect);
  const std::string body =
      Leaves(Destination(Json::object(), dialect),
             {Span("1", "", "generic", With(Wish("full"), {{"input", "shown"}}))});
  CHECK(!Has(body, kWish));
  CHECK(Has(body, "kept"));
  CHECK(Has(body, "shown"));
}

TEST_CASE("guard content: what Mastra hid stays hidden whatever a run wishes") {
  const std::string body =
      Leaves(Destination(Json::object()),
             {Span("1", "", "agent_run",
                   With(Wish("full"), {{"attributes", {{"instructions", "SECRET"}}}}))});
  CHECK(!Has(body, "SECRET"));
}

TEST_CASE("guard content: details of errors, in every dialect") {
  const char* const policy = GENERATE("off", "hashed", "truncated");
  const char* const dialect = GENERATE("genai", "native");
  INFO(policy << " " << dialect);
  const Json error = {{"errorInfo",
                       {{"message", "it broke"},
                        {"name", "TypeError"},
                        {"details", {{"asked", "a long story with a SECRET"}}}}}};
  const std::string body = Leaves(Destination(With(Redact(), Content(policy)), dialect),
                                  {Span("1", "", "tool_call", error)});
  CHECK(!Has(body, "SECRET"));
  CHECK(Has(body, "it broke"));
  CHECK(Has(body, "TypeError"));
  CHECK(Has(Leaves(Destination(Json::object(), dialect), {Span("1", "", "tool_call", error)}),
            "SECRET"));
}

TEST_CASE("guard content: what processors did to messages") {
  const char* const dialect = GENERATE("genai", "openinference", "native");
  const Json mutation = {{"type", "add"}, {"text", "SECRET"}, {"message", {{"content", "SECRET"}}}};
  const Json members = {
      {"input", "x"},
      {"attributes", {{"messageListMutations", Json::array({mutation})}, {"processorIndex", 1}}}};
  const std::string body =
      Leaves(Destination(Content("off"), dialect), {Span("1", "", "processor_run", members)});
  CHECK(!Has(body, "SECRET"));
}

TEST_CASE("guard content: names of OpenTelemetry's attributes, of many libraries") {
  const char* const name =
      GENERATE("gen_ai.tool.description", "tool.description", "tool.parameters",
               "gen_ai.retrieval.documents", "gen_ai.evaluation.explanation", "ai.schema",
               "ai.schema.description", "ai.response.files", "ai.documents", "llm.completions",
               "llm.function_call", "braintrust.input_json", "braintrust.output_json",
               "mlflow.spanInputs", "mlflow.spanOutputs", "langsmith.inputs", "Prompt",
               "gen_ai.PROMPT.0.content", "llm.input_messages.0.message.content", "tool_arguments",
               "reranker.output_documents", "gen_ai.tool.call.arguments", "ai.response.toolCalls");
  INFO(name);
  CoreLab lab(Destination(Content("off")));
  testing::EndOtel(&lab, {"a1", "", {{"attributes", {{name, "SECRET"}, {"kept", "yes"}}}}});
  const std::string body = Body(&lab);
  CHECK(!Has(body, "SECRET"));
  CHECK(Has(body, "kept"));
}

TEST_CASE("guard content: names that are none") {
  const char* const name =
      GENERATE("gen_ai.request.model", "gen_ai.request.parameters", "parameters",
               "gen_ai.tool.name", "exception.message", "http.request.method", "session.id", "tool",
               "inputx", "xinput", "", "server.address", "ai.model.provider", "code.function.name",
               "user.id", "gen_ai.operation.name");
  INFO(name);
  CoreLab lab(Destination(Content("off")));
  testing::EndOtel(&lab, {"a1", "", {{"attributes", {{name, "is shown"}}}}});
  CHECK(Has(Body(&lab), "is shown"));
}

TEST_CASE("guard content: chunks do not make the spans behind them pieces") {
  CoreLab lab(Destination(Redact()));
  lab.Start(Span("1"));
  lab.End(Span("2", "1", "model_chunk", {{"output", {{"text", "a piece"}}}}));
  testing::EndOtel(&lab, {"a1", "1", {{"attributes", {{"gen_ai.prompt", "is shown"}}}}});
  lab.End(Span("1"));
  const std::string body = Body(&lab);
  CHECK(!Has(body, "a piece"));
  CHECK(Has(body, "is shown"));
}

TEST_CASE("guard content: how long what was cut had been is a number") {
  CoreLab lab(Destination(Content("truncated")));
  lab.End(Span("1", "", "agent_run",
               {{"input", std::string(100, 'x')}, {"output", std::string(50, 'y')}}));
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  const Json attributes = AttributesOf(spans[0].attributes());
  uint32_t notes = 0;
  for (const auto& [name, value] : attributes.items()) {
    if (name.rfind("edgespan.original_length.", 0) != 0) continue;
    INFO(name << " " << value.dump());
    CHECK(value.is_number());
    ++notes;
  }
  CHECK(notes == 2);
}

TEST_CASE("guard content: a digest tells values apart, whatever their kind") {
  const Json values = {1, 2, 2.5, true, {{"a", 1}}, {{"a", 2}}, Json::array({1}), "text"};
  // As OTLP's own kinds, and in JSON.
  Json map;
  for (const Json& value : values) {
    map["at " + std::to_string(map.size())] = {{"password", value}};
  }
  CoreLab lab(Destination(Redact("44444444444")));
  testing::EndOtel(&lab, {"a1", "", {{"attributes", {{"map", map}}}}});
  lab.End(Span("1", "", "generic", {{"metadata", {{"map", map}}}}));
  uint32_t maps = 0;
  for (const auto& span : lab.Take()) {
    for (const auto& attribute : span.attributes()) {
      if (!Has(attribute.key(), "map")) continue;
      Json told = testing::Plain(attribute.value());
      if (told.is_string()) told = Json::parse(told.get<std::string>());
      std::set<std::string> digests;
      for (const auto& [name, one] : told.items()) {
        const auto digest = one["password"].get<std::string>();
        INFO(digest);
        CHECK(digest.rfind("[REDACTED:key:", 0) == 0);
        digests.insert(digest);
      }
      CHECK(digests.size() == values.size());
      ++maps;
    }
  }
  CHECK(maps == 2);
}

TEST_CASE("guard content: of a tracestate with something in it `ot` stays") {
  const std::string ot = "ot=rv:0123456789abcd";
  const auto told = [&](const std::string& state) {
    CoreLab lab(Destination(Redact()));
    const Json link = {
        {"traceId", testing::kTraceId}, {"spanId", "00f067aa0ba902b7"}, {"traceState", state}};
    testing::EndOtel(&lab, {"a1", "", {{"traceState", state}, {"links", Json::array({link})}}});
    const auto spans = lab.Take();
    REQUIRE(spans.size() == 1);
    REQUIRE(spans[0].links_size() == 1);
    CHECK(spans[0].links(0).trace_state() == spans[0].trace_state());
    const bool found = spans[0].trace_state() != state;
    CHECK(found == (lab.ReadStats()[Stat::kRedacted] > 0));
    return spans[0].trace_state();
  };
  CHECK(told("vendor=value," + ot) == "vendor=value," + ot);
  CHECK(told("vendor=jane.doe@example.com," + ot) == ot);
  CHECK(told("vendor=jane.doe@example.com") == "");
  CHECK(told("ot=x:jane.doe@example.com;rv:0123456789abcd") == ot);
  CHECK(told("ot=rv:jane@corp.test") == "");
}

}  // namespace
}  // namespace edgespan
