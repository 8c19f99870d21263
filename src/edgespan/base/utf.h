// Text: UTF-16 to UTF-8, JSON string escaping, and cutting UTF-8 at character boundaries.
//
// Pure functions over the caller's memory. No routine reads outside its source, but where it says so.
// A routine that takes `dst` returns the end of its output and may scribble on up to kTextSlack bytes
// beyond it, within the size it asks for. With EDGESPAN_SIMD these are vector code; namespace scalar
// holds a twin of each with the same results (the same bytes, but for the scribble), always compiled.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgespan {

// a == b, without the library's memcmp: nothing of libc is linked into the module.
bool SameText(std::string_view a, std::string_view b);

constexpr uint32_t kTextSlack = 16;

// src: UTF-16LE, 2-aligned. dst: 3 * units + kTextSlack bytes. A lone surrogate becomes U+FFFD.
uint8_t* Utf16ToUtf8(const uint8_t* src, uint32_t units, uint8_t* dst);

// src: UTF-8, with kTextSlack readable bytes behind it. dst: 6 * n + kTextSlack bytes. Escapes the inside of a JSON string as JSON.stringify
// does: \" \\ \b \t \n \f \r, \u00xx (lower case) for other controls; all else stays as it is.
uint8_t* EscapeJson(const uint8_t* src, uint32_t n, uint8_t* dst);

// Whether EscapeJson() would change anything.
bool NeedsJsonEscape(const uint8_t* src, uint32_t n);

// Bytes of the longest prefix of src[0, n) that holds at most `units` UTF-16 code units (a
// four-byte sequence holds 2); never more than n, whatever the input. *split tells whether the next
// character needs 2 units and 1 was left: the host cut a surrogate pair in two.
uint32_t Utf8PrefixForUnits(const uint8_t* src, uint32_t n, uint32_t units, bool* split);

// The longest prefix of src[0, n), at most `limit` bytes, that ends at a character boundary.
uint32_t CutUtf8(const uint8_t* src, uint32_t n, uint32_t limit);

namespace scalar {
uint8_t* Utf16ToUtf8(const uint8_t* src, uint32_t units, uint8_t* dst);
uint8_t* EscapeJson(const uint8_t* src, uint32_t n, uint8_t* dst);
bool NeedsJsonEscape(const uint8_t* src, uint32_t n);
uint32_t Utf8PrefixForUnits(const uint8_t* src, uint32_t n, uint32_t units, bool* split);
}  // namespace scalar

}  // namespace edgespan
