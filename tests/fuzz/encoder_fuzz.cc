// Fuzzes everything behind the record reader with what tape_generator.h makes up: several traces and
// roots at once; tiny batches; a memory budget that runs out; receivers that fail; the package's
// dialects, whole and with bytes that are not theirs. Bodies must parse and every span must be accounted
// for; a dialect is read or refused.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_session.h"
#include "tests/fuzz/tape_generator.h"
#include "tools/dialects.h"

namespace {

using edgespan::LossReason;
using edgespan::Pipeline;
using edgespan::Stat;
using edgespan::fuzz::CheckBody;
using edgespan::fuzz::OneOf;
using edgespan::fuzz::Require;
using edgespan::fuzz::TapeGenerator;
using edgespan::fuzz::UpTo;
using edgespan::otlp::Verdict;
using edgespan::testing::CoreSession;
using edgespan::tools::TapeWriter;

// "genai", one of the package's, or one with other bytes somewhere, which may be none.
std::string Dialect(FuzzedDataProvider* in, bool* whole) {
  *whole = true;
  const auto& dialects = edgespan::tools::Dialects();
  const uint32_t index = UpTo(in, static_cast<uint32_t>(dialects.size()));
  if (index == dialects.size()) return "genai";
  std::u16string text = edgespan::tools::ToUtf16(dialects[index].text);
  for (uint32_t n = UpTo(in, 3); n > 0; --n) {
    *whole = false;
    const uint32_t at = UpTo(in, static_cast<uint32_t>(text.size()));
    const auto units = edgespan::tools::ToUtf16(in->ConsumeRandomLengthString(8));
    text.replace(at, UpTo(in, 8), units);
  }
  return edgespan::tools::ToUtf8(text);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  edgespan::fuzz::SetBudget(2u << 20);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  edgespan::testing::ExporterConfig config;
  if (in.ConsumeBool()) config.max_spans = 1 + UpTo(&in, 2);
  if (in.ConsumeBool()) config.max_bytes = in.ConsumeBool() ? 1024 : 16384;
  const uint32_t limits = UpTo(&in, 3);
  config.tight_limits = limits == 0;
  config.own_settings = limits <= 1;
  config.whole = UpTo(&in, 3) == 0;
  config.tail = UpTo(&in, 3) == 0;
  bool known;
  config.dialect = Dialect(&in, &known);
  CoreSession core(config);
  if (!known && core.id() == static_cast<int32_t>(edgespan::Status::kBadConfig)) return 0;
  Require(core.id() > 0, "the exporter opens");
  const auto before = core.ReadStats();
  Require(before.Balanced() && before[Stat::kPending] == 0, "nothing is left of the last run");

  TapeWriter tape(in.ConsumeBool() ? TapeWriter::BigText::kUtf8 : TapeWriter::BigText::kUtf16);
  TapeGenerator generator(&in, &tape);
  uint32_t answered = 0;
  uint32_t committed = 0;  // spans of tapes that the core took
  uint32_t written = 0;    // of all tapes
  bool exact = true;
  const auto commit = [&] {
    const int32_t status = core.Commit(&tape);
    exact = exact && status >= 0;
    if (status >= 0) committed += generator.spans() - written;
    written = generator.spans();
    Require(core.ReadStats().Balanced(), "the totals add up after a commit");
    return status;
  };
  const auto cut = [&](uint32_t trace, uint32_t http_status) {
    CoreSession::Batch batch;
    if (!core.Cut(trace, http_status, &batch)) return false;
    Require(batch.spans > 0, "a batch has spans");
    Require(CheckBody(batch.body, true) == batch.spans, "a batch knows its spans");
    answered += batch.spans;
    Require(core.ReadStats().Balanced(), "the totals add up after a batch");
    return true;
  };

  std::vector<uint32_t> held;  // cut, not yet released
  constexpr uint32_t kStatuses[] = {200, 503, 400, 0};
  while (in.remaining_bytes() > 0) {
    switch (UpTo(&in, 15)) {
      case 0: {
        const int32_t trace = commit();
        if (trace > 0 && in.ConsumeBool()) cut(static_cast<uint32_t>(trace), 200);
        break;
      }
      case 1:  // also early: of runs that go on
        cut(in.ConsumeBool() ? Pipeline::kOpenTraces : UpTo(&in, 3), OneOf(&in, kStatuses));
        break;
      case 2:
        Require(core.Close() >= 0, "close");
        break;
      case 3: {  // a batch that is in flight while other things happen
        const int32_t batch = edgespan_cut(core.exporter(), 0, Pipeline::kOpenTraces, 0, 0);
        if (batch > 0) held.push_back(static_cast<uint32_t>(batch));
        break;
      }
      case 4: {  // a batch that meets with anything, in parts and again and again
        const int32_t taken = edgespan_cut(core.exporter(), 0, 0, UpTo(&in, 900), in.ConsumeBool());
        if (taken <= 0) break;
        const auto batch = static_cast<uint32_t>(taken);
        answered += edgespan::tools::BatchView(batch).spans;
        int32_t verdict = 0;
        for (int turn = 0; turn < 20; ++turn) {
          const edgespan::tools::BatchView view(batch);
          const bool none = view.body.empty();  // no memory for a part
          Require(none || CheckBody(std::string(view.body), true, true) == view.spans,
                  "a part knows its spans");
          verdict = edgespan_judge(batch, OneOf(&in, kStatuses), 0, 0, 0, UpTo(&in, 900),
                                   UpTo(&in, 30'000), in.ConsumeIntegral<uint32_t>());
          Require(core.ReadStats().Balanced(), "the totals add up after an answer");
          if (verdict != static_cast<int32_t>(Verdict::kNext) &&
              verdict != static_cast<int32_t>(Verdict::kRetry)) {
            break;
          }
        }
        Require(verdict >= 0, "an answer to what was posted");
        Require(edgespan_release(batch, in.ConsumeBool()) >= 0, "release");
        Require(core.ReadStats().Balanced(), "the totals add up after a batch");
        break;
      }
      default:
        generator.Item();
        break;
    }
  }
  if (!tape.empty()) commit();
  for (const uint32_t batch : held) {
    const edgespan::tools::BatchView view(batch);
    Require(CheckBody(std::string(view.body), true) == view.spans, "a batch stays where it is");
    answered += view.spans;
    Require(edgespan_release(batch, 0) >= 0, "release");
    Require(edgespan_release(batch, 0) < 0, "a released batch is gone");
  }
  Require(core.Close() >= 0, "close");
  while (cut(0, 200)) {
  }

  const auto after = core.ReadStats();
  Require(after.Balanced(), "the totals add up at the end");
  Require(after[Stat::kPending] == 0, "everything was sent");
  const uint32_t ended = after[Stat::kEnded] - before[Stat::kEnded];
  if (exact) Require(ended == committed, "every span that ended was counted");
  const uint32_t lost =
      after.dropped(LossReason::kMemory) - before.dropped(LossReason::kMemory) +
      after.dropped(LossReason::kMalformed) - before.dropped(LossReason::kMalformed) +
      after.dropped(LossReason::kTooLarge) - before.dropped(LossReason::kTooLarge) +
      after.dropped(LossReason::kCircuit) - before.dropped(LossReason::kCircuit) +
      after.dropped(LossReason::kDuplicate) - before.dropped(LossReason::kDuplicate) +
      after.dropped(LossReason::kSampled) - before.dropped(LossReason::kSampled);
  Require(answered + lost == ended, "a span was in one batch or was dropped");
  return 0;
}
