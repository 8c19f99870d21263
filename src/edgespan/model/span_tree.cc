#include "edgespan/model/span_tree.h"

#include <cstring>

namespace edgespan {

TreeNode* SpanTree::Find(const PageArena& arena, const SpanId& id) const {
  uint32_t at = buckets_ != 0 ? *Bucket(arena, id) : 0;
  while (at != 0) {
    TreeNode* const node = arena.At<TreeNode>(at);
    if (node->id == id) return node;
    at = node->next_in_bucket;
  }
  return nullptr;
}

TreeNode* SpanTree::FindOrAdd(PageArena* arena, Lane* lane, const SpanId& id, const SpanId& parent,
                              uint16_t type) {
  if (TreeNode* const found = Find(*arena, id)) return found;
  if (buckets_ == 0) {
    constexpr uint32_t kBytes = kBuckets * sizeof(uint32_t);
    buckets_ = lane->Allocate(arena, kBytes);
    if (buckets_ == 0) return nullptr;
    std::memset(arena->At(buckets_), 0, kBytes);
  }
  const uint32_t at = lane->Allocate(arena, sizeof(TreeNode));
  if (at == 0) return nullptr;
  TreeNode* const above = parent.IsValid() ? Find(*arena, parent) : nullptr;
  uint32_t* const bucket = Bucket(*arena, id);
  TreeNode* const node = arena->At<TreeNode>(at);
  *node = TreeNode{};
  node->id = id;
  node->type = type;
  node->next_in_bucket = *bucket;
  *bucket = at;
  if (above != nullptr) {
    node->parent = arena->OffsetOf(above);
    (above->last_child != 0 ? arena->At<TreeNode>(above->last_child)->next_sibling
                            : above->first_child) = at;
    above->last_child = at;
  }
  return node;
}

}  // namespace edgespan
