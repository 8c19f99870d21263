// Pipeline: a batch that comes back from a store.
#include <cstring>
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
using testing::Judge;
using testing::kNow;
using testing::Receiver;

TEST_CASE("adopt: a batch comes back from a store, whole or in parts, and is counted") {
  CoreLab lab;
  EndRun(&lab, 3);
  const Batch batch = lab.Cut();
  CHECK(edgespan_release(batch.id, 1) == 0);
  CHECK(lab.ReadStats()[Stat::kSpooled] == 4);
  CHECK(lab.ReadStats()[Stat::kPending] == 0);

  const auto adopt = [&](uint32_t spans, const std::string& body) {
    const auto size = static_cast<uint32_t>(body.size());
    REQUIRE(edgespan_lend(0, 0, size) == 0);
    std::memcpy(tools::CoreMemory() + tools::CoreResult()[2], body.data(), size);
    return edgespan_adopt(lab.id(), 0, spans, size, kNow);
  };
  const int32_t whole = adopt(4, batch.body);
  REQUIRE(whole > 0);
  const auto back = static_cast<uint32_t>(whole);
  CHECK(lab.ReadStats()[Stat::kReplayed] == 4);
  CHECK(lab.ReadStats()[Stat::kPending] == 4);
  lab.CheckBooks();
  CHECK(tools::BatchView(back).body == batch.body);
  Receiver receiver{{"11"}, 400, 0, {}};
  receiver.Deliver(&lab, back);
  CHECK(edgespan_release(back, 0) == 0);
  CHECK(receiver.took == std::vector<std::string>{"10", "12", "1"});
  CHECK(lab.ReadStats()[Stat::kAccepted] == 3);
  CHECK(lab.ReadStats()[Stat::kRejected] == 1);

  // Without its bytes it cannot be sent in parts.
  const int32_t blind = adopt(4, "");
  REQUIRE(blind > 0);
  CHECK(Judge(&lab, static_cast<uint32_t>(blind), 503).verdict == Verdict::kRetry);
  CHECK(Judge(&lab, static_cast<uint32_t>(blind), 400).verdict == Verdict::kRejected);
  CHECK(edgespan_release(static_cast<uint32_t>(blind), 0) == 0);

  CHECK(adopt(3, batch.body) == static_cast<int32_t>(Status::kMalformed));
  CHECK(adopt(0, "") == static_cast<int32_t>(Status::kMalformed));
  CHECK(adopt(1, "\x0a\x7f") == static_cast<int32_t>(Status::kMalformed));
  CHECK(edgespan_adopt(lab.id(), 1, 1, 0, kNow) == static_cast<int32_t>(Status::kBadHandle));
  CHECK(edgespan_adopt(lab.id(), 0, 1, 0xffffffff, kNow) ==
        static_cast<int32_t>(Status::kTooLarge));
  CHECK(lab.ReadStats()[Stat::kReplayed] == 8);
}

}  // namespace
}  // namespace edgespan
