// Pipeline: what comes in on a tape that is not sound, and the areas that are lent for it; what is
// refused is counted.
#include <cstring>
#include <string>

#include <catch2/catch.hpp>

#include "edgespan/pipeline/pipeline.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;
using testing::TapeWriter;

constexpr int32_t kBadHandle = static_cast<int32_t>(Status::kBadHandle);
constexpr int32_t kMalformed = static_cast<int32_t>(Status::kMalformed);
constexpr int32_t kTooLarge = static_cast<int32_t>(Status::kTooLarge);
constexpr int32_t kNoMemory = static_cast<int32_t>(Status::kNoMemory);

TEST_CASE("pipeline: all-zero and short trace ids") {
  CoreLab lab;
  const auto in = [](Json span, const char* trace_id) {
    span["traceId"] = trace_id;
    return span;
  };
  const std::string zero(32, '0');
  lab.Start(in(Span("a1"), zero.c_str()));
  lab.End(in(Span("a2", "a1"), zero.c_str()));
  for (const auto& span : lab.Take(lab.EndRoot(in(Span("a1"), zero.c_str())))) {
    CHECK(HexOf(span.trace_id()) == "00000000000000a100000000000000a1");
  }
  for (const auto& span : lab.Take(lab.EndRoot(in(Span("b1"), "ABC")))) {
    CHECK(HexOf(span.trace_id()) == std::string(29, '0') + "abc");
  }
  // Without a root: the first span's.
  lab.End(in(Span("c2", "c1"), "0"));
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  CHECK(HexOf(spans[0].trace_id()) == "00000000000000c200000000000000c2");
}

TEST_CASE("pipeline: spans without sound ids are counted as malformed") {
  CoreLab lab;
  const auto end = [&](const char* trace_id, const char* id) {
    Json span = Span(id);
    span["traceId"] = trace_id;
    return lab.End(span);
  };
  CHECK(end("xyz", "1") == 0);
  CHECK(end("123456789012345678901234567890123", "1") == 0);
  CHECK(end("1", "xyz") == 0);
  CHECK(end("1", "0000") == 0);
  CHECK(end("1", "12345678901234567") == 0);
  CHECK(lab.TakeIds() == "");
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kEnded] == 5);
  CHECK(stats.dropped(LossReason::kMalformed) == 5);
}

TEST_CASE("pipeline: spans before any trace item are malformed") {
  CoreLab lab;
  TapeWriter tape;
  TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd | tape::kIsRoot;
  envelope.span_id = "1";
  tape.Start(envelope);
  tape.End();
  tape.Span(envelope);
  tape.End();
  CHECK(lab.Commit(&tape) == 0);
  CHECK(lab.ReadStats().dropped(LossReason::kMalformed) == 1);
}

TEST_CASE("pipeline: an end that calls itself a score needs an id like any other") {
  CoreLab lab;
  TapeWriter tape;
  tape.Trace("1");
  TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd | tape::kScore;
  envelope.span_id = "0";
  tape.Span(envelope);
  tape.End();
  CHECK(lab.Commit(&tape) == 0);
  CHECK(lab.ReadStats().dropped(LossReason::kMalformed) == 1);
  CHECK(lab.TakeIds() == "");
}

TEST_CASE("pipeline: a tape that breaks keeps what came before and counts the rest") {
  CoreLab lab;
  TapeWriter tape;
  const auto write = [&](const Json& span) {
    REQUIRE(tools::WriteMastraEvent(&tape, {{"type", "span_ended"}, {"exportedSpan", span}}));
  };
  write(Span("2", "1"));
  write(Span("3", "1"));
  tape.RawWord(tape::Word(tape::Op::kKey));
  write(Span("4", "1"));
  write(Span("5", "1"));
  write(Span("6", "1"));
  CHECK(lab.Commit(&tape) == kMalformed);
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kEnded] == 5);
  CHECK(stats.dropped(LossReason::kMalformed) == 3);
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))) == "2 3 1");
}

TEST_CASE("pipeline: what the host itself gave up") {
  CoreLab lab;
  for (uint32_t reason = 0; reason < kLossReasons; ++reason) {
    CHECK(edgespan_drop(lab.id(), reason, reason + 1) == 0);
  }
  CHECK(edgespan_drop(lab.id(), 99, 10) == 0);  // no such reason: failed
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kEnded] == kLossReasons * (kLossReasons + 1) / 2 + 10);
  for (uint32_t reason = 0; reason < kLossReasons; ++reason) {
    const auto as = static_cast<LossReason>(reason);
    CHECK(stats.dropped(as) == reason + 1 + (as == LossReason::kFailed ? 10 : 0));
  }
}

TEST_CASE("pipeline: lent areas grow, keep what was written, and shrink when that is asked for") {
  edgespan_reset(0);
  REQUIRE(edgespan_lend(0, 0, 0) == 0);
  const uint32_t* const result = tools::CoreResult();
  CHECK(result[3] == Pipeline::kDefaultWords);
  CHECK(result[4] == Pipeline::kDefaultDoubles);
  CHECK(result[5] == Pipeline::kDefaultText);
  for (int i = 0; i < 3; ++i) CHECK(result[i] % 8 == 0);
  std::memset(tools::CoreMemory() + result[2], 'x', result[5]);
  REQUIRE(edgespan_lend(0, 0, 3u << 20) == 0);
  CHECK(result[5] >= 3u << 20);
  for (uint32_t i = 0; i < Pipeline::kDefaultText; ++i) {
    REQUIRE(tools::CoreMemory()[result[2] + i] == 'x');
  }
  REQUIRE(edgespan_lend(0, 0, Pipeline::kDefaultText + 1) == 0);
  CHECK(result[5] >= 3u << 20);  // smaller, but not the default: it stays
  REQUIRE(edgespan_lend(0, 0, 0) == 0);
  CHECK(result[5] == Pipeline::kDefaultText);
  CHECK(tools::CoreMemory()[result[2]] == 'x');
  // Too much changes nothing, and the answer still says what there is.
  CHECK(edgespan_lend(0xffffffff, 0, 0) == kTooLarge);
  CHECK(edgespan_lend(0, 0xffffffff, 0) == kTooLarge);
  CHECK(edgespan_lend(0, 0, (64u << 20) + 1) == kTooLarge);
  CHECK(edgespan_lend(0, 0, 30u << 20) == kNoMemory);
  CHECK(result[3] == Pipeline::kDefaultWords);
  CHECK(result[5] == Pipeline::kDefaultText);
}

TEST_CASE("pipeline: what a call claims beyond the lent areas is not read") {
  CoreLab lab;
  TapeWriter tape;
  REQUIRE(tools::WriteMastraEvent(&tape, {{"type", "span_ended"}, {"exportedSpan", Span("1")}}));
  const tools::Tape written = tape.Take();
  REQUIRE(tools::LendTape(written) == 0);
  uint8_t* const words = tools::CoreMemory() + tools::CoreResult()[0];
  std::memset(words + written.words.size() * 4, 0xff,
              (Pipeline::kDefaultWords - written.words.size()) * 4);
  const uint32_t rope_bytes = static_cast<uint32_t>(written.text.size()) - written.rope_at;
  const int32_t trace = edgespan_commit(lab.id(), 0xffffffff, 0xffffffff, written.rope_at,
                                        rope_bytes, written.rope_units);
  CHECK(trace == kMalformed);  // the words behind the tape
  CHECK(lab.TakeIds() == "1");
  // A rope that is not within the text: no tape at all.
  CHECK(edgespan_commit(lab.id(), static_cast<uint32_t>(written.words.size()), 2, 0xffffffff, 1,
                        1) == 0);
  CHECK(edgespan_intern(0xffffffff, 1) == kTooLarge);
  CHECK(edgespan_intern(0, 0xffffffff) == kTooLarge);
}

TEST_CASE("pipeline: destinations beyond the configured are no handles") {
  CoreLab lab;
  CHECK(edgespan_stats(lab.id(), 1) == kBadHandle);
  CHECK(edgespan_cut(lab.id(), 1, 0, 0, 0) == kBadHandle);
  CHECK(edgespan_cut(lab.id(), 0xffffffff, 0, 0, 0) == kBadHandle);
}

}  // namespace
}  // namespace edgespan
