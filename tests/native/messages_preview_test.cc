// MessageWriter: the input of a call of whose run only a part is known: what Mastra shows of a
// step, what a call was given itself, and where there is nothing to rebuild from.
#include <catch2/catch.hpp>

#include "tests/support/message_run.h"

namespace edgespan {
namespace {

using testing::AnswerTo;
using testing::Asks;
using testing::Call;
using testing::CallPart;
using testing::Json;
using testing::kAsked;
using testing::kQuestion;
using testing::Message;
using testing::One;
using testing::Response;
using testing::Run;
using testing::Text;
using Rebuilt = MessageWriter::Rebuilt;

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

}  // namespace
}  // namespace edgespan
