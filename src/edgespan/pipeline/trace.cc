#include "edgespan/pipeline/trace.h"

#include <cstring>

#include "edgespan/model/guard.h"
#include "edgespan/pipeline/exporter.h"

namespace edgespan {

void Trace::Append(const PageArena& arena, uint32_t record, LossClass loss_class) {
  SpanRecord& span = *arena.At<SpanRecord>(record);
  span.loss_class = static_cast<uint8_t>(loss_class);
  span.left = 0;
  span.run_pages =
      static_cast<uint16_t>((record - lanes[loss_class].newest()) / PageArena::kPageSize);
  (last != 0 ? arena.At<SpanRecord>(last)->next : first) = record;
  last = record;
  unjudged = true;
  // Each span is asked, for who is the run's root is not always known, and the strictest holds for all.
  const Node* const said = FindMember(
      FindMember(span, span.Has(tape::kOtel) ? kKeyAttributes : kKeyMetadata), kKeyEdgespanContent);
  if (said != nullptr) [[unlikely]] {
    const ContentPolicy policy = ContentPolicyOf(TextOf(arena, said), ContentPolicy::kOff);
    const auto asked = static_cast<uint8_t>(static_cast<uint8_t>(policy) + 1);
    if (wish < asked) wish = asked;
  }
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

void Trace::LoseTo(uint32_t destination, LossReason reason) {
  ++lost[destination];
  exporter->destinations[destination].tally.Drop(reason, 1);
}

void Trace::Lose(LossReason reason, uint32_t left) {
  for (uint32_t d = 0; d < exporter->destination_count; ++d) {
    if ((left >> d & 1) == 0) LoseTo(d, reason);
  }
}

template <class Gone>
void Trace::Unlink(const PageArena& arena, Gone gone) {
  last = 0;
  uint32_t* link = &first;
  for (uint32_t at = first; at != 0;) {
    SpanRecord* const record = arena.At<SpanRecord>(at);
    if (gone(at, *record)) {
      TreeNode* const node = arena.At<TreeNode>(record->tree);
      if (node->record == at) node->record = 0;
      --counts[record->loss_class];
    } else {
      *link = last = at;
      link = &record->next;
    }
    at = record->next;
  }
  *link = 0;
}

void Trace::Evict(PageArena* arena, LossClass loss_class) {
  Unlink(*arena, [&](uint32_t, const SpanRecord& record) {
    const bool gone = record.loss_class == loss_class;
    if (gone) Lose(LossReason::kMemory, record.left);
    return gone;
  });
  lanes[loss_class].Free(arena);
}

bool Trace::Sweep(PageArena* arena) {
  left_early = false;
  const uint32_t all = (1u << exporter->destination_count) - 1;
  const auto run_of = [](uint32_t at, const SpanRecord& record) {
    return (at / PageArena::kPageSize - record.run_pages) * PageArena::kPageSize;
  };
  for (uint32_t at = first; at != 0;) {
    const SpanRecord& record = *arena->At<SpanRecord>(at);
    if (record.left != all) Lane::Mark(*arena, run_of(at, record));
    at = record.next;
  }
  Unlink(*arena, [&](uint32_t at, const SpanRecord& record) {
    return !lanes[record.loss_class].IsMarked(*arena, run_of(at, record));
  });
  bool swept = false;
  for (Lane& lane : lanes) swept |= lane.Sweep(arena);
  return swept;
}

void Trace::Free(PageArena* arena) {
  for (Lane& lane : lanes) lane.Free(arena);
  tree_lane.Free(arena);  // which holds this object, in its oldest run
}

}  // namespace edgespan
