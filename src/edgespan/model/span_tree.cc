#include "edgespan/model/span_tree.h"

namespace edgespan {

TreeNode* SpanTree::Find(const PageArena& arena, const SpanId& id) const {
  uint32_t at = buckets_[Bucket(id)];
  while (at != 0 && !(arena.At<TreeNode>(at)->id == id))
    at = arena.At<TreeNode>(at)->next_in_bucket;
  return at != 0 ? arena.At<TreeNode>(at) : nullptr;
}

TreeNode* SpanTree::FindOrAdd(PageArena* arena, Lane* lane, const SpanId& id, const SpanId& parent,
                              uint16_t type) {
  if (TreeNode* const found = Find(*arena, id)) return found;
  const uint32_t at = lane->Allocate(arena, sizeof(TreeNode));
  if (at == 0) return nullptr;
  TreeNode* const above = parent.IsValid() ? Find(*arena, parent) : nullptr;
  uint32_t* const bucket = &buckets_[Bucket(id)];
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
