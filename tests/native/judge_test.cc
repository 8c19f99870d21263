// Pipeline, the third part: what is posted again, and when. In which parts is judge_parts_test.cc;
// when a destination is left alone, judge_circuits_test.cc; batches of a store,
// judge_adopt_test.cc.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/pipeline/circuit.h"
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
using testing::kNow;
using testing::kPlenty;
using testing::Posted;
using testing::Reply;

TEST_CASE("backoff: anything up to a bound that doubles to its cap") {
  CHECK(Backoff(1, 0) == 0);
  CHECK(Backoff(1, UINT32_MAX) == 499);
  CHECK(Backoff(1, 1u << 31) == 250);
  CHECK(Backoff(2, UINT32_MAX) == 999);
  CHECK(Backoff(5, UINT32_MAX) == 7999);
  CHECK(Backoff(6, UINT32_MAX) == 9999);
  CHECK(Backoff(4'000'000'000, UINT32_MAX) == 9999);
}

TEST_CASE("judge: the same again, later and later, until an answer decides") {
  CoreLab lab;
  EndRun(&lab, 2);
  const uint32_t batch = lab.Cut().id;
  uint32_t bound = 500;
  for (const uint32_t status : {429u, 502u, 503u, 504u, 0u}) {
    const Reply reply = Judge(&lab, batch, status, kPlenty, 0, kNow, UINT32_MAX);
    CHECK(reply.verdict == Verdict::kRetry);
    CHECK(reply.wait == bound - 1);
    CHECK(reply.accepted + reply.rejected == 0);
    CHECK(Posted(batch).size() == 3);
    bound *= 2;
  }
  CHECK(lab.ReadStats()[Stat::kPending] == 3);
  CHECK(Judge(&lab, batch, 200).verdict == Verdict::kAccepted);
  CHECK(edgespan_release(batch, 0) == 0);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 3);
}

TEST_CASE("judge: a wait that leaves no time is not begun") {
  for (const uint32_t left : {0u, 1u, 499u}) {
    CoreLab lab;
    EndRun(&lab, 2);
    const uint32_t batch = lab.Cut().id;
    CHECK(Judge(&lab, batch, 503, left, 0, kNow, UINT32_MAX).verdict == Verdict::kGivenUp);
    CHECK(lab.ReadStats()[Stat::kPending] == 3);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(lab.ReadStats().dropped(LossReason::kUnsent) == 3);
  }
}

TEST_CASE("judge: attempts end even where time does not") {
  CoreLab lab;
  EndRun(&lab, 0);
  const uint32_t batch = lab.Cut().id;
  uint32_t attempts = 1;
  while (Judge(&lab, batch, 503, UINT32_MAX).verdict == Verdict::kRetry) REQUIRE(++attempts < 100);
  CHECK(attempts == kMaxAttempts);
  CHECK(edgespan_release(batch, 0) == 0);
}

TEST_CASE("judge: Retry-After is waited for where there is time") {
  struct Case {
    uint32_t asked;
    uint32_t wait;
  };
  for (const Case& c : {Case{3000, 3000}, Case{10'001, 10'001}, Case{100, 249}, Case{0, 249}}) {
    INFO(c.asked);
    CoreLab lab;
    EndRun(&lab, 0);
    const uint32_t batch = lab.Cut().id;
    const Reply reply = Judge(&lab, batch, 429, kPlenty, c.asked, kNow, 0x7fffffff);
    CHECK(reply.verdict == Verdict::kRetry);
    CHECK(reply.wait == c.wait);
    CHECK(edgespan_release(batch, 0) == 0);
  }
}

TEST_CASE("judge: a Retry-After beyond the time there is opens the circuit until then") {
  for (const auto& [asked, pause] : std::vector<std::pair<uint32_t, uint32_t>>{
           {60'000, 61}, {UINT32_MAX, Circuit::kMaxPauseS}}) {
    CoreLab lab;
    EndRun(&lab, 0);
    const uint32_t batch = lab.Cut().id;
    CHECK(Judge(&lab, batch, 503, kPlenty, asked).verdict == Verdict::kGivenUp);
    CHECK(edgespan_release(batch, 0) == 0);
    EndRun(&lab, 0);
    CHECK(edgespan_cut(lab.id(), 0, 0, kNow + pause - 1, 0) == 0);
    CHECK(lab.ReadStats().dropped(LossReason::kCircuit) == 1);
    EndRun(&lab, 0);
    const int32_t probe = edgespan_cut(lab.id(), 0, 0, kNow + pause, 0);
    REQUIRE(probe > 0);
    CHECK(Judge(&lab, static_cast<uint32_t>(probe), 200).verdict == Verdict::kAccepted);
    CHECK(edgespan_release(static_cast<uint32_t>(probe), 0) == 0);
  }
}

TEST_CASE("judge: a destination with many batches out lets none of them wait") {
  CoreLab lab(Json{{"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}}}});
  EndRun(&lab, 16);
  std::vector<uint32_t> out;
  for (Batch batch = lab.Cut(); batch.id != 0; batch = lab.Cut()) out.push_back(batch.id);
  REQUIRE(out.size() == 17);
  CHECK(Judge(&lab, out[0], 503).verdict == Verdict::kGivenUp);
  CHECK(edgespan_release(out[0], 0) == 0);
  CHECK(Judge(&lab, out[1], 503).verdict == Verdict::kRetry);
  for (size_t i = 1; i < out.size(); ++i) CHECK(edgespan_release(out[i], 0) == 0);
}

}  // namespace
}  // namespace edgespan
