// Random OpenTelemetry spans: SpanGenerator writes one onto a tape and says what OTLP must show for
// it.
//
// The model of a span IS its expected protobuf message: it is filled while the tape is written, so
// that the only thing under test is the way between the two.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgespan/model/schema.h"
#include "edgespan/model/tape.h"
#include "edgespan/otlp/otlp.pb.h"
#include "tools/tape_writer.h"

namespace edgespan::testing {

using otlp::pb::AnyValue;
using otlp::pb::KeyValue;
using tools::TapeWriter;
using tools::ToUtf16;
using tools::ToUtf8;

// SplitMix64: the same numbers everywhere, unlike <random>'s distributions.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(Next() % n); }
  bool OneIn(uint32_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

inline std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return hex;
}

inline std::string RandomBytes(Random* random, size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(random->Next());
  return bytes;
}

inline std::string RandomId(Random* random, size_t size) {
  std::string id = RandomBytes(random, size);
  id.back() |= 1;  // never all zero
  return id;
}

inline std::u16string RandomText(Random* random, size_t units) {
  constexpr std::u16string_view kPieces[] = {
      u"a",      u"Z",      u"0",      u" ",          u"\"",         u"\\",
      u"\n",     u"\x01",   u"\x7f",   u"\u00e9",     u"\u07ff",     u"\u0800",
      u"\u20ac", u"\ufffd", u"\uffff", u"\U0001f600", u"\U0010ffff", u"\U00010000"};
  std::u16string text;
  const uint32_t variety = random->OneIn(2) ? 8 : std::size(kPieces);  // half are ASCII
  while (text.size() < units) {
    text += kPieces[random->Below(variety)];
    // Lone surrogates, of either half and possibly meeting the next piece's other half.
    if (variety > 8 && random->OneIn(8))
      text += static_cast<char16_t>(0xd800 + random->Below(2048));
  }
  return text;
}

// Sizes around every border that the tape knows: rope and big strings, one- and two-byte lengths.
inline std::u16string RandomText(Random* random) {
  constexpr size_t kSizes[] = {0, 0, 1, 2, 5, 12, 40, 126, 127, 128, 255, 256, 257, 700, 20000};
  const size_t size = kSizes[random->Below(random->OneIn(20) ? 15 : 14)];
  return RandomText(random, size);
}

class SpanGenerator {
 public:
  SpanGenerator(Random* random, TapeWriter* tape) : random_(random), tape_(tape) {}

  // Writes a kOtel span and returns what OTLP must show; *scope has what must be around it.
  otlp::pb::Span Write(const std::string& trace_id, const std::string& parent_id, bool root,
                       otlp::pb::ScopeSpans* scope) {
    otlp::pb::Span span;
    span.set_trace_id(trace_id);
    span.set_span_id(RandomId(random_, 8));
    span.set_parent_span_id(parent_id);
    std::u16string name = RandomText(random_, 1 + random_->Below(300));
    span.set_name(ToUtf8(name));
    const uint32_t kind =
        random_->Below(8);  // three bits: 0 and what OTLP does not know are INTERNAL
    span.set_kind(static_cast<otlp::pb::Span::SpanKind>(kind >= 1 && kind <= 5 ? kind : 1));
    // Quarters of a millisecond are exact in a double and in nanoseconds.
    const uint64_t start = 1'700'000'000'000 * 4 + random_->Below(1u << 31);
    const uint64_t end = start + random_->Below(1u << 20);
    span.set_start_time_unix_nano(start * 250'000);
    span.set_end_time_unix_nano(end * 250'000);

    const std::string span_hex = Hex(span.span_id());
    const std::string parent_hex = Hex(parent_id);
    TapeWriter::Envelope envelope;
    envelope.flags =
        tape::kHasEnd | tape::kOtel | (root ? tape::kIsRoot : 0u) | kind << tape::kKindShift;
    envelope.span_id = span_hex;
    envelope.parent_id = parent_hex;
    envelope.name = name;
    envelope.start_ms = static_cast<double>(start) / 4;
    envelope.end_ms = static_cast<double>(end) / 4;
    tape_->Span(envelope);
    // Members in the order of OTLP's field numbers or in any other: the encoder must not care.
    std::vector<int> order = {0, 1, 2, 3, 4, 5, 6};
    for (size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[random_->Below(static_cast<uint32_t>(i))]);
    }
    scope->mutable_scope()->set_name("edgespan.test");  // the exporter's
    scope->mutable_scope()->set_version("1");
    for (const int what : order) what < 6 ? WriteMember(what, &span) : WriteScope(scope);
    if (random_->OneIn(3)) WriteExactTimes(&span);
    tape_->End();
    return span;
  }

  // Any of the seven kinds, or none; `depth` containers may still nest.
  void WriteValue(uint32_t key, AnyValue* expected, uint32_t depth) {
    switch (random_->Below(depth > 0 ? 11 : 9)) {
      case 0:
      case 1: {
        const std::u16string text = RandomText(random_);
        WriteText(key, text);
        expected->set_string_value(ToUtf8(text));
        break;
      }
      case 2: {
        const bool value = random_->OneIn(2);
        tape_->Bool(key, value);
        expected->set_bool_value(value);
        break;
      }
      case 3: {
        constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
        const int64_t values[] = {0,         -1, 1,   kMax, -kMax - 1,
                                  1ll << 53, -5, 127, 128,  static_cast<int64_t>(random_->Next())};
        const int64_t value = values[random_->Below(std::size(values))];
        tape_->Int64(key, value);
        expected->set_int_value(value);
        break;
      }
      case 4: {  // a JavaScript number that is whole
        const int64_t values[] = {0,
                                  -1,
                                  42,
                                  9007199254740992,
                                  -9007199254740992,
                                  1ll << 60,
                                  static_cast<int32_t>(random_->Next())};
        const int64_t value = values[random_->Below(std::size(values))];
        tape_->Number(key, static_cast<double>(value));
        expected->set_int_value(value);
        break;
      }
      case 5: {  // one that is not, or not an int64
        using Limits = std::numeric_limits<double>;
        const double values[] = {0.5,
                                 -0.1,
                                 1e300,
                                 -1e19,
                                 Limits::denorm_min(),
                                 Limits::max(),
                                 Limits::infinity(),
                                 -Limits::infinity(),
                                 Limits::quiet_NaN(),
                                 9223372036854775808.0,
                                 1 / 3.0};
        const double value = values[random_->Below(std::size(values))];
        tape_->Number(key, value);
        expected->set_double_value(value);
        break;
      }
      case 6: {
        const std::string bytes = RandomBytes(random_, random_->Below(300));
        tape_->Bytes(key, bytes);
        expected->set_bytes_value(bytes);
        break;
      }
      case 7:
        tape_->Null(key);
        break;
      case 8:  // JavaScript's -0 is a whole number (Number.isInteger)
        tape_->Number(key, -0.0);
        expected->set_int_value(0);
        break;
      case 9: {
        tape_->Array(key);
        auto* const array = expected->mutable_array_value();
        for (uint32_t n = random_->Below(5); n > 0; --n) {
          WriteValue(0, array->add_values(), depth - 1);
        }
        tape_->End();
        break;
      }
      default: {
        tape_->Object(key);
        auto* const list = expected->mutable_kvlist_value();
        WriteEntries(list->mutable_values(), random_->Below(5), depth - 1);
        tape_->End();
        break;
      }
    }
  }

 private:
  using KeyValues = google::protobuf::RepeatedPtrField<KeyValue>;

  void WriteText(uint32_t key, const std::u16string& text) {
    switch (random_->Below(4)) {
      case 0:
        return tape_->Utf16(key, text);
      case 1:
        return tape_->Utf8(key, ToUtf8(text));
      default:
        return tape_->String(key, text);
    }
  }

  // Keys of every kind: fixed, interned, inline, odd, long.
  uint32_t WriteKey(uint32_t index, std::string* name) {
    switch (random_->Below(5)) {
      case 0:
        // The last one is for us, and not sent.
        *name = SchemaName(static_cast<uint16_t>(1 + random_->Below(kKeyEdgespanContent - 1)));
        return tape_->Key(*name);
      case 1:
        *name = "app.interned." + std::to_string(random_->Below(50));
        return tape_->Key(*name);
      case 2:
        *name = "app.inline." + std::to_string(random_->Below(50));
        return tape_->Key(*name, /*intern=*/false);
      default: {
        const std::u16string text =
            RandomText(random_, 1 + random_->Below(200)) + ToUtf16(std::to_string(index));
        *name = ToUtf8(text);
        tape_->InlineKey(text);
        return 0;
      }
    }
  }

  void WriteEntries(KeyValues* expected, uint32_t count, uint32_t depth) {
    for (uint32_t i = 0; i < count; ++i) {
      KeyValue* const entry = expected->Add();
      const uint32_t key = WriteKey(i, entry->mutable_key());
      WriteValue(key, entry->mutable_value(), depth);
    }
  }

  void WriteAttributes(KeyValues* expected) {
    if (random_->OneIn(4)) return;
    tape_->Object(kKeyAttributes);
    WriteEntries(expected, random_->Below(8), /*depth=*/4);
    tape_->End();
  }

  // Zero may be written or left out.
  uint32_t WriteCount(uint32_t key) {
    const uint32_t values[] = {0, 0, 1, 127, 128, 70000, 0x7fffffff, 0xffffffff};
    const uint32_t value = values[random_->Below(std::size(values))];
    if (value != 0 || random_->OneIn(2)) tape_->Number(key, value);
    return value;
  }

  std::string WriteTraceState() {
    if (random_->OneIn(2)) return {};
    const std::string state = "edgespan=" + std::to_string(random_->Below(1000)) + ",other=1";
    tape_->String(kKeyTraceState, state);
    return state;
  }

  void WriteMember(int what, otlp::pb::Span* span) {
    switch (what) {
      case 0:
        WriteAttributes(span->mutable_attributes());
        span->set_dropped_attributes_count(WriteCount(kKeyDroppedAttributesCount));
        break;
      case 1:
        WriteEvents(span);
        span->set_dropped_events_count(WriteCount(kKeyDroppedEventsCount));
        break;
      case 2:
        WriteLinks(span);
        span->set_dropped_links_count(WriteCount(kKeyDroppedLinksCount));
        break;
      case 3: {
        if (random_->OneIn(3)) break;
        tape_->Object(kKeyStatus);
        const uint32_t code = random_->Below(3);
        tape_->Number(kKeyCode, code);
        if (code != 0) {
          span->mutable_status()->set_code(static_cast<otlp::pb::Status::StatusCode>(code));
        }
        if (code == 2) {
          const std::u16string message = RandomText(random_);
          WriteText(kKeyMessage, message);
          span->mutable_status()->set_message(ToUtf8(message));
        }
        tape_->End();
        break;
      }
      case 4:
        span->set_trace_state(WriteTraceState());
        break;
      default: {
        const uint32_t flags = random_->OneIn(4) ? 0 : random_->Below(1024);
        tape_->Number(kKeyFlags, flags);
        span->set_flags(flags);
        break;
      }
    }
  }

  // One of a few, so that spans meet in them.
  void WriteScope(otlp::pb::ScopeSpans* scope) {
    if (random_->OneIn(3)) return;
    scope->Clear();
    auto* const is = scope->mutable_scope();
    tape_->Object(kKeyScope);
    is->set_name("scope " + std::to_string(random_->Below(3)));
    tape_->String(kKeyName, is->name());
    if (random_->OneIn(2)) {
      is->set_version("1.0");
      tape_->String(kKeyVersion, is->version());
    }
    if (random_->OneIn(3)) {
      scope->set_schema_url("https://example.com/" + std::to_string(random_->Below(2)));
      tape_->String(kKeySchemaUrl, scope->schema_url());
    }
    if (random_->OneIn(4)) WriteAttributes(is->mutable_attributes());
    is->set_dropped_attributes_count(WriteCount(kKeyDroppedAttributesCount));
    tape_->End();
  }

  // What no double of milliseconds holds.
  void WriteExactTimes(otlp::pb::Span* span) {
    const uint64_t start = 1'700'000'000'000'000'000 + (random_->Next() >> 8);
    const uint64_t end = start + (random_->Next() >> 30);
    tape_->Int64(kKeyStartTimeUnixNano, static_cast<int64_t>(start));
    tape_->Int64(kKeyEndTimeUnixNano, static_cast<int64_t>(end));
    span->set_start_time_unix_nano(start);
    span->set_end_time_unix_nano(end);
  }

  void WriteEvents(otlp::pb::Span* span) {
    if (random_->OneIn(3)) return;
    tape_->Array(kKeyEvents);
    for (uint32_t n = random_->Below(4); n > 0; --n) {
      auto* const event = span->add_events();
      tape_->Object();
      const std::u16string name = RandomText(random_, 1 + random_->Below(40));
      WriteText(kKeyName, name);
      event->set_name(ToUtf8(name));
      const uint64_t time = 1'700'000'000'000 * 4 + random_->Below(1u << 31);
      event->set_time_unix_nano(time * 250'000 + random_->Below(2) * random_->Below(250'000));
      if (event->time_unix_nano() != time * 250'000) {
        tape_->Int64(kKeyTime, static_cast<int64_t>(event->time_unix_nano()));
      } else {
        tape_->Number(kKeyTime, static_cast<double>(time) / 4);
      }
      WriteAttributes(event->mutable_attributes());
      event->set_dropped_attributes_count(WriteCount(kKeyDroppedAttributesCount));
      tape_->End();
    }
    tape_->End();
  }

  void WriteLinks(otlp::pb::Span* span) {
    if (random_->OneIn(3)) return;
    tape_->Array(kKeyLinks);
    for (uint32_t n = random_->Below(4); n > 0; --n) {
      auto* const link = span->add_links();
      tape_->Object();
      link->set_trace_id(RandomId(random_, 16));
      link->set_span_id(RandomId(random_, 8));
      tape_->String(kKeyTraceId, Hex(link->trace_id()));
      tape_->String(kKeySpanId, Hex(link->span_id()));
      link->set_trace_state(WriteTraceState());
      WriteAttributes(link->mutable_attributes());
      link->set_dropped_attributes_count(WriteCount(kKeyDroppedAttributesCount));
      const uint32_t flags = random_->OneIn(4) ? 0 : random_->Below(1024);
      tape_->Number(kKeyFlags, flags);
      link->set_flags(flags);
      tape_->End();
    }
    tape_->End();
  }

  Random* random_;
  TapeWriter* tape_;
};

}  // namespace edgespan::testing
