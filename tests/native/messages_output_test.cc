// MessageWriter: what a model said, thought and made, and why it finished.
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/support/message_lab.h"
#include "tests/support/message_run.h"

namespace edgespan {
namespace {

using testing::Input;
using testing::Json;
using testing::kAsked;
using testing::kQuestion;
using testing::Message;
using testing::One;
using testing::Other;
using testing::Output;
using testing::Run;
using testing::Text;

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
