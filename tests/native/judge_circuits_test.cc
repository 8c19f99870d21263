// Pipeline: when a destination is left alone, and the rules behind it (circuit.h).
#include <catch2/catch.hpp>

#include "edgespan/pipeline/circuit.h"
#include "edgespan/pipeline/pipeline.h"
#include "tests/support/judge_lab.h"

namespace edgespan {
namespace {

using otlp::Verdict;
using testing::CoreLab;
using testing::EndRun;
using testing::Json;
using testing::Judge;
using testing::kNow;

TEST_CASE(
    "circuit: opens after failures in a row, lets one probe through, closes or waits longer") {
  Circuit circuit = {};
  CHECK(circuit.Admits(100));
  circuit.Fail(100, false);
  circuit.Fail(100, false);
  circuit.Succeed();
  for (int i = 0; i < 2; ++i) circuit.Fail(100, false);
  CHECK(circuit.closed());
  circuit.Fail(100, false);
  CHECK(!circuit.closed());
  circuit.Fail(100, false);  // was under way
  CHECK(!circuit.Admits(129));
  CHECK(circuit.Admits(130));
  CHECK(!circuit.Admits(131));  // one probe at a time
  circuit.Fail(131, false);
  CHECK(!circuit.Admits(190));
  CHECK(circuit.Admits(191));
  CHECK(!circuit.Admits(220));  // a probe that nobody heard of
  CHECK(circuit.Admits(221));
  circuit.Succeed();
  CHECK(circuit.closed());
  circuit.Fail(300, true);  // credentials
  CHECK(!circuit.Admits(329));
  uint32_t now = 330;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(circuit.Admits(now));
    circuit.Fail(now, true);
    REQUIRE(circuit.open_until - now <= Circuit::kMaxPauseS);
    now = circuit.open_until;
  }
}

TEST_CASE("judge: refused credentials open the circuit at once; spans are dropped and counted") {
  for (const uint32_t status : {401u, 403u}) {
    CoreLab lab;
    EndRun(&lab, 2);
    const uint32_t first = lab.Cut().id;
    CHECK(Judge(&lab, first, status).verdict == Verdict::kDenied);
    CHECK(edgespan_release(first, 0) == 0);
    CHECK(lab.ReadStats()[Stat::kRejected] == 3);
    EndRun(&lab, 1);
    CHECK(edgespan_cut(lab.id(), 0, 0, kNow + 5, 0) == 0);
    CHECK(lab.ReadStats().dropped(LossReason::kCircuit) == 2);
    lab.CheckBooks();
    EndRun(&lab, 3);
    const int32_t probe = edgespan_cut(lab.id(), 0, 0, kNow + 30, 0);
    REQUIRE(probe > 0);
    EndRun(&lab, 0);
    CHECK(edgespan_cut(lab.id(), 0, 0, kNow + 31, 0) == 0);
    CHECK(Judge(&lab, static_cast<uint32_t>(probe), 200).verdict == Verdict::kAccepted);
    CHECK(edgespan_release(static_cast<uint32_t>(probe), 0) == 0);
    EndRun(&lab, 0);
    const int32_t next = edgespan_cut(lab.id(), 0, 0, kNow + 31, 0);
    REQUIRE(next > 0);
    CHECK(edgespan_release(static_cast<uint32_t>(next), 0) == 0);
    CHECK(lab.ReadStats()[Stat::kAccepted] == 4);
  }
}

TEST_CASE("judge: a refused request says nothing of the next, so it opens no circuit") {
  CoreLab lab;
  for (int i = 0; i < 10; ++i) {
    EndRun(&lab, 0);
    const uint32_t batch = lab.Cut().id;
    REQUIRE(batch != 0);
    CHECK(Judge(&lab, batch, 400).verdict == Verdict::kRejected);
    CHECK(edgespan_release(batch, 0) == 0);
  }
  CHECK(lab.ReadStats()[Stat::kRejected] == 10);
}

TEST_CASE("judge: a circuit is one destination's; one that holds cuts what it may not post") {
  CoreLab lab(Json{{"destinations", {{{"dialect", "genai"}}, {{"dialect", "genai"}}}}});
  uint32_t trace = EndRun(&lab, 1);
  const uint32_t denied = lab.Cut(trace, 0).id;
  CHECK(Judge(&lab, denied, 401).verdict == Verdict::kDenied);
  CHECK(edgespan_release(denied, 0) == 0);
  lab.Finish(lab.Cut(trace, 1));
  trace = EndRun(&lab, 1);
  const int32_t held = edgespan_cut(lab.id(), 0, trace, kNow, 1);
  REQUIRE(held > 0);
  REQUIRE(edgespan_batch(static_cast<uint32_t>(held)) == 0);
  CHECK(tools::CoreResult()[4] == 1);
  const int32_t open = edgespan_cut(lab.id(), 1, trace, kNow, 1);
  REQUIRE(open > 0);
  REQUIRE(edgespan_batch(static_cast<uint32_t>(open)) == 0);
  CHECK(tools::CoreResult()[4] == 0);
  CHECK(edgespan_release(static_cast<uint32_t>(held), 1) == 0);
  CHECK(lab.ReadStats(0)[Stat::kSpooled] == 2);
  CHECK(Judge(&lab, static_cast<uint32_t>(open), 200).accepted == 2);
  CHECK(edgespan_release(static_cast<uint32_t>(open), 0) == 0);
}

}  // namespace
}  // namespace edgespan
