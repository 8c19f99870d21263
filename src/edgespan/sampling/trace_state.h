// The `ot` member of a W3C tracestate, by which consistent probability sampling is told:
//
//   tracestate = list-member *( "," list-member )          https://www.w3.org/TR/trace-context-2/
//   ot=th:e6666666;rv:0123456789abcd;other:x
//
//   th  the threshold, up to 14 hex digits without the zeros at their end; 0: everything is kept
//   rv  the randomness of the trace, 14 hex digits, instead of the trace id's
// https://opentelemetry.io/docs/specs/otel/trace/tracestate-handling/
#pragma once

#include <string_view>

#include "edgespan/base/buffer.h"
#include "edgespan/base/ids.h"
#include "edgespan/sampling/threshold.h"

namespace edgespan {

// R: of `rv`, or else the last 56 bits of the trace id.
uint64_t RandomnessOf(const TraceId& trace_id, std::string_view trace_state);

// Appends the tracestate with `threshold` as its `th`, or without one; an `ot` that is not empty goes to
// the front, what else it says and other members stay as they are; not `whole`: of all that only `rv`.
// Nothing if none is left.
void WriteTraceState(std::string_view trace_state, Threshold threshold, Buffer* out,
                     bool whole = true);

}  // namespace edgespan
