// The life of a run: what leaves before its root has ended, and what waits. Whole runs and memory
// are in life_*_test.cc.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/life_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::Batch;
using testing::Both;
using testing::CoreLab;
using testing::HexId;
using testing::HexOf;
using testing::Json;
using testing::kOpen;
using testing::Span;

TEST_CASE("life: ended spans leave before their root, once") {
  CoreLab lab(Both());
  lab.Start(Span("1"));
  const uint32_t trace = lab.last_trace();
  REQUIRE(trace != 0);
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1"));
  CHECK(lab.TakeIds(0, 0) == "");  // "any" means any that has ended
  CHECK(lab.TakeIds(trace, 1) == "");
  CHECK(lab.TakeIds(kOpen, 1) == "");
  CHECK(lab.TakeIds(trace, 0) == "2 3");
  CHECK(lab.TakeIds(trace, 0) == "");
  CHECK(lab.ReadStats(0)[Stat::kPending] == 0);
  CHECK(lab.ReadStats(1)[Stat::kPending] == 2);
  lab.End(Span("4", "1"));
  CHECK(lab.TakeIds(kOpen, 0) == "4");
  lab.End(Span("5", "1"));
  CHECK(lab.EndRoot(Span("1")) == trace);
  CHECK(lab.TakeIds(trace, 0) == "5 1");
  CHECK(lab.TakeIds(trace, 1) == "2 3 4 5 1");
  for (uint32_t d = 0; d < 2; ++d) CHECK(lab.ReadStats(d)[Stat::kAccepted] == 5);
}

TEST_CASE("life: a commit tells whose its last item is") {
  CoreLab lab;
  Json other = Span("9");
  other["traceId"] = "ff";
  lab.Start(Span("1"));
  const uint32_t first = lab.last_trace();
  lab.Start(other);
  const uint32_t second = lab.last_trace();
  CHECK(first != second);
  lab.End(Span("2", "1"));
  CHECK(lab.last_trace() == first);
  testing::TapeWriter empty;
  lab.Commit(&empty);
  CHECK(lab.last_trace() == 0);
}

TEST_CASE("life: a model call waits for its generation, and for what its input is rebuilt from") {
  CoreLab lab(Both());
  lab.Start(Span("1", "", "agent_run"));
  lab.Start(Span("2", "1", "model_generation"));
  lab.Start(Span("3", "2", "model_step"));
  lab.Start(Span("4", "3", "model_inference"));
  lab.Start(Span("5", "3", "tool_call"));
  lab.End(Span("6", "4", "model_chunk"));
  lab.End(Span("4", "3", "model_inference", {{"output", {{"text", "one"}}}}));
  lab.End(Span("3", "2", "model_step"));
  CHECK(lab.TakeIds(kOpen, 0) == "6 3");
  lab.Start(Span("7", "2", "model_step"));
  lab.End(Span("8", "7", "model_inference", {{"output", {{"text", "two"}}}}));
  lab.End(Span("7", "2", "model_step"));
  CHECK(lab.TakeIds(kOpen, 0) == "7");
  lab.End(Span("2", "1", "model_generation", {{"input", "question"}}));
  // The second call's input has the answer of a tool that has not ended.
  CHECK(lab.TakeIds(kOpen, 0) == "4 2");
  lab.End(Span("5", "3", "tool_call", {{"output", "rain"}, {"entityName", "weather"}}));
  const auto spans = lab.Take(kOpen, 0);
  REQUIRE(spans.size() == 2);
  CHECK(HexOf(spans[0].span_id()) == "0000000000000008");
  Json a = AttributesOf(spans[0].attributes());
  CHECK(a["gen_ai.input.messages"].get<std::string>().find("rain") != std::string::npos);
  CHECK(!a.contains("edgespan.partial"));
}

TEST_CASE("life: a generation waits until it is known whether it is the model call") {
  CoreLab lab(Both());
  lab.Start(Span("1", "", "agent_run"));
  lab.End(Span("2", "1", "model_generation", {{"input", "q"}}));
  CHECK(lab.TakeIds(kOpen, 0) == "");
  lab.Start(Span("3", "1", "model_generation"));
  lab.Start(Span("4", "3", "model_inference"));
  CHECK(lab.TakeIds(kOpen, 0) == "");
  lab.Start(Span("5", "2", "model_inference"));
  const auto early = lab.Take(kOpen, 0);
  REQUIRE(early.size() == 1);
  CHECK(AttributesOf(early[0].attributes())["gen_ai.operation.name"] == "model_generation");
  // Without inferences it is, and the root's end says so.
  CoreLab old(Both());
  old.Start(Span("1", "", "agent_run"));
  old.End(Span("2", "1", "model_generation", {{"input", "q"}}));
  CHECK(old.TakeIds(kOpen, 0) == "");
  const auto spans = old.Take(old.EndRoot(Span("1", "", "agent_run")), 0);
  REQUIRE(spans.size() == 2);
  CHECK(AttributesOf(spans[0].attributes())["gen_ai.operation.name"] == "chat");
}

TEST_CASE("life: a call that its provider failed waits for the root") {
  CoreLab lab(Both());
  const Json failed = {{"attributes", {{"finishReason", "error"}}}};
  lab.Start(Span("1", "", "agent_run"));
  lab.Start(Span("2", "1", "agent_run"));
  lab.Start(Span("3", "2", "model_generation"));
  lab.End(Span("4", "3", "model_inference", failed));
  lab.End(Span("3", "2", "model_generation"));
  CHECK(lab.TakeIds(kOpen, 0) == "3");
  lab.End(Span("2", "1", "agent_run", {{"errorInfo", {{"message", "overloaded"}}}}));
  CHECK(lab.TakeIds(kOpen, 0) == "2");
  const auto spans = lab.Take(lab.EndRoot(Span("1", "", "agent_run")), 0);
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].status().message() == "overloaded");
}

TEST_CASE("life: at shutdown a call whose generation has not ended is marked partial") {
  CoreLab lab(Both());
  lab.Start(Span("1", "", "agent_run"));
  lab.Start(Span("2", "1", "model_generation"));
  lab.End(Span("3", "2", "model_inference"));
  lab.Start(Span("4", "1", "model_generation"));
  lab.End(Span("5", "4", "model_inference"));
  lab.End(Span("4", "1", "model_generation", {{"input", "q"}}));
  CHECK(lab.TakeIds(kOpen, 0) == "5 4");
  CHECK(edgespan_close(lab.id(), Pipeline::kEver) == 2);
  const auto spans = lab.Take(0, 0);
  REQUIRE(spans.size() == 1);
  CHECK(AttributesOf(spans[0].attributes())["edgespan.partial"] == "true");
  for (const auto& span : lab.Take(0, 1)) {
    CHECK(AttributesOf(span.attributes()).contains("edgespan.partial") ==
          (HexOf(span.span_id()) == "0000000000000003"));
  }
}

TEST_CASE("life: a run of which nothing is heard is closed, the others go on") {
  CoreLab lab(Both());
  const auto at = [](Json span, const char* trace_id, const char* time) {
    span["traceId"] = trace_id;
    span["startTime"] = span["endTime"] = time;
    return span;
  };
  constexpr uint32_t kNoon = 1'795'176'000;  // 2026-11-20T12:00:00Z
  lab.Start(at(Span("1"), "aa", "2026-11-20T11:50:00.000Z"));
  lab.Start(at(Span("1"), "bb", "2026-11-20T11:50:00.000Z"));
  lab.End(at(Span("2", "1"), "aa", "2026-11-20T11:59:59.999Z"));
  lab.End(at(Span("2", "1"), "bb", "2026-11-20T12:00:00.000Z"));
  CHECK(edgespan_close(lab.id(), kNoon - 1) == 0);
  CHECK(edgespan_close(lab.id(), kNoon) == 1);
  CHECK(lab.Take(0, 0).size() == 1);
  CHECK(lab.Take(0, 1).size() == 1);
  CHECK(lab.ReadStats()[Stat::kUnended] == 1);
  CHECK(edgespan_close(lab.id(), kNoon + 1) == 1);
  CHECK(lab.Take(0, 0).size() == 1);
}

// A run as Mastra makes them, and ways in which it does not; every span ends once, the root last.
class RandomRun {
 public:
  explicit RandomRun(std::mt19937* random) : random_(random) {
    static const char* const kWithInferences[] = {
        "agent_run",   "model_generation", "model_step",    "tool_call",    "model_inference",
        "model_chunk", "generic",          "processor_run", "workflow_run", "workflow_step"};
    const bool inferences = Pick(5) != 0;
    Add("agent_run", "");
    for (uint32_t n = 5 + Pick(40); n > 0; --n) {
      const std::string parent = spans_[Pick(static_cast<uint32_t>(spans_.size()))]["id"];
      std::string type = kWithInferences[Pick(std::size(kWithInferences))];
      if (!inferences && type == "model_inference") type = "model_step";
      Add(type, parent);
    }
  }
  const std::vector<Json>& spans() const { return spans_; }
  uint32_t Pick(uint32_t n) { return static_cast<uint32_t>((*random_)() % n); }

 private:
  void Add(const std::string& type, const std::string& parent) {
    Json members = Json::object();
    if (Pick(2) == 0) members["input"] = "input " + std::string(Pick(200), 'i');
    if (Pick(2) == 0) members["output"] = {{"text", "output " + std::string(Pick(200), 'o')}};
    if (type == "model_inference" && Pick(3) != 0) members.erase("input");
    if (Pick(3) == 0) members["attributes"]["finishReason"] = Pick(2) == 0 ? "error" : "stop";
    if (Pick(6) == 0) members["errorInfo"] = {{"message", "broke"}, {"name", "Error"}};
    const std::string id = HexId(static_cast<uint32_t>(spans_.size()) + 1);
    spans_.push_back(Span(id, parent, type, members));
  }

  std::mt19937* random_;
  std::vector<Json> spans_;
};

using Wire = std::map<std::string, std::string>;
void Collect(const std::vector<Batch>& batches, Wire* wire) {
  for (const Batch& batch : batches) {
    for (const auto& span : batch.spans) {
      INFO(HexOf(span.span_id()));
      CHECK(wire->emplace(HexOf(span.span_id()), span.SerializeAsString()).second);  // not twice
    }
  }
}

TEST_CASE("life: what left early and what left at the end are the whole run, byte for byte") {
  std::mt19937 random(5);
  uint32_t early_spans = 0;
  for (int round = 0; round < 400; ++round) {
    RandomRun run(&random);
    CoreLab lab(Both({{"maxSpans", 1 + run.Pick(20)}}));
    Wire early;
    Wire whole;
    // Starts in order; every span but the root ends at some time after its start.
    std::vector<size_t> open;
    size_t next = 0;
    const auto& spans = run.spans();
    while (next < spans.size() || open.size() > 1) {
      if (next < spans.size() && (open.size() < 2 || run.Pick(2) == 0)) {
        // Mastra's event spans are not announced.
        const std::string type = spans[next]["type"];
        const bool event = (type == "model_chunk" || type == "generic") && run.Pick(2) == 0;
        if (!event) lab.Start(spans[next]);
        open.push_back(next++);
        continue;
      }
      if (open.size() < 2) continue;
      // Mostly the innermost.
      const size_t at =
          run.Pick(3) != 0 ? open.size() - 1 : 1 + run.Pick(static_cast<uint32_t>(open.size()) - 1);
      lab.End(spans[open[at]]);
      open.erase(open.begin() + static_cast<long>(at));
      if (run.Pick(4) == 0) Collect(lab.TakeBatches(kOpen, 0), &early);
    }
    early_spans += early.size();
    const uint32_t trace = lab.EndRoot(spans[0]);
    Collect(lab.TakeBatches(trace, 0), &early);
    const auto batches = lab.TakeBatches(trace, 1);
    CHECK(batches.size() == 1);
    Collect(batches, &whole);
    REQUIRE(whole.size() == spans.size());
    for (const auto& [id, bytes] : whole) {
      INFO(id);
      REQUIRE(early[id] == bytes);
    }
    REQUIRE(early.size() == whole.size());
  }
  CHECK(early_spans > 400 * 5);  // it was about something
}

}  // namespace
}  // namespace edgespan
