#include "edgespan/pipeline/trace.h"

#include <cstring>

namespace edgespan {

bool Trace::BuildIndex(PageArena* arena) {
  uint32_t total = 0;
  uint32_t next[kLossClasses];
  for (uint32_t i = 0; i < kLossClasses; ++i) {
    total += lanes[i].count;
    next[i] = lanes[i].first;
  }
  index = arena->Allocate((total + 1) * static_cast<uint32_t>(sizeof(uint32_t)));
  if (index == 0) return false;
  index_count = total;
  uint32_t* const out = arena->At<uint32_t>(index);
  for (uint32_t n = 0; n < total; ++n) {
    uint32_t lane = kLossClasses;
    uint32_t earliest = 0xffffffff;
    for (uint32_t i = 0; i < kLossClasses; ++i) {
      if (next[i] == 0) continue;
      const uint32_t at = arena->At<SpanRecord>(next[i])->sequence;
      if (at < earliest) {
        earliest = at;
        lane = i;
      }
    }
    out[n] = next[lane];
    next[lane] = arena->At<SpanRecord>(next[lane])->next;
  }
  return true;
}

TraceId Trace::WireId(const PageArena& arena) const {
  if (trace_id.IsValid()) return trace_id;
  SpanId id = root;
  if (!id.IsValid()) id = arena.At<SpanRecord>(*arena.At<uint32_t>(index))->span_id;
  TraceId wire;
  std::memcpy(wire.bytes, id.bytes, sizeof id.bytes);
  std::memcpy(wire.bytes + sizeof id.bytes, id.bytes, sizeof id.bytes);
  return wire;
}

uint32_t Trace::Evict(PageArena* arena, LossClass loss_class) {
  RecordLane& lane = lanes[loss_class];
  for (uint32_t at = lane.first; at != 0;) {
    const SpanRecord& record = *arena->At<SpanRecord>(at);
    arena->At<TreeNode>(record.tree)->record = 0;
    at = record.next;
  }
  const uint32_t count = lane.count;
  lane.pages.Free(arena);
  lane = RecordLane{};
  return count;
}

void Trace::Free(PageArena* arena) {
  for (RecordLane& lane : lanes) lane.pages.Free(arena);
  if (index != 0) {
    arena->Free(index, (index_count + 1) * static_cast<uint32_t>(sizeof(uint32_t)));
  }
  tree.Free(arena);
  Lane lane = tree_lane;  // it holds this object
  lane.Free(arena);
}

}  // namespace edgespan
