// Pipeline: the parts in which a refused batch is posted again, and what they cost at most.
#include <set>
#include <string>
#include <vector>

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
using testing::Receiver;
using testing::Span;

TEST_CASE("judge: one poison span, wherever it stands, costs itself and few requests") {
  for (const uint32_t status : {400u, 413u}) {
    for (uint32_t at = 0; at < 33; ++at) {
      CoreLab lab;
      EndRun(&lab, 32);
      const uint32_t batch = lab.Cut().id;
      const auto all = Posted(batch);
      REQUIRE(all.size() == 33);
      Receiver receiver{{all[at]}, status, 0, {}};
      receiver.Deliver(&lab, batch);
      CHECK(edgespan_release(batch, 0) == 0);
      CHECK(receiver.took.size() == 32);
      CHECK(std::set(receiver.took.begin(), receiver.took.end()).size() == 32);
      CHECK(receiver.requests <= 13);
      const auto stats = lab.ReadStats();
      CHECK(stats[Stat::kAccepted] == 32);
      CHECK(stats[Stat::kRejected] == 1);
    }
  }
}

TEST_CASE("judge: of a full batch one poison span costs itself") {
  for (const uint32_t at : {0u, 255u, 256u, 510u, 511u}) {
    CoreLab lab;
    EndRun(&lab, 511);
    const uint32_t batch = lab.Cut().id;
    const auto all = Posted(batch);
    REQUIRE(all.size() == 512);
    Receiver receiver{{all[at], all[(at + 300) % 512]}, 413, 0, {}};
    receiver.Deliver(&lab, batch);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(lab.ReadStats()[Stat::kAccepted] == 510);
    CHECK(lab.ReadStats()[Stat::kRejected] == 2);
    CHECK(receiver.requests <= 40);
  }
}

TEST_CASE("judge: a receiver that refuses everything is soon believed") {
  for (const uint32_t children : {0u, 1u, 30u, 511u}) {
    CoreLab lab;
    EndRun(&lab, children);
    const uint32_t batch = lab.Cut().id;
    const auto all = Posted(batch);
    Receiver receiver{{all.begin(), all.end()}, 400, 0, {}};
    CHECK(receiver.Deliver(&lab, batch) == Verdict::kRejected);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(receiver.requests <= 12);
    CHECK(lab.ReadStats()[Stat::kRejected] == children + 1);
  }
}

TEST_CASE("judge: a receiver that takes only small requests gets small ones, within reason") {
  struct Case {
    uint32_t children;
    size_t most;
    uint32_t requests;
    uint32_t accepted;
  };
  for (const Case& c : {Case{31, 8, 6, 32}, Case{31, 20, 3, 32}, Case{18, 2, 13, 19},
                        Case{63, 1, 70, 64}, Case{511, 1, 73, 64}}) {
    CoreLab lab;
    EndRun(&lab, c.children);
    const uint32_t batch = lab.Cut().id;
    Receiver receiver{{}, 413, 0, {}, c.most};
    receiver.Deliver(&lab, batch);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(receiver.requests == c.requests);
    CHECK(receiver.took.size() == c.accepted);
    CHECK(lab.ReadStats()[Stat::kAccepted] == c.accepted);
    CHECK(lab.ReadStats().dropped(LossReason::kUnsent) == c.children + 1 - c.accepted);
  }
}

TEST_CASE("judge: many poison spans, a bounded number of requests") {
  CoreLab lab;
  EndRun(&lab, 511);
  const uint32_t batch = lab.Cut().id;
  const auto all = Posted(batch);
  std::set<std::string> poison;
  for (size_t i = 0; i < all.size(); i += 7) poison.insert(all[i]);
  Receiver receiver{poison, 400, 0, {}};
  CHECK(receiver.Deliver(&lab, batch) == Verdict::kRejected);
  CHECK(edgespan_release(batch, 0) == 0);
  CHECK(receiver.requests <= 45);
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kAccepted] == receiver.took.size());
  CHECK(stats[Stat::kAccepted] + stats[Stat::kRejected] == 512);
}

TEST_CASE("judge: what is given up amid parts is all that is left, and only that") {
  CoreLab lab;
  EndRun(&lab, 7);
  const uint32_t batch = lab.Cut().id;
  const auto all = Posted(batch);
  CHECK(Judge(&lab, batch, 400).verdict == Verdict::kNext);  // 8: refused
  CHECK(Posted(batch).size() == 4);
  CHECK(Judge(&lab, batch, 200).verdict == Verdict::kNext);  // the first four
  CHECK(Posted(batch).size() == 4);
  CHECK(Judge(&lab, batch, 400).verdict == Verdict::kNext);
  CHECK(Posted(batch).size() == 2);
  CHECK(Judge(&lab, batch, 503, 0).verdict == Verdict::kGivenUp);
  CHECK(Posted(batch) == std::vector(all.begin() + 4, all.end()));
  CHECK(edgespan_release(batch, 1) == 0);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 4);
  CHECK(lab.ReadStats()[Stat::kSpooled] == 4);
}

TEST_CASE("judge: without memory for a part what is left is rejected, and counted") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.End(Span("2", "1", "generic", {{"input", std::string(200'000, 'x')}}));
  lab.EndRoot(Span("1", "", "generic", {{"input", std::string(200'000, 'x')}}));
  const uint32_t batch = lab.Cut().id;
  REQUIRE(Posted(batch).size() == 2);
  std::vector<uint32_t> filling;  // nearly all the memory there is, in other batches
  while (lab.ReadStats().dropped() == 0) {
    REQUIRE(filling.size() < 100);
    lab.EndRoot(Span("3", "", "generic", {{"input", std::string(50'000, 'x')}}));
    const Batch other = lab.Cut();
    if (other.id != 0) filling.push_back(other.id);
  }
  CHECK(Judge(&lab, batch, 400).verdict == Verdict::kRejected);
  CHECK(edgespan_release(batch, 0) == 0);
  CHECK(lab.ReadStats()[Stat::kRejected] == 2);
  for (const uint32_t other : filling) CHECK(edgespan_release(other, 0) == 0);
}

}  // namespace
}  // namespace edgespan
