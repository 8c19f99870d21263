// What the encoder's fuzzer says: the fuzzer's bytes drive a TapeWriter, so that tapes are well formed
// and deep. Spans of all types with the members their dialect rules look for, message shapes, big and odd
// strings, several traces and roots.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "edgespan/model/schema.h"
#include "tools/tape_writer.h"

namespace edgespan::fuzz {

// Strings that mean something to a dialect, so that its branches are found at once.
inline constexpr const char* kWords[] = {"user",
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
inline constexpr Key kTopLevel[] = {
    kKeyAttributes, kKeyMetadata,          kKeyInput,          kKeyOutput,
    kKeyErrorInfo,  kKeyEntityType,        kKeyEntityId,       kKeyEntityName,
    kKeyTags,       kKeyThreadId,          kKeyEvents,         kKeyLinks,
    kKeyStatus,     kKeyTraceState,        kKeyFlags,          kKeyDroppedAttributesCount,
    kKeyScope,      kKeyStartTimeUnixNano, kKeyEndTimeUnixNano};

inline uint32_t UpTo(FuzzedDataProvider* in, uint32_t max) {
  return in->ConsumeIntegralInRange<uint32_t>(0, max);
}

template <typename T, size_t kCount>
T OneOf(FuzzedDataProvider* in, const T (&values)[kCount]) {
  return values[in->ConsumeIntegralInRange<size_t>(0, kCount - 1)];
}

class TapeGenerator {
 public:
  TapeGenerator(FuzzedDataProvider* in, tools::TapeWriter* tape) : in_(in), tape_(tape) {}

  void Item() {
    static const char* const kTraces[] = {"1", "4bf92f3577b34da6a3ce929d0e0e4736", "0", "bad"};
    // Mostly good ids: bad ones end a span's way before the encoder.
    tape_->Trace(kTraces[UpTo(in_, 31) == 0 ? 2 + UpTo(in_, 1) : UpTo(in_, 1)]);
    const std::string id = std::to_string(UpTo(in_, 8));
    const std::string parent = in_->ConsumeBool() ? std::to_string(UpTo(in_, 8)) : "";
    const std::u16string name = Text();
    tools::TapeWriter::Envelope envelope;
    // Model calls carry most of the rules.
    static constexpr Key kModelTypes[] = {kTypeModelGeneration, kTypeModelStep, kTypeModelInference,
                                          kTypeToolCall, kTypeAgentRun};
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
        return tools::ToUtf16(in_->ConsumeRandomLengthString(40));
      default:
        return tools::ToUtf16(OneOf(in_, kWords));
    }
  }

  void Entry(Key key, uint32_t depth) {
    if (UpTo(in_, 7) != 0) Value(key, depth);
  }

  // A part of a message, or a tool call: near enough to the AI SDK's shapes to be taken for one.
  void Part() {
    tape_->Object();
    tape_->String(kKeyType, Text());
    static constexpr Key kKeys[] = {kKeyText,   kKeyToolCallId, kKeyToolName, kKeyInput,  kKeyArgs,
                                    kKeyOutput, kKeyResult,     kKeyValue,    kKeyDetails};
    for (uint32_t n = UpTo(in_, 4); n > 0; --n) Entry(OneOf(in_, kKeys), 4);
    if (UpTo(in_, 3) == 0) {  // the AI SDK's wrapped result
      tape_->Object(kKeyOutput);
      Entry(kKeyType, 5);
      Entry(kKeyValue, 5);
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
      tape_->String(kKeyRole, Text());
      if (in_->ConsumeBool()) {
        Parts(kKeyContent);
      } else {
        Value(kKeyContent, 3);
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
        Messages(kKeyMessages);
        return tape_->End();
      case 2:
        tape_->Object(key);
        Entry(kKeyText, 2);
        if (in_->ConsumeBool()) Parts(kKeyReasoning);
        if (in_->ConsumeBool()) Parts(kKeyToolCalls);
        Entry(kKeyResult, 2);
        return tape_->End();
      default:
        return Value(key, 1);
    }
  }

  void TopLevel() {
    const Key key = OneOf(in_, kTopLevel);
    const bool conversation = key == kKeyInput || key == kKeyOutput;
    if (conversation && in_->ConsumeBool()) return Conversation(key);
    if (key == kKeyScope && UpTo(in_, 3) != 0) return Scope();
    if (key == kKeyAttributes && in_->ConsumeBool()) {
      tape_->Object(key);
      Entry(kKeyProvider, 1);
      Entry(kKeyFinishReason, 1);
      Entry(kKeyInstructions, 1);
      Entry(kKeyAvailableTools, 1);
      Members(1);
      return tape_->End();
    }
    Value(key, 0);
  }

  // An instrumentation scope, often that of the span before.
  void Scope() {
    tape_->Object(kKeyScope);
    tape_->String(kKeyName, tools::ToUtf16(kWords[UpTo(in_, 2)]));
    if (UpTo(in_, 3) == 0) tape_->String(kKeyVersion, Text());
    if (UpTo(in_, 3) == 0) Entry(kKeySchemaUrl, 1);
    if (UpTo(in_, 7) == 0) Entry(kKeyAttributes, 1);
    if (UpTo(in_, 7) == 0) Entry(kKeyDroppedAttributesCount, 1);
    tape_->End();
  }

  void Members(uint32_t depth) {
    for (uint32_t n = UpTo(in_, 6); n > 0; --n) {
      uint32_t key = in_->ConsumeIntegralInRange<uint32_t>(0, kFirstDynamicKey + 40);
      if (key == 0 || key >= kFirstDynamicKey) {
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
          tape_->Object(n == levels ? key : kKeyContent);
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
  tools::TapeWriter* tape_;
  uint32_t spans_ = 0;
};

}  // namespace edgespan::fuzz
