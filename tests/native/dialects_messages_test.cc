// Messages in dialects that give each part of one an attribute of its own.
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/dialect_run.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::Has;
using testing::Json;
using testing::Span;

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
