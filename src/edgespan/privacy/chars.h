// Classes of ASCII characters, one bit each, and texts that are looked at with their bounds.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgespan {

enum CharClass : uint8_t {
  kDigit = 1,
  kUpper = 2,
  kLower = 4,
  kHexLetter = 8,   // a to f
  kJoin = 16,       // - _
  kBase64 = 32,     // + / = . ~
  kMailSign = 64,   // . _ % + -
  kEndsValue = 128  // blanks, controls, quotes, brackets and separators
};
constexpr uint8_t kAlpha = kUpper | kLower;
constexpr uint8_t kAlnum = kAlpha | kDigit;
constexpr uint8_t kWord = kAlnum | kJoin;

struct CharTable {
  uint8_t of[256];
};
constexpr CharTable MakeCharTable() {
  CharTable table = {};
  for (uint32_t c = 0; c < 128; ++c) {
    uint8_t bits = 0;
    if (c >= '0' && c <= '9') bits |= kDigit;
    if (c >= 'A' && c <= 'Z') bits |= kUpper;
    if (c >= 'a' && c <= 'z') bits |= kLower;
    if (c >= 'a' && c <= 'f') bits |= kHexLetter;
    if (c <= ' ') bits |= kEndsValue;
    table.of[c] = bits;
  }
  for (const char c : std::string_view("-_")) table.of[static_cast<uint8_t>(c)] |= kJoin;
  for (const char c : std::string_view("+/=.~")) table.of[static_cast<uint8_t>(c)] |= kBase64;
  for (const char c : std::string_view("._%+-")) table.of[static_cast<uint8_t>(c)] |= kMailSign;
  for (const char c : std::string_view("\"'`,;&<>()[]{}|\\\x7f")) {
    table.of[static_cast<uint8_t>(c)] |= kEndsValue;
  }
  return table;
}
inline constexpr CharTable kChars = MakeCharTable();

constexpr bool Is(uint8_t c, uint32_t classes) { return (kChars.of[c] & classes) != 0; }

// A text and how far it goes. Nothing outside [begin, end) is looked at.
struct View {
  const uint8_t* text;
  uint32_t begin;
  uint32_t end;

  // These are called in many places, none of them hot.

  // The byte there; a blank outside, which ends whatever stands there.
  uint8_t operator[](uint32_t at) const;

  // Where the bytes of these classes end that begin at `at`, at most `most` of them.
  uint32_t Span(uint32_t at, uint32_t classes, uint32_t most = 0xffffffff) const;

  // Whether this stands at `at`.
  bool Has(uint32_t at, const char* what) const;
};

}  // namespace edgespan
