// MessageWriter: every type of part of a message, and parts that are a call and its result.
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
using testing::Text;

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

}  // namespace
}  // namespace edgespan
