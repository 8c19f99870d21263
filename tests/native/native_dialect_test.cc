// Mastra's own words (semconv/layers/native.h), by hand: each member of a span as JSON text under its own
// name, as it was recorded; what nothing else of the body says of it; and that credentials stay out.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;
using PbSpan = otlp::pb::Span;

CoreLab Lab() { return CoreLab({{"destinations", {{{"dialect", "native"}}}}}); }

TEST_CASE("native dialect: members are JSON under their own names") {
  CoreLab lab = Lab();
  const Json members = {
      {"name", "tool: 'weather' (v2)"},
      {"entityName", "weather"},
      {"input", "21"},
      {"output", {{"list", {1, nullptr, "x"}}}},
      {"metadata", {{"threadId", "t"}, {"a.b", 1}}},
      {"tags", {"a"}},
      {"errorInfo", {{"message", "no"}, {"name", "TypeError"}}},
      {"requestContext", {{"userId", "u"}}},
      {"attributes",
       {{"text", "5"},
        {"number", 5},
        {"object", Json::object()},
        {"parameters", {{"headers", {{"authorization", "secret"}}}, {"topP", 0.5}}}}}};
  const PbSpan span = lab.Encode(Span("1", "", "tool_call", members));
  CHECK(span.name() == "tool: 'weather' (v2)");
  const Json expected = {{"entityName", R"("weather")"},
                         {"input", R"("21")"},
                         {"output", R"({"list":[1,null,"x"]})"},
                         {"told.metadata", "{}"},
                         {"metadata.threadId", R"("t")"},
                         {"metadata.a.b", "1"},
                         {"session.id", "t"},
                         {"tags", R"(["a"])"},
                         {"errorInfo", R"({"message":"no","name":"TypeError"})"},
                         {"requestContext", R"({"userId":"u"})"},
                         {"told.attributes", "{}"},
                         {"attributes.text", R"("5")"},
                         {"attributes.number", "5"},
                         {"attributes.object", "{}"},
                         {"attributes.parameters", R"({"topP":0.5})"},
                         {"mastra.span.type", "tool_call"}};
  const Json told = AttributesOf(span.attributes());
  for (const auto& [name, value] : told.items()) {
    INFO(name);
    // Objects of nlohmann's are in the order of their keys.
    CHECK(expected.contains(name));
    if (!expected.contains(name)) continue;
    const std::string text = expected[name];
    const bool plain = name == "mastra.span.type" || name == "session.id";
    CHECK((plain ? value == text : Json::parse(value.get<std::string>()) == Json::parse(text)));
  }
  CHECK(told.size() == expected.size());
}

TEST_CASE("native dialect: nothing is rebuilt, moved or left out") {
  CoreLab lab = Lab();
  const std::vector<Json> run = {
      Span("1", "", "agent_run"),
      Span("2", "1", "model_generation",
           {{"input", {{"messages", {{{"role", "user"}, {"content", "hi"}}}}}},
            {"attributes", {{"responseId", "r"}}}}),
      Span("3", "2", "model_step", {{"input", {"[tool: weather]"}}}),
      Span("4", "3", "model_inference", {{"attributes", {{"model", "m"}}}}),
      Span("5", "4", "model_chunk", {{"isEvent", true}, {"endTime", nullptr}}),
  };
  for (const Json& span : run) lab.Start(span);
  for (size_t i = run.size(); i > 0; --i) lab.End(run[i - 1]);
  std::map<std::string, Json> told;
  for (const PbSpan& span : lab.Take()) {
    const std::string id = HexOf(span.span_id()).substr(15);
    told[id] = AttributesOf(span.attributes());
    CHECK(span.name() == "span " + id);
  }
  REQUIRE(told.size() == 5);
  CHECK(told["3"]["input"] == R"(["[tool: weather]"])");
  CHECK(!told["4"].contains("input"));
  CHECK(!told["4"].contains("attributes.responseId"));
  CHECK(told["5"]["isEvent"] == "true");
  CHECK(!told["4"].contains("isEvent"));
}

}  // namespace
}  // namespace edgespan
