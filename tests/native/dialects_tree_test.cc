// What a destination's configuration makes of a run's tree: remote parents, types that are left
// out, parents that never ended, time that runs backwards.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dialect_run.h"

namespace edgespan {
namespace {

using testing::AgentRun;
using testing::At;
using testing::AttributesOf;
using testing::CoreLab;
using testing::Has;
using testing::HexOf;
using testing::Json;
using testing::Span;
using testing::Spans;
using PbSpan = otlp::pb::Span;

TEST_CASE("dialects: a remote parent is kept or detached") {
  std::vector<Json> run = {Span("1"), Span("2", "1")};
  run[0]["externalParentSpanId"] = "b7ad6b7169203331";
  const auto check = [&](const Json& destination, bool detached) {
    INFO(destination.dump());
    auto spans = Spans(destination, run);
    CHECK(HexOf(spans["1"].parent_span_id()) == (detached ? "" : "b7ad6b7169203331"));
    CHECK(spans["1"].flags() == (detached ? 0x101 : 0x301));
    Has(AttributesOf(spans["1"].attributes()),
        {{"mastra.external_parent_span_id", detached ? Json("b7ad6b7169203331") : Json(nullptr)}});
    CHECK(HexOf(spans["2"].parent_span_id()) == "0000000000000001");
  };
  check({{"dialect", "genai"}}, false);
  check({{"dialect", "genai"}, {"remoteParent", "detach"}}, true);
  for (const char* dialect : {"openinference", "langfuse", "lemma", "langsmith", "braintrust",
                              "laminar", "posthog", "traceloop", "mlflow", "agnost"}) {
    check({{"dialect", dialect}}, true);
    check({{"dialect", dialect}, {"remoteParent", "keep"}}, false);
  }
  for (const char* dialect : {"datadog", "sentry"}) check({{"dialect", dialect}}, false);
}

TEST_CASE("dialects: types that are left out take no children with them, and are accounted for") {
  const Json destinations = {
      {{"dialect", "genai"}},
      {{"dialect", "langfuse"}, {"dropTypes", {"model_chunk", "model_step"}}}};
  CoreLab lab({{"destinations", destinations}});
  const std::vector<Json> run = AgentRun();
  for (const Json& span : run) lab.Start(span);
  for (size_t i = run.size(); i > 0; --i) lab.End(run[i - 1]);
  CHECK(lab.Take(0, 0).size() == 9);
  std::map<std::string, PbSpan> spans;
  for (const PbSpan& span : lab.Take(0, 1)) spans[HexOf(span.span_id()).substr(15)] = span;
  CHECK(spans.size() == 5);
  for (const char* id : {"4", "5", "8"}) {
    CHECK(HexOf(spans[id].parent_span_id()).substr(15) == "2");
  }
  // What a chunk that is left out knew is not lost.
  CHECK(AttributesOf(spans["8"].attributes())["gen_ai.response.time_to_first_chunk"] == 0.05);
  CHECK(lab.ReadStats(1).dropped(LossReason::kLeftOut) == 4);
  CHECK(lab.ReadStats(1)[Stat::kAccepted] == 5);
  CHECK(lab.ReadStats(0).dropped() == 0);
}

TEST_CASE("dialects: nothing is sent where all is left out") {
  CoreLab lab(
      {{"destinations",
        Json::array({{{"dialect", "genai"}, {"dropTypes", {"generic"}}, {"maxSpans", 1}}})}});
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1", "tool_call"));
  lab.End(Span("4", "1"));
  lab.EndRoot(Span("1"));
  CHECK(lab.TakeIds() == "3");
  CHECK(lab.ReadStats().dropped(LossReason::kLeftOut) == 3);
  lab.EndRoot(Span("5"));
  CHECK(lab.TakeBatches().empty());
  CHECK(lab.ReadStats()[Stat::kPending] == 0);
}

TEST_CASE("dialects: a parent that never ended is passed over where an ancestor did") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.Start(Span("2", "1"));
  lab.End(Span("3", "2"));
  lab.EndRoot(Span("1"));
  for (const PbSpan& span : lab.Take()) {
    const std::string id = HexOf(span.span_id()).substr(15);
    if (id == "3") CHECK(HexOf(span.parent_span_id()).substr(15) == "1");
  }
}

TEST_CASE("dialects: time that runs backwards is repaired, and marked") {
  CoreLab lab;
  Json span = Span("1");
  span["endTime"] = At(100);
  span["startTime"] = At(200);
  const PbSpan repaired = lab.Encode(span);
  CHECK(repaired.end_time_unix_nano() == repaired.start_time_unix_nano());
  CHECK(AttributesOf(repaired.attributes())["edgespan.time_order_repaired"] == "true");
  CHECK(!AttributesOf(lab.Encode(Span("2")).attributes()).contains("edgespan.time_order_repaired"));
}

}  // namespace
}  // namespace edgespan
