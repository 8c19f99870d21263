// Pipeline: when destinations share a body, and when they do not.
#include <utility>

#include <catch2/catch.hpp>

#include "edgespan/pipeline/pipeline.h"
#include "tests/support/judge_lab.h"

namespace edgespan {
namespace {

using otlp::Verdict;
using testing::Batch;
using testing::CoreLab;
using testing::EndRun;
using testing::Json;
using testing::Judge;
using testing::Posted;

TEST_CASE("cut: destinations of one dialect and equal limits share one body") {
  CoreLab lab(Json{
      {"destinations",
       {{{"dialect", "genai"}}, {{"dialect", "genai"}}, {{"dialect", "genai"}, {"maxSpans", 2}}}}});
  const uint32_t trace = EndRun(&lab, 3);
  const Batch one = lab.Cut(trace, 0);
  const Batch two = lab.Cut(trace, 1);
  const Batch other = lab.Cut(trace, 2);
  const auto where = [](uint32_t batch) {
    REQUIRE(edgespan_batch(batch) == 0);
    return std::pair(tools::CoreResult()[0], tools::CoreResult()[3]);
  };
  CHECK(where(one.id) == where(two.id));
  CHECK(where(one.id) != where(other.id));
  CHECK(other.spans.size() == 2);
  // Each goes its own way; what one leaves the other still has.
  CHECK(Judge(&lab, one.id, 400).verdict == Verdict::kNext);
  CHECK(where(one.id) != where(two.id));
  CHECK(Posted(one.id).size() == 2);
  CHECK(edgespan_release(one.id, 0) == 0);
  EndRun(&lab, 9);  // whatever would now lie in its place
  CHECK(tools::BatchView(two.id).body == two.body);
  CHECK(Judge(&lab, two.id, 200).accepted == 4);
  CHECK(edgespan_release(two.id, 0) == 0);
  lab.Finish(other);
  CHECK(lab.ReadStats(0).dropped(LossReason::kUnsent) == 4);
}

TEST_CASE("cut: a body is shared only by those that cut it from the same span on") {
  CoreLab lab(
      Json{{"destinations",
            {{{"dialect", "genai"}, {"maxSpans", 2}}, {{"dialect", "genai"}, {"maxSpans", 2}}}}});
  const uint32_t trace = EndRun(&lab, 4);
  const uint32_t first = lab.Cut(trace, 0).id;
  CHECK(lab.TakeIds(trace, 1) == "10 11 12 13 1");
  CHECK(edgespan_release(first, 0) == 0);
  CHECK(lab.TakeIds(trace, 0) == "12 13 1");
  // The records' place is another trace's now.
  const uint32_t next = EndRun(&lab, 1);
  CHECK(lab.TakeIds(next, 0) == "10 1");
  CHECK(lab.TakeIds(next, 1) == "10 1");
}

}  // namespace
}  // namespace edgespan
