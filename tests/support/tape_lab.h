// What tests of TapeReader share: a table of five keys, an envelope, and ids as hex.
#pragma once

#include <string>

#include "edgespan/base/ids.h"
#include "edgespan/model/keys.h"
#include "tests/support/record_lab.h"

namespace edgespan::testing {

// The first key that is in no table.
constexpr uint32_t kKeyEnd = kFirstDynamicKey + 5;

// Of a span that matters little.
inline TapeWriter::Envelope Envelope(uint32_t flags = 0) {
  TapeWriter::Envelope envelope;
  envelope.flags = flags;
  envelope.span_id = "1";
  envelope.name = u"n";
  envelope.start_ms = 1;
  envelope.end_ms = 2;
  return envelope;
}

inline std::string HexOf(const uint8_t* bytes, size_t n) {
  std::string hex;
  for (size_t i = 0; i < n; ++i) {
    hex += "0123456789abcdef"[bytes[i] >> 4];
    hex += "0123456789abcdef"[bytes[i] & 15];
  }
  return hex;
}
inline std::string HexOf(const SpanId& id) { return HexOf(id.bytes, 8); }
inline std::string HexOf(const TraceId& id) { return HexOf(id.bytes, 16); }

}  // namespace edgespan::testing
