// Pipeline, the second half: what goes into a batch, who holds it, and what an answer does to the
// accounts.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/response.h"
#include "edgespan/pipeline/pipeline.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using otlp::BodyKind;
using otlp::Verdict;
using testing::Batch;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;

constexpr int32_t kBadHandle = static_cast<int32_t>(Status::kBadHandle);

Json Limits(const Json& limits) {
  Json destination = {{"dialect", "genai"}};
  for (const auto& [name, value] : limits.items()) destination[name] = value;
  return {{"destinations", Json::array({destination})}};
}
std::string HexId(uint32_t n) {
  char hex[12];
  std::snprintf(hex, sizeof hex, "%x", n);
  return hex;
}
// A run of `children` and its root.
uint32_t Run(CoreLab* lab, uint32_t children, size_t bytes = 0) {
  for (uint32_t i = 0; i < children; ++i) {
    lab->End(Span(HexId(16 + i), "1", "generic", {{"input", std::string(bytes, 'x')}}));
  }
  return lab->EndRoot(Span("1"));
}

TEST_CASE("cut: batches hold at most the configured spans") {
  for (const uint32_t most : {1u, 2u, 3u, 10u, 11u, 512u}) {
    CoreLab lab(Limits({{"maxSpans", most}}));
    Run(&lab, 10);
    std::vector<size_t> sizes;
    for (const Batch& batch : lab.TakeBatches()) sizes.push_back(batch.spans.size());
    std::vector<size_t> expected;
    for (uint32_t left = 11; left > 0; left -= std::min(left, most)) {
      expected.push_back(std::min(left, most));
    }
    CHECK(sizes == expected);
  }
  CoreLab lab(Limits({{"maxSpans", 0}}));  // means one
  Run(&lab, 1);
  CHECK(lab.TakeBatches().size() == 2);
}

TEST_CASE("cut: batches hold 512 spans by default") {
  CoreLab lab;
  Run(&lab, 600);
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].spans.size() == 512);
  CHECK(batches[1].spans.size() == 89);
}

TEST_CASE("cut: bodies stay below the configured bytes, and near them") {
  for (const uint32_t most : {3000u, 5000u, 20'000u}) {
    CoreLab lab(Limits({{"maxBytes", most}}));
    Run(&lab, 40, 500);
    const auto batches = lab.TakeBatches();
    size_t spans = 0;
    for (size_t i = 0; i < batches.size(); ++i) {
      CHECK(batches[i].body.size() <= most);
      // One more span, of at most 800 bytes, would not have fit.
      if (i + 1 < batches.size()) CHECK(batches[i].body.size() > most - 900);
      spans += batches[i].spans.size();
    }
    CHECK(spans == 41);
    CHECK(batches.size() > 1);
  }
}

// ---- what does not fit ---------------------------------------------------------------------------

TEST_CASE("cut: a span beyond the limit is trimmed, the largest values first") {
  CoreLab lab(Limits({{"maxBytes", 5000}}));
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1", "generic",
               {{"input", std::string(50'000, 'x')},
                {"output", {{"list", {std::string(6000, 'y'), "\xc3\xa9"}}}},
                {"metadata", {{"small", std::string(300, 'z')}}},
                {"errorInfo", {{"message", std::string(9000, 'm')}}}}));
  lab.End(Span("4", "1"));
  lab.EndRoot(Span("1"));
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].spans.size() == 1);
  REQUIRE(batches[1].spans.size() == 1);
  CHECK(HexOf(batches[1].spans[0].span_id()) == "0000000000000003");
  CHECK(batches[1].body.size() <= 5000);
  CHECK(batches[1].body.size() > 2000);
  Json a = testing::AttributesOf(batches[1].spans[0].attributes());
  INFO(a.dump());
  CHECK(a["edgespan.original_length.mastra.generic.input"] == 50'000);
  CHECK(a["mastra.generic.input"].get<std::string>().size() > 500);
  CHECK(a["edgespan.original_length.mastra.generic.output"] == 6000 + 18);
  const Json output = Json::parse(a["mastra.generic.output"].get<std::string>());
  CHECK(output["list"][0].get<std::string>().size() > 500);
  CHECK(a["mastra.metadata.small"].get<std::string>().size() == 300);
  CHECK(!a.contains("edgespan.original_length.mastra.metadata.small"));
  CHECK(batches[1].spans[0].status().message().size() < 5000);
  CHECK(batches[2].spans.size() == 2);
  CHECK(lab.ReadStats().dropped() == 0);
}

TEST_CASE("cut: a span that does not fit however it is trimmed is lost alone, and counted") {
  CoreLab lab(Limits({{"maxBytes", 5000}}));
  Json many = Json::object();
  for (uint32_t i = 0; i < 200; ++i) many["member " + HexId(i)] = std::string(60, 'x');
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1", "generic", {{"metadata", many}}));
  lab.End(Span("4", "1"));
  lab.EndRoot(Span("1"));
  std::vector<Batch> batches = lab.TakeBatches();
  REQUIRE(batches.size() == 2);
  REQUIRE(batches[1].spans.size() == 2);
  CHECK(lab.ReadStats().dropped(LossReason::kTooLarge) == 1);
  CHECK(testing::AttributesOf(batches[1].spans[1].attributes())["edgespan.dropped_spans"] == 1);
  CHECK(
      !testing::AttributesOf(batches[0].spans[0].attributes()).contains("edgespan.dropped_spans"));
  // Not even the resource fits: nothing does.
  CoreLab none(Limits({{"maxBytes", 0}}));
  Run(&none, 3);
  CHECK(none.TakeBatches().empty());
  CHECK(none.ReadStats().dropped(LossReason::kTooLarge) == 4);
}

TEST_CASE("cut: every destination gets everything, in its own pieces") {
  CoreLab lab({{"destinations",
                {{{"dialect", "genai"}, {"maxSpans", 1}},
                 {{"dialect", "genai"}, {"maxSpans", 3}},
                 {{"dialect", "genai"}}}}});
  const uint32_t trace = Run(&lab, 4);
  CHECK(lab.TakeIds(trace, 2) == "10 11 12 13 1");
  // A second run meanwhile.
  Json other = Span("9");
  other["traceId"] = "ff";
  lab.EndRoot(other);
  CHECK(lab.TakeIds(trace, 0) == "10 11 12 13 1");
  CHECK(lab.TakeIds(0, 1) == "10 11 12 13 1 9");
  CHECK(lab.TakeIds(0, 0) == "9");
  CHECK(lab.TakeIds(0, 2) == "9");
  for (uint32_t d = 0; d < 3; ++d) CHECK(lab.ReadStats(d)[Stat::kAccepted] == 6);
}

TEST_CASE("cut: one destination's failure is its own") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}}, {{"dialect", "genai"}}}}});
  const uint32_t trace = Run(&lab, 2);
  lab.Finish(lab.Cut(trace, 0), 500);
  lab.Finish(lab.Cut(trace, 1), 200);
  CHECK(lab.ReadStats(0)[Stat::kRejected] == 3);
  CHECK(lab.ReadStats(0)[Stat::kAccepted] == 0);
  CHECK(lab.ReadStats(1)[Stat::kRejected] == 0);
  CHECK(lab.ReadStats(1)[Stat::kAccepted] == 3);
}

TEST_CASE("cut: traces that are open, unknown or another's have nothing") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.End(Span("2", "1"));
  CHECK(lab.Cut().id == 0);
  CHECK(lab.Cut(12345).id == 0);
  const uint32_t trace = lab.EndRoot(Span("1"));
  CHECK(lab.Cut(trace + 1).id == 0);
  CHECK(lab.TakeIds(trace) == "2 1");
}

// ---- batches -----------------------------------------------------------------------------------

TEST_CASE("cut: a batch's bytes stay through any other call, until it is released") {
  CoreLab lab;
  Run(&lab, 5, 2000);
  const Batch batch = lab.Cut();
  REQUIRE(batch.id != 0);
  for (int i = 0; i < 50; ++i) {
    Run(&lab, 3, 5000);
    lab.Take();
    REQUIRE(edgespan_lend(100'000, 50'000, 1u << 20) == 0);
    REQUIRE(CoreLab::Open(Json::object()) > 0);
  }
  CHECK(tools::BatchView(batch.id).body == batch.body);
  CHECK(lab.ReadStats()[Stat::kPending] == 6);
  lab.Finish(batch);
  CHECK(edgespan_batch(batch.id) == kBadHandle);
}

TEST_CASE("cut: stale batches are refused by every call") {
  CoreLab lab;
  Run(&lab, 1);
  const Batch batch = lab.Cut();
  lab.Finish(batch);
  Run(&lab, 1);
  const Batch next = lab.Cut();  // may well lie in the same place
  CHECK(next.id != batch.id);
  for (const uint32_t stale : {batch.id, 0u, 0xffffffffu, next.id + Pipeline::kMaxBatches}) {
    CHECK(edgespan_batch(stale) == kBadHandle);
    CHECK(edgespan_judge(stale, 200, 0, 0, 0, 0, 0, 0) == kBadHandle);
    CHECK(edgespan_release(stale, 0) == kBadHandle);
  }
  lab.Finish(next);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 4);
}

TEST_CASE("cut: 128 batches can be held; beyond them spans are lost, and counted") {
  CoreLab lab(Limits({{"maxSpans", 1}}));
  Run(&lab, Pipeline::kMaxBatches + 9);
  std::vector<Batch> held;
  for (uint32_t i = 0; i < Pipeline::kMaxBatches; ++i) {
    held.push_back(lab.Cut());
    REQUIRE(held.back().id != 0);
  }
  CHECK(lab.ReadStats().dropped() == 0);
  CHECK(lab.Cut().id == 0);
  CHECK(lab.ReadStats().dropped(LossReason::kMemory) == 10);
  lab.Finish(held[7]);
  Run(&lab, 0);
  const Batch next = lab.Cut();
  CHECK(next.id != 0);
  CHECK(next.id != held[7].id);
  lab.Finish(next);
  for (uint32_t i = 0; i < held.size(); ++i) {
    if (i != 7) lab.Finish(held[i]);
  }
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kAccepted] == Pipeline::kMaxBatches + 1);
  CHECK(stats[Stat::kPending] == 0);
}

TEST_CASE("cut: without memory for a body it becomes smaller, or is lost and counted") {
  CoreLab lab(Json::object(), 2u << 20);
  // Together more than half of what is free: the body does not fit beside the records.
  Run(&lab, 38, 25'000);
  CHECK(lab.ReadStats().dropped() == 0);
  const auto batches = lab.TakeBatches();
  CHECK(batches.size() > 1);
  size_t spans = 0;
  for (const Batch& batch : batches) spans += batch.spans.size();
  CHECK(spans + lab.ReadStats().dropped(LossReason::kMemory) == 39);
  CHECK(spans == 39);
}

TEST_CASE(
    "cut: with batches in the host's hands that fill the budget, spans are lost and counted") {
  CoreLab lab(Limits({{"maxSpans", 1}}), 2u << 20);
  std::vector<Batch> held;
  uint32_t runs = 0;
  while (lab.ReadStats().dropped() == 0) {
    REQUIRE(++runs < 200);
    Run(&lab, 0);
    lab.End(Span("2", "1", "generic", {{"input", std::string(100'000, 'x')}}));
    for (Batch batch = lab.Cut(); batch.id != 0; batch = lab.Cut()) held.push_back(batch);
  }
  for (const Batch& batch : held) {
    CHECK(tools::BatchView(batch.id).body == batch.body);
    lab.Finish(batch);
  }
  CHECK(lab.ReadStats()[Stat::kAccepted] == held.size());
}

// ---- answers -----------------------------------------------------------------------------------

TEST_CASE("cut: what answers do to the accounts, where no time is left") {
  struct Case {
    uint32_t http_status;
    Verdict verdict;
    uint32_t accepted;
    uint32_t rejected;
    uint32_t unsent;
  };
  const Case cases[] = {
      {200, Verdict::kAccepted, 3, 0, 0}, {202, Verdict::kAccepted, 3, 0, 0},
      {404, Verdict::kRejected, 0, 3, 0}, {401, Verdict::kDenied, 0, 3, 0},
      {403, Verdict::kDenied, 0, 3, 0},   {408, Verdict::kRejected, 0, 3, 0},
      {415, Verdict::kRejected, 0, 3, 0}, {307, Verdict::kFailed, 0, 3, 0},
      {500, Verdict::kFailed, 0, 3, 0},   {501, Verdict::kFailed, 0, 3, 0},
      {429, Verdict::kGivenUp, 0, 0, 3},  {502, Verdict::kGivenUp, 0, 0, 3},
      {503, Verdict::kGivenUp, 0, 0, 3},  {504, Verdict::kGivenUp, 0, 0, 3},
      {0, Verdict::kGivenUp, 0, 0, 3},
  };
  for (const Case& c : cases) {
    INFO(c.http_status);
    CoreLab lab;
    Run(&lab, 2);
    const Batch batch = lab.Cut();
    const int32_t verdict = edgespan_judge(batch.id, c.http_status, 0, 0, 0, 0, 0, 0);
    CHECK(verdict == static_cast<int32_t>(c.verdict));
    CHECK(tools::CoreResult()[0] == c.accepted);
    lab.CheckBooks();
    CHECK(edgespan_release(batch.id, 0) == 0);
    const auto stats = lab.ReadStats();
    CHECK(stats[Stat::kAccepted] == c.accepted);
    CHECK(stats[Stat::kRejected] == c.rejected);
    CHECK(stats.dropped(LossReason::kUnsent) == c.unsent);
    CHECK(stats[Stat::kPending] == 0);
  }
}

TEST_CASE("cut: a partial success and its message") {
  CoreLab lab;
  Run(&lab, 2);
  const Batch batch = lab.Cut();
  otlp::pb::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(2);
  response.mutable_partial_success()->set_error_message("too old");
  const std::string body = response.SerializeAsString();
  REQUIRE(edgespan_lend(0, 0, static_cast<uint32_t>(body.size())) == 0);
  std::memcpy(tools::CoreMemory() + tools::CoreResult()[2], body.data(), body.size());
  CHECK(edgespan_judge(batch.id, 200, static_cast<uint32_t>(BodyKind::kProtobuf),
                       static_cast<uint32_t>(body.size()), 0, 0, 0,
                       0) == static_cast<int32_t>(Verdict::kPartial));
  const uint32_t* const result = tools::CoreResult();
  CHECK(result[0] == 1);
  CHECK(result[1] == 2);
  CHECK(std::string(reinterpret_cast<char*>(tools::CoreMemory()) + result[2], result[3]) ==
        "too old");
  CHECK(edgespan_release(batch.id, 0) == 0);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 1);
  CHECK(lab.ReadStats()[Stat::kRejected] == 2);
}

TEST_CASE("cut: what was judged to its end is not judged again") {
  CoreLab lab;
  Run(&lab, 2);
  const Batch batch = lab.Cut();
  CHECK(edgespan_judge(batch.id, 200, 0, 0, 0, 0, 0, 0) ==
        static_cast<int32_t>(Verdict::kAccepted));
  for (const uint32_t status : {200u, 503u, 400u, 0u}) {
    CHECK(edgespan_judge(batch.id, status, 0, 0, 0, 0, 0, 0) == kBadHandle);
  }
  CHECK(lab.ReadStats()[Stat::kAccepted] == 3);
  CHECK(lab.ReadStats()[Stat::kRejected] == 0);
  lab.CheckBooks();
  CHECK(edgespan_release(batch.id, 0) == 0);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 3);
}

TEST_CASE("cut: a batch released without a judgement was not sent") {
  CoreLab lab;
  Run(&lab, 2);
  const Batch batch = lab.Cut();
  CHECK(lab.ReadStats()[Stat::kPending] == 3);
  CHECK(edgespan_release(batch.id, 0) == 0);
  CHECK(lab.ReadStats().dropped(LossReason::kUnsent) == 3);
  CHECK(lab.ReadStats()[Stat::kPending] == 0);
  CHECK(edgespan_release(batch.id, 0) == kBadHandle);
}

}  // namespace
}  // namespace edgespan
