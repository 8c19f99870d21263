// One walk over the three levels does both: it copies what stands outside of the range's other spans,
// or, without an output, only counts. Levels are known by their depth, for all three nest the next
// one's messages in a field of their own.
#include "edgespan/otlp/split.h"

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/writer.h"

namespace edgespan::otlp {
namespace {

constexpr int kNested[] = {pb::ExportTraceServiceRequest::kResourceSpansFieldNumber,
                           pb::ResourceSpans::kScopeSpansFieldNumber,
                           pb::ScopeSpans::kSpansFieldNumber};
constexpr uint32_t kSpanDepth = 2;  // the depth at which kNested is a span

struct Walk {
  uint32_t from;
  uint32_t end;   // of the range
  uint32_t seen;  // spans
  Buffer* out;    // nullptr: only count
};

// A varint; nullptr when it does not end, or is longer than any.
const uint8_t* ReadVarint(const uint8_t* at, const uint8_t* end, uint64_t* value) {
  *value = 0;
  for (uint32_t shift = 0; at < end && shift < 70; shift += 7) {
    const uint8_t byte = *at++;
    *value |= (byte & uint64_t{127}) << shift;
    if (byte < 128) return at;
  }
  return nullptr;
}

// NOLINTNEXTLINE(misc-no-recursion): three levels deep
bool Level(const uint8_t* at, const uint8_t* const end, uint32_t depth, Walk* walk) {
  while (at < end) {
    const uint8_t* const field = at;
    uint64_t tag, size = 0;
    at = ReadVarint(at, end, &tag);
    if (at == nullptr) return false;
    const uint32_t type = tag & 7;
    if (type == 0 || type == 2) {
      at = ReadVarint(at, end, &size);
      if (at == nullptr) return false;
      if (type == 0) size = 0;
    } else if (type == 1 || type == 5) {
      size = type == 1 ? 8 : 4;
    } else {
      return false;  // a group, which proto3 does not have
    }
    if (size > static_cast<uint64_t>(end - at)) return false;
    const uint8_t* const body = at;
    at += size;
    const bool nested = type == 2 && tag >> 3 == static_cast<uint64_t>(kNested[depth]);
    if (nested && depth < kSpanDepth) {
      uint32_t open = 0;
      ProtoWriter writer(walk->out);
      if (walk->out != nullptr) open = writer.Open(kNested[depth], static_cast<uint32_t>(size));
      if (!Level(body, at, depth + 1, walk)) return false;
      if (walk->out != nullptr) writer.Close(open);
      continue;
    }
    const bool skipped = nested && (walk->seen < walk->from || walk->seen >= walk->end);
    walk->seen += nested;
    if (walk->out != nullptr && !skipped) {
      walk->out->Append(field, static_cast<uint32_t>(at - field));
    }
  }
  return true;
}

}  // namespace

uint32_t CountSpans(std::span<const uint8_t> request) {
  Walk walk = {0, UINT32_MAX, 0, nullptr};
  return Level(request.data(), request.data() + request.size(), 0, &walk) ? walk.seen : 0;
}

bool WriteSpans(std::span<const uint8_t> request, uint32_t from, uint32_t count, Buffer* out) {
  Walk walk = {from, from + count, 0, out};
  return Level(request.data(), request.data() + request.size(), 0, &walk) && !out->failed();
}

}  // namespace edgespan::otlp
