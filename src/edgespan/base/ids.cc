#include "edgespan/base/ids.h"

#include "edgespan/base/buffer.h"
#include "edgespan/base/simd.h"

namespace edgespan {
namespace {

// `size` (16 or 32) digits, the missing ones zeros in front, to size / 2 bytes.
[[gnu::noinline]] bool DecodeHex(std::string_view hex, uint32_t size, uint8_t* out) {
  uint8_t padded[TraceId::kHexSize];
  const auto* digits = reinterpret_cast<const uint8_t*>(hex.data());
  if (hex.size() != size) [[unlikely]] {
    if (hex.empty() || hex.size() > size) return false;
    memset(padded, '0', sizeof padded);
    CopyBytes(padded + size - hex.size(), digits, static_cast<uint32_t>(hex.size()));
    digits = padded;
  }
#if EDGESPAN_SIMD
  for (uint32_t i = 0; i < size; i += 16) {
    const v128_t text = wasm_v128_load(digits + i);
    const v128_t digit = wasm_i8x16_sub(text, wasm_i8x16_splat('0'));
    const v128_t letter =
        wasm_i8x16_sub(wasm_v128_or(text, wasm_i8x16_splat(0x20)), wasm_i8x16_splat('a'));
    const v128_t is_digit = wasm_u8x16_lt(digit, wasm_i8x16_splat(10));
    const v128_t valid = wasm_v128_or(is_digit, wasm_u8x16_lt(letter, wasm_i8x16_splat(6)));
    if (!wasm_i8x16_all_true(valid)) return false;
    const v128_t value =
        wasm_v128_bitselect(digit, wasm_i8x16_add(letter, wasm_i8x16_splat(10)), is_digit);
    // Two digits share a 16-bit lane, the first one in its low byte.
    const v128_t byte = wasm_v128_and(
        wasm_v128_or(wasm_i16x8_shl(value, 4), wasm_u16x8_shr(value, 8)), wasm_i16x8_splat(0xff));
    wasm_v128_store64_lane(out + i / 2, wasm_u8x16_narrow_i16x8(byte, byte), 0);
  }
  return true;
#else
  uint32_t bad = 0;
  uint32_t value = 0;
  for (uint32_t i = 0; i < size; ++i) {
    const uint32_t digit = digits[i] - uint32_t{'0'};
    const uint32_t letter = (digits[i] | uint32_t{0x20}) - 'a';
    bad |= static_cast<uint32_t>(digit > 9 && letter > 5);
    value = value << 4 | (digit > 9 ? letter + 10 : digit);
    out[i / 2] = static_cast<uint8_t>(value);  // an odd digit completes what the even one began
  }
  return bad == 0;
#endif
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
