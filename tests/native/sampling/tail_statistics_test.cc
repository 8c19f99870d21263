// What sampling leaves of many runs: how many, the same for all, and totals that can be told from them.
//
// Everything is random by fixed seeds: the tests are deterministic.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/sampling_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Tail;
using testing::TapeWriter;
using testing::WeightOf;

std::string RandomId(std::mt19937_64* random) {
  char hex[40];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>((*random)()),
                static_cast<unsigned long long>((*random)()));
  return hex;
}
// R, of the id's digits.
double RandomnessOf(const std::string& trace_id) {
  return static_cast<double>(std::strtoull(trace_id.c_str() + 18, nullptr, 16));
}

// The ids of the traces that an exporter has to send, all of them, in digits.
void TakeTraces(int32_t exporter, std::set<std::string>* traces) {
  const auto id = static_cast<uint32_t>(exporter);
  for (int32_t batch; (batch = edgespan_cut(id, 0, 0, 0, 0)) > 0;) {
    otlp::pb::ExportTraceServiceRequest request;
    REQUIRE(
        request.ParseFromString(std::string(tools::BatchView(static_cast<uint32_t>(batch)).body)));
    traces->insert(HexOf(request.resource_spans(0).scope_spans(0).spans(0).trace_id()));
    edgespan_release(static_cast<uint32_t>(batch), 0);
  }
}

TEST_CASE("tail: a tenth of 200,000 traces, the same of two services") {
  constexpr uint32_t kTraces = 200'000;
  constexpr uint32_t kAtOnce = 500;
  edgespan_reset(0);
  const int32_t services[] = {
      CoreLab::Open(Tail({{"ratio", 0.1}})),
      CoreLab::Open(Tail({{"ratio", 0.1}, {"keep", {{{"on", "slow"}, {"ms", 1e9}}}}}))};
  std::mt19937_64 random(1);
  std::set<std::string> expected;
  std::set<std::string> kept[2];
  for (uint32_t i = 0; i < kTraces; i += kAtOnce) {
    TapeWriter tape;
    for (uint32_t n = 0; n < kAtOnce; ++n) {
      const std::string id = RandomId(&random);
      if (RandomnessOf(id) >= std::ldexp(std::rint(std::ldexp(0.9, 32)), 24)) expected.insert(id);
      TapeWriter::Envelope root;
      root.flags = tape::kIsRoot | tape::kHasEnd;
      root.span_id = "1";
      tape.Trace(id);
      tape.Span(root);
      tape.End();
    }
    const tools::Tape written = tape.Take();
    for (uint32_t s = 0; s < 2; ++s) {
      REQUIRE(tools::CommitTape(static_cast<uint32_t>(services[s]), written) > 0);
      TakeTraces(services[s], &kept[s]);
    }
  }
  CHECK(kept[0] == expected);
  CHECK(kept[1] == expected);
  // The two-sided 99.9 % interval of a binomial distribution.
  const double spread = 3.2905 * std::sqrt(kTraces * 0.1 * 0.9);
  CHECK(std::fabs(static_cast<double>(expected.size()) - kTraces * 0.1) < spread);
}

// What is summed up over spans: how many there are, how long they took, the tokens they used.
constexpr uint32_t kTotals = 3;
using Totals = std::array<double, kTotals>;

struct Run {
  bool failed;
  uint32_t tools;   // spans of a millisecond
  uint32_t ms;      // of the model call; the root takes as long
  uint32_t tokens;  // of the model call
  Totals sums() const { return {2.0 + tools, 2.0 * ms + tools, static_cast<double>(tokens)}; }
};

// The head keeps a half of all runs, the tail of these the failed and the slow ones, a fifth of the others
// (of all: thresholds are consistent), and a few by their rate.
constexpr double kHead = 0.5;
constexpr double kTailRatio = 0.2;
constexpr uint32_t kSlowMs = 2000;
double ChanceOf(const Run& run) {
  return run.failed || run.ms >= kSlowMs ? kHead : std::min(kHead, kTailRatio);
}

TapeWriter::Envelope EnvelopeOf(uint32_t type, const std::string& id, uint32_t ms) {
  TapeWriter::Envelope span;
  span.type = type;
  span.flags = tape::kHasEnd | (id == "1" ? uint32_t{tape::kIsRoot} : 0u);
  span.span_id = id;
  if (id != "1") span.parent_id = "1";
  span.name = u"agent";
  span.end_ms = ms;
  return span;
}

void Write(CoreLab* lab, const std::string& trace, const Run& run) {
  TapeWriter tape;
  tape.Trace(trace);
  TapeWriter::Envelope start;
  start.type = kTypeAgentRun;
  start.flags = tape::kIsRoot;
  start.span_id = "1";
  tape.Start(start);
  tape.Number(kKeySamplingThreshold, std::ldexp(1 - kHead, 56));
  tape.End();
  tape.Span(EnvelopeOf(kTypeModelInference, "2", run.ms));
  tape.Object(kKeyAttributes);
  tape.Object(kKeyUsage);
  tape.Number(kKeyInputTokens, run.tokens);
  tape.End();
  tape.End();
  tape.End();
  for (uint32_t i = 0; i < run.tools; ++i) {
    const std::string id = std::to_string(10 + i);
    tape.Span(EnvelopeOf(kTypeToolCall, id, 1));
    tape.End();
  }
  tape.Span(EnvelopeOf(kTypeAgentRun, "1", run.ms));
  if (run.failed) {
    tape.Object(kKeyErrorInfo);
    tape.String(kKeyMessage, u"m");
    tape.End();
  }
  tape.End();
  REQUIRE(lab->Commit(&tape) > 0);
}

TEST_CASE("tail: totals that are weighted by th are those of all runs, without a bias") {
  constexpr uint32_t kSeeds = 24;
  constexpr uint32_t kRuns = 600;
  const Json rules = {{{"on", "error"}},
                      {{"on", "slow"}, {"ms", kSlowMs}, {"type", "model_inference"}},
                      {{"on", "rate"}, {"perMinute", 20}, {"by", "name"}}};
  Totals bias = {};  // over all seeds, in standard deviations
  uint32_t unweighted = 0;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    CoreLab lab(Tail({{"ratio", kTailRatio}, {"keep", rules}}));
    std::mt19937_64 random(seed);
    std::exponential_distribution<double> latency(1 / 700.0);
    std::exponential_distribution<double> usage(1 / 4000.0);
    Totals truth = {};
    Totals variance = {};
    for (uint32_t i = 0; i < kRuns; ++i) {
      const std::string trace = RandomId(&random);
      const Run run = {random() % 20 == 0, static_cast<uint32_t>(random() % 6),
                       static_cast<uint32_t>(latency(random)),
                       static_cast<uint32_t>(usage(random))};
      const Totals sums = run.sums();
      const double chance = ChanceOf(run);
      for (uint32_t t = 0; t < kTotals; ++t) {
        truth[t] += sums[t];
        variance[t] += sums[t] * sums[t] * (1 - chance) / chance;  // Horvitz and Thompson's
      }
      if (RandomnessOf(trace) >= std::ldexp(1 - kHead, 56)) Write(&lab, trace, run);
    }
    Totals told = {};
    for (const auto& span : lab.Take()) {
      const double weight = WeightOf(span);
      unweighted += weight == 0;
      const Json attributes = AttributesOf(span.attributes());
      told[0] += weight;
      told[1] += weight *
                 static_cast<double>(span.end_time_unix_nano() - span.start_time_unix_nano()) / 1e6;
      told[2] += weight * attributes.value("gen_ai.usage.input_tokens", 0);
    }
    for (uint32_t t = 0; t < kTotals; ++t) {
      INFO("seed " << seed << ", total " << t << ": " << told[t] << " of " << truth[t]);
      const double z = (told[t] - truth[t]) / std::sqrt(variance[t]);
      CHECK(std::fabs(z) < 4);
      // The stated error: with so many runs, a quarter of the total.
      CHECK(std::fabs(told[t] - truth[t]) < 0.25 * truth[t]);
      bias[t] += z / std::sqrt(kSeeds);
    }
  }
  CHECK(unweighted > 0);  // the rate's
  for (uint32_t t = 0; t < kTotals; ++t) {
    INFO("total " << t << ": " << bias[t]);
    CHECK(std::fabs(bias[t]) < 3.3);
  }
}

}  // namespace
}  // namespace edgespan
