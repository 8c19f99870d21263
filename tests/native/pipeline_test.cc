// Pipeline, the first half: which run a span belongs to, and when a run may leave. The law of the
// accounts is checked at every step by CoreLab. Tapes and memory are in pipeline_*_test.cc.
#include "edgespan/pipeline/pipeline.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::Batch;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::kTraceId;
using testing::Span;
using testing::TapeWriter;

TEST_CASE("pipeline: a run leaves when its root has ended, in order of end") {
  CoreLab lab;
  CHECK(lab.Start(Span("1")) == 0);
  CHECK(lab.Start(Span("2", "1")) == 0);
  CHECK(lab.Start(Span("3", "2")) == 0);
  CHECK(lab.End(Span("3", "2")) == 0);
  CHECK(lab.End(Span("2", "1")) == 0);
  CHECK(lab.TakeIds() == "");  // not yet
  CHECK(lab.ReadStats()[Stat::kPending] == 2);
  const uint32_t trace = lab.EndRoot(Span("1"));
  CHECK(lab.TakeIds(trace) == "3 2 1");
  CHECK(lab.TakeIds(trace) == "");
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kEnded] == 3);
  CHECK(stats[Stat::kAccepted] == 3);
  CHECK(stats[Stat::kPending] == 0);
  CHECK(stats[Stat::kUnended] == 0);
}

TEST_CASE("pipeline: a whole run on one tape") {
  CoreLab lab;
  TapeWriter tape;
  const auto write = [&](const char* type, const Json& span) {
    REQUIRE(tools::WriteMastraEvent(&tape, {{"type", type}, {"exportedSpan", span}}));
  };
  write("span_started", Span("1"));
  write("span_started", Span("2", "1"));
  write("span_ended", Span("2", "1"));
  write("span_ended", Span("1"));
  Json other = Span("5");
  other["traceId"] = "ff";
  write("span_ended", other);
  const int32_t last = lab.Commit(&tape);
  REQUIRE(last > 0);
  CHECK(lab.TakeIds(static_cast<uint32_t>(last)) == "5");  // the root that ended last
  CHECK(lab.TakeIds() == "2 1");
}

TEST_CASE("pipeline: bodies never mix traces, not even of one exporter") {
  CoreLab lab;
  for (const char* id : {"a1", "b2", "c3"}) {
    Json child = Span("2", "1");
    Json root = Span("1");
    child["traceId"] = root["traceId"] = id;
    lab.End(child);
    lab.End(root);
  }
  std::vector<std::string> traces;
  for (const Batch& batch : lab.TakeBatches()) {
    CHECK(batch.spans.size() == 2);
    for (const auto& span : batch.spans) CHECK(span.trace_id() == batch.spans[0].trace_id());
    traces.push_back(HexOf(batch.spans[0].trace_id()).substr(30));
  }
  CHECK(traces == std::vector<std::string>{"a1", "b2", "c3"});  // the oldest first
}

TEST_CASE("pipeline: consecutive runs of one trace id") {
  CoreLab lab;
  for (const char* root : {"a", "b"}) {
    const std::string child = std::string(root) + "1";
    lab.Start(Span(root));
    lab.Start(Span(child, root));
    lab.End(Span(child, root));
    const uint32_t trace = lab.EndRoot(Span(root));
    if (root[0] == 'b') CHECK(lab.TakeIds(trace) == "b1 b");
  }
  CHECK(lab.TakeIds() == "a1 a");
}

TEST_CASE("pipeline: overlapping runs of one trace id") {
  CoreLab lab;
  lab.Start(Span("a"));
  lab.Start(Span("a1", "a"));
  lab.Start(Span("b"));
  lab.Start(Span("b1", "b"));
  lab.Start(Span("a2", "a1"));
  lab.End(Span("b1", "b"));
  lab.End(Span("a2", "a1"));
  // Spans whose start nobody saw go where their parent is.
  lab.End(Span("a3", "a2"));
  lab.End(Span("b2", "b"));
  const uint32_t b = lab.EndRoot(Span("b"));
  CHECK(lab.TakeIds(b) == "b1 b2 b");
  CHECK(lab.TakeIds() == "");  // a is still open
  lab.End(Span("a1", "a"));
  const uint32_t a = lab.EndRoot(Span("a"));
  CHECK(a != b);
  CHECK(lab.TakeIds(a) == "a2 a3 a1 a");
  CHECK(lab.ReadStats()[Stat::kUnended] == 0);
}

TEST_CASE("pipeline: overlapping runs below one remote parent") {
  // Two requests of one page: same trace id, same parent in another process.
  CoreLab lab;
  const auto root = [](const char* id) {
    Json span = Span(id);
    span["externalParentSpanId"] = "ee";
    return span;
  };
  lab.Start(root("a"));
  lab.Start(root("b"));
  lab.Start(Span("a1", "a"));
  lab.Start(Span("b1", "b"));
  lab.End(Span("a1", "a"));
  lab.End(Span("b1", "b"));
  const uint32_t a = lab.EndRoot(root("a"));
  const uint32_t b = lab.EndRoot(root("b"));
  CHECK(lab.TakeIds(b) == "b1 b");
  const auto spans = lab.Take(a);
  REQUIRE(spans.size() == 2);
  CHECK(HexOf(spans[1].parent_span_id()) == "00000000000000ee");
  CHECK((spans[1].flags() & 0x200) != 0);
  CHECK((spans[0].flags() & 0x200) == 0);
}

TEST_CASE("pipeline: exporters do not see each other's runs") {
  CoreLab lab;
  const int32_t opened = CoreLab::Open(Json::object());
  REQUIRE(opened > 0);
  const auto other = static_cast<uint32_t>(opened);
  lab.Start(Span("1"));
  TapeWriter tape;
  REQUIRE(
      tools::WriteMastraEvent(&tape, {{"type", "span_ended"}, {"exportedSpan", Span("2", "1")}}));
  CHECK(tools::CommitTape(other, tape.Take()) == 0);
  const uint32_t trace = lab.EndRoot(Span("1"));
  CHECK(edgespan_cut(other, 0, trace, 0, 0) == 0);
  CHECK(lab.TakeIds() == "1");
  CHECK(edgespan_cut(other, 0, 0, 0, 0) > 0);
}

TEST_CASE("pipeline: a root that nobody announced") {
  CoreLab lab;
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))) == "1");
  // Children first, then their root: one run.
  CHECK(lab.End(Span("3", "2")) == 0);
  CHECK(lab.TakeIds(lab.EndRoot(Span("2"))) == "3 2");
  // Beside an open run of the same trace it is a run of its own.
  lab.Start(Span("4"));
  CHECK(lab.TakeIds(lab.EndRoot(Span("5"))) == "5");
  CHECK(lab.TakeIds(lab.EndRoot(Span("4"))) == "4");
}

TEST_CASE("pipeline: spans without a root wait for nothing") {
  CoreLab lab;
  lab.Start(Span("3", "2"));
  CHECK(lab.End(Span("2", "1")) == 0);
  CHECK(lab.TakeIds() == "2");
  CHECK(lab.End(Span("3", "2")) == 0);
  CHECK(lab.TakeIds() == "3");
}

TEST_CASE("pipeline: late spans leave with the next cut, in their own trace") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.Start(Span("2", "1"));
  lab.Start(Span("3", "1"));
  const uint32_t trace = lab.EndRoot(Span("1"));
  CHECK(lab.End(Span("2", "1")) == 0);  // closed, not yet cut: it goes along
  CHECK(lab.TakeIds(trace) == "1 2");
  CHECK(lab.ReadStats()[Stat::kUnended] == 1);  // so it seemed
  CHECK(lab.End(Span("3", "1")) == 0);
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  CHECK(HexOf(spans[0].trace_id()) == kTraceId);
  CHECK(HexOf(spans[0].parent_span_id()) == "0000000000000001");
  CHECK(lab.ReadStats()[Stat::kAccepted] == 3);
}

TEST_CASE("pipeline: a span that ends while its run is being sent is not lost") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}}}});
  lab.End(Span("2", "1"));
  const uint32_t trace = lab.EndRoot(Span("1"));
  const Batch first = lab.Cut(trace);
  REQUIRE(first.id != 0);
  lab.End(Span("3", "1"));
  const Batch second = lab.Cut(trace);
  CHECK(lab.Cut(trace).id == 0);
  lab.Finish(first);
  lab.Finish(second);
  CHECK(lab.TakeIds() == "3");
}

TEST_CASE("pipeline: a span that ends twice is sent once, as it ended first") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.End(Span("2", "1", "generic", {{"entityId", "first"}}));
  lab.End(Span("2", "1", "generic", {{"entityId", "second"}}));
  lab.EndRoot(Span("1"));
  lab.End(Span("1"));  // before it is sent
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 2);
  CHECK(testing::AttributesOf(spans[0].attributes())["mastra.entity_id"] == "first");
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kUnended] == 0);
  CHECK(stats[Stat::kAccepted] == 2);
  CHECK(stats.dropped(LossReason::kDuplicate) == 2);
  CHECK(stats.dropped() == 2);
}

TEST_CASE("pipeline: a span started twice is one open span") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.Start(Span("2", "1"));
  lab.Start(Span("2", "1"));
  lab.EndRoot(Span("1"));
  CHECK(lab.TakeIds() == "1");
  CHECK(lab.ReadStats()[Stat::kUnended] == 1);
}

TEST_CASE("pipeline: Close() sends what ended and counts what did not") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.Start(Span("2", "1"));
  lab.Start(Span("3", "1"));
  lab.End(Span("2", "1"));
  Json other = Span("9");
  other["traceId"] = "ff";
  lab.Start(other);
  CHECK(edgespan_close(lab.id(), Pipeline::kEver) == 3);  // 1, 3 and 9
  CHECK(edgespan_close(lab.id(), Pipeline::kEver) == 0);
  CHECK(lab.TakeIds() == "2");
  auto stats = lab.ReadStats();
  CHECK(stats[Stat::kUnended] == 3);
  CHECK(stats[Stat::kEnded] == 1);
  // The root ends after all: its run is gone, but it is not.
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))) == "1");
}

}  // namespace
}  // namespace edgespan
