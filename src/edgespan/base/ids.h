// TraceId and SpanId: 16 and 8 opaque bytes, as OTLP carries them; hex in W3C Trace Context and in
// Mastra (which hands over user-given ids of fewer digits: they are padded with zeros on the left).
// Plain values; all zero means "no id" (W3C Trace Context, section 3.2.2.3).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace edgespan {

struct TraceId {
  static constexpr uint32_t kHexSize = 32;

  uint8_t bytes[16];

  // 1..32 hex digits of either case. On false *out is unspecified.
  [[nodiscard]] static bool FromHex(std::string_view hex, TraceId* out);
  // Writes kHexSize lower-case digits, no terminator.
  void ToHex(char* out) const;

  bool IsValid() const { return (Half(0) | Half(8)) != 0; }
  uint64_t AsUint64() const { return Half(0) ^ Half(8); }  // For hashing; in memory's byte order.

  friend bool operator==(const TraceId& a, const TraceId& b) {
    return ((a.Half(0) ^ b.Half(0)) | (a.Half(8) ^ b.Half(8))) == 0;
  }

 private:
  uint64_t Half(uint32_t at) const {
    uint64_t half;
    memcpy(&half, bytes + at, 8);
    return half;
  }
};

struct SpanId {
  static constexpr uint32_t kHexSize = 16;

  uint8_t bytes[8];

  // 1..16 hex digits of either case. On false *out is unspecified.
  [[nodiscard]] static bool FromHex(std::string_view hex, SpanId* out);
  // Writes kHexSize lower-case digits, no terminator.
  void ToHex(char* out) const;

  bool IsValid() const { return AsUint64() != 0; }
  uint64_t AsUint64() const {  // For hashing and comparing; in memory's byte order.
    uint64_t value;
    memcpy(&value, bytes, 8);
    return value;
  }

  friend bool operator==(const SpanId& a, const SpanId& b) { return a.AsUint64() == b.AsUint64(); }
};

}  // namespace edgespan
