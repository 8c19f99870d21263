#include "edgespan/pipeline/trace.h"

#include <cstring>

namespace edgespan {

void Trace::Append(const PageArena& arena, uint32_t record, LossClass loss_class) {
  arena.At<SpanRecord>(record)->loss_class = static_cast<uint16_t>(loss_class);
  (last != 0 ? arena.At<SpanRecord>(last)->next : first) = record;
  last = record;
  ++counts[loss_class];
}

TraceId Trace::WireId(const PageArena& arena) const {
  if (trace_id.IsValid()) return trace_id;
  SpanId id = root;
  if (!id.IsValid() && first != 0) id = arena.At<SpanRecord>(first)->span_id;
  TraceId wire;
  std::memcpy(wire.bytes, id.bytes, sizeof id.bytes);
  std::memcpy(wire.bytes + sizeof id.bytes, id.bytes, sizeof id.bytes);
  return wire;
}

uint32_t Trace::Evict(PageArena* arena, LossClass loss_class) {
  last = 0;
  uint32_t* link = &first;
  for (uint32_t at = first; at != 0;) {
    SpanRecord* const record = arena->At<SpanRecord>(at);
    if (record->loss_class == loss_class) {
      arena->At<TreeNode>(record->tree)->record = 0;
    } else {
      *link = last = at;
      link = &record->next;
    }
    at = record->next;
  }
  *link = 0;
  lanes[loss_class].Free(arena);
  const uint32_t count = counts[loss_class];
  counts[loss_class] = 0;
  return count;
}

void Trace::Free(PageArena* arena) {
  for (Lane& lane : lanes) lane.Free(arena);
  tree_lane.Free(arena);  // which holds this object, in its oldest run
}

}  // namespace edgespan
