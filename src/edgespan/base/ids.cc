#include "edgespan/base/ids.h"

#include "edgespan/base/simd.h"

namespace edgespan {
namespace {

#if !EDGESPAN_SIMD
// Value of a hex digit; 16 or more for any other byte.
uint32_t Nibble(char c) {
  const uint32_t digit = static_cast<uint8_t>(c) - uint32_t{'0'};
  const uint32_t letter = (static_cast<uint8_t>(c) | 0x20u) - 'a';
  return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}
#endif

// 16 hex digits to 8 bytes; false if any is none.
bool DecodeHex16(const char* hex, uint8_t* out) {
#if EDGESPAN_SIMD
  const v128_t text = wasm_v128_load(hex);
  const v128_t digit = wasm_i8x16_sub(text, wasm_i8x16_splat('0'));
  const v128_t is_digit = wasm_u8x16_lt(digit, wasm_i8x16_splat(10));
  const v128_t letter =
      wasm_i8x16_sub(wasm_v128_or(text, wasm_i8x16_splat(0x20)), wasm_i8x16_splat('a'));
  const v128_t is_letter = wasm_u8x16_lt(letter, wasm_i8x16_splat(6));
  if (!wasm_i8x16_all_true(wasm_v128_or(is_digit, is_letter))) return false;
  const v128_t nibbles =
      wasm_v128_bitselect(digit, wasm_i8x16_add(letter, wasm_i8x16_splat(10)), is_digit);
  // In each pair the high nibble comes first, thus in the low byte of a 16-bit lane.
  const v128_t pairs = wasm_v128_and(
      wasm_v128_or(wasm_i16x8_shl(nibbles, 4), wasm_u16x8_shr(nibbles, 8)), wasm_i16x8_splat(0xff));
  wasm_v128_store64_lane(out, wasm_u8x16_narrow_i16x8(pairs, pairs), 0);
  return true;
#else
  uint32_t bad = 0;
  for (uint32_t i = 0; i < 8; ++i) {
    const uint32_t high = Nibble(hex[2 * i]), low = Nibble(hex[2 * i + 1]);
    bad |= high | low;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return bad < 16;
#endif
}

// `size` (16 or 32) digits, the missing ones zeros in front, to size / 2 bytes.
bool DecodeHex(std::string_view hex, uint32_t size, uint8_t* out) {
  char padded[TraceId::kHexSize];
  const char* digits = hex.data();
  if (hex.size() != size) {
    if (hex.empty() || hex.size() > size) return false;
    memset(padded, '0', size);
    memcpy(padded + size - hex.size(), hex.data(), hex.size());
    digits = padded;
  }
  for (uint32_t i = 0; i < size; i += 16) {
    if (!DecodeHex16(digits + i, out + i / 2)) return false;
  }
  return true;
}

void EncodeHex(const uint8_t* bytes, uint32_t n, char* out) {
  for (uint32_t i = 0; i < n; ++i) {
    out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
  }
}

}  // namespace

bool TraceId::FromHex(std::string_view hex, TraceId* out) {
  return DecodeHex(hex, kHexSize, out->bytes);
}

bool SpanId::FromHex(std::string_view hex, SpanId* out) {
  return DecodeHex(hex, kHexSize, out->bytes);
}

void TraceId::ToHex(char* out) const { EncodeHex(bytes, sizeof(bytes), out); }

void SpanId::ToHex(char* out) const { EncodeHex(bytes, sizeof(bytes), out); }

}  // namespace edgespan
