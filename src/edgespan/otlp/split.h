// Takes spans out of an encoded request, so that a part of a batch can be sent alone: a receiver that
// refuses a whole request for one span's sake gets the others without it, and a batch that came back
// from a store has no records any more.
//
// message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
// message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; ... }
// message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; ... }
//
// Total: any bytes give a body or false. Spans count through the whole request; the fields around
// them, unknown ones too, stay, and so does a ResourceSpans or ScopeSpans that lost all its spans.
#pragma once

#include <cstdint>
#include <span>

#include "edgespan/base/buffer.h"

namespace edgespan::otlp {

// How many spans a request holds; 0 when its bytes are not a request.
uint32_t CountSpans(std::span<const uint8_t> request);

// Writes the request with only `count` spans from number `from` on. False when its bytes are not a
// request, or memory ran out (out->failed()).
[[nodiscard]] bool WriteSpans(std::span<const uint8_t> request, uint32_t from, uint32_t count,
                              Buffer* out);

}  // namespace edgespan::otlp
