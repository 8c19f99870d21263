// IsoTime: a time as Date.prototype.toISOString() has it, in UTC.
//
// A pure function over the caller's memory, without libc: nothing of it is linked into the module. Four
// digits of the year are all that it knows: earlier and later times are the caller's to keep away.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgespan {

constexpr uint32_t kIsoTimeSize = 24;            // "1970-01-01T00:00:00.000Z"
constexpr double kIsoTimeEnd = 253402300800000;  // when the year 10000 begins

// `ms` since 1970-01-01, what is less than a millisecond cut off; `text`: kIsoTimeSize bytes, which the
// result is. REQUIRES: 0 <= ms < kIsoTimeEnd.
std::string_view IsoTime(double ms, char* text);

}  // namespace edgespan
