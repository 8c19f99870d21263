// Fuzzes everything behind the record reader: the fuzzer's bytes drive a TapeWriter, so that tapes
// are well formed and deep: spans of all types with the members their dialect rules look for,
// message shapes, big and odd strings; several traces and roots at once; tiny batches; a memory
// budget that runs out; receivers that fail. Bodies must parse and every span must be accounted
// for.
#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_session.h"

namespace {

using edgespan::Key;
using edgespan::LossReason;
using edgespan::Pipeline;
using edgespan::Stat;
using edgespan::fuzz::CheckBody;
using edgespan::fuzz::Require;
using edgespan::otlp::Verdict;
using edgespan::testing::CoreSession;
using edgespan::tools::TapeWriter;

// Strings that mean something to a dialect, so that its branches are found at once.
constexpr const char* kWords[] = {"user",
                                  "assistant",
                                  "system",
                                  "tool",
                                  "text",
                                  "reasoning",
                                  "tool-call",
                                  "tool-result",
                                  "file",
                                  "image",
                                  "image_url",
                                  "source",
                                  "json",
                                  "error-text",
                                  "content",
                                  "data:image/png;base64,AA==",
                                  "https://example.com/a.png",
                                  "stop",
                                  "tool-calls",
                                  "length",
                                  "openai.chat",
                                  "anthropic",
                                  "google.generative-ai",
                                  "[tool: weather]",
                                  "{\"a\":[1,\"b\"]}",
                                  "{",
                                  "",
                                  "error",
                                  "ok",
                                  "4bf92f3577b34da6a3ce929d0e0e4736",
                                  "00f067aa0ba902b7",
                                  "streamable",
                                  "weather"};
constexpr Key kTopLevel[] = {edgespan::kKeyAttributes, edgespan::kKeyMetadata,
                             edgespan::kKeyInput,      edgespan::kKeyOutput,
                             edgespan::kKeyErrorInfo,  edgespan::kKeyEntityType,
                             edgespan::kKeyEntityId,   edgespan::kKeyEntityName,
                             edgespan::kKeyTags,       edgespan::kKeyThreadId,
                             edgespan::kKeyEvents,     edgespan::kKeyLinks,
                             edgespan::kKeyStatus,     edgespan::kKeyTraceState,
                             edgespan::kKeyFlags,      edgespan::kKeyDroppedAttributesCount};

uint32_t UpTo(FuzzedDataProvider* in, uint32_t max) {
  return in->ConsumeIntegralInRange<uint32_t>(0, max);
}

template <typename T, size_t kCount>
T OneOf(FuzzedDataProvider* in, const T (&values)[kCount]) {
  return values[in->ConsumeIntegralInRange<size_t>(0, kCount - 1)];
}

class Generator {
 public:
  Generator(FuzzedDataProvider* in, TapeWriter* tape) : in_(in), tape_(tape) {}

  void Item() {
    using edgespan::kFirstSpanType;
    using edgespan::kLastSpanType;
    static const char* const kTraces[] = {"1", "4bf92f3577b34da6a3ce929d0e0e4736", "0", "bad"};
    // Mostly good ids: bad ones end a span's way before the encoder.
    tape_->Trace(kTraces[UpTo(in_, 31) == 0 ? 2 + UpTo(in_, 1) : UpTo(in_, 1)]);
    const std::string id = std::to_string(UpTo(in_, 8));
    const std::string parent = in_->ConsumeBool() ? std::to_string(UpTo(in_, 8)) : "";
    const std::u16string name = Text();
    TapeWriter::Envelope envelope;
    // Model calls carry most of the rules.
    static constexpr Key kModelTypes[] = {edgespan::kTypeModelGeneration, edgespan::kTypeModelStep,
                                          edgespan::kTypeModelInference, edgespan::kTypeToolCall,
                                          edgespan::kTypeAgentRun};
    envelope.type = in_->ConsumeBool()
                        ? uint32_t{OneOf(in_, kModelTypes)}
                        : in_->ConsumeIntegralInRange<uint32_t>(kFirstSpanType, kLastSpanType + 1);
    // Bits 0..5 are flags, 6..8 the kind; one input in 8 has any bits.
    envelope.flags = UpTo(in_, 7) == 0 ? UpTo(in_, 16383) : UpTo(in_, 63);
    envelope.span_id = id;
    envelope.parent_id = parent;
    envelope.name = name;
    envelope.start_ms = Time();
    envelope.end_ms = Time();
    if (UpTo(in_, 3) == 0) {
      tape_->Start(envelope);
    } else {
      tape_->Span(envelope);
      ++spans_;
    }
    for (uint32_t n = UpTo(in_, 12); n > 0; --n) {
      TopLevel();
    }
    tape_->End();
  }

  uint32_t spans() const { return spans_; }

 private:
  double Time() {
    switch (UpTo(in_, 5)) {
      case 0:
        return in_->ConsumeFloatingPoint<double>();
      case 1:
        return std::nan("");
      default:
        return 1.7e12 + UpTo(in_, 1 << 20) / 8.0;
    }
  }

  std::u16string Text() {
    switch (UpTo(in_, 6)) {
      case 0: {  // any units, lone surrogates included
        std::u16string text;
        for (uint32_t n = UpTo(in_, 20); n > 0; --n) {
          text += static_cast<char16_t>(in_->ConsumeIntegral<uint16_t>());
        }
        return text;
      }
      case 1:  // big; borders of rope, length bytes and pages
        return std::u16string(UpTo(in_, 7) == 0 ? 9000 : 100 + UpTo(in_, 400),
                              static_cast<char16_t>(in_->ConsumeIntegral<uint16_t>()));
      case 2:
        return edgespan::tools::ToUtf16(in_->ConsumeRandomLengthString(40));
      default:
        return edgespan::tools::ToUtf16(OneOf(in_, kWords));
    }
  }

  void Entry(Key key, uint32_t depth) {
    if (UpTo(in_, 7) != 0) Value(key, depth);
  }

  // A part of a message, or a tool call: near enough to the AI SDK's shapes to be taken for one.
  void Part() {
    tape_->Object();
    tape_->String(edgespan::kKeyType, Text());
    static constexpr Key kKeys[] = {
        edgespan::kKeyText,   edgespan::kKeyToolCallId, edgespan::kKeyToolName,
        edgespan::kKeyInput,  edgespan::kKeyArgs,       edgespan::kKeyOutput,
        edgespan::kKeyResult, edgespan::kKeyValue,      edgespan::kKeyDetails};
    for (uint32_t n = UpTo(in_, 4); n > 0; --n) Entry(OneOf(in_, kKeys), 4);
    if (UpTo(in_, 3) == 0) {  // the AI SDK's wrapped result
      tape_->Object(edgespan::kKeyOutput);
      Entry(edgespan::kKeyType, 5);
      Entry(edgespan::kKeyValue, 5);
      tape_->End();
    }
    tape_->End();
  }

  void Parts(uint32_t key) {
    tape_->Array(key);
    for (uint32_t n = UpTo(in_, 3); n > 0; --n) Part();
    tape_->End();
  }

  void Messages(uint32_t key) {
    tape_->Array(key);
    for (uint32_t n = UpTo(in_, 3); n > 0; --n) {
      tape_->Object();
      tape_->String(edgespan::kKeyRole, Text());
      if (in_->ConsumeBool()) {
        Parts(edgespan::kKeyContent);
      } else {
        Value(edgespan::kKeyContent, 3);
      }
      tape_->End();
    }
    tape_->End();
  }

  // What a model got or gave.
  void Conversation(uint32_t key) {
    switch (UpTo(in_, 4)) {
      case 0:
        return Messages(key);
      case 1:
        tape_->Object(key);
        Messages(edgespan::kKeyMessages);
        return tape_->End();
      case 2:
        tape_->Object(key);
        Entry(edgespan::kKeyText, 2);
        if (in_->ConsumeBool()) Parts(edgespan::kKeyReasoning);
        if (in_->ConsumeBool()) Parts(edgespan::kKeyToolCalls);
        Entry(edgespan::kKeyResult, 2);
        return tape_->End();
      default:
        return Value(key, 1);
    }
  }

  void TopLevel() {
    const Key key = OneOf(in_, kTopLevel);
    const bool conversation = key == edgespan::kKeyInput || key == edgespan::kKeyOutput;
    if (conversation && in_->ConsumeBool()) return Conversation(key);
    if (key == edgespan::kKeyAttributes && in_->ConsumeBool()) {
      tape_->Object(key);
      Entry(edgespan::kKeyProvider, 1);
      Entry(edgespan::kKeyFinishReason, 1);
      Entry(edgespan::kKeyInstructions, 1);
      Entry(edgespan::kKeyAvailableTools, 1);
      Members(1);
      return tape_->End();
    }
    Value(key, 0);
  }

  void Members(uint32_t depth) {
    for (uint32_t n = UpTo(in_, 6); n > 0; --n) {
      uint32_t key = in_->ConsumeIntegralInRange<uint32_t>(0, edgespan::kFirstDynamicKey + 40);
      if (key == 0 || key >= edgespan::kFirstDynamicKey) {
        tape_->InlineKey(Text());
        key = 0;
      }
      Value(key, depth);
    }
  }

  void Value(uint32_t key, uint32_t depth) {
    // Depth is the host's to limit; the reader refuses beyond kMaxDepth, which is tried, too.
    const bool deep = depth >= 6 && !in_->ConsumeBool();
    switch (UpTo(in_, deep ? 8 : 12)) {
      case 0:
        return tape_->Null(key);
      case 1:
        return tape_->Bool(key, in_->ConsumeBool());
      case 2:
        return tape_->Number(key, in_->ConsumeFloatingPoint<double>());
      case 3:
        return tape_->Number(key, in_->ConsumeIntegral<int32_t>());
      case 4:
        return tape_->Int64(key, in_->ConsumeIntegral<int64_t>());
      case 5:
        return tape_->Date(key, Time(), "2026-11-20T07:57:09.119Z");
      case 6:
        return tape_->Bytes(key, in_->ConsumeRandomLengthString(300));
      case 7:
        return tape_->Utf16(key, Text());
      case 8:
        return tape_->String(key, Text());
      case 9:
        tape_->Array(key);
        for (uint32_t n = UpTo(in_, 5); n > 0; --n) Value(0, depth + 1);
        return tape_->End();
      case 10: {  // straight down
        const uint32_t levels = 1 + UpTo(in_, 69);
        for (uint32_t n = levels; n > 0; --n) {
          tape_->Object(n == levels ? key : edgespan::kKeyContent);
        }
        for (uint32_t n = levels; n > 0; --n) tape_->End();
        return;
      }
      default:
        tape_->Object(key);
        Members(depth + 1);
        return tape_->End();
    }
  }

  FuzzedDataProvider* in_;
  TapeWriter* tape_;
  uint32_t spans_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  edgespan::fuzz::SetBudget(1u << 20);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  edgespan::testing::ExporterConfig config;
  if (in.ConsumeBool()) config.max_spans = 1 + UpTo(&in, 2);
  if (in.ConsumeBool()) config.max_bytes = in.ConsumeBool() ? 1024 : 16384;
  config.tight_limits = UpTo(&in, 3) == 0;
  config.whole = UpTo(&in, 3) == 0;
  CoreSession core(config);
  Require(core.id() > 0, "the exporter opens");
  const auto before = core.ReadStats();
  Require(before.Balanced() && before[Stat::kPending] == 0, "nothing is left of the last run");

  TapeWriter tape(in.ConsumeBool() ? TapeWriter::BigText::kUtf8 : TapeWriter::BigText::kUtf16);
  Generator generator(&in, &tape);
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
    Require(CheckBody(batch.body) == batch.spans, "a batch knows its spans");
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
          Require(none || CheckBody(std::string(view.body)) == view.spans,
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
    Require(CheckBody(std::string(view.body)) == view.spans, "a batch stays where it is");
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
      after.dropped(LossReason::kCircuit) - before.dropped(LossReason::kCircuit);
  Require(answered + lost == ended, "a span was in one batch or was dropped");
  return 0;
}
