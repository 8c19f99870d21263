// SpanEncoder: what went into a model and came out of it, said once: of steps and calls, beside the
// messages, and of tools. What messages look like is messages_test.cc.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/encoded_spans.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::Encoded;
using testing::EncodedRun;
using testing::Json;
using testing::Span;
using PbSpan = otlp::pb::Span;

const Json kPreview = {{"input", {{{"role", "user"}, {"content", "hi[tool: add]"}}}}};
const Json kGiven = {{"input", {{"messages", {{{"role", "user"}, {"content", "hi"}}}}}}};
const Json kInputNames[] = {"mastra.model_step.input", "gen_ai.input.messages",
                            "edgespan.partial_messages"};

// The three of them on a span; null where it has none.
std::vector<Json> InputsOf(const PbSpan& span) {
  const Json a = AttributesOf(span.attributes());
  std::vector<Json> inputs;
  for (const Json& name : kInputNames) {
    inputs.push_back(a.contains(name) ? a[name.get<std::string>()] : Json(nullptr));
  }
  return inputs;
}
std::vector<Json> Inputs(const Json& step, const Json& messages, const Json& mark) {
  return {step, messages, mark};
}

TEST_CASE("encoder: a step's preview is sent only where the messages are not, and marked") {
  const std::string preview = R"([{"role":"user","content":"hi[tool: add]"}])";
  const auto messages = [](const char* text) {
    return std::string(R"([{"role":"user","parts":[{"type":"text","content":")") + text +
           R"("}]}])";
  };
  {
    auto run = EncodedRun({Span("1", "", "model_generation", kGiven),
                           Span("2", "1", "model_step", kPreview),
                           Span("3", "2", "model_inference", kPreview)});
    CHECK(InputsOf(run["2"]) == Inputs(nullptr, nullptr, nullptr));
    CHECK(InputsOf(run["3"]) == Inputs(nullptr, messages("hi"), nullptr));
  }
  {  // The generation was left out: its call says what the step knows.
    auto run = EncodedRun({Span("1", "", "agent_run"), Span("2", "1", "model_step", kPreview),
                           Span("3", "2", "model_inference")});
    CHECK(InputsOf(run["2"]) == Inputs(nullptr, nullptr, nullptr));
    CHECK(InputsOf(run["3"]) == Inputs(nullptr, messages("hi[tool: add]"), "true"));
  }
  {  // No call below the step that is sent.
    auto run = EncodedRun(
        {Span("1", "", "model_generation", kGiven), Span("2", "1", "model_step", kPreview)});
    CHECK(InputsOf(run["2"]) == Inputs(preview, nullptr, "true"));
    const Json drop = {{"dialect", "genai"}, {"dropTypes", {"model_inference"}}};
    CoreLab lab({{"destinations", Json::array({drop})}});
    lab.Start(Span("1", "", "agent_run"));
    lab.Start(Span("2", "1", "model_step"));
    lab.End(Span("3", "2", "model_inference"));
    lab.End(Span("2", "1", "model_step", kPreview));
    lab.End(Span("1", "", "agent_run"));
    CHECK(InputsOf(lab.Take()[0]) == Inputs(preview, nullptr, "true"));
  }
  {  // What is no list of messages is no preview of one; what is no step has none.
    auto run = EncodedRun(
        {Span("1", "", "agent_run"), Span("2", "1", "model_step", {{"input", {{"model", "m"}}}}),
         Span("3", "2", "model_inference"), Span("4", "1", "model_inference", kGiven)});
    CHECK(InputsOf(run["2"]) == Inputs(R"({"model":"m"})", nullptr, nullptr));
    CHECK(InputsOf(run["3"]) == Inputs(nullptr, nullptr, nullptr));
    CHECK(InputsOf(run["4"]) == Inputs(nullptr, messages("hi"), nullptr));
  }
}

TEST_CASE("encoder: what stands beside the messages keeps its name") {
  const Json output = {{"text", "{}"},
                       {"toolCalls", Json::array()},
                       {"reasoning", "hm"},
                       {"files", {1}},
                       {"object", {{"a", 1}}},
                       {"reasoningText", "hm"},
                       {"sources", {"s"}},
                       {"warnings", Json::array()},
                       {"steps", "done"},
                       {std::string(99, 'k'), 5},
                       {"none", ""}};
  const Json input = {{"messages", {{{"role", "user"}, {"content", "hi"}}}},
                      {"schema", {{"b", 2}}}};
  for (const char* const type : {"model_inference", "model_generation"}) {
    const Json a = Encoded({{"input", input}, {"output", output}}, type);
    const std::string before = std::string("mastra.") + type;
    std::map<std::string, Json> found;
    for (const auto& [name, value] : a.items()) {
      if (name.rfind(before, 0) == 0) found[name.substr(before.size())] = value;
    }
    const std::map<std::string, Json> expected = {
        {".output.object", R"({"a":1})"},       {".output.reasoning_text", "hm"},
        {".output.sources", R"(["s"])"},        {".output.steps", "done"},
        {".output." + std::string(99, 'k'), 5}, {".input.schema", R"({"b":2})"}};
    CHECK(found == expected);
  }
  // What has no messages stands in one, whole.
  const Json a =
      Encoded({{"input", {{"prompt", "hi"}}}, {"output", {{"object", 1}}}}, "model_inference");
  for (const auto& [name, value] : a.items()) CHECK(name.rfind("mastra.model_", 0) != 0);
}

TEST_CASE("encoder: an agent's tools, as its model calls know them") {
  const Json tools = {
      {{"type", "function"}, {"name", "add"}, {"parameters", {{"type", "object"}}}}};
  const Json agent = {{"input", "hi"}, {"attributes", {{"availableTools", {"add", "sub"}}}}};
  const auto definitions = [&](const Json& generation) {
    auto run = EncodedRun({Span("1", "", "agent_run", agent), Span("2", "1", "generic"),
                           Span("3", "1", "model_generation", generation)});
    return Json::parse(
        AttributesOf(run["1"].attributes())["gen_ai.tool.definitions"].get<std::string>());
  };
  const Json sub = {{"type", "function"}, {"name", "sub"}};
  CHECK(definitions({{"attributes", {{"tools", tools}}}}) == Json::array({tools[0], sub}));
  CHECK(definitions(Json::object()) ==
        Json::array({Json{{"type", "function"}, {"name", "add"}}, sub}));
}

}  // namespace
}  // namespace edgespan
