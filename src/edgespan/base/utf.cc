// The vector loops share one shape: take a block (the last one padded with zeros by LoadPartial(),
// so nothing is read past the source and there is no scalar tail), store it optimistically, advance
// by what it really held. Blocks without anything special leave by the first test. The scalar twins
// stand in the same file, so that what must agree is read together.
#include "edgespan/base/utf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "edgespan/base/simd.h"

namespace edgespan {
namespace {

constexpr bool IsContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }
constexpr bool MustEscape(uint8_t byte) { return byte < 0x20 || byte == '"' || byte == '\\'; }

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
    dst[0] = static_cast<uint8_t>(c);
    return dst + 1;
  }
  if (c < 0x800) {
    dst[0] = static_cast<uint8_t>(0xc0 | c >> 6);
    dst[1] = static_cast<uint8_t>(0x80 | (c & 0x3f));
    return dst + 2;
  }
  if ((c & 0xf800) == 0xd800) {
    const uint32_t low = c < 0xdc00 && units != 0 ? Load16(src) : 0;
    if ((low & 0xfc00) == 0xdc00) {
      src += 2;
      --units;
      c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
      dst[0] = static_cast<uint8_t>(0xf0 | c >> 18);
      dst[1] = static_cast<uint8_t>(0x80 | (c >> 12 & 0x3f));
      dst[2] = static_cast<uint8_t>(0x80 | (c >> 6 & 0x3f));
      dst[3] = static_cast<uint8_t>(0x80 | (c & 0x3f));
      return dst + 4;
    }
    c = 0xfffd;
  }
  dst[0] = static_cast<uint8_t>(0xe0 | c >> 12);
  dst[1] = static_cast<uint8_t>(0x80 | (c >> 6 & 0x3f));
  dst[2] = static_cast<uint8_t>(0x80 | (c & 0x3f));
  return dst + 3;
}

// Writes the escape of a byte that MustEscape(); up to 6 bytes touched, the end returned.
inline uint8_t* EscapeOne(uint8_t c, uint8_t* dst) {
  const char letter = c >= 0x20 ? static_cast<char>(c) : c >= 8 && c < 14 ? "btn\0fr"[c - 8] : '\0';
  dst[0] = '\\';
  if (letter != 0) {
    dst[1] = static_cast<uint8_t>(letter);
    return dst + 2;
  }
  memcpy(dst + 1, "u00", 3);
  dst[4] = static_cast<uint8_t>('0' + (c >> 4));
  dst[5] = static_cast<uint8_t>("0123456789abcdef"[c & 15]);
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
      dst = EscapeOne(src[i], dst);
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

constexpr auto kSurrogateMask = static_cast<int16_t>(0xf800);
constexpr auto kBeyondAscii = static_cast<int16_t>(0xff80);
constexpr auto kSurrogate = static_cast<int16_t>(0xd800);

// The first n <= 16 bytes, zeros behind them. Overlapping words stand for the lengths between.
[[gnu::noinline]] v128_t LoadPartial(const uint8_t* src, uint32_t n) {
  uint64_t low = 0, high = 0;
  if (n > 8) {
    memcpy(&low, src, 8);
    memcpy(&high, src + n - 8, 8);
    high >>= 8 * (16 - n);
  } else if (n >= 4) {
    uint32_t head, tail;
    memcpy(&head, src, 4);
    memcpy(&tail, src + n - 4, 4);
    low = head | static_cast<uint64_t>(tail) << (8 * (n - 4));
  } else if (n != 0) {
    low = src[0] | static_cast<uint64_t>(src[n / 2]) << (8 * (n / 2)) |
          static_cast<uint64_t>(src[n - 1]) << (8 * (n - 1));
  }
  return wasm_i64x2_make(static_cast<int64_t>(low), static_cast<int64_t>(high));
}

inline v128_t LoadUpTo16(const uint8_t* src, uint32_t n) {
  return n >= 16 ? wasm_v128_load(src) : LoadPartial(src, n);
}

// One bit for each of the first n bytes, 0 < n <= 16, that MustEscape().
uint32_t EscapeMask(v128_t bytes, uint32_t n) {
  const v128_t control = wasm_u8x16_lt(bytes, wasm_i8x16_splat(0x20));
  const v128_t quote = wasm_i8x16_eq(bytes, wasm_i8x16_splat('"'));
  const v128_t backslash = wasm_i8x16_eq(bytes, wasm_i8x16_splat('\\'));
  return wasm_i8x16_bitmask(wasm_v128_or(control, wasm_v128_or(quote, backslash))) &
         (0xffffu >> (16 - n));
}

// Swizzles that close the gaps between characters, 8 bytes in, 8 out; 0x80 yields a zero.
using Packing = std::array<std::array<uint8_t, 8>, 16>;

// Four characters in cells [lead, last]; bit k of the index: character k has two bytes, else `last`
// alone.
constexpr Packing MakePackTwo() {
  Packing table{};
  for (uint32_t index = 0; index < 16; ++index) {
    uint32_t at = 0;
    table[index].fill(0x80);
    for (uint8_t k = 0; k < 4; ++k) {
      if (index >> k & 1) table[index][at++] = 2 * k;
      table[index][at++] = 2 * k + 1;
    }
  }
  return table;
}

// Two characters in cells [first, unused, middle, last]; bits k and k + 2 of the index: character k
// has more than one byte, more than two.
constexpr Packing MakePackThree() {
  Packing table{};
  for (uint32_t index = 0; index < 16; ++index) {
    uint32_t at = 0;
    table[index].fill(0x80);
    for (uint8_t k = 0; k < 2; ++k) {
      if (index >> (k + 2) & 1) table[index][at++] = 4 * k;
      if (index >> k & 1) table[index][at++] = 4 * k + 2;
      table[index][at++] = 4 * k + 3;
    }
  }
  return table;
}

constexpr Packing kPackTwo = MakePackTwo();
constexpr Packing kPackThree = MakePackThree();

// Packs both halves of `cells`, each by its own index, and stores them one behind the other; `base`
// bytes a half and one more per index bit.
inline uint8_t* StorePacked(v128_t cells, const Packing& table, uint32_t index0, uint32_t index1,
                            uint32_t base, uint8_t* dst) {
  v128_t order = wasm_v128_load64_zero(table[index0].data());
  order = wasm_v128_load64_lane(table[index1].data(), order, 1);
  order = wasm_i8x16_add(order, wasm_i64x2_make(0, 0x0808080808080808));
  const v128_t packed = wasm_i8x16_swizzle(cells, order);
  wasm_v128_store64_lane(dst, packed, 0);
  dst += base + static_cast<uint32_t>(std::popcount(index0));
  wasm_v128_store64_lane(dst, packed, 1);
  return dst + base + static_cast<uint32_t>(std::popcount(index1));
}

// A half's index into kPackThree from the masks of the whole block.
constexpr uint32_t PairIndex(uint32_t two, uint32_t three, uint32_t pair) {
  return (two >> (2 * pair) & 3) | (three >> (2 * pair) & 3) << 2;
}

// Eight units, no surrogate among them, at least one beyond ASCII.
uint8_t* ConvertEight(v128_t v, v128_t two, v128_t three, uint8_t* dst) {
  const v128_t low_six = wasm_i16x8_splat(0x3f);
  const v128_t mark = wasm_i16x8_splat(0x80);
  const v128_t middle = wasm_u16x8_shr(v, 6);
  const v128_t last = wasm_v128_bitselect(wasm_v128_bitselect(v, mark, low_six), v, two);
  const v128_t lead = wasm_v128_bitselect(wasm_v128_bitselect(middle, mark, low_six),
                                          wasm_v128_or(middle, wasm_i16x8_splat(0xc0)), three);
  const v128_t cells = wasm_v128_or(lead, wasm_i16x8_shl(last, 8));
  const uint32_t twos = wasm_i16x8_bitmask(two);
  const uint32_t threes = wasm_i16x8_bitmask(three);
  if (threes == 0) return StorePacked(cells, kPackTwo, twos & 15, twos >> 4, 4, dst);
  const v128_t first = wasm_v128_or(wasm_u16x8_shr(v, 12), wasm_i16x8_splat(0xe0));
  dst = StorePacked(wasm_i16x8_shuffle(first, cells, 0, 8, 1, 9, 2, 10, 3, 11), kPackThree,
                    PairIndex(twos, threes, 0), PairIndex(twos, threes, 1), 2, dst);
  return StorePacked(wasm_i16x8_shuffle(first, cells, 4, 12, 5, 13, 6, 14, 7, 15), kPackThree,
                     PairIndex(twos, threes, 2), PairIndex(twos, threes, 3), 2, dst);
}

}  // namespace

uint8_t* Utf16ToUtf8(const uint8_t* src, uint32_t units, uint8_t* dst) {
  while (units != 0) {
    if (units >= 16) {
      const v128_t a = wasm_v128_load(src), b = wasm_v128_load(src + 16);
      const v128_t high = wasm_v128_and(wasm_v128_or(a, b), wasm_i16x8_splat(kBeyondAscii));
      if (!wasm_v128_any_true(high)) {
        wasm_v128_store(dst, wasm_u8x16_narrow_i16x8(a, b));
        src += 32;
        dst += 16;
        units -= 16;
        continue;
      }
    }
    const uint32_t block = std::min(units, 8u);
    const v128_t v = LoadUpTo16(src, 2 * block);
    const v128_t two = wasm_u16x8_gt(v, wasm_i16x8_splat(0x7f));
    if (!wasm_v128_any_true(two)) {
      wasm_v128_store64_lane(dst, wasm_u8x16_narrow_i16x8(v, v), 0);
      dst += block;
    } else {
      const v128_t surrogate = wasm_i16x8_eq(wasm_v128_and(v, wasm_i16x8_splat(kSurrogateMask)),
                                             wasm_i16x8_splat(kSurrogate));
      if (wasm_v128_any_true(surrogate)) [[unlikely]] {
        // Character by character to the block's end, or one unit beyond it to finish a pair.
        const uint32_t rest = units - block;
        while (units > rest) dst = ConvertOne(src, units, dst);
        continue;
      }
      const v128_t three = wasm_u16x8_gt(v, wasm_i16x8_splat(0x7ff));
      // Each padding unit was written as one zero byte at the end.
      dst = ConvertEight(v, two, three, dst) - (8 - block);
    }
    src += 2 * block;
    units -= block;
  }
  return dst;
}

uint8_t* EscapeJson(const uint8_t* src, uint32_t n, uint8_t* dst) {
  while (n != 0) {
    uint32_t block = std::min(n, 16u);
    const v128_t bytes = LoadUpTo16(src, block);
    wasm_v128_store(dst, bytes);
    const uint32_t mask = EscapeMask(bytes, block);
    if (mask != 0) {
      block = static_cast<uint32_t>(std::countr_zero(mask));
      dst = EscapeOne(src[block], dst + block);
      ++block;
    } else {
      dst += block;
    }
    src += block;
    n -= block;
  }
  return dst;
}

bool NeedsJsonEscape(const uint8_t* src, uint32_t n) {
  while (n != 0) {
    const uint32_t block = std::min(n, 16u);
    if (EscapeMask(LoadUpTo16(src, block), block) != 0) return true;
    src += block;
    n -= block;
  }
  return false;
}

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
      const uint32_t continuations =
          wasm_i8x16_bitmask(wasm_i8x16_lt(bytes, wasm_i8x16_splat(-64)));
      const uint32_t leads = wasm_i8x16_bitmask(wasm_u8x16_ge(bytes, wasm_i8x16_splat(-16)));
      width = 16 - static_cast<uint32_t>(std::popcount(continuations)) +
              static_cast<uint32_t>(std::popcount(leads));
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

}  // namespace edgespan
