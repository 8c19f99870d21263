#include "edgespan/sampling/trace_state.h"

#include <cstring>

namespace edgespan {
namespace {

constexpr int kDigits = 14;  // of 56 bits

// Three characters as FirstThree() reads them.
consteval uint32_t Three(const char* of) {
  uint32_t word = 0;
  for (uint32_t i = 3; i-- > 0;) word = word << 8 | static_cast<uint8_t>(of[i]);
  return word;
}
// Those that a piece begins with, 0 for a shorter one. REQUIRES: a record's text, which can be read
// beyond its end.
uint32_t FirstThree(const char* piece, const char* end) {
  uint32_t word;
  std::memcpy(&word, piece, sizeof word);
  return end - piece < 3 ? 0 : word & 0xffffff;
}

// Takes a tracestate apart, down to the pieces of members; returns the value of `rv` in `ot`, or nullptr.
// Appends to `out`, unless that is nullptr, what else is in `ot` but `th` (if `own`), or the other members;
// a separator stands in front of what is not at `begin`.
const char* Walk(std::string_view state, bool own, Buffer* out, uint32_t begin) {
  const char* rv = nullptr;
  bool ot = false;
  char separator = ',';
  const char* at = state.data();
  const char* const last = at + state.size();
  while (at < last) {
    while (at < last && (*at == ' ' || *at == '\t')) ++at;
    const char* piece = at;
    while (at < last && *at != ',' && *at != ';') ++at;
    if (separator == ',') {
      ot = FirstThree(piece, at) == Three("ot=");
      if (ot) piece += 3;
    }
    const uint32_t name = ot ? FirstThree(piece, at) : 0;
    if (name == Three("rv:") && at - piece >= 3 + kDigits) rv = piece + 3;
    if (out != nullptr && ot == own && at > piece && name != Three("th:")) {
      if (out->size() > begin) out->AppendByte(static_cast<uint8_t>(own ? ';' : separator));
      out->Append(piece, static_cast<uint32_t>(at - piece));
    }
    if (at < last) separator = *at++;
  }
  return rv;
}

// The digits of `rv`, also in `bytes`; nullptr if there are none.
const char* RandomnessIn(std::string_view state, SpanId* bytes) {
  const char* const rv = Walk(state, true, nullptr, 0);
  return rv != nullptr && SpanId::FromHex({rv, kDigits}, bytes) ? rv : nullptr;
}

}  // namespace

uint64_t RandomnessOf(const TraceId& trace_id, std::string_view trace_state) {
  SpanId bytes;
  const bool own = RandomnessIn(trace_state, &bytes) != nullptr;
  const uint8_t* const at = own ? bytes.bytes + 1 : trace_id.bytes + 9;
  uint64_t random = 0;
  for (uint32_t i = 0; i < kDigits / 2; ++i) random = random << 8 | at[i];
  return random;
}

void WriteTraceState(std::string_view trace_state, Threshold threshold, Buffer* out, bool whole) {
  const uint32_t begin = out->size();
  out->AppendText("ot=");
  const uint32_t value = out->size();
  if (HasThreshold(threshold)) {
    out->AppendText("th:");
    for (uint64_t rest = Rejected(threshold) << 8;;) {
      out->AppendByte(static_cast<uint8_t>("0123456789abcdef"[rest >> 60]));
      rest <<= 4;
      if (rest == 0) break;
    }
  }
  if (whole) {
    Walk(trace_state, true, out, value);
  } else {
    SpanId bytes;
    const char* const rv = RandomnessIn(trace_state, &bytes);
    if (rv != nullptr) {
      out->AppendText(out->size() > value ? ";rv:" : "rv:");
      out->Append(rv, kDigits);
    }
  }
  if (out->size() == value) out->Truncate(begin);
  if (whole) Walk(trace_state, false, out, begin);
}

}  // namespace edgespan
