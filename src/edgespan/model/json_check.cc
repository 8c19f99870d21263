#include "edgespan/model/json_check.h"

#include <cstdint>

namespace edgespan {
namespace {

// What may come next.
enum Next : uint32_t { kValue = 1, kKey = 2, kColon = 4, kComma = 8, kClose = 16 };

// Each of these returns where it ends, or nullptr. They need no end of the text: it is a closing bracket,
// which is no part of a word, a number or an escape.

[[gnu::noinline]] const uint8_t* Digits(const uint8_t* at) {
  if (*at - uint32_t{'0'} >= 10) return nullptr;
  while (*at - uint32_t{'0'} < 10) ++at;
  return at;
}

const uint8_t* Number(const uint8_t* at) {
  if (*at == '-') ++at;
  at = *at == '0' ? at + 1 : Digits(at);
  if (at != nullptr && *at == '.') at = Digits(at + 1);
  if (at == nullptr || (*at | 0x20) != 'e') return at;
  ++at;
  return Digits(*at == '+' || *at == '-' ? at + 1 : at);
}

const uint8_t* Word(const uint8_t* at) {
  for (const char* word = *at == 't' ? "true" : *at == 'f' ? "false" : "null"; *word != 0; ++word) {
    if (*at++ != static_cast<uint8_t>(*word)) return nullptr;
  }
  return at;
}

// Behind the backslash.
const uint8_t* Escape(const uint8_t* at) {
  if (*at != 'u') {
    for (const char* letter = "\"\\/bfnrt"; *letter != 0; ++letter) {
      if (*at == static_cast<uint8_t>(*letter)) return at + 1;
    }
    return nullptr;
  }
  if ((at[1] | 0x20) == 'd' && at[2] > '7') return nullptr;
  for (uint32_t i = 0; i < 4; ++i) {
    ++at;
    if (*at - uint32_t{'0'} >= 10 && (*at | 0x20) - uint32_t{'a'} >= 6) return nullptr;
  }
  return at + 1;
}

}  // namespace

bool IsJsonContainer(std::string_view text) {
  const uint8_t* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  if (text.size() < 2 || (at[0] | 0x20) != '{' || (end[-1] | 0x20) != '}') return false;
  uint32_t open = 1;  // a bit for each container that is open, below a first one: 1 for objects
  uint32_t next = kValue;
  while (at != nullptr && at < end) {
    const uint8_t c = *at;
    if (c == ' ' || c - uint32_t{'\t'} < 2 || c == '\r') {
      ++at;
    } else if (c == '"' && (next & (kValue | kKey)) != 0) {
      do {
        at = *at == '\\' ? Escape(at + 1) : at + 1;
        if (at == nullptr || at == end || *at < ' ') return false;
      } while (*at != '"');
      ++at;
      next = next & kKey ? kColon : kComma | kClose;
    } else if ((c | 0x20) == '{' && (next & kValue) != 0) {
      if (open >> 31 != 0) return false;
      open = open << 1 | (c == '{');
      next = (c == '{' ? kKey : kValue) | kClose;
      ++at;
    } else if ((c | 0x20) == '}' && (next & kClose) != 0) {
      if ((open & 1) != (c == '}')) return false;
      open >>= 1;
      next = kComma | kClose;
      ++at;
      if (open == 1) return at == end;
    } else if (c == ',' && (next & kComma) != 0) {
      next = open & 1 ? kKey : kValue;
      ++at;
    } else if (c == ':' && (next & kColon) != 0) {
      next = kValue;
      ++at;
    } else {
      if ((next & kValue) == 0) return false;
      at = c < 'a' ? Number(at) : Word(at);
      next = kComma | kClose;
    }
  }
  return false;
}

}  // namespace edgespan
