// Tail sampling: the decision, what spans tell of it, when it comes early, and the accounts.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/life_lab.h"
#include "tests/support/otel_lab.h"
#include "tests/support/sampling_lab.h"

namespace edgespan {
namespace {

using testing::CoreLab;
using testing::EndOtel;
using testing::EndOtelRoot;
using testing::HexId;
using testing::Json;
using testing::kOpen;
using testing::SpanOf;
using testing::StartRoot;
using testing::Tail;

// Trace ids whose randomness is near 0, and near 2^56.
constexpr char kLow[] = "0af7651916cd43dd8400000000000001";
constexpr char kHigh[] = "0af7651916cd43dd84fffffffffffffe";
constexpr double kHalf = 36028797018963968.0;  // 2^55
const Json kFailed = {{"errorInfo", {{"message", "m"}}}};
const Json kErrors = {{{"on", "error"}}};

// The tracestate of a run's spans, which all have the same, or "-" if none of it is sent.
std::string StateOf(CoreLab* lab, const std::string& trace, const Json& start, const Json& root,
                    uint32_t destination = 0) {
  StartRoot(lab, trace, "1", start);
  lab->End(SpanOf(trace, "2", "1"));
  const uint32_t run = lab->EndRoot(SpanOf(trace, "1", "", "agent_run", root));
  const auto spans = lab->Take(run, destination);
  if (spans.empty()) return "-";
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].trace_state() == spans[1].trace_state());
  return spans[0].trace_state();
}

TEST_CASE("tail: a run is kept by a rule, by its randomness, or not at all") {
  CoreLab lab(Tail({{"ratio", 0.5}, {"keep", kErrors}}));
  const Json none = Json::object();
  CHECK(StateOf(&lab, kHigh, none, none) == "ot=th:8");
  CHECK(StateOf(&lab, kLow, none, none) == "-");
  // Such a run is always kept: its weight is 1, whatever its randomness.
  CHECK(StateOf(&lab, kHigh, none, kFailed) == "ot=th:0");
  CHECK(StateOf(&lab, kLow, none, kFailed) == "ot=th:0");
  CHECK(lab.ReadStats().dropped(LossReason::kSampled) == 2);
  CHECK(lab.ReadStats()[Stat::kPending] == 0);
}

TEST_CASE("tail: the head's threshold holds, or the larger of both") {
  CoreLab lab(Tail({{"ratio", 0.25}, {"keep", kErrors}}));
  const Json none = Json::object();
  const Json half = {{"samplingThreshold", kHalf}};
  CHECK(StateOf(&lab, kHigh, half, none) == "ot=th:c");
  CHECK(StateOf(&lab, kHigh, half, kFailed) == "ot=th:8");
  CHECK(StateOf(&lab, kHigh, {{"samplingThreshold", kHalf * 1.75}}, none) == "ot=th:e");
  CHECK(StateOf(&lab, kHigh, {{"samplingThreshold", 0}}, kFailed) == "ot=th:0");
  // One that goes by something else than the run's randomness: how likely both were nobody knows.
  const Json apart = {{"samplingThreshold", -kHalf}};
  CHECK(StateOf(&lab, kHigh, apart, none) == "");
  CHECK(StateOf(&lab, kHigh, apart, kFailed) == "ot=th:8");
  CHECK(StateOf(&lab, kLow, apart, none) == "-");
  // Nobody knows what a custom head does.
  const Json custom = {{"samplingThreshold", -1}, {"traceState", "ot=th:4;rv:ffffffffffffff,a=1"}};
  CHECK(StateOf(&lab, kLow, custom, none) == "ot=rv:ffffffffffffff,a=1");
}

TEST_CASE("tail: what rejects everything is no threshold of what is kept") {
  const Json none = Json::object();
  const Json all = {{"samplingThreshold", 2 * kHalf}};
  CoreLab head;
  CHECK(StateOf(&head, kLow, all, none) == "");
  CHECK(StateOf(&head, kLow, {{"samplingThreshold", 2 * kHalf - 8}}, none) ==
        "ot=th:fffffffffffff8");
  // Ratios that are too small for 32 bits keep nothing.
  CoreLab tail(Tail({{"ratio", 1e-11}, {"keep", kErrors}}));
  CHECK(StateOf(&tail, "0af7651916cd43dd84ffffffffffffff", none, none) == "-");
  CHECK(StateOf(&tail, kHigh, none, kFailed) == "ot=th:0");
  CHECK(StateOf(&tail, kHigh, all, kFailed) == "");
}

TEST_CASE("tail: a head without a tail") {
  CoreLab lab;
  const Json none = Json::object();
  CHECK(StateOf(&lab, kLow, {{"samplingThreshold", kHalf}}, none) == "ot=th:8");
  CHECK(StateOf(&lab, kLow, {{"samplingThreshold", -kHalf}}, none) == "ot=th:8");
  CHECK(StateOf(&lab, kLow, {{"samplingThreshold", 0}}, none) == "ot=th:0");
  CHECK(StateOf(&lab, kLow, {{"samplingThreshold", -1}}, none) == "");
  CHECK(StateOf(&lab, kLow, {{"traceState", "a=1,ot=th:c"}}, none) == "a=1,ot=th:c");
  CHECK(StateOf(&lab, kLow, none, none) == "");
}

TEST_CASE("tail: OpenTelemetry's spans keep their tracestate, and get th") {
  CoreLab lab(Tail({{"ratio", 0.5}}));
  const std::string state = "a=1,ot=th:4;rv:fffffffffffffe";
  StartRoot(&lab, kLow, "1", {{"traceState", state}}, tape::kOtel);
  EndOtel(&lab, {.id = "2", .parent = "1", .members = {{"traceState", "b=2"}}, .trace_id = kLow});
  EndOtel(&lab, {.id = "3", .parent = "1", .trace_id = kLow});
  const uint32_t run =
      EndOtelRoot(&lab, {.id = "1", .members = {{"traceState", state}}, .trace_id = kLow});
  const auto spans = lab.Take(run);  // rv says that it is kept
  REQUIRE(spans.size() == 3);
  CHECK(spans[0].trace_state() == "ot=th:8,b=2");
  CHECK(spans[1].trace_state() == "ot=th:8;rv:fffffffffffffe,a=1");
  CHECK(spans[2].trace_state() == "ot=th:8;rv:fffffffffffffe,a=1");
}

TEST_CASE("tail: every dialect tells th, and each destination its own") {
  CoreLab lab({{"destinations",
                {{{"dialect", "genai"}, {"tail", {{"ratio", 0.5}}}},
                 {{"dialect", "openinference"}, {"tail", {{"ratio", 0.25}}}},
                 {{"dialect", "langfuse"}, {"tail", {{"ratio", 0}}}},
                 {{"dialect", "native"}},
                 {{"dialect", "genai"}, {"tail", {{"ratio", 0.25}}}},
                 {{"dialect", "genai"}, {"tail", {{"ratio", 0.5}}}}}}});
  StartRoot(&lab, kHigh, "1");
  const uint32_t run = lab.EndRoot(SpanOf(kHigh, "1", "", "agent_run"));
  const char* const states[] = {"ot=th:8", "ot=th:c", "-", "", "ot=th:c", "ot=th:8"};
  std::vector<uint32_t> serials;
  std::vector<testing::Batch> out;
  for (uint32_t d = 0; d < 6; ++d) {
    testing::Batch batch = lab.Cut(run, d);
    CHECK((batch.id == 0) == (states[d][0] == '-'));
    if (batch.id == 0) {
      CHECK(lab.ReadStats(d).dropped(LossReason::kSampled) == 1);
      serials.push_back(0);
      continue;
    }
    CHECK(batch.spans[0].trace_state() == states[d]);
    edgespan_batch(batch.id);
    serials.push_back(tools::CoreResult()[3]);
    out.push_back(std::move(batch));
  }
  CHECK(serials[5] == serials[0]);  // one body for those that are told the same
  CHECK(serials[4] != serials[0]);
  for (const auto& batch : out) lab.Finish(batch);
}

TEST_CASE("tail: a run that is left out is not encoded, and its memory is free at once") {
  CoreLab lab(Tail({{"ratio", 0}}), 4u << 20);
  const auto run = [&] {
    StartRoot(&lab, kHigh, "1");
    for (uint32_t i = 2; i < 60; ++i) {
      lab.End(SpanOf(kHigh, HexId(i), "1", "tool_call", {{"output", std::string(50'000, 'x')}}));
    }
    return lab.EndRoot(SpanOf(kHigh, "1", "", "agent_run"));
  };
  // Two of them would not fit.
  for (uint32_t i = 0; i < 4; ++i) CHECK(lab.Cut(run()).id == 0);
  CHECK(lab.ReadStats().dropped(LossReason::kSampled) == 4 * 59);
  CHECK(lab.ReadStats().dropped(LossReason::kMemory) == 0);
}

TEST_CASE("tail: so many runs of a key in a minute, which tell no th") {
  const Json rule = {{"on", "rate"}, {"perMinute", 2}, {"by", "metadata"}, {"key", "tenant"}};
  CoreLab lab(Tail({{"ratio", 0.5}, {"keep", {rule, {{"on", "error"}}}}}));
  const auto root = [](const char* tenant) { return Json{{"metadata", {{"tenant", tenant}}}}; };
  const Json none = Json::object();
  CHECK(StateOf(&lab, kLow, none, root("a")) == "");
  CHECK(StateOf(&lab, kHigh, none, root("a")) == "ot=th:8");  // counts for nothing
  Json failed = root("a");
  failed.update(kFailed);
  CHECK(StateOf(&lab, kLow, none, failed) == "ot=th:0");  // nor does this
  CHECK(StateOf(&lab, kLow, {{"samplingThreshold", kHalf}}, root("a")) == "");
  CHECK(StateOf(&lab, kLow, none, root("a")) == "-");
  CHECK(StateOf(&lab, kLow, none, root("b")) == "");
  CHECK(StateOf(&lab, kLow, none, none) == "-");  // without the key there is nothing to count by
}

TEST_CASE("tail: rates go by name, entity or tag, too") {
  const auto kept = [](const Json& rule, const Json& first, const Json& second) {
    Json all = {{"on", "rate"}, {"perMinute", 1}};
    all.update(rule);
    CoreLab lab(testing::Keep(all));
    const Json none = Json::object();
    CHECK(StateOf(&lab, kLow, none, first) == "");
    CHECK(StateOf(&lab, kLow, none, first) == "-");
    return StateOf(&lab, kLow, none, second) == "";
  };
  CHECK(kept({{"by", "name"}}, {{"name", "a"}}, {{"name", "b"}}));
  CHECK(kept({{"by", "entity"}}, {{"entityName", "a"}}, {{"entityName", "b"}}));
  CHECK(kept({{"by", "entity"}}, {{"entityId", "a"}}, {{"entityName", "b"}}));
  CHECK(!kept({{"by", "entity"}}, {{"entityId", "a"}}, {{"entityId", "a"}}));
  CHECK(kept({{"by", "tag"}}, {{"tags", {"a"}}}, {{"tags", {"a", "b"}}}));
  CHECK(!kept({{"by", "tag"}}, {{"tags", {"a"}}}, {{"tags", {"a"}}}));
  CHECK(kept({{"by", "metadata"}, {"key", "n"}}, {{"metadata", {{"n", 1}}}},
             {{"metadata", {{"n", 2}}}}));
}

TEST_CASE("tail: a rate's minute is the host's") {
  const Json rule = {{"on", "rate"}, {"perMinute", 1}, {"by", "name"}};
  CoreLab lab(testing::Keep(rule));
  const auto kept = [&](uint32_t now) {
    StartRoot(&lab, kLow, "1");
    const uint32_t run = lab.EndRoot(SpanOf(kLow, "1"));
    const int32_t batch = edgespan_cut(lab.id(), 0, run, now, 0);
    if (batch > 0) edgespan_release(static_cast<uint32_t>(batch), 0);
    return batch > 0;
  };
  CHECK(kept(59));
  CHECK(!kept(0));
  CHECK(kept(60));
  CHECK(!kept(119));
  CHECK(kept(1'795'161'429));
}

TEST_CASE("tail: nothing leaves before the decision, for others all does") {
  CoreLab lab({{"destinations",
                {{{"dialect", "genai"}, {"tail", {{"ratio", 0}, {"keep", kErrors}}}},
                 {{"dialect", "genai"}}}}});
  StartRoot(&lab, kLow, "1");
  lab.End(SpanOf(kLow, "2", "1"));
  CHECK(lab.TakeIds(kOpen, 0) == "");
  CHECK(lab.TakeIds(kOpen, 1) == "2");
  lab.End(SpanOf(kLow, "3", "1", "tool_call", kFailed));
  const uint32_t run = lab.EndRoot(SpanOf(kLow, "1"));
  CHECK(lab.TakeIds(run, 1) == "3 1");
  CHECK(lab.TakeIds(run, 0) == "2 3 1");
}

TEST_CASE("tail: when memory is short it is decided at once, and that holds") {
  CoreLab lab(Tail({{"ratio", 0.5}, {"keep", kErrors}}), 2u << 20);
  const auto end = [&](const char* trace, uint32_t id) {
    lab.End(
        SpanOf(trace, HexId(id), "1", "model_inference", {{"output", std::string(30'000, 'x')}}));
  };
  StartRoot(&lab, kHigh, "1");
  for (uint32_t i = 2; i < 10; ++i) end(kHigh, i);
  CHECK(lab.Take(kOpen).empty());
  // What the younger run records is more than there is room for.
  StartRoot(&lab, kLow, "1");
  for (uint32_t i = 2; i < 80; ++i) end(kLow, i);
  const uint32_t left_out = lab.ReadStats().dropped(LossReason::kSampled);
  CHECK(left_out > 30);
  // The older one was looked at first, is kept, and so may leave now.
  CHECK(lab.Take(kOpen).size() == 8);
  // A rule that fits later changes nothing.
  CHECK(lab.Take(lab.EndRoot(SpanOf(kLow, "1", "", "agent_run", kFailed))).empty());
  CHECK(lab.ReadStats().dropped(LossReason::kSampled) == 79);
  const auto rest = lab.Take(lab.EndRoot(SpanOf(kHigh, "1", "", "agent_run", kFailed)));
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].trace_state() == "ot=th:8");
  CHECK(lab.ReadStats().dropped(LossReason::kMemory) == 0);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 9);
}

TEST_CASE("tail: a run of silence is decided by what has ended, what comes later follows") {
  CoreLab lab(Tail({{"ratio", 0.5}, {"keep", kErrors}}));
  const auto run = [&](const char* trace, const Json& child) {
    StartRoot(&lab, trace, "1");
    lab.End(SpanOf(trace, "2", "1", "tool_call", child));
    edgespan_close(lab.id(), UINT32_MAX);
    const std::string first = lab.TakeIds();
    lab.End(SpanOf(trace, "3", "1"));
    return first + "|" + lab.TakeIds();
  };
  CHECK(run(kHigh, Json::object()) == "2|3");
  CHECK(run(kLow, Json::object()) == "|");
  CHECK(run(kLow, kFailed) == "2|3");
}

TEST_CASE("tail: spans that come when their run has left follow it, in each destination") {
  CoreLab lab({{"destinations",
                {{{"dialect", "genai"}, {"tail", {{"ratio", 0}, {"keep", kErrors}}}},
                 {{"dialect", "genai"}, {"tail", {{"ratio", 0.5}}}},
                 {{"dialect", "genai"}}}}});
  // What a destination gets of a span that comes late: its tracestate, or "-".
  const auto late = [&](const char* trace, const Json& start, const Json& root, const Json& span) {
    std::string states;
    StartRoot(&lab, trace, "1", start);
    const uint32_t run = lab.EndRoot(SpanOf(trace, "1", "", "agent_run", root));
    for (uint32_t d = 0; d < 3; ++d) {
      // Some come while it still leaves for others.
      if (d == 1) lab.End(SpanOf(trace, "2", "1", "tool_call", span));
      lab.Take(run, d);
    }
    lab.End(SpanOf(trace, "3", "1", "tool_call", span));
    for (uint32_t d = 0; d < 3; ++d) {
      std::string both;
      for (const auto& batch : {lab.Cut(0, d), lab.Cut(0, d)}) {
        if (batch.id == 0) continue;
        for (const auto& sent : batch.spans) both += sent.trace_state() + "|";
        lab.Finish(batch);
      }
      states += (both.empty() ? "-" : both) + " ";
    }
    return states;
  };
  const Json none = Json::object();
  const Json half = {{"samplingThreshold", kHalf}};
  CHECK(late(kLow, none, kFailed, none) == "ot=th:0|ot=th:0| - || ");
  CHECK(late(kLow, none, none, kFailed) == "- - || ");
  CHECK(late(kHigh, none, none, kFailed) == "- ot=th:8|ot=th:8| || ");
  CHECK(late(kHigh, half, kFailed, none) == "ot=th:8|ot=th:8| ot=th:8|ot=th:8| ot=th:8|ot=th:8| ");
  CHECK(lab.ReadStats(0)[Stat::kPending] == 0);
  CHECK(lab.ReadStats(1)[Stat::kPending] == 0);
}

TEST_CASE("tail: late spans follow the last run of their trace, while that is known") {
  CoreLab lab(Tail({{"ratio", 0}, {"keep", kErrors}}));
  const auto run = [&](const std::string& trace, const Json& root) {
    StartRoot(&lab, trace, "1");
    lab.Take(lab.EndRoot(SpanOf(trace, "1", "", "agent_run", root)));
  };
  const auto late = [&](const char* trace, const Json& span) {
    lab.End(SpanOf(trace, "2", "1", "tool_call", span));
    return !lab.Take().empty();
  };
  const Json none = Json::object();
  run(kHigh, kFailed);
  CHECK(late(kHigh, none));
  CHECK(!late(kLow, none));
  run(kHigh, none);
  CHECK(!late(kHigh, kFailed));
  // Another run of the trace is judged by itself.
  run(kHigh, kFailed);
  CHECK(late(kHigh, none));
  // So many are known: then its spans are judged by what they are.
  for (uint32_t i = 1; i < 128; ++i) run(std::string(29, '1') + HexId(256 + i), none);
  CHECK(late(kHigh, none));
  run(kLow, none);
  CHECK(!late(kHigh, none));
  CHECK(late(kHigh, kFailed));
}

TEST_CASE(
    "tail: spans without a root are decided like its run, and know th where no head samples") {
  const Json tail = Tail({{"ratio", 0.5}});
  {
    CoreLab lab(tail);
    lab.End(SpanOf(kHigh, "2", "1"));
    lab.End(SpanOf(kLow, "2", "1"));
    const auto spans = lab.Take();
    REQUIRE(spans.size() == 1);
    CHECK(spans[0].trace_state() == "ot=th:8");
    CHECK(lab.ReadStats().dropped(LossReason::kSampled) == 1);
  }
  CoreLab lab(tail);
  CHECK(StateOf(&lab, kLow, {{"samplingThreshold", kHalf}}, Json::object()) == "-");
  lab.End(SpanOf(kHigh, "3", "1"));
  const auto late = lab.Take();
  REQUIRE(late.size() == 1);
  CHECK(late[0].trace_state() == "");
}

TEST_CASE("tail: whole runs, types that nobody wants, and settings that are none") {
  {
    Json config = Tail({{"ratio", 0}, {"keep", kErrors}});
    config["destinations"][0]["whole"] = true;
    config["destinations"][0]["dropTypes"] = {"tool_call"};
    CoreLab lab(config);
    StartRoot(&lab, kLow, "1");
    lab.End(SpanOf(kLow, "2", "1", "tool_call"));
    CHECK(lab.TakeIds(lab.EndRoot(SpanOf(kLow, "1")), 0) == "");
    CHECK(lab.ReadStats().dropped(LossReason::kSampled) == 2);
    StartRoot(&lab, kLow, "1");
    lab.End(SpanOf(kLow, "2", "1", "tool_call", kFailed));
    CHECK(lab.TakeIds(lab.EndRoot(SpanOf(kLow, "1")), 0) == "1");
    CHECK(lab.ReadStats().dropped(LossReason::kLeftOut) == 1);
  }
  for (const Json& tail : {Json(nullptr), Json(true), Json::array(), Json("x")}) {
    CoreLab lab(Tail(tail));
    CHECK(StateOf(&lab, kLow, Json::object(), Json::object()) == "");
  }
}

TEST_CASE("tail: exporters with rules leave memory flat") {
  edgespan_reset(2u << 20);
  const Json config = Tail({{"ratio", 0.5}, {"keep", {{{"on", "tag"}, {"value", "x"}}}}});
  for (uint32_t i = 0; i < 2000; ++i) REQUIRE(CoreLab::Open(config) > 0);
}

}  // namespace
}  // namespace edgespan
