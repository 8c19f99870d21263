// Pipeline, the first half: which run a span belongs to, when a run may leave, and what is given up
// when memory runs out. The law of the accounts is checked at every step by CoreLab.
#include "edgespan/pipeline/pipeline.h"

#include <algorithm>
#include <map>
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

constexpr int32_t kBadHandle = static_cast<int32_t>(Status::kBadHandle);
constexpr int32_t kMalformed = static_cast<int32_t>(Status::kMalformed);
constexpr int32_t kTooLarge = static_cast<int32_t>(Status::kTooLarge);
constexpr int32_t kNoMemory = static_cast<int32_t>(Status::kNoMemory);

// ---- runs --------------------------------------------------------------------------------------

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

TEST_CASE("pipeline: the same span ended twice is two spans") {
  CoreLab lab;
  lab.Start(Span("1"));
  lab.End(Span("2", "1"));
  lab.End(Span("2", "1"));
  lab.EndRoot(Span("1"));
  CHECK(lab.TakeIds() == "2 2 1");
  CHECK(lab.ReadStats()[Stat::kUnended] == 0);
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
  CHECK(stats[Stat::kEnded] == 38);
  for (uint32_t reason = 0; reason < kLossReasons; ++reason) {
    const auto as = static_cast<LossReason>(reason);
    CHECK(stats.dropped(as) == reason + 1 + (as == LossReason::kFailed ? 10 : 0));
  }
}

// ---- lent areas --------------------------------------------------------------------------------

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

// ---- memory ------------------------------------------------------------------------------------

Json Big(const std::string& id, const std::string& parent, const std::string& type,
         size_t bytes = 30'000) {
  return Span(id, parent, type, {{"input", std::string(bytes, 'x')}});
}

TEST_CASE("pipeline: memory runs out: chunks go first, then others, roots and model calls last") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  const auto dropped = [&] { return lab.ReadStats().dropped(LossReason::kMemory); };
  uint32_t id = 2;
  const auto end = [&](const char* type) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id++);
    lab.End(Big(hex, "1", type));
  };
  // In turns, so that the order of loss is not the order of arrival.
  constexpr uint32_t kOfEach = 10;
  for (uint32_t i = 0; i < kOfEach; ++i) {
    for (const char* type : {"model_inference", "model_chunk", "generic"}) end(type);
  }
  REQUIRE(dropped() == 0);
  std::vector<uint32_t> losses = {0};
  uint32_t calls = kOfEach;
  while (losses.size() < 6) {
    REQUIRE(id < 400);
    end("model_inference");
    ++calls;
    if (dropped() != losses.back()) losses.push_back(dropped());
  }
  // All chunks at once, then all others at once, then the newest call, one by one.
  CHECK(losses == std::vector<uint32_t>{0, kOfEach, 2 * kOfEach, 2 * kOfEach + 1, 2 * kOfEach + 2,
                                        2 * kOfEach + 3});
  lab.EndRoot(Span("1"));
  std::map<std::string, uint32_t> arrived;
  for (const auto& span : lab.Take()) {
    ++arrived[testing::AttributesOf(span.attributes())["mastra.span.type"].get<std::string>()];
  }
  // What was kept does arrive, in as many bodies as memory allows.
  CHECK(arrived == std::map<std::string, uint32_t>{{"generic", 1}, {"model_inference", calls - 3}});
  CHECK(dropped() == 2 * kOfEach + 3);
}

TEST_CASE("pipeline: an error is worth as much as a model call") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  Json failed = Big("2", "1", "generic");
  failed["errorInfo"] = {{"message", "m"}};
  lab.End(failed);
  lab.End(Big("3", "1", "generic"));
  for (uint32_t id = 16; lab.ReadStats().dropped(LossReason::kMemory) == 0; ++id) {
    REQUIRE(id < 200);
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    lab.End(Big(hex, "1", "model_inference"));
  }
  CHECK(lab.ReadStats().dropped(LossReason::kMemory) == 1);
  lab.EndRoot(Span("1"));
  const std::string ids = " " + lab.TakeIds() + " ";
  CHECK(ids.find(" 2 ") != std::string::npos);
  CHECK(ids.find(" 3 ") == std::string::npos);
}

TEST_CASE("pipeline: what was evicted is not read any more") {
  // The second call's input is rebuilt from the generation, the first step and its tool: that is
  // gone, and its pages hold something else.
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  lab.Start(Span("2", "1", "model_generation"));
  lab.Start(Span("3", "2", "model_step"));
  lab.Start(Span("4", "3", "tool_call"));
  lab.End(Span("4", "3", "tool_call", {{"output", std::string(200'000, 't')}}));
  for (uint32_t id = 16; lab.ReadStats().dropped(LossReason::kMemory) == 0; ++id) {
    REQUIRE(id < 200);
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    // With an output, where the tool's would be looked for.
    lab.End(Span(hex, "1", "model_inference", {{"output", std::string(30'000, 'x')}}));
  }
  lab.Start(Span("5", "2", "model_step"));
  lab.End(Span("6", "5", "model_inference"));
  lab.End(Span("2", "1", "model_generation", {{"input", "question"}}));
  lab.EndRoot(Span("1"));
  bool arrived = false;
  for (const auto& span : lab.Take()) {
    CHECK(HexOf(span.span_id()) != "0000000000000004");
    if (HexOf(span.span_id()) != "0000000000000006") continue;
    arrived = true;
    CHECK(testing::AttributesOf(span.attributes())["gen_ai.input.messages"] ==
          R"([{"role":"user","parts":[{"type":"text","content":"question"}]}])");
  }
  CHECK(arrived);
}

TEST_CASE("pipeline: other runs lose their last class before the newest span of it is lost") {
  CoreLab lab(Json::object(), 2u << 20);
  const auto in = [](Json span, const char* trace_id) {
    span["traceId"] = trace_id;
    return span;
  };
  lab.Start(in(Span("1"), "aa"));
  lab.End(in(Big("2", "1", "model_inference"), "aa"));
  lab.Start(in(Span("1"), "bb"));
  for (uint32_t id = 16; lab.ReadStats().dropped(LossReason::kMemory) == 0; ++id) {
    REQUIRE(id < 200);
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    lab.End(in(Big(hex, "1", "model_inference"), "bb"));
  }
  lab.EndRoot(in(Span("1"), "aa"));
  lab.EndRoot(in(Span("1"), "bb"));
  bool old_run = false;
  for (const auto& span : lab.Take()) old_run |= HexOf(span.span_id()) == "0000000000000002";
  CHECK(!old_run);
  CHECK(lab.ReadStats().dropped(LossReason::kMemory) == 1);
}

TEST_CASE("pipeline: a span beyond the whole budget is lost alone") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  lab.End(Span("2", "1", "model_inference"));
  // Its text crosses, but its record (and the areas) do not fit beside each other.
  TapeWriter tape;
  REQUIRE(tools::WriteMastraEvent(
      &tape, {{"type", "span_ended"}, {"exportedSpan", Big("3", "1", "tool_call", 900'000)}}));
  const int32_t status = lab.Commit(&tape);
  if (status == kNoMemory) {
    CHECK(edgespan_drop(lab.id(), static_cast<uint32_t>(LossReason::kTooLarge), 1) == 0);
  } else {
    CHECK(status == 0);
  }
  CHECK(lab.ReadStats().dropped() == 1);
  lab.EndRoot(Span("1"));
  CHECK(lab.TakeIds() == "2 1");
}

TEST_CASE("pipeline: after a shortage everything is as before") {
  CoreLab lab(Json::object(), 2u << 20);
  for (int round = 0; round < 20; ++round) {
    lab.Start(Span("1"));
    for (uint32_t id = 16; id < 90; ++id) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "%x", id);
      lab.End(Big(hex, "1", id % 3 == 0 ? "model_chunk" : "model_inference"));
    }
    lab.EndRoot(Span("1"));
    lab.Take();
    CHECK(lab.ReadStats()[Stat::kPending] == 0);
  }
  // The budget is free again: a run that nearly fills it arrives whole.
  const uint32_t before = lab.ReadStats().dropped();
  lab.Start(Span("1"));
  for (uint32_t id = 16; id < 31; ++id) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", id);
    lab.End(Big(hex, "1", "generic"));
  }
  lab.EndRoot(Span("1"));
  CHECK(lab.Take().size() == 16);
  CHECK(lab.ReadStats().dropped() == before);
}

TEST_CASE("pipeline: 1024 open runs; one more abandons the oldest") {
  CoreLab lab;
  const auto in = [](Json span, uint32_t n) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", n);
    span["traceId"] = hex;
    return span;
  };
  for (uint32_t n = 1; n <= Pipeline::kMaxTraces; ++n) {
    lab.Start(in(Span("1"), n));
    lab.End(in(Span("2", "1"), n));
  }
  CHECK(lab.ReadStats().dropped() == 0);
  CHECK(lab.ReadStats()[Stat::kUnended] == 0);
  lab.Start(in(Span("1"), 5000));
  auto stats = lab.ReadStats();
  CHECK(stats.dropped(LossReason::kMemory) == 1);
  CHECK(stats[Stat::kUnended] == 1);
  CHECK(stats[Stat::kEnded] == Pipeline::kMaxTraces);
  // The first run is gone, the second is whole.
  CHECK(lab.TakeIds(lab.EndRoot(in(Span("1"), 2))) == "2 1");
  CHECK(lab.TakeIds(lab.EndRoot(in(Span("1"), 1))) == "1");
  CHECK(edgespan_close(lab.id(), Pipeline::kEver) > 0);
  CHECK(lab.Take().size() == Pipeline::kMaxTraces - 2);
}

TEST_CASE("pipeline: an abandoned run that was partly cut is lost to whom it was not sent") {
  CoreLab lab(
      {{"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}, {{"dialect", "genai"}}}}});
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1"));
  const uint32_t trace = lab.EndRoot(Span("1"));
  const Batch one = lab.Cut(trace, 0);
  REQUIRE(one.spans.size() == 1);
  for (uint32_t n = 0; n < Pipeline::kMaxTraces; ++n) {
    Json root = Span("1");
    char hex[8];
    std::snprintf(hex, sizeof hex, "%x", n + 16);
    root["traceId"] = hex;
    lab.Start(root);
  }
  lab.Finish(one);
  CHECK(lab.ReadStats(0)[Stat::kAccepted] == 1);
  CHECK(lab.ReadStats(0).dropped(LossReason::kMemory) == 2);
  CHECK(lab.ReadStats(1)[Stat::kAccepted] == 0);
  CHECK(lab.ReadStats(1).dropped(LossReason::kMemory) == 3);
  CHECK(edgespan_cut(lab.id(), 0, trace, 0, 0) == 0);
}

TEST_CASE("pipeline: destinations beyond the configured are no handles") {
  CoreLab lab;
  CHECK(edgespan_stats(lab.id(), 1) == kBadHandle);
  CHECK(edgespan_cut(lab.id(), 1, 0, 0, 0) == kBadHandle);
  CHECK(edgespan_cut(lab.id(), 0xffffffff, 0, 0, 0) == kBadHandle);
}

}  // namespace
}  // namespace edgespan
