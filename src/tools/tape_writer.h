// TapeWriter: writes the tape of model/tape.h from C++, as the JavaScript shim does in a Worker:
// one rope for small strings, big ones by themselves, keys by id where the core knows them. For
// native tools, tests and fuzzers; not part of the core.
//
// It buffers in containers of its own and owns what it wrote until Take(); CommitTape() and
// OpenExporterTape() copy a finished tape into the lent areas and hand it over. Calls may come in
// any order, also ones that break the grammar: fuzzers want that.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgespan/base/status.h"
#include "edgespan/model/schema.h"
#include "edgespan/model/tape.h"
#include "wasm/abi.h"

namespace edgespan::tools {

// UTF-8 to UTF-16. What is not valid UTF-8 becomes U+FFFD, a byte at a time.
inline std::u16string ToUtf16(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t size = lead < 0x80             ? 1
                        : (lead & 0xe0) == 0xc0 ? 2
                        : (lead & 0xf0) == 0xe0 ? 3
                        : (lead & 0xf8) == 0xf0 ? 4
                                                : 0;
    uint32_t point = size == 1 ? lead : lead & (0x7fu >> size);
    bool valid = size > 0 && i + size <= text.size();
    for (size_t k = 1; valid && k < size; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      valid = (next & 0xc0) == 0x80;
      point = point << 6 | (next & 0x3fu);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    valid = valid && point >= kLeast[size] && point <= 0x10ffff && (point >> 11) != 0x1b;
    if (!valid) {
      out.push_back(u'\ufffd');
      ++i;
      continue;
    }
    i += size;
    if (point >= 0x10000) {
      out.push_back(static_cast<char16_t>(0xd7c0 + (point >> 10)));
      point = 0xdc00 | (point & 0x3ff);
    }
    out.push_back(static_cast<char16_t>(point));
  }
  return out;
}

// UTF-16 to UTF-8 as TextEncoder does it: lone surrogates become U+FFFD.
inline std::string ToUtf8(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t point = text[i];
    if ((point & 0xf800) == 0xd800) {
      const bool pair =
          (point & 0x400) == 0 && i + 1 < text.size() && (text[i + 1] & 0xfc00) == 0xdc00;
      point = pair ? 0x10000 + ((point & 0x3ff) << 10) + (text[++i] & 0x3ffu) : 0xfffd;
    }
    const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xc0 | point >> 6), put(0x80 | (point & 63));
    } else if (point < 0x10000) {
      put(0xe0 | point >> 12), put(0x80 | (point >> 6 & 63)), put(0x80 | (point & 63));
    } else {
      put(0xf0 | point >> 18), put(0x80 | (point >> 12 & 63));
      put(0x80 | (point >> 6 & 63)), put(0x80 | (point & 63));
    }
  }
  return out;
}

// A finite number as JavaScript prints it (ECMA-262, Number::toString).
inline std::string JsNumber(double value) {
  char buffer[32] = {};
  const auto end = std::to_chars(buffer, buffer + sizeof buffer - 1, std::fabs(value),
                                 std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(end.ptr - buffer));  // d.ddde[+-]dd
  const size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  const int count = static_cast<int>(digits.size());
  const int point = std::atoi(text.data() + e + 1) + 1;  // where the decimal point stands
  std::string out = value < 0 ? "-" : "";
  const auto zeros = [](int n) { return std::string(static_cast<size_t>(n), '0'); };
  if (count <= point && point <= 21) return out + digits + zeros(point - count);
  if (0 < point && point <= 21) {
    return out + digits.insert(static_cast<size_t>(point), 1, '.');
  }
  if (-6 < point && point <= 0) return out + "0." + zeros(-point) + digits;
  if (count > 1) digits.insert(1, 1, '.');
  return out + digits + (point > 0 ? "e+" : "e-") + std::to_string(std::abs(point - 1));
}

// A finished tape: the three areas as the core takes them, the rope at the end of `text`.
struct Tape {
  std::vector<uint32_t> words;
  std::vector<double> doubles;
  std::string text;
  uint32_t rope_at = 0;
  uint32_t rope_units = 0;
};

// The core's memory and its result area, as wasm/abi.h describes them.
inline uint8_t* CoreMemory() { return static_cast<uint8_t*>(edgespan_memory()); }
inline const uint32_t* CoreResult() {
  return reinterpret_cast<const uint32_t*>(CoreMemory() + edgespan_result());
}
// The bytes of a cut batch and its spans; empty and 0 for a stale handle.
struct BatchView {
  std::string_view body;
  uint32_t spans = 0;

  explicit BatchView(uint32_t batch) {
    if (edgespan_batch(batch) < 0) return;
    const uint32_t* const result = CoreResult();
    body = {reinterpret_cast<const char*>(CoreMemory()) + result[0], result[1]};
    spans = result[2];
  }
};

class TapeWriter {
 public:
  // How a big or odd string travels; the shim chooses likewise.
  enum class BigText { kUtf8, kUtf16 };

  explicit TapeWriter(BigText big_text = BigText::kUtf8) : big_text_(big_text) {}

  struct Envelope {
    uint32_t type = kTypeGeneric;
    uint32_t flags = 0;  // tape::SpanFlag; kHasEnd says whether end_ms is written
    std::string_view span_id;
    std::string_view parent_id;
    std::u16string_view name;
    double start_ms = 0;
    double end_ms = 0;
  };

  void Trace(std::string_view hex) { Put(tape::Op::kTrace, 0, Rope(ToUtf16(hex), tape::kMaxArg)); }
  void Start(const Envelope& envelope) { PutEnvelope(tape::Op::kStart, envelope); }
  void Span(const Envelope& envelope) { PutEnvelope(tape::Op::kSpan, envelope); }
  void Config() { Put(tape::Op::kConfig); }
  void End() { Put(tape::Op::kEnd); }

  // The key of the value that is written next: its id, or 0 after writing it inline. Use as
  //   writer.String(writer.Key("user.name"), u"Ada");
  // Unknown keys are interned, unless `intern` is false.
  uint32_t Key(std::string_view name, bool intern = true) {
    const uint32_t id = KeyId(name, intern);
    if (id == 0) InlineKey(ToUtf16(name));
    return id;
  }
  void InlineKey(std::u16string_view name) {
    // Longer than an arg can say: cut.
    const uint32_t at = Put(tape::Op::kKey);
    words_[at] = tape::Word(tape::Op::kKey, 0, Rope(name, tape::kMaxArg));
  }
  // The id of a fixed or interned key; 0 when the core did not take it (or was not asked).
  static uint32_t KeyId(std::string_view name, bool intern) {
    const auto found = FixedKeys().find(name);
    if (found != FixedKeys().end()) return found->second;
    return intern ? Intern(name) : 0;
  }

  void Object(uint32_t key = 0) { Put(tape::Op::kObject, key); }
  void Array(uint32_t key = 0) { Put(tape::Op::kArray, key); }
  void String(uint32_t key, std::u16string_view value) {
    if (value.size() < tape::kRopeMax) {
      Put(tape::Op::kString, key, Rope(value, tape::kMaxArg));
    } else if (big_text_ == BigText::kUtf8) {
      Utf8(key, ToUtf8(value));
    } else {
      Utf16(key, value);
    }
  }
  void String(uint32_t key, std::string_view utf8) { String(key, ToUtf16(utf8)); }
  // REQUIRES: valid UTF-8.
  void Utf8(uint32_t key, std::string_view value) { PutText(tape::Op::kUtf8, key, value); }
  void Utf16(uint32_t key, std::u16string_view value) {
    if (text_.size() % 2 != 0) text_.push_back('\0');
    words_.push_back(tape::Word(tape::Op::kUtf16, key));
    words_.push_back(static_cast<uint32_t>(text_.size()));
    words_.push_back(static_cast<uint32_t>(value.size()));
    text_.append(reinterpret_cast<const char*>(value.data()), value.size() * 2);
  }
  void Bytes(uint32_t key, std::string_view value) { PutText(tape::Op::kBytes, key, value); }
  void Number(uint32_t key, double value) {
    const bool plain = !std::isfinite(value) ||
                       (value == std::trunc(value) && std::fabs(value) <= 9007199254740992.0);
    Put(tape::Op::kNumber, key, plain ? 0 : Rope(ToUtf16(JsNumber(value)), tape::kMaxArg));
    doubles_.push_back(value);
  }
  // `iso`: the same time as Date.prototype.toISOString() writes it, empty for an invalid date.
  void Date(uint32_t key, double ms, std::string_view iso) {
    Put(tape::Op::kDate, key, Rope(ToUtf16(iso), tape::kMaxArg));
    doubles_.push_back(ms);
  }
  void Int64(uint32_t key, int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    Put(tape::Op::kInt64, key);
    words_.push_back(static_cast<uint32_t>(bits));
    words_.push_back(static_cast<uint32_t>(bits >> 32));
  }
  void Bool(uint32_t key, bool value) { Put(tape::Op::kLiteral, key, value ? 2 : 1); }
  void Null(uint32_t key) { Put(tape::Op::kLiteral, key, 0); }
  void RawWord(uint32_t word) { words_.push_back(word); }

  size_t word_count() const { return words_.size(); }
  bool empty() const { return words_.empty(); }

  // The tape so far; the writer starts over.
  Tape Take() {
    Tape tape;
    tape.words = std::exchange(words_, {});
    tape.doubles = std::exchange(doubles_, {});
    tape.text = std::exchange(text_, {});
    tape.rope_at = static_cast<uint32_t>(tape.text.size());
    tape.text += ToUtf8(rope_);
    tape.rope_units = static_cast<uint32_t>(rope_.size());
    rope_.clear();
    return tape;
  }

 private:
  static const std::map<std::string_view, uint32_t, std::less<>>& FixedKeys() {
    static const auto keys = [] {
      std::map<std::string_view, uint32_t, std::less<>> by_name;
      for (uint16_t key = 1; key < kFirstDynamicKey; ++key) by_name[SchemaName(key)] = key;
      return by_name;
    }();
    return keys;
  }
  static uint32_t Intern(std::string_view name) {
    if (edgespan_lend(0, 0, static_cast<uint32_t>(name.size())) < 0) return 0;
    memcpy(CoreMemory() + CoreResult()[2], name.data(), name.size());
    return static_cast<uint32_t>(
        std::max(edgespan_intern(0, static_cast<uint32_t>(name.size())), 0));
  }

  uint32_t Put(tape::Op op, uint32_t key = 0, uint32_t arg = 0) {
    words_.push_back(tape::Word(op, key, arg));
    return static_cast<uint32_t>(words_.size() - 1);
  }
  uint32_t Rope(std::u16string_view piece, uint32_t max_units) {
    piece = piece.substr(0, max_units);
    rope_ += piece;
    return static_cast<uint32_t>(piece.size());
  }
  void PutText(tape::Op op, uint32_t key, std::string_view value) {
    words_.push_back(tape::Word(op, key));
    words_.push_back(static_cast<uint32_t>(text_.size()));
    words_.push_back(static_cast<uint32_t>(value.size()));
    text_ += value;
  }
  void PutEnvelope(tape::Op op, const Envelope& envelope) {
    Put(op, envelope.type, envelope.flags);
    // Order matters: the ids come before the name on the rope.
    const uint32_t span_units = Rope(ToUtf16(envelope.span_id), 255);
    const uint32_t parent_units = Rope(ToUtf16(envelope.parent_id), 255);
    const uint32_t name_units = Rope(envelope.name, 65535);
    words_.push_back(name_units | span_units << 16 | parent_units << 24);
    doubles_.push_back(envelope.start_ms);
    if ((envelope.flags & tape::kHasEnd) != 0) doubles_.push_back(envelope.end_ms);
  }

  BigText big_text_;
  std::vector<uint32_t> words_;
  std::vector<double> doubles_;
  std::string text_;
  std::u16string rope_;
};

// Copies a tape into the lent areas; a Status.
inline int32_t LendTape(const Tape& tape) {
  const int32_t status = edgespan_lend(static_cast<uint32_t>(tape.words.size()),
                                       static_cast<uint32_t>(tape.doubles.size()),
                                       static_cast<uint32_t>(tape.text.size()));
  if (status < 0) return status;
  const uint32_t* const areas = CoreResult();
  const auto copy = [](uint32_t to, const void* from, size_t size) {
    if (size > 0) memcpy(CoreMemory() + to, from, size);
  };
  copy(areas[0], tape.words.data(), tape.words.size() * sizeof(uint32_t));
  copy(areas[1], tape.doubles.data(), tape.doubles.size() * sizeof(double));
  copy(areas[2], tape.text.data(), tape.text.size());
  return status;
}

// As edgespan_commit(); an edgespan_lend() that fails is the result.
inline int32_t CommitTape(uint32_t exporter, const Tape& tape) {
  const int32_t status = LendTape(tape);
  if (status < 0) return status;
  return edgespan_commit(exporter, static_cast<uint32_t>(tape.words.size()),
                         static_cast<uint32_t>(tape.doubles.size()), tape.rope_at,
                         static_cast<uint32_t>(tape.text.size()) - tape.rope_at, tape.rope_units);
}

// As edgespan_open_exporter(); an edgespan_lend() that fails is the result.
inline int32_t OpenExporterTape(const Tape& tape) {
  const int32_t status = LendTape(tape);
  if (status < 0) return status;
  return edgespan_open_exporter(
      static_cast<uint32_t>(tape.words.size()), static_cast<uint32_t>(tape.doubles.size()),
      tape.rope_at, static_cast<uint32_t>(tape.text.size()) - tape.rope_at, tape.rope_units);
}

}  // namespace edgespan::tools
