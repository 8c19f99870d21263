#include "edgespan/base/ids.h"

namespace edgespan {
namespace {

// `size` (16 or 32) digits, the missing ones zeros in front, to size / 2 bytes. A digit at a time,
// for vectors would cost more code than two ids a span are worth; but without branches, because
// nobody predicts ids.
[[gnu::noinline]] bool DecodeHex(std::string_view hex, uint32_t size, uint8_t* out) {
  if (hex.empty() || hex.size() > size) return false;
  memset(out, 0, size / 2);
  uint32_t value = 0;
  uint32_t bad = 0;
  uint32_t i = size - static_cast<uint32_t>(hex.size());
  for (const char c : hex) {
    const uint32_t digit = static_cast<uint8_t>(c) - uint32_t{'0'};
    const uint32_t letter = (static_cast<uint8_t>(c) | 0x20u) - 'a';
    bad |= (digit > 9) & (letter > 5);
    value = value << 4 | (digit > 9 ? letter + 10 : digit);
    out[i++ / 2] = static_cast<uint8_t>(value);  // An odd digit completes what the even one began.
  }
  return bad == 0;
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
