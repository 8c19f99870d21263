// MessageWriter: Mastra's and the AI SDK's shapes as the convention's messages, and the input of a
// later step rebuilt from what came before. Everything is compared as parsed JSON, so that it is
// valid JSON is part of every check.
#include "edgespan/semconv/messages.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/record_lab.h"

namespace edgespan {
namespace {

using testing::Json;
using testing::RecordLab;
using Rebuilt = MessageWriter::Rebuilt;

template <class Write>
Json Parsed(RecordLab* lab, Write write) {
  const std::string text =
      lab->Written([&](Buffer* out) { write(MessageWriter(lab->context(), out)); });
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  INFO(text);
  REQUIRE(!json.is_discarded());
  return json;
}
Json Input(const Json& value) {
  RecordLab lab;
  return Parsed(&lab, [&](MessageWriter writer) { writer.Input(lab.Value(value)); });
}
Json Output(const Json& value, std::string_view finish_reason = "") {
  RecordLab lab;
  const Node* const reason = lab.Value(std::string(finish_reason));
  const TreeNode call = {};
  return Parsed(&lab, [&](MessageWriter writer) { writer.Output(call, lab.Value(value), reason); });
}
Json Text(const char* content) { return {{"type", "text"}, {"content", content}}; }
Json Other(const Json& value) { return {{"type", "json"}, {"content", value}}; }
// A list of one; braces around one element would copy it.
Json One(const Json& element) { return Json::array({element}); }
Json Message(const char* role, const Json& parts) { return {{"role", role}, {"parts", parts}}; }

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

TEST_CASE("messages: every type of part") {
  const std::pair<Json, Json> cases[] = {
      {{{"type", "text"}, {"text", "hi"}}, Text("hi")},
      {{{"type", "text"}, {"text", ""}}, Text("")},
      {{{"type", "reasoning"}, {"text", "hm"}}, {{"type", "reasoning"}, {"content", "hm"}}},
      {{{"type", "tool-call"}, {"toolCallId", "c1"}, {"toolName", "add"}, {"input", {{"a", 1}}}},
       {{"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 1}}}}},
      // AI SDK 4 says args.
      {{{"type", "tool-call"}, {"toolCallId", "c1"}, {"toolName", "add"}, {"args", {{"a", 1}}}},
       {{"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 1}}}}},
      {{{"type", "tool-call"}, {"toolCallId", "c1"}}, {{"type", "tool_call"}, {"id", "c1"}}},
      // JSON text, as models write it, and what is none.
      {{{"type", "tool-call"}, {"toolCallId", "c1"}, {"input", R"({"a": [1, "\u00e9"]})"}},
       {{"type", "tool_call"}, {"id", "c1"}, {"arguments", {{"a", {1, "\u00e9"}}}}}},
      {{{"type", "tool-call"}, {"toolCallId", "c1"}, {"input", R"({"a": [1, "b"]})"}},
       {{"type", "tool_call"}, {"id", "c1"}, {"arguments", {{"a", {1, "b"}}}}}},
      {{{"type", "tool-call"}, {"toolCallId", "c1"}, {"input", R"({"a": [1, "b"])"}},
       {{"type", "tool_call"}, {"id", "c1"}, {"arguments", R"({"a": [1, "b"])"}}},
      // Results: wrapped, bare, AI SDK 4's.
      {{{"type", "tool-result"},
        {"toolCallId", "c1"},
        {"toolName", "add"},
        {"output", {{"type", "json"}, {"value", {{"sum", 3}}}}}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"name", "add"}, {"response", {{"sum", 3}}}}},
      {{{"type", "tool-result"},
        {"toolCallId", "c1"},
        {"toolName", "add"},
        {"output", {{"type", "text"}, {"value", "three"}}}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"name", "add"}, {"response", "three"}}},
      {{{"type", "tool-result"}, {"toolCallId", "c1"}, {"output", {{"sum", 3}}}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", {{"sum", 3}}}}},
      // A result that happens to have one of the two is no wrapper.
      {{{"type", "tool-result"}, {"toolCallId", "c1"}, {"output", {{"value", 3}}}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", {{"value", 3}}}}},
      {{{"type", "tool-result"}, {"toolCallId", "c1"}, {"output", {{"type", "x"}}}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", {{"type", "x"}}}}},
      {{{"type", "tool-result"}, {"toolCallId", "c1"}, {"result", 3}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", 3}}},
      // Of a tool that failed: AI SDK 4's flag, and 5's types.
      {{{"type", "tool-result"}, {"toolCallId", "c1"}, {"result", 3}, {"isError", true}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", 3}, {"is_error", true}}},
      {{{"type", "tool-result"}, {"toolCallId", "c1"}, {"result", 3}, {"isError", 1}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", 3}}},
      {{{"type", "tool-result"},
        {"toolCallId", "c1"},
        {"output", {{"type", "error-json"}, {"value", 3}}}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", 3}, {"is_error", true}}},
      // Mastra 2 and the AI SDK 4's UI messages: call and result in one; reasoning under its own name.
      {{{"type", "reasoning"}, {"reasoning", "hm"}, {"details", Json::array()}},
       {{"type", "reasoning"}, {"content", "hm"}}},
      {{{"type", "tool-invocation"},
        {"toolInvocation",
         {{"state", "call"}, {"toolCallId", "c1"}, {"toolName", "add"}, {"args", {{"a", 1}}}}}},
       {{"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 1}}}}},
      // Chunks of Mastra's stream.
      {{{"type", "reasoning"}, {"from", "AGENT"}, {"payload", {{"id", "r"}, {"text", "hm"}}}},
       {{"type", "reasoning"}, {"content", "hm"}}},
      {{{"type", "tool-call"},
        {"payload", {{"toolCallId", "c1"}, {"toolName", "add"}, {"args", {{"a", 1}}}}}},
       {{"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 1}}}}},
      {{{"type", "tool-result"}, {"payload", {{"toolCallId", "c1"}, {"result", 3}}}},
       {{"type", "tool_call_response"}, {"id", "c1"}, {"response", 3}}},
      {{{"type", "file"}, {"payload", {{"data", "iVBOR="}, {"mimeType", "image/png"}}}},
       {{"modality", "image"},
        {"mime_type", "image/png"},
        {"type", "blob"},
        {"content", "iVBOR="}}},
      {{{"type", "reasoning"}, {"payload", "x"}}, {{"type", "reasoning"}, {"payload", "x"}}},
      // Files and images: of AI SDK 5, of 4, of UI messages.
      {{{"type", "file"}, {"mediaType", "image/png"}, {"data", "iVBOR="}, {"filename", "a"}},
       {{"modality", "image"},
        {"mime_type", "image/png"},
        {"type", "blob"},
        {"content", "iVBOR="},
        {"filename", "a"}}},
      {{{"type", "file"}, {"mimeType", "audio/wav"}, {"data", "https://x/a"}},
       {{"modality", "audio"},
        {"mime_type", "audio/wav"},
        {"type", "uri"},
        {"uri", "https://x/a"}}},
      // A data URL is what Mastra makes of bytes; the convention wants them in a blob.
      {{{"type", "file"}, {"mediaType", "image/png"}, {"url", "data:image/png;base64,iVBOR="}},
       {{"modality", "image"},
        {"mime_type", "image/png"},
        {"type", "blob"},
        {"content", "iVBOR="}}},
      {{{"type", "file"}, {"mediaType", "text/plain"}, {"url", "dav://bucket/a,b"}},
       {{"modality", "text"},
        {"mime_type", "text/plain"},
        {"type", "uri"},
        {"uri", "dav://bucket/a,b"}}},
      {{{"type", "file"}, {"mediaType", "*/*"}, {"data", "iVBOR="}},
       {{"modality", "file"}, {"mime_type", "*/*"}, {"type", "blob"}, {"content", "iVBOR="}}},
      {{{"type", "image"}, {"image", "http://x/a.png"}},
       {{"modality", "image"}, {"type", "uri"}, {"uri", "http://x/a.png"}}},
      {{{"type", "image"}, {"image", "iVBOR="}, {"mimeType", "image/png"}},
       {{"modality", "image"},
        {"mime_type", "image/png"},
        {"type", "blob"},
        {"content", "iVBOR="}}},
      // What is not understood, but has a type, stays as it is.
      {{{"type", "file"}, {"mediaType", "image/png"}, {"data", "[Buffer length=3]"}},
       {{"type", "file"}, {"mediaType", "image/png"}, {"data", "[Buffer length=3]"}}},
      {{{"type", "file"}, {"mediaType", "image/png"}},
       {{"type", "file"}, {"mediaType", "image/png"}}},
      {{{"type", "file"}, {"mediaType", "image/png"}, {"data", {{"type", "url"}}}},
       {{"type", "file"}, {"mediaType", "image/png"}, {"data", {{"type", "url"}}}}},
      {{{"type", "file"}, {"data", "x"}}, {{"type", "file"}, {"data", "x"}}},
      {{{"type", "image"}, {"image", ""}}, {{"type", "image"}, {"image", ""}}},
      {{{"type", "redacted-reasoning"}, {"data", "x"}},
       {{"type", "redacted-reasoning"}, {"data", "x"}}},
      {{{"type", "step-start"}}, {{"type", "step-start"}}},
      {{{"type", "text"}}, {{"type", "text"}}},
      {{{"type", "tool-result"}, {"toolCallId", "c1"}},
       {{"type", "tool-result"}, {"toolCallId", "c1"}}},
      {{{"type", "tool-call"}, {"input", 1}}, {{"type", "tool-call"}, {"input", 1}}},
      {{{"type", "approval"}, {"toolCallId", "c1"}, {"output", 1}},
       {{"type", "approval"}, {"toolCallId", "c1"}, {"output", 1}}},
      {{{"type", "tool-invocation"}, {"toolInvocation", {{"state", "call"}}}},
       {{"type", "tool-invocation"}, {"toolInvocation", {{"state", "call"}}}}},
      // A text is one; everything else gets a type.
      {"bare", Text("bare")},
      {{{"type", 7}, {"text", "x"}}, Other({{"type", 7}, {"text", "x"}})},
      {{{"text", "x"}}, Other({{"text", "x"}})},
      {nullptr, Other(nullptr)},
      {Json::object(), Other(Json::object())},
      {Json::array({1}), Other(Json::array({1}))},
  };
  for (const auto& [part, expected] : cases) {
    INFO(part.dump());
    const Json message = {{"role", "user"}, {"content", One(part)}};
    CHECK(Input(One(message)) == One(Message("user", One(expected))));
    const Json two = {{"role", "user"}, {"content", Json::array({part, part})}};
    CHECK(Input(One(two)) == One(Message("user", Json::array({expected, expected}))));
  }
  CHECK(Input(One({{"role", "user"}, {"content", Json::array()}})) ==
        One(Message("user", Json::array())));
}

TEST_CASE("messages: a tool's call and its result in one part") {
  const Json invocation = {{"state", "result"},
                           {"toolCallId", "c1"},
                           {"toolName", "add"},
                           {"args", {{"a", 1}}},
                           {"result", {{"sum", 2}}}};
  const Json part = {{"type", "tool-invocation"}, {"toolInvocation", invocation}};
  CHECK(Input(One({{"role", "assistant"}, {"content", One(part)}})) ==
        One(Message(
            "assistant",
            {{{"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 1}}}},
             {{"type", "tool_call_response"},
              {"id", "c1"},
              {"name", "add"},
              {"response", {{"sum", 2}}}}})));
}

TEST_CASE("messages: tools of UI messages (AI SDK 5)") {
  const Json call = {
      {"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 1}}}};
  const auto answer = [](const Json& response) {
    return Json{
        {"type", "tool_call_response"}, {"id", "c1"}, {"name", "add"}, {"response", response}};
  };
  const auto told = [](Json part, const Json& more) {
    part["toolCallId"] = "c1";
    part["input"] = {{"a", 1}};
    for (const auto& [name, value] : more.items()) part[name] = value;
    return Input(One({{"role", "assistant"}, {"content", One(part)}}))[0]["parts"];
  };
  for (const Json& part :
       {Json{{"type", "tool-add"}}, Json{{"type", "dynamic-tool"}, {"toolName", "add"}}}) {
    CHECK(told(part, {{"state", "input-available"}}) == One(call));
    CHECK(told(part, {{"output", 2}}) == Json::array({call, answer(2)}));
    Json failed = answer("no");
    failed["is_error"] = true;
    CHECK(told(part, {{"errorText", "no"}}) == Json::array({call, failed}));
  }
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

TEST_CASE("messages: what a model said") {
  const auto said = [](const Json& parts) {
    Json message = Message("assistant", parts);
    message["finish_reason"] = "unknown";  // the schema asks for one
    return One(message);
  };
  const Json call = {{"toolCallId", "c1"}, {"toolName", "add"}, {"args", {{"a", 1}}}};
  const Json call_part = {
      {"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 1}}}};
  const Json reasoning = {{"type", "reasoning"}, {"content", "hm"}};
  CHECK(Output("hi") == said(One(Text("hi"))));
  CHECK(Output({{"text", "hi"}}) == said(One(Text("hi"))));
  CHECK(Output({{"text", ""}}) == said(One(Text(""))));
  CHECK(Output({{"text", "hi"}, {"toolCalls", Json::array()}}) == said(One(Text("hi"))));
  CHECK(Output({{"text", "hi"}, {"toolCalls", One(call)}}) ==
        said(Json::array({Text("hi"), call_part})));
  CHECK(Output({{"toolCalls", One(call)}}) == said(One(call_part)));
  CHECK(Output({{"toolCalls", Json::array({call, call})}}) ==
        said(Json::array({call_part, call_part})));
  // A model that only calls tools says "".
  CHECK(Output({{"text", ""}, {"toolCalls", One(call)}}) == said(One(call_part)));
  CHECK(Output({{"text", "hi"}, {"reasoning", "hm"}}) ==
        said(Json::array({reasoning, Text("hi")})));
  CHECK(Output({{"text", "hi"}, {"reasoning", ""}}) == said(One(Text("hi"))));
  CHECK(Output({{"text", "hi"}, {"reasoning", Json::array()}}) == said(One(Text("hi"))));
  const Json list = {{{"type", "reasoning"}, {"text", "hm"}},
                     {{"type", "redacted-reasoning"}, {"data", "x"}}};
  CHECK(Output({{"reasoning", list}, {"text", "hi"}, {"toolCalls", One(call)}}) ==
        said(Json::array({reasoning, list[1], Text("hi"), call_part})));
  // Files that the model made, in Mastra's chunks or not.
  const Json file = {{"type", "file"}, {"mediaType", "image/png"}, {"data", "iVBOR="}};
  const Json chunk = {{"type", "file"},
                      {"payload", {{"data", "iVBOR="}, {"mimeType", "image/png"}}}};
  const Json odd_file = {{"type", "file"}, {"payload", {{"id", 1}}}};
  const Json blob = Input(One({{"role", "user"}, {"content", One(file)}}))[0]["parts"][0];
  CHECK(Output({{"text", "hi"}, {"files", Json::array()}}) == said(One(Text("hi"))));
  CHECK(Output({{"text", "hi"}, {"files", {file, chunk, odd_file}}, {"toolCalls", One(call)}}) ==
        said(Json::array({Text("hi"), call_part, blob, blob, odd_file})));
  CHECK(Output({{"text", "hi"}, {"reasoning", {{"a", 1}}}}) ==
        said(Json::array({Other({{"a", 1}}), Text("hi")})));
  CHECK(Output({{"toolCalls", "none"}, {"text", "hi"}}) == said(One(Text("hi"))));
  CHECK(Output({{"toolCalls", Json::array({"odd", 7})}}) ==
        said(Json::array({Text("odd"), Other(7)})));
  CHECK(Output({{"text", {{"not", "text"}}}}) ==
        said(One({{"type", "text"}, {"content", {{"not", "text"}}}})));
  CHECK(Output({{"toolCalls", nullptr}}) == said(Json::array()));
  // What is neither stands in one part, whole.
  for (const Json& odd :
       {Json{{"object", {{"a", 1}}}}, Json::object(), Json(nullptr), Json(3), Json::array({1})}) {
    CHECK(Output(odd) == said(One(Other(odd))));
  }
  CHECK(Output({{"text", "hi"}, {"reasoning", Json::array({1, "hm"})}}) ==
        said(Json::array({Other(1), Text("hm"), Text("hi")})));
}

TEST_CASE("messages: finish reasons in the schema's words") {
  const auto reason = [](std::string_view given) {
    return Output({{"text", "x"}}, given)[0].value("finish_reason", "absent");
  };
  CHECK(reason("") == "unknown");
  CHECK(reason("stop") == "stop");
  CHECK(reason("length") == "length");
  CHECK(reason("tool-calls") == "tool_call");
  CHECK(reason("content-filter") == "content_filter");
  CHECK(reason("a \"quoted\" one") == "a \"quoted\" one");
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

// ---- rebuilding --------------------------------------------------------------------------------

// A run as the pipeline holds it: nodes in order of start, records of those that ended.
class Run {
 public:
  // `members` nullptr: the span started only.
  TreeNode* Add(uint8_t id, uint8_t parent, uint16_t type, const Json& members = nullptr) {
    TreeNode* const node = tree_.FindOrAdd(&lab.arena, &lab.lane, Id(id), Id(parent), type);
    REQUIRE(node != nullptr);
    if (!members.is_null()) {
      node->record = lab.arena.OffsetOf(lab.Record(members, type));
      node->ended = 1;
    }
    return node;
  }
  Rebuilt CanRebuild(const TreeNode* call) const {
    return MessageWriter::CanRebuild(lab.context(), *call);
  }
  Json Rebuild(const TreeNode* call, Rebuilt expected = Rebuilt::kWholly) {
    REQUIRE(CanRebuild(call) == expected);
    return Parsed(&lab, [&](MessageWriter writer) { writer.Rebuild(*call); });
  }
  Json Output(const TreeNode* call) {
    const SpanRecord* const record = lab.arena.At<SpanRecord>(call->record);
    const Node* const output = FindMember(record->Begin(), record->End(), kKeyOutput);
    return Parsed(&lab, [&](MessageWriter writer) { writer.Output(*call, output, nullptr); });
  }

  RecordLab lab;

 private:
  static SpanId Id(uint8_t n) {
    SpanId id = {};
    id.bytes[7] = n;
    return id;
  }
  SpanTree tree_ = {};
};

const Json kQuestion = {{"input", {{"messages", {{{"role", "user"}, {"content", "2+2?"}}}}}}};
const Json kAsked = Message("user", One(Text("2+2?")));
const Json kCall = {
    {"output",
     {{"text", ""},
      {"toolCalls", {{{"toolCallId", "c1"}, {"toolName", "add"}, {"args", {{"a", 2}}}}}}}}};
const Json kCalled =
    Message("assistant",
            One({{"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 2}}}}));

Json Answered(const Json& response) {
  return Message(
      "tool",
      One({{"type", "tool_call_response"}, {"id", "c1"}, {"name", "add"}, {"response", response}}));
}
Json Tool(const Json& more) {
  Json tool = {
      {"entityName", "add"}, {"entityId", "add-id"}, {"attributes", {{"toolCallId", "c1"}}}};
  for (const auto& [name, value] : more.items()) tool[name] = value;
  return tool;
}

TEST_CASE("rebuild: the first step reads the generation's input") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json{{"input", "[preview]"}});
  const TreeNode* const call = run.Add(3, 2, kTypeModelInference, kCall);
  CHECK(run.Rebuild(call) == One(kAsked));
}

TEST_CASE("rebuild: a later step reads what was said and what tools answered") {
  Json failed = Answered("no adder");
  failed["parts"][0]["is_error"] = true;
  const std::pair<Json, Json> tools[] = {
      {Tool({{"output", {{"sum", 4}}}}), Answered({{"sum", 4}})},
      {Tool({{"output", nullptr}}), Answered(nullptr)},
      // A failed tool answers with its error.
      {Tool({{"errorInfo", {{"message", "no adder"}}}}), failed},
  };
  for (const auto& [tool, answered] : tools) {
    Run run;
    run.Add(1, 0, kTypeModelGeneration, kQuestion);
    run.Add(2, 1, kTypeModelStep, Json::object());
    run.Add(3, 2, kTypeModelInference, kCall);
    run.Add(4, 2, kTypeToolCall, tool);
    run.Add(5, 1, kTypeModelStep, Json::object());
    const TreeNode* const second = run.Add(6, 5, kTypeModelInference, Json{{"output", "four"}});
    run.Add(7, 1, kTypeModelStep, Json::object());
    const TreeNode* const third = run.Add(8, 7, kTypeModelInference, Json::object());
    CHECK(run.Rebuild(second) == Json::array({kAsked, kCalled, answered}));
    const Json said = Message("assistant", One(Text("four")));
    CHECK(run.Rebuild(third) == Json::array({kAsked, kCalled, answered, said}));
  }
}

TEST_CASE("rebuild: tools of every kind, beside or below the steps") {
  for (const uint16_t type :
       {kTypeToolCall, kTypeMcpToolCall, kTypeProviderToolCall, kTypeClientToolCall}) {
    for (const bool below : {true, false}) {
      Run run;
      run.Add(1, 0, kTypeModelGeneration, kQuestion);
      run.Add(2, 1, kTypeModelStep, Json::object());
      run.Add(3, 2, kTypeModelInference, kCall);
      run.Add(4, below ? 2 : 1, type, Tool({{"output", 4}}));
      run.Add(5, 1, kTypeModelStep, Json::object());
      const TreeNode* const call = run.Add(6, 5, kTypeModelInference, Json::object());
      CHECK(run.Rebuild(call) == Json::array({kAsked, kCalled, Answered(4)}));
    }
  }
}

TEST_CASE("rebuild: spans of other types, lost ones and open ones say nothing") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json::object());
  run.Add(3, 2, kTypeModelChunk, Json{{"output", "chunk"}});
  run.Add(4, 2, kTypeGeneric, Json{{"output", "generic"}});
  run.Add(5, 2, kTypeModelInference);  // lost or still open
  run.Add(6, 2, kTypeToolCall);
  run.Add(7, 2, kTypeToolCall, Tool(Json::object()));  // neither output nor error
  run.Add(8, 2, kTypeModelInference, Json::object());
  run.Add(9, 1, kTypeProcessorRun, Json{{"output", "x"}});
  run.Add(10, 1, kTypeModelStep, Json::object());
  const TreeNode* const call = run.Add(11, 10, kTypeModelInference, Json::object());
  run.Add(12, 10, kTypeToolCall, Tool({{"output", "later"}}));
  CHECK(run.Rebuild(call) == One(kAsked));
}

TEST_CASE("rebuild: a tool without a call id or a name") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json::object());
  run.Add(3, 2, kTypeToolCall, Json{{"entityId", "add-id"}, {"output", 1}});
  run.Add(4, 2, kTypeToolCall, Json{{"output", 2}});
  run.Add(5, 1, kTypeModelStep, Json::object());
  const TreeNode* const call = run.Add(6, 5, kTypeModelInference, Json::object());
  const Json first = {{"type", "tool_call_response"}, {"name", "add-id"}, {"response", 1}};
  const Json second = {{"type", "tool_call_response"}, {"response", 2}};
  CHECK(run.Rebuild(call) ==
        Json::array({kAsked, Message("tool", One(first)), Message("tool", One(second))}));
}

Json Call(const std::string& id) {
  return {{"toolCallId", id}, {"toolName", "add"}, {"args", {{"a", 2}}}};
}
Json Asks(const Json& calls) { return {{"output", {{"text", ""}, {"toolCalls", calls}}}}; }
Json AnswerTo(const std::string& id, const Json& output) {
  return {{"entityName", "add"}, {"attributes", {{"toolCallId", id}}}, {"output", output}};
}
Json Response(const std::string& id, const Json& response) {
  return Message(
      "tool",
      One({{"type", "tool_call_response"}, {"id", id}, {"name", "add"}, {"response", response}}));
}
Json CallPart(const std::string& id) {
  return {{"type", "tool_call"}, {"id", id}, {"name", "add"}, {"arguments", {{"a", 2}}}};
}

TEST_CASE("rebuild: parallel calls are answered in the order asked") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json::object());
  run.Add(3, 2, kTypeModelInference, Asks(Json::array({Call("a"), Call("b"), Call("c")})));
  run.Add(4, 2, kTypeToolCall, AnswerTo("b", 2));
  run.Add(5, 2, kTypeToolCall, AnswerTo("a", 1));
  run.Add(6, 2, kTypeToolCall, AnswerTo("nobody asked", 4));
  run.Add(7, 1, kTypeModelStep, Json::object());
  const TreeNode* const call = run.Add(8, 7, kTypeModelInference, Json::object());
  // What was not answered yet, or whose answer was lost, has none.
  run.Add(9, 7, kTypeToolCall, AnswerTo("c", "later"));
  const Json asked =
      Message("assistant", Json::array({CallPart("a"), CallPart("b"), CallPart("c")}));
  CHECK(run.Rebuild(call) == Json::array({kAsked, asked, Response("a", 1), Response("b", 2)}));
}

TEST_CASE("rebuild: an answer never precedes its call, in a run that was resumed either") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeToolCall, AnswerTo("a", 1));
  run.Add(3, 1, kTypeModelStep, Json::object());
  const TreeNode* const first = run.Add(4, 3, kTypeModelInference, Asks(One(Call("a"))));
  run.Add(5, 1, kTypeModelStep, Json::object());
  const TreeNode* const second = run.Add(6, 5, kTypeModelInference, Json::object());
  CHECK(run.Rebuild(first) == One(kAsked));
  CHECK(run.Rebuild(second) ==
        Json::array({kAsked, Message("assistant", One(CallPart("a"))), Response("a", 1)}));
}

TEST_CASE("rebuild: an answer is found below other spans, but not in another generation") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json::object());
  run.Add(3, 2, kTypeModelInference, Asks(Json::array({Call("a"), Call("b")})));
  run.Add(4, 2, kTypeProcessorRun, Json::object());
  run.Add(5, 4, kTypeToolCall, AnswerTo("a", 1));
  run.Add(6, 5, kTypeModelGeneration, Json::object());
  run.Add(7, 6, kTypeModelInference, Asks(One(Call("b"))));
  run.Add(8, 6, kTypeToolCall, AnswerTo("b", "another's"));
  run.Add(9, 5, kTypeToolCall, Json{{"output", "a tool's own, without an id"}});
  run.Add(10, 1, kTypeModelStep, Json::object());
  const TreeNode* const call = run.Add(11, 10, kTypeModelInference, Json::object());
  CHECK(run.Rebuild(call) ==
        Json::array({kAsked, Message("assistant", Json::array({CallPart("a"), CallPart("b")})),
                     Response("a", 1)}));
}

TEST_CASE("rebuild: the id may be in the metadata; an id may come again") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  for (uint8_t i = 0; i < 3; ++i) {
    const uint8_t step = static_cast<uint8_t>(2 + 3 * i);
    const TreeNode* const call = [&] {
      run.Add(step, 1, kTypeModelStep, Json::object());
      return run.Add(step + 1, step, kTypeModelInference, Asks(One(Call("a"))));
    }();
    Json tool = AnswerTo("a", i);
    if (i == 1) tool["metadata"] = tool["attributes"], tool.erase("attributes");
    run.Add(step + 2, step, kTypeToolCall, tool);
    Json expected = One(kAsked);
    for (uint8_t k = 0; k < i; ++k) {
      expected.push_back(Message("assistant", One(CallPart("a"))));
      expected.push_back(Response("a", k));
    }
    CHECK(run.Rebuild(call) == expected);
  }
}

TEST_CASE("rebuild: what a tool made of its result for the model") {
  const std::pair<Json, Json> cases[] = {
      {{{"output", {{"type", "text"}, {"value", "is 2"}}}}, "is 2"},
      {{{"output", "bare"}}, "bare"},
      {{{"errorInfo", {{"message", "no"}}}}, 1},  // it made nothing
  };
  for (const auto& [made, expected] : cases) {
    Run run;
    run.Add(1, 0, kTypeModelGeneration, kQuestion);
    run.Add(2, 1, kTypeModelStep, Json::object());
    run.Add(3, 2, kTypeModelInference, Asks(One(Call("a"))));
    run.Add(4, 2, kTypeToolCall, AnswerTo("a", 1));
    Json mapping = made;
    mapping["entityName"] = "add";
    mapping["attributes"] = {{"mappingType", "toModelOutput"}, {"toolCallId", "a"}};
    run.Add(5, 1, kTypeMapping, mapping);
    run.Add(6, 1, kTypeModelStep, Json::object());
    const TreeNode* const call = run.Add(7, 6, kTypeModelInference, Json::object());
    CHECK(run.Rebuild(call) ==
          Json::array({kAsked, Message("assistant", One(CallPart("a"))), Response("a", expected)}));
  }
}

TEST_CASE("rebuild: generations of every input's shape") {
  const std::pair<Json, Json> cases[] = {
      {"2+2?", One(kAsked)},
      {kQuestion["input"]["messages"], One(kAsked)},
      {{{"messages", {"2+2?"}}}, One(kAsked)},
      {{{"prompt", "x"}}, One(Message("user", One(Other({{"prompt", "x"}}))))},
  };
  for (const auto& [input, expected] : cases) {
    Run run;
    run.Add(1, 0, kTypeModelGeneration, Json{{"input", input}});
    const TreeNode* const call = run.Add(2, 1, kTypeModelInference, Json::object());
    CHECK(run.Rebuild(call) == expected);
  }
}

// ---- what Mastra shows of a step ---------------------------------------------------------------

const Json kSystem = Message("system", One(Text("Add.")));
const Json kPreview = {{{"role", "system"}, {"content", "Add."}},
                       {{"role", "user"}, {"content", "2+2?"}},
                       {{"role", "assistant"}, {"content", "[tool: add]"}},
                       {{"role", "tool"}, {"content", "[tool-result: add]"}}};

TEST_CASE("rebuild: a resumed run, whose question stands in the step's preview alone") {
  Run run;
  const Json system = {{"role", "system"}, {"content", "Add."}};
  run.Add(1, 0, kTypeModelGeneration, Json{{"input", {{"messages", Json::array({system})}}}});
  run.Add(2, 1, kTypeToolCall, AnswerTo("a", 1));
  run.Add(3, 1, kTypeModelStep, Json::object());
  const TreeNode* const first = run.Add(4, 3, kTypeModelInference, Asks(One(Call("a"))));
  run.Add(5, 1, kTypeModelStep, Json{{"input", kPreview}});
  const TreeNode* const second = run.Add(6, 5, kTypeModelInference, Json::object());
  CHECK(run.Rebuild(first, Rebuilt::kPartly) == One(kSystem));
  CHECK(run.Rebuild(second, Rebuilt::kPartly) ==
        Json::array({kSystem, kAsked, Message("assistant", One(CallPart("a"))), Response("a", 1)}));
}

TEST_CASE("rebuild: without a generation the preview is all there is") {
  const auto text = [](const char* role, const char* content) {
    return Message(role, One(Text(content)));
  };
  const Json all = Json::array(
      {kSystem, kAsked, text("assistant", "[tool: add]"), text("tool", "[tool-result: add]")});
  {
    Run run;  // left out
    run.Add(1, 0, kTypeAgentRun, kQuestion);
    run.Add(2, 1, kTypeModelStep, Json{{"input", kPreview}});
    CHECK(run.Rebuild(run.Add(3, 2, kTypeModelInference, Json::object()), Rebuilt::kPartly) == all);
  }
  {
    Run run;  // lost
    run.Add(1, 0, kTypeModelGeneration);
    run.Add(2, 1, kTypeModelStep, Json{{"input", kPreview}});
    CHECK(run.Rebuild(run.Add(3, 2, kTypeModelInference, Json::object()), Rebuilt::kPartly) == all);
  }
  {
    Run run;  // the call's own preview is later than its step's
    run.Add(1, 0, kTypeModelStep, Json{{"input", Json::array({kPreview[0]})}});
    const TreeNode* const call = run.Add(2, 1, kTypeModelInference, Json{{"input", kPreview}});
    CHECK(run.Rebuild(call, Rebuilt::kPartly) == all);
  }
  {
    Run run;  // shorter than what was said: another list than the one that we would put together
    run.Add(1, 0, kTypeModelGeneration, Json::object());
    run.Add(2, 1, kTypeModelStep, Json::object());
    run.Add(3, 2, kTypeModelInference, Asks(One(Call("a"))));
    run.Add(4, 1, kTypeModelStep, Json{{"input", Json::array({kPreview[1]})}});
    CHECK(run.Rebuild(run.Add(5, 4, kTypeModelInference, Json::object()), Rebuilt::kPartly) ==
          One(kAsked));
  }
}

TEST_CASE("rebuild: what a generation was given comes before any preview") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json{{"input", kPreview}});
  const TreeNode* const call = run.Add(3, 2, kTypeModelInference, Json{{"input", kPreview}});
  CHECK(run.Rebuild(call) == One(kAsked));
}

TEST_CASE("rebuild: a call's own messages are its input") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json::object());
  CHECK(run.CanRebuild(run.Add(3, 2, kTypeModelInference, kQuestion)) == Rebuilt::kNot);
  CHECK(run.CanRebuild(run.Add(4, 2, kTypeModelInference, Json{{"input", "[request body]"}})) ==
        Rebuilt::kWholly);
}

TEST_CASE("rebuild: a generation that was given nothing") {
  Run run;
  run.Add(1, 0, kTypeModelGeneration, Json{{"input", {{"messages", Json::array()}}}});
  const TreeNode* const call = run.Add(2, 1, kTypeModelInference, Json::object());
  CHECK(run.Rebuild(call, Rebuilt::kPartly) == Json::array());
}

TEST_CASE("rebuild: only where there is something to take it from") {
  {
    Run run;  // no generation
    run.Add(1, 0, kTypeAgentRun, kQuestion);
    CHECK(run.CanRebuild(run.Add(2, 1, kTypeModelInference, kQuestion)) == Rebuilt::kNot);
  }
  {
    Run run;  // without input
    run.Add(1, 0, kTypeModelGeneration, Json::object());
    CHECK(run.CanRebuild(run.Add(2, 1, kTypeModelInference, Json::object())) == Rebuilt::kNot);
  }
  {
    Run run;  // lost
    run.Add(1, 0, kTypeModelGeneration);
    CHECK(run.CanRebuild(run.Add(2, 1, kTypeModelInference, Json::object())) == Rebuilt::kNot);
  }
  {
    Run run;  // no messages
    run.Add(1, 0, kTypeModelStep, Json{{"input", "[request body]"}});
    CHECK(run.CanRebuild(run.Add(2, 1, kTypeModelInference, Json::object())) == Rebuilt::kNot);
  }
  {
    Run run;  // too far away
    run.Add(1, 0, kTypeModelGeneration, kQuestion);
    run.Add(2, 1, kTypeModelStep, Json::object());
    run.Add(3, 2, kTypeGeneric, Json::object());
    CHECK(run.CanRebuild(run.Add(4, 3, kTypeModelInference, Json::object())) == Rebuilt::kNot);
  }
  {
    Run run;  // a root
    CHECK(run.CanRebuild(run.Add(1, 0, kTypeModelInference, Json::object())) == Rebuilt::kNot);
  }
}

// ---- what a call thought -----------------------------------------------------------------------

Json Chunk(const char* type, const Json& output) {
  return {{"attributes", {{"chunkType", type}}}, {"output", output}};
}

TEST_CASE("reasoning stands in a call's chunks, and in what later calls read") {
  const Json thought = {{"type", "reasoning"}, {"content", "hm"}};
  const Json again = {{"type", "reasoning"}, {"content", "well"}};
  Run run;
  run.Add(1, 0, kTypeModelGeneration, kQuestion);
  run.Add(2, 1, kTypeModelStep, Json::object());
  const TreeNode* const first =
      run.Add(3, 2, kTypeModelInference, Json{{"output", {{"text", "4"}}}});
  run.Add(4, 3, kTypeModelChunk, Chunk("text", {{"text", "not this"}}));
  run.Add(5, 3, kTypeModelChunk, Chunk("reasoning", {{"text", "hm"}}));
  run.Add(6, 3, kTypeModelChunk, Chunk("reasoning", {{"text", ""}}));
  run.Add(7, 3, kTypeModelChunk, Chunk("reasoning", Json::object()));
  run.Add(8, 3, kTypeModelChunk);  // lost
  run.Add(9, 3, kTypeGeneric, Chunk("reasoning", {{"text", "no chunk"}}));
  run.Add(10, 3, kTypeModelChunk, Chunk("reasoning", {{"text", "well"}}));
  run.Add(11, 1, kTypeModelStep, Json::object());
  const TreeNode* const second = run.Add(12, 11, kTypeModelInference, Json::object());
  const Json parts = Json::array({thought, again, Text("4")});
  Json said = Message("assistant", parts);
  CHECK(run.Rebuild(second) == Json::array({kAsked, said}));
  said["finish_reason"] = "unknown";
  CHECK(run.Output(first) == One(said));
}

TEST_CASE("files that the model made stand in the generation's output: the last call's") {
  Run run;
  const Json file = {{"type", "file"},
                     {"payload", {{"data", "iVBOR="}, {"mimeType", "image/png"}}}};
  run.Add(1, 0, kTypeModelGeneration, Json{{"output", {{"text", "4"}, {"files", One(file)}}}});
  run.Add(2, 1, kTypeModelStep, Json::object());
  const TreeNode* const first =
      run.Add(3, 2, kTypeModelInference, Json{{"output", {{"text", "1"}}}});
  run.Add(4, 1, kTypeModelStep, Json::object());
  const TreeNode* const last =
      run.Add(5, 4, kTypeModelInference, Json{{"output", {{"text", "4"}}}});
  run.Add(6, 4, kTypeToolCall, Json::object());
  run.Add(7, 6, kTypeModelGeneration, Json::object());
  const TreeNode* const other =
      run.Add(8, 7, kTypeModelInference, Json{{"output", {{"text", "2"}}}});
  CHECK(run.Output(first)[0]["parts"] == One(Text("1")));
  CHECK(run.Output(other)[0]["parts"] == One(Text("2")));
  const Json parts = run.Output(last)[0]["parts"];
  CHECK(parts.size() == 2);
  CHECK(parts[1]["content"] == "iVBOR=");
}

TEST_CASE("reasoning in the output is all there is to it") {
  for (const Json& reasoning : {Json("hm"), One({{"type", "reasoning"}, {"text", "hm"}})}) {
    Run run;
    const TreeNode* const call = run.Add(
        1, 0, kTypeModelInference, Json{{"output", {{"text", "4"}, {"reasoning", reasoning}}}});
    run.Add(2, 1, kTypeModelChunk, Chunk("reasoning", {{"text", "hm"}}));
    const Json parts = run.Output(call)[0]["parts"];
    CHECK(parts == Json::array({{{"type", "reasoning"}, {"content", "hm"}}, Text("4")}));
  }
}

}  // namespace
}  // namespace edgespan
