#include "edgespan/privacy/runs.h"

#include <bit>

#include "edgespan/base/simd.h"

namespace edgespan {
namespace scalar {

uint32_t NextRun(const uint8_t* text, uint32_t at, uint32_t end) {
  uint32_t run = at;
  uint32_t row = 0;  // numeric bytes up to here
  for (; at < end; ++at) {
    const uint8_t c = text[at];
    if (EndsRun(c)) {
      run = at + 1;
      row = 0;
      continue;
    }
    row = c - uint32_t{'0'} < 10 || c == '-' ? row + 1 : 0;
    const bool special = c == '@' || c == ':' || c == '=' || c == '+' || (c | 0x20) == '{';
    if (special || row == 4 || at - run == kLongRun - 1) return run;
  }
  return end;
}

uint32_t NextQuote(const uint8_t* text, uint32_t at, uint32_t end) {
  while (at < end && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

}  // namespace scalar

#if EDGESPAN_SIMD

namespace {

// Signs, each in all places of a vector.
enum Sign : uint32_t { kAt, kColon, kEquals, kPlus, kBrace, kCase, kMinus, kZero, kNine, kSigns };
struct Vectors {
  alignas(16) uint8_t of[kSigns][16] = {};
  constexpr Vectors() {
    for (uint32_t i = 0; i < kSigns * 16u; ++i) {
      of[i / 16][i % 16] = static_cast<uint8_t>("@:=+{ -0\t"[i / 16]);
    }
  }
};
constexpr Vectors kVectors;

}  // namespace

uint32_t NextRun(const uint8_t* text, uint32_t at, uint32_t end) {
  const Vectors* const vectors = Unseen(&kVectors);
  const v128_t at_sign = wasm_v128_load(vectors->of[kAt]);
  const v128_t colon = wasm_v128_load(vectors->of[kColon]);
  const v128_t equals = wasm_v128_load(vectors->of[kEquals]);
  const v128_t plus = wasm_v128_load(vectors->of[kPlus]);
  const v128_t brace = wasm_v128_load(vectors->of[kBrace]);
  const v128_t lower = wasm_v128_load(vectors->of[kCase]);
  const v128_t minus = wasm_v128_load(vectors->of[kMinus]);
  const v128_t zero = wasm_v128_load(vectors->of[kZero]);
  const v128_t nine = wasm_v128_load(vectors->of[kNine]);
  uint32_t run = at;
  uint32_t before = 0;  // a bit for each of the last three bytes that is numeric
  for (; at < end; at += 16) {
    const v128_t bytes = wasm_v128_load(text + at);
    const v128_t special = wasm_v128_or(
        wasm_v128_or(wasm_v128_or(wasm_i8x16_eq(bytes, at_sign), wasm_i8x16_eq(bytes, colon)),
                     wasm_v128_or(wasm_i8x16_eq(bytes, equals), wasm_i8x16_eq(bytes, plus))),
        wasm_i8x16_eq(wasm_v128_or(bytes, lower), brace));
    const uint32_t numeric = wasm_i8x16_bitmask(wasm_v128_or(
        wasm_u8x16_le(wasm_i8x16_sub(bytes, zero), nine), wasm_i8x16_eq(bytes, minus)));
    uint32_t hits = wasm_i8x16_bitmask(special);
    uint32_t ends = wasm_i8x16_bitmask(wasm_i8x16_gt(plus, bytes));
    const uint32_t row = numeric << 3 | before;
    before = row >> 16;
    const uint32_t pairs = row & row >> 1;
    hits |= pairs & pairs >> 2;
    if (end - at < 16) {
      ends |= ~uint32_t{0} << (end - at);
      hits &= ~ends;
    }
    const auto first = static_cast<uint32_t>(std::countr_zero(ends | 0x10000));
    if (at + first - run >= kLongRun) return run;
    if (hits != 0) {
      // The last end before the first hit.
      const uint32_t left = ends & ((hits & (0 - hits)) - 1);
      return left == 0 ? run : at + static_cast<uint32_t>(std::bit_width(left));
    }
    run = at + static_cast<uint32_t>(std::bit_width(ends));
  }
  return end;
}

uint32_t NextQuote(const uint8_t* text, uint32_t at, uint32_t end) {
  const char* const signs = Unseen("\"\\");
  const v128_t quote = wasm_v128_load8_splat(signs);
  const v128_t backslash = wasm_v128_load8_splat(signs + 1);
  for (; at < end; at += 16) {
    const v128_t bytes = wasm_v128_load(text + at);
    const uint32_t hits = wasm_i8x16_bitmask(
        wasm_v128_or(wasm_i8x16_eq(bytes, quote), wasm_i8x16_eq(bytes, backslash)));
    if (hits == 0) continue;
    const uint32_t found = at + static_cast<uint32_t>(std::countr_zero(hits));
    return found < end ? found : end;
  }
  return end;
}

#else

uint32_t NextRun(const uint8_t* text, uint32_t at, uint32_t end) {
  return scalar::NextRun(text, at, end);
}
uint32_t NextQuote(const uint8_t* text, uint32_t at, uint32_t end) {
  return scalar::NextQuote(text, at, end);
}

#endif

}  // namespace edgespan
