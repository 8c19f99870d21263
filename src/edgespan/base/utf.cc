// The vector loops take whole blocks and leave at the first test when a block has nothing special;
// what no block fits goes character by character through the code of the scalar twins, which stand
// in the same file, so that what must agree is read together.
#include "edgespan/base/utf.h"

#include <bit>
#include <cstring>

#include "edgespan/base/simd.h"

namespace edgespan {
namespace {

constexpr bool IsContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }
// The flip makes '"' and ' ' change places, and nothing else pass the bound.
constexpr bool MustEscape(uint8_t byte) { return (byte ^ 2) <= 0x20 || byte == '\\'; }

uint32_t Load16(const uint8_t* p) {
  uint16_t unit;
  memcpy(&unit, p, 2);
  return unit;
}

// Converts the character at src (units > 0 are left) and moves src and units past it.
inline uint8_t* ConvertOne(const uint8_t*& src, uint32_t& units, uint8_t* dst) {
  uint32_t c = Load16(src);
  src += 2;
  --units;
  if (c < 0x80) {
    *dst = static_cast<uint8_t>(c);
    return dst + 1;
  }
  uint32_t lead = 0xe0;
  uint32_t shift = 12;
  if (c < 0x800) {
    lead = 0xc0;
    shift = 6;
  } else if ((c & 0xf800) == 0xd800) {
    const uint32_t low = c < 0xdc00 && units != 0 ? Load16(src) : 0;
    if ((low & 0xfc00) == 0xdc00) {
      src += 2;
      --units;
      c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
      lead = 0xf0;
      shift = 18;
    } else {
      c = 0xfffd;
    }
  }
  *dst++ = static_cast<uint8_t>(lead | c >> shift);
  do {
    shift -= 6;
    *dst++ = static_cast<uint8_t>(0x80 | (c >> shift & 0x3f));
  } while (shift != 0);
  return dst;
}

// Writes the escape of a byte that MustEscape(), of at most 6 bytes; the end is returned.
inline uint8_t* Escape(uint8_t c, uint8_t* dst) {
  // Which of the few there are cannot be foretold, so no branch asks: '\\' comes down behind '"'.
  const auto letter =
      static_cast<uint8_t>("uuuuuuuubtnufruuuuuuuuuuuuuuuuuu  \" \\"[c - (c >> 6) * 56]);
  dst[0] = '\\';
  dst[1] = letter;
  if (letter != 'u') [[likely]]
    return dst + 2;
  dst[2] = dst[3] = '0';
  dst[4] = static_cast<uint8_t>('0' + (c >> 4));
  dst[5] = static_cast<uint8_t>((c & 15) + ((c & 15) < 10 ? '0' : 'a' - 10));
  return dst + 6;
}

}  // namespace

namespace scalar {

uint8_t* Utf16ToUtf8(const uint8_t* src, uint32_t units, uint8_t* dst) {
  while (units != 0) dst = ConvertOne(src, units, dst);
  return dst;
}

uint8_t* EscapeJson(const uint8_t* src, uint32_t n, uint8_t* dst) {
  for (uint32_t i = 0; i < n; ++i) {
    if (MustEscape(src[i])) {
      dst = Escape(src[i], dst);
    } else {
      *dst++ = src[i];
    }
  }
  return dst;
}

bool NeedsJsonEscape(const uint8_t* src, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) {
    if (MustEscape(src[i])) return true;
  }
  return false;
}

uint32_t Utf8PrefixForUnits(const uint8_t* src, uint32_t n, uint32_t units, bool* split) {
  *split = false;
  uint32_t i = 0;
  for (; i < n; ++i) {
    if (IsContinuation(src[i])) continue;
    const uint32_t width = src[i] >= 0xf0 ? 2 : 1;
    if (width > units) {
      *split = units == 1;
      break;
    }
    units -= width;
  }
  return i;
}

}  // namespace scalar

uint32_t CutUtf8(const uint8_t* src, uint32_t n, uint32_t limit) {
  if (limit >= n) return n;
  while (limit != 0 && IsContinuation(src[limit])) --limit;
  return limit;
}

#if EDGESPAN_SIMD
namespace {

constexpr uint16_t kUnits[] = {0x80, 0xf800, 0xd800};  // beyond ASCII; surrogates: mask and value
// The last six bits; the first characters of two and of three bytes, and what these begin as.
constexpr uint32_t kParts[] = {0x3f, 0x80, 0x800, 0x010080c0, 0x028080e0};

// Four characters of the BMP, one a lane: each lane becomes the bytes of its character, at most
// three, and above them how many more than one they are.
[[gnu::noinline]] uint8_t* ConvertFour(v128_t c, uint8_t* dst) {
  const uint32_t* const parts = Unseen(kParts);
  const v128_t low_six = wasm_v128_load32_splat(parts);
  const v128_t last = wasm_v128_and(c, low_six);
  const v128_t rest = wasm_u32x4_shr(c, 6);
  const v128_t two =
      wasm_v128_or(wasm_v128_or(rest, wasm_i32x4_shl(last, 8)), wasm_v128_load32_splat(parts + 3));
  const v128_t middle = wasm_i32x4_shl(wasm_v128_and(rest, low_six), 8);
  const v128_t first = wasm_v128_or(wasm_u32x4_shr(c, 12), wasm_v128_load32_splat(parts + 4));
  const v128_t three = wasm_v128_or(wasm_v128_or(first, middle), wasm_i32x4_shl(last, 16));
  const v128_t cells = wasm_v128_bitselect(
      wasm_v128_bitselect(c, two, wasm_i32x4_lt(c, wasm_v128_load32_splat(parts + 1))), three,
      wasm_i32x4_lt(c, wasm_v128_load32_splat(parts + 2)));
  wasm_v128_store32_lane(dst, cells, 0);
  dst += 1 + wasm_u8x16_extract_lane(cells, 3);
  wasm_v128_store32_lane(dst, cells, 1);
  dst += 1 + wasm_u8x16_extract_lane(cells, 7);
  wasm_v128_store32_lane(dst, cells, 2);
  dst += 1 + wasm_u8x16_extract_lane(cells, 11);
  wasm_v128_store32_lane(dst, cells, 3);
  return dst + 1 + wasm_u8x16_extract_lane(cells, 15);
}

}  // namespace

uint8_t* Utf16ToUtf8(const uint8_t* src, uint32_t units, uint8_t* dst) {
  const uint16_t* const constants = Unseen(kUnits);
  const v128_t beyond_ascii = wasm_v128_load16_splat(constants);
  const v128_t surrogate_mask = wasm_v128_load16_splat(constants + 1);
  const v128_t surrogate = wasm_v128_load16_splat(constants + 2);
  while (units != 0) {
    if (units >= 16) {
      const v128_t bytes =
          wasm_u8x16_narrow_i16x8(wasm_u16x8_min(wasm_v128_load(src), beyond_ascii),
                                  wasm_u16x8_min(wasm_v128_load(src + 16), beyond_ascii));
      wasm_v128_store(dst, bytes);
      const uint32_t others = wasm_i8x16_bitmask(bytes);
      if (others == 0) {
        src += 32;
        dst += 16;
        units -= 16;
        continue;
      }
      // Words beyond ASCII are short: a block that begins where one does mostly has all of it.
      const auto ascii = static_cast<uint32_t>(std::countr_zero(others));
      src += 2 * ascii;
      dst += ascii;
      units -= ascii;
    }
    uint32_t block = units;
    if (units >= 8) {
      const v128_t v = wasm_v128_load(src);
      const uint32_t surrogates =
          wasm_i16x8_bitmask(wasm_i16x8_eq(wasm_v128_and(v, surrogate_mask), surrogate));
      if (surrogates == 0) [[likely]] {
        dst = ConvertFour(wasm_u32x4_extend_low_u16x8(v), dst);
        dst = ConvertFour(wasm_u32x4_extend_high_u16x8(v), dst);
        src += 16;
        units -= 8;
        continue;
      }
      block = static_cast<uint32_t>(std::countr_zero(surrogates)) + 1;
    }
    // To the end, or past the first surrogate and its other half.
    const uint8_t* const end = src + 2 * block;
    while (src < end) dst = ConvertOne(src, units, dst);
  }
  return dst;
}

uint8_t* EscapeJson(const uint8_t* src, uint32_t n, uint8_t* dst) {
  const char* const constants = Unseen("\2 \\");
  const v128_t flip = wasm_v128_load8_splat(constants);
  const v128_t bound = wasm_v128_load8_splat(constants + 1);
  const v128_t backslash = wasm_v128_load8_splat(constants + 2);
  for (;;) {
    const v128_t bytes = wasm_v128_load(src);
    wasm_v128_store(dst, bytes);
    // One bit for each byte that MustEscape().
    uint32_t mask = wasm_i8x16_bitmask(wasm_v128_or(
        wasm_u8x16_le(wasm_v128_xor(bytes, flip), bound), wasm_i8x16_eq(bytes, backslash)));
    if (n >= 16) {
      if (mask == 0) {
        src += 16;
        dst += 16;
        n -= 16;
        continue;
      }
    } else {
      mask |= 1u << n;  // the end, if nothing special comes before it
    }
    const uint32_t clean = static_cast<uint32_t>(std::countr_zero(mask));
    dst += clean;
    if (clean == n) return dst;
    dst = Escape(src[clean], dst);
    src += clean + 1;
    n -= clean + 1;
  }
}

// Seldom asked, and of short text.
bool NeedsJsonEscape(const uint8_t* src, uint32_t n) { return scalar::NeedsJsonEscape(src, n); }

uint32_t Utf8PrefixForUnits(const uint8_t* src, uint32_t n, uint32_t units, bool* split) {
  uint32_t at = 0;
  while (n - at >= 16) {
    const v128_t bytes = wasm_v128_load(src + at);
    uint32_t width = 16;
    if (wasm_i8x16_bitmask(bytes) == 0) {
      // ASCII: whatever of it fits ends the prefix.
      if (units < 16) {
        *split = false;
        return at + units;
      }
    } else {
      // As signed bytes, continuations lie below -64 and four-byte leads from -16 to -1.
      const v128_t starts = wasm_i8x16_ge(bytes, wasm_i8x16_splat(-64));
      const v128_t pairs = wasm_u8x16_ge(bytes, wasm_i8x16_splat(-16));
      width = static_cast<uint32_t>(std::popcount(wasm_i8x16_bitmask(starts)) +
                                    std::popcount(wasm_i8x16_bitmask(pairs)));
      if (width > units) break;
    }
    units -= width;
    at += 16;
  }
  return at + scalar::Utf8PrefixForUnits(src + at, n - at, units, split);
}

#else

uint8_t* Utf16ToUtf8(const uint8_t* src, uint32_t units, uint8_t* dst) {
  return scalar::Utf16ToUtf8(src, units, dst);
}
uint8_t* EscapeJson(const uint8_t* src, uint32_t n, uint8_t* dst) {
  return scalar::EscapeJson(src, n, dst);
}
bool NeedsJsonEscape(const uint8_t* src, uint32_t n) { return scalar::NeedsJsonEscape(src, n); }
uint32_t Utf8PrefixForUnits(const uint8_t* src, uint32_t n, uint32_t units, bool* split) {
  return scalar::Utf8PrefixForUnits(src, n, units, split);
}

#endif

[[gnu::noinline]] bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace edgespan
