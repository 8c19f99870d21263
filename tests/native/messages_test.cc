// MessageWriter: Mastra's and the AI SDK's lists of messages as the convention's, and instructions
// and tools. Everything is compared as parsed JSON. The rest is in messages_*_test.cc.
#include "edgespan/semconv/messages.h"

#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/message_lab.h"

namespace edgespan {
namespace {

using testing::Input;
using testing::Json;
using testing::Message;
using testing::One;
using testing::Other;
using testing::Parsed;
using testing::RecordLab;
using testing::Text;

TEST_CASE("messages: a prompt") {
  CHECK(Input("hi \"there\"") == One(Message("user", One(Text("hi \"there\"")))));
  CHECK(Input("") == One(Message("user", One(Text("")))));
}

TEST_CASE("messages: lists, bare and below `messages`") {
  const Json messages = {{{"role", "system"}, {"content", "be brief"}},
                         {{"role", "user"}, {"content", "hi"}}};
  const Json expected = {Message("system", One(Text("be brief"))),
                         Message("user", One(Text("hi")))};
  CHECK(Input(messages) == expected);
  CHECK(Input({{"messages", messages}}) == expected);
  CHECK(Input({{"messages", messages}, {"schema", 1}}) == expected);
  CHECK(Input(Json::array()) == Json::array());
  CHECK(Input({{"messages", Json::array()}}) == Json::array());
}

TEST_CASE("messages: what stands beside the content") {
  const Json call = {
      {"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", Json::object()}};
  const Json api = {{"id", "c1"}, {"function", {{"name", "add"}, {"arguments", "{}"}}}};
  CHECK(Input(One({{"role", "assistant"}, {"content", "hi"}, {"tool_calls", {api, 7}}})) ==
        One(Message("assistant", Json::array({Text("hi"), call, Other(7)}))));
  CHECK(Input(One({{"role", "tool"}, {"tool_call_id", "c1"}, {"name", "add"}, {"content", "2"}})) ==
        One(Message("tool", One({{"type", "tool_call_response"},
                                 {"id", "c1"},
                                 {"name", "add"},
                                 {"response", "2"}}))));
  const Json invocation = {
      {"toolCallId", "c1"}, {"toolName", "add"}, {"args", "{}"}, {"result", 2}};
  const Json response = {
      {"type", "tool_call_response"}, {"id", "c1"}, {"name", "add"}, {"response", 2}};
  const Json invoked = {
      {"role", "assistant"}, {"content", "hi"}, {"toolInvocations", One(invocation)}};
  CHECK(Input(One(invoked)) ==
        One(Message("assistant", Json::array({Text("hi"), call, response}))));
  const Json attached = One({{"url", "https://x/a"}, {"contentType", "image/png"}});
  const Json uri = {
      {"modality", "image"}, {"mime_type", "image/png"}, {"type", "uri"}, {"uri", "https://x/a"}};
  const Json expected = One(Message("user", Json::array({Text("hi"), uri})));
  CHECK(Input(One({{"role", "user"}, {"content", "hi"}, {"experimental_attachments", attached}})) ==
        expected);
  CHECK(Input(One({{"role", "user"},
                   {"content",
                    {{"parts", One({{"type", "text"}, {"text", "hi"}})},
                     {"experimental_attachments", attached}}}})) == expected);
}

TEST_CASE("messages: Mastra 1, Mastra 2, UI messages") {
  const Json expected = One(Message("user", One(Text("hi"))));
  const Json part = {{"type", "text"}, {"text", "hi"}};
  CHECK(Input(One({{"id", "m"}, {"role", "user"}, {"type", "text"}, {"content", "hi"}})) ==
        expected);
  CHECK(Input(One({{"role", "user"},
                   {"content", {{"format", 2}, {"content", "old"}, {"parts", One(part)}}}})) ==
        expected);
  CHECK(Input(One({{"role", "user"}, {"parts", One(part)}})) == expected);
  CHECK(Input(One({{"role", "user"}, {"content", "old"}, {"parts", One(part)}})) == expected);
  CHECK(Input(One({{"role", "user"}, {"content", "hi"}, {"parts", "none"}})) == expected);
  CHECK(Input(Json{{"role", "user"}, {"content", "hi"}}) == expected);  // not in a list
  // The convention's own.
  CHECK(Input(One(Message("user", One({{"type", "uri"}, {"uri", "x:y"}})))) ==
        One(Message("user", One({{"type", "uri"}, {"uri", "x:y"}}))));
}

TEST_CASE("messages: what is no message stands in one, whole") {
  const Json odd[] = {
      Json::object(),
      {{"prompt", "hi"}},
      {{"messages", "no list"}},
      {{"messages", {{"role", "user"}}}},
      42,
      true,
      0.5,
      nullptr,
  };
  for (const Json& value : odd) {
    INFO(value.dump());
    CHECK(Input(value) == One(Message("user", One(Other(value)))));
  }
  CHECK(Input("date:1970-01-02T00:00:00.000Z") ==
        One(Message("user", One(Other("1970-01-02T00:00:00.000Z")))));
  // Within a list, one by one; the role stays where there is one.
  const std::pair<Json, const char*> list[] = {
      {1, "user"},
      {nullptr, "user"},
      {Json::array({1}), "user"},
      {{{"role", "assistant"}}, "assistant"},
      {{{"role", 7}, {"content", "x"}}, "user"},
      {{{"role", "tool"}, {"content", {{"a", 1}}}}, "tool"},
      {{{"role", "system"}, {"content", nullptr}}, "system"},
      {{{"content", "x"}}, "user"},
  };
  for (const auto& [value, role] : list) {
    INFO(value.dump());
    const Json message = {{"role", "user"}, {"content", "x"}};
    const Json expected =
        Json::array({Message(role, One(Other(value))), Message("user", One(Text("x")))});
    CHECK(Input(Json::array({value, message})) == expected);
    CHECK(Input({{"messages", Json::array({value, message})}}) == expected);
  }
  CHECK(Input(Json::array({"a", "b"})) ==
        Json::array({Message("user", One(Text("a"))), Message("user", One(Text("b")))}));
}

TEST_CASE("messages: instructions") {
  const auto instructions = [](const Json& prompt) {
    RecordLab lab;
    return Parsed(&lab, [&](MessageWriter writer) { writer.Instructions(lab.Value(prompt)); });
  };
  CHECK(instructions("be brief") == One(Text("be brief")));
  CHECK(instructions({{"role", "system"}, {"content", "be brief"}}) == One(Text("be brief")));
  CHECK(instructions({"a", {{"role", "system"}, {"content", "b"}}, 3}) ==
        Json::array({Text("a"), Text("b"), Other(3)}));
  CHECK(instructions(Json::array()) == Json::array());
  CHECK(instructions({{"content", {1}}}) == One(Other({{"content", {1}}})));
  CHECK(instructions(nullptr) == One(Other(nullptr)));
}

TEST_CASE("messages: tool names") {
  const auto names = [](const Json& tools) {
    RecordLab lab;
    return Parsed(&lab, [&](MessageWriter writer) { writer.ToolNames(lab.Value(tools)); });
  };
  const Json add = {{"type", "function"}, {"name", "add"}};
  CHECK(names({"add", "sub"}) == Json::array({add, {{"type", "function"}, {"name", "sub"}}}));
  CHECK(names({"add", {{"name", "x"}}, 7}) == Json::array({add, {{"name", "x"}}, 7}));
  CHECK(names(Json::array()) == Json::array());
  CHECK(names("all") == One({{"type", "function"}, {"name", "all"}}));

  // What is known of them.
  RecordLab lab;
  const Json known = {{{"type", "function"}, {"name", "add"}, {"parameters", {{"type", "object"}}}},
                      {{"name", 7}},
                      "odd"};
  for (const Json& definitions : {known, Json("none"), Json::array()}) {
    const Json told = Parsed(&lab, [&](MessageWriter writer) {
      writer.ToolNames(lab.Value({"sub", "add"}), lab.Value(definitions));
    });
    CHECK(told[0] == Json{{"type", "function"}, {"name", "sub"}});
    CHECK(told[1] == (definitions == known ? known[0] : add));
  }
}

}  // namespace
}  // namespace edgespan
