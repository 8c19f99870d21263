// The life of a run: what is lost when memory runs out, in which order, and what is told of it.
#include <map>
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

TEST_CASE("life: chunks, then leaves and inner workings, then others, then what matters most") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1", "", "agent_run"));
  const std::string text(20'000, 'x');
  const auto end = [&](uint32_t id, const char* type, bool child = false) {
    if (child) lab.Start(Span(HexId(id + 0x8000), HexId(id)));
    lab.End(Span(HexId(id), "1", type, {{"output", text}}));
  };
  for (uint32_t i = 0; i < 8; ++i) {
    lab.Start(Span(HexId(0x300 + i), "1", "workflow_step"));
    lab.Start(Span(HexId(0x400 + i), "1", "processor_run"));
    end(0x100 + i, "model_chunk");
    end(0x200 + i, "generic");
    end(0x300 + i, "workflow_step", true);
    end(0x400 + i, "processor_run", true);
    end(0x500 + i, "tool_call");
  }
  REQUIRE(lab.ReadStats().dropped() == 0);
  std::vector<uint32_t> losses;
  uint32_t calls = 0;
  for (uint32_t before = 0; losses.size() < 4; ++calls) {
    REQUIRE(calls < 200);
    end(0x1000 + calls, "model_inference");
    const uint32_t lost = lab.ReadStats().dropped(LossReason::kMemory);
    if (lost != before) losses.push_back(lost - before);
    before = lost;
  }
  // Chunks; generic spans and processors; steps and tools; then the newest call alone.
  CHECK(losses == std::vector<uint32_t>{8, 16, 16, 1});
  const auto spans = lab.Take(lab.EndRoot(Span("1", "", "agent_run")));
  CHECK(spans.size() == calls);
  CHECK(AttributesOf(spans.back().attributes())["edgespan.dropped_spans"] == 41);
}

TEST_CASE(
    "life: a quarter of the memory that is needed: what matters most arrives, counts add up") {
  // What a run needs, when there is enough.
  const auto write = [](CoreLab* lab) {
    uint32_t ended = 0;
    const auto end = [&](const Json& span) {
      lab->End(span);
      ++ended;
    };
    lab->Start(Span("1", "", "agent_run"));
    for (uint32_t i = 0; i < 60; ++i) {
      const std::string g = HexId(0x1000 + i);
      const std::string s = HexId(0x2000 + i);
      lab->Start(Span(g, "1", "model_generation"));
      lab->Start(Span(s, g, "model_step"));
      lab->Start(Span(HexId(0x3000 + i), s, "model_inference"));
      for (uint32_t c = 0; c < 5; ++c) {
        end(Span(HexId(0x10000 + 16 * i + c), HexId(0x3000 + i), "model_chunk",
                 {{"output", std::string(6000, 'c')}}));
      }
      end(Span(HexId(0x4000 + i), s, "tool_call", {{"output", std::string(30'000, 't')}}));
      end(Span(HexId(0x3000 + i), s, "model_inference", {{"output", std::string(2000, 'o')}}));
      Json failed = Span(HexId(0x5000 + i), s, "generic");
      failed["errorInfo"] = {{"message", "m"}};
      if (i % 10 == 0) end(failed);
      end(Span(s, g, "model_step", {{"output", std::string(6000, 's')}}));
      end(Span(g, "1", "model_generation", {{"input", std::string(2000, 'i')}}));
    }
    return ended + 1;
  };
  uint32_t needed = 0;
  for (uint32_t budget = 1u << 20; needed == 0; budget += 256u << 10) {
    CoreLab lab(Json::object(), budget);
    write(&lab);
    if (lab.ReadStats().dropped() == 0) needed = budget;
  }
  CoreLab lab(Json::object(), needed / 4);
  const uint32_t ended = write(&lab);
  const uint32_t trace = lab.EndRoot(Span("1", "", "agent_run"));
  const auto spans = lab.Take(trace);
  std::map<std::string, uint32_t> arrived;
  uint32_t failed = 0;
  for (const auto& span : spans) {
    ++arrived[AttributesOf(span.attributes())["mastra.span.type"].get<std::string>()];
    failed += HexOf(span.span_id())[12] == '5' ? 1 : 0;
  }
  CHECK(arrived["agent_run"] == 1);
  CHECK(arrived["model_generation"] == 60);
  CHECK(arrived["model_inference"] == 60);
  CHECK(failed == 6);
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kEnded] == ended);
  CHECK(stats.dropped(LossReason::kMemory) == ended - spans.size());
  CHECK(spans.size() < ended);
  CHECK(AttributesOf(spans.back().attributes())["edgespan.dropped_spans"] == ended - spans.size());
}

TEST_CASE("life: memory of what has left comes back without a loss, however long the run") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  uint32_t taken = 0;
  constexpr uint32_t kSpans = 1000;
  for (uint32_t i = 0; i < kSpans; ++i) {
    // A span that waits pins its own pages, not the others'.
    if (i == 10) {
      lab.Start(Span("2", "1", "model_generation"));
      lab.End(Span("3", "2", "model_inference", {{"output", std::string(5000, 'o')}}));
    }
    lab.End(Span(HexId(16 + i), "1", i % 2 == 0 ? "generic" : "tool_call",
                 {{"input", std::string(10'000, 'x')}}));
    if (i % 20 == 19) taken += static_cast<uint32_t>(lab.Take(kOpen).size());
  }
  CHECK(taken == kSpans);
  lab.End(Span("2", "1", "model_generation", {{"input", "q"}}));
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))) == "3 2 1");
  CHECK(lab.ReadStats().dropped() == 0);
}

TEST_CASE("life: what has left for one destination is lost to the other alone") {
  CoreLab lab(Both(), 2u << 20);
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < 20; ++i) {
    lab.End(Span(HexId(16 + i), "1", "generic", {{"input", std::string(20'000, 'x')}}));
  }
  REQUIRE(lab.Take(kOpen, 0).size() == 20);
  uint32_t calls = 0;
  for (; lab.ReadStats(1).dropped() == 0; ++calls) {
    lab.End(
        Span(HexId(0x100 + calls), "1", "model_inference", {{"output", std::string(20'000, 'x')}}));
  }
  CHECK(lab.ReadStats(1).dropped(LossReason::kMemory) == 20);
  CHECK(lab.ReadStats(0).dropped() == 0);
  const uint32_t trace = lab.EndRoot(Span("1"));
  const auto early = lab.Take(trace, 0);
  const auto whole = lab.Take(trace, 1);
  CHECK(early.size() == calls + 1);
  CHECK(whole.size() == calls + 1);
  CHECK(!AttributesOf(early.back().attributes()).contains("edgespan.dropped_spans"));
  CHECK(AttributesOf(whole.back().attributes())["edgespan.dropped_spans"] == 20);
}

TEST_CASE("life: with every batch in the host's hands what can wait waits") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}}}});
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < Pipeline::kMaxBatches + 5; ++i) lab.End(Span(HexId(16 + i), "1"));
  std::vector<Batch> held;
  for (Batch batch = lab.Cut(kOpen); batch.id != 0; batch = lab.Cut(kOpen)) held.push_back(batch);
  CHECK(held.size() == Pipeline::kMaxBatches);
  CHECK(lab.ReadStats().dropped() == 0);
  for (const Batch& batch : held) lab.Finish(batch);
  CHECK(lab.Take(kOpen).size() == 5);
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))) == "1");
}

TEST_CASE("life: an abandoned run counts what had not left") {
  CoreLab lab(Both());
  lab.Start(Span("1"));
  lab.End(Span("2", "1"));
  CHECK(lab.TakeIds(kOpen, 0) == "2");
  lab.End(Span("3", "1"));
  for (uint32_t n = 0; n < Pipeline::kMaxTraces; ++n) {
    Json root = Span("1");
    root["traceId"] = HexId(n + 16);
    lab.Start(root);
  }
  CHECK(lab.ReadStats(0).dropped(LossReason::kMemory) == 1);
  CHECK(lab.ReadStats(1).dropped(LossReason::kMemory) == 2);
}

}  // namespace
}  // namespace edgespan
