// Pipeline: what is given up when memory runs out, and when too many runs are open.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/pipeline/pipeline.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::Batch;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;
using testing::TapeWriter;

constexpr int32_t kNoMemory = static_cast<int32_t>(Status::kNoMemory);

Json Big(const std::string& id, const std::string& parent, const std::string& type,
         size_t bytes = 30'000) {
  return Span(id, parent, type, {{"input", std::string(bytes, 'x')}});
}

TEST_CASE("pipeline: memory runs out: chunks go first, then others, roots and model calls last") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  const auto dropped = [&] { return lab.ReadStats().dropped(LossReason::kMemory); };
  uint32_t id = 2;
  const auto end = [&](const char* type) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id++);
    lab.End(Big(hex, "1", type));
  };
  // In turns, so that the order of loss is not the order of arrival.
  constexpr uint32_t kOfEach = 10;
  for (uint32_t i = 0; i < kOfEach; ++i) {
    for (const char* type : {"model_inference", "model_chunk", "generic"}) end(type);
  }
  REQUIRE(dropped() == 0);
  std::vector<uint32_t> losses = {0};
  uint32_t calls = kOfEach;
  while (losses.size() < 6) {
    REQUIRE(id < 400);
    end("model_inference");
    ++calls;
    if (dropped() != losses.back()) losses.push_back(dropped());
  }
  // All chunks at once, then all others at once, then the newest call, one by one.
  CHECK(losses == std::vector<uint32_t>{0, kOfEach, 2 * kOfEach, 2 * kOfEach + 1, 2 * kOfEach + 2,
                                        2 * kOfEach + 3});
  lab.EndRoot(Span("1"));
  std::map<std::string, uint32_t> arrived;
  for (const auto& span : lab.Take()) {
    ++arrived[testing::AttributesOf(span.attributes())["mastra.span.type"].get<std::string>()];
  }
  // What was kept does arrive, in as many bodies as memory allows.
  CHECK(arrived == std::map<std::string, uint32_t>{{"generic", 1}, {"model_inference", calls - 3}});
  CHECK(dropped() == 2 * kOfEach + 3);
}

TEST_CASE("pipeline: an error is worth as much as a model call") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  Json failed = Big("2", "1", "generic");
  failed["errorInfo"] = {{"message", "m"}};
  lab.End(failed);
  lab.End(Big("3", "1", "generic"));
  for (uint32_t id = 16; lab.ReadStats().dropped(LossReason::kMemory) == 0; ++id) {
    REQUIRE(id < 200);
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    lab.End(Big(hex, "1", "model_inference"));
  }
  CHECK(lab.ReadStats().dropped(LossReason::kMemory) == 1);
  lab.EndRoot(Span("1"));
  const std::string ids = " " + lab.TakeIds() + " ";
  CHECK(ids.find(" 2 ") != std::string::npos);
  CHECK(ids.find(" 3 ") == std::string::npos);
}

TEST_CASE("pipeline: what was evicted is not read any more") {
  // The second call's input is rebuilt from the generation, the first step and its tool: that is
  // gone, and its pages hold something else.
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  lab.Start(Span("2", "1", "model_generation"));
  lab.Start(Span("3", "2", "model_step"));
  lab.Start(Span("4", "3", "tool_call"));
  lab.End(Span("4", "3", "tool_call", {{"output", std::string(200'000, 't')}}));
  for (uint32_t id = 16; lab.ReadStats().dropped(LossReason::kMemory) == 0; ++id) {
    REQUIRE(id < 200);
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    // With an output, where the tool's would be looked for.
    lab.End(Span(hex, "1", "model_inference", {{"output", std::string(30'000, 'x')}}));
  }
  lab.Start(Span("5", "2", "model_step"));
  lab.End(Span("6", "5", "model_inference"));
  lab.End(Span("2", "1", "model_generation", {{"input", "question"}}));
  lab.EndRoot(Span("1"));
  bool arrived = false;
  for (const auto& span : lab.Take()) {
    CHECK(HexOf(span.span_id()) != "0000000000000004");
    if (HexOf(span.span_id()) != "0000000000000006") continue;
    arrived = true;
    CHECK(testing::AttributesOf(span.attributes())["gen_ai.input.messages"] ==
          R"([{"role":"user","parts":[{"type":"text","content":"question"}]}])");
  }
  CHECK(arrived);
}

TEST_CASE("pipeline: other runs lose their last class before the newest span of it is lost") {
  CoreLab lab(Json::object(), 2u << 20);
  const auto in = [](Json span, const char* trace_id) {
    span["traceId"] = trace_id;
    return span;
  };
  lab.Start(in(Span("1"), "aa"));
  lab.End(in(Big("2", "1", "model_inference"), "aa"));
  lab.Start(in(Span("1"), "bb"));
  for (uint32_t id = 16; lab.ReadStats().dropped(LossReason::kMemory) == 0; ++id) {
    REQUIRE(id < 200);
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    lab.End(in(Big(hex, "1", "model_inference"), "bb"));
  }
  lab.EndRoot(in(Span("1"), "aa"));
  lab.EndRoot(in(Span("1"), "bb"));
  bool old_run = false;
  for (const auto& span : lab.Take()) old_run |= HexOf(span.span_id()) == "0000000000000002";
  CHECK(!old_run);
  CHECK(lab.ReadStats().dropped(LossReason::kMemory) == 1);
}

TEST_CASE("pipeline: a span beyond the whole budget is lost alone") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  lab.End(Span("2", "1", "model_inference"));
  // Its text crosses, but its record (and the areas) do not fit beside each other.
  TapeWriter tape;
  REQUIRE(tools::WriteMastraEvent(
      &tape, {{"type", "span_ended"}, {"exportedSpan", Big("3", "1", "tool_call", 900'000)}}));
  const int32_t status = lab.Commit(&tape);
  if (status == kNoMemory) {
    CHECK(edgespan_drop(lab.id(), static_cast<uint32_t>(LossReason::kTooLarge), 1) == 0);
  } else {
    CHECK(status == 0);
  }
  CHECK(lab.ReadStats().dropped() == 1);
  lab.EndRoot(Span("1"));
  CHECK(lab.TakeIds() == "2 1");
}

TEST_CASE("pipeline: after a shortage everything is as before") {
  CoreLab lab(Json::object(), 2u << 20);
  for (int round = 0; round < 20; ++round) {
    lab.Start(Span("1"));
    for (uint32_t id = 16; id < 90; ++id) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "%x", id);
      lab.End(Big(hex, "1", id % 3 == 0 ? "model_chunk" : "model_inference"));
    }
    lab.EndRoot(Span("1"));
    lab.Take();
    CHECK(lab.ReadStats()[Stat::kPending] == 0);
  }
  // The budget is free again: a run that nearly fills it arrives whole.
  const uint32_t before = lab.ReadStats().dropped();
  lab.Start(Span("1"));
  for (uint32_t id = 16; id < 31; ++id) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    lab.End(Big(hex, "1", "generic"));
  }
  lab.EndRoot(Span("1"));
  CHECK(lab.Take().size() == 16);
  CHECK(lab.ReadStats().dropped() == before);
}

TEST_CASE("pipeline: 1024 open runs; one more abandons the oldest") {
  CoreLab lab;
  const auto in = [](Json span, uint32_t n) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", n);
    span["traceId"] = hex;
    return span;
  };
  for (uint32_t n = 1; n <= Pipeline::kMaxTraces; ++n) {
    lab.Start(in(Span("1"), n));
    lab.End(in(Span("2", "1"), n));
  }
  CHECK(lab.ReadStats().dropped() == 0);
  CHECK(lab.ReadStats()[Stat::kUnended] == 0);
  lab.Start(in(Span("1"), 5000));
  auto stats = lab.ReadStats();
  CHECK(stats.dropped(LossReason::kMemory) == 1);
  CHECK(stats[Stat::kUnended] == 1);
  CHECK(stats[Stat::kEnded] == Pipeline::kMaxTraces);
  // The first run is gone, the second is whole.
  CHECK(lab.TakeIds(lab.EndRoot(in(Span("1"), 2))) == "2 1");
  CHECK(lab.TakeIds(lab.EndRoot(in(Span("1"), 1))) == "1");
  CHECK(edgespan_close(lab.id(), Pipeline::kEver) > 0);
  CHECK(lab.Take().size() == Pipeline::kMaxTraces - 2);
}

TEST_CASE("pipeline: of many open runs each handle cuts its own, and then nothing") {
  CoreLab lab;
  constexpr uint32_t kRuns = 700;  // several in each of the pipeline's buckets
  const auto in_run = [](uint32_t run, const char* id, const char* parent) {
    char trace[33];
    std::snprintf(trace, sizeof trace, "%032x", run + 1);
    return Span(id, parent, "generic", {{"traceId", trace}, {"input", run}});
  };
  for (uint32_t run = 0; run < kRuns; ++run) lab.Start(in_run(run, "1", ""));
  for (uint32_t run = 0; run < kRuns; ++run) lab.End(in_run(kRuns - 1 - run, "2", "1"));
  std::vector<uint32_t> handles;
  for (uint32_t i = 0; i < kRuns; ++i) {
    const uint32_t run = i * 311 % kRuns;  // in no order that they were opened in
    const uint32_t handle = lab.EndRoot(in_run(run, "1", ""));
    const auto spans = lab.Take(handle);
    REQUIRE(spans.size() == 2);
    for (const auto& span : spans) {
      const std::string id = HexOf(span.trace_id());
      REQUIRE(std::strtoul(id.c_str() + 24, nullptr, 16) == run + 1);
    }
    handles.push_back(handle);
  }
  for (const uint32_t handle : handles) REQUIRE(lab.Cut(handle).id == 0);
  std::sort(handles.begin(), handles.end());
  CHECK(std::adjacent_find(handles.begin(), handles.end()) == handles.end());
  CHECK(lab.ReadStats()[Stat::kAccepted] == 2 * kRuns);
}

TEST_CASE("pipeline: an abandoned run that was partly cut is lost to whom it was not sent") {
  CoreLab lab(
      {{"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}, {{"dialect", "genai"}}}}});
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1"));
  const uint32_t trace = lab.EndRoot(Span("1"));
  const Batch one = lab.Cut(trace, 0);
  REQUIRE(one.spans.size() == 1);
  for (uint32_t n = 0; n < Pipeline::kMaxTraces; ++n) {
    Json root = Span("1");
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", n + 16);
    root["traceId"] = hex;
    lab.Start(root);
  }
  lab.Finish(one);
  CHECK(lab.ReadStats(0)[Stat::kAccepted] == 1);
  CHECK(lab.ReadStats(0).dropped(LossReason::kMemory) == 2);
  CHECK(lab.ReadStats(1)[Stat::kAccepted] == 0);
  CHECK(lab.ReadStats(1).dropped(LossReason::kMemory) == 3);
  CHECK(edgespan_cut(lab.id(), 0, trace, 0, 0) == 0);
}

}  // namespace
}  // namespace edgespan
