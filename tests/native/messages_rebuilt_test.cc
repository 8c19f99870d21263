// MessageWriter: the input of a later step, rebuilt from what was asked, said and answered before.
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/message_run.h"

namespace edgespan {
namespace {

using testing::Answered;
using testing::AnswerTo;
using testing::Asks;
using testing::Call;
using testing::CallPart;
using testing::Json;
using testing::kAsked;
using testing::kCall;
using testing::kCalled;
using testing::kQuestion;
using testing::Message;
using testing::One;
using testing::Other;
using testing::Response;
using testing::Run;
using testing::Text;
using testing::Tool;

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

}  // namespace
}  // namespace edgespan
