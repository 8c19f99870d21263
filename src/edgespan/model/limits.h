// SpanLimits: how much of a span is kept. Names follow the OpenTelemetry specification (Trace SDK, "Span
// Limits"), except that lengths count UTF-8 bytes and that nothing is unlimited: a value is then bounded
// by the memory budget alone. Its defaults for events and links are no defaults here: whoever makes a span
// with several has applied those already, or larger ones that were asked for.
#pragma once

#include <cstdint>

namespace edgespan {

struct SpanLimits {
  static constexpr uint32_t kUnlimited = 0xffffffff;

  uint32_t attribute_count = kUnlimited;
  uint32_t attribute_value_length = kUnlimited;  // bytes of a string value, cut between characters
  uint32_t text_length = kUnlimited;  // of a span's name and status message: cut to make it fit
  uint32_t event_count = kUnlimited;
  uint32_t link_count = kUnlimited;

  bool operator==(const SpanLimits&) const = default;
};

}  // namespace edgespan
