#include "edgespan/model/span_tree.h"

namespace edgespan {
namespace {

// The turns of the way to an id. The product is one to one, so ids that differ part within 32 steps.
class Way {
 public:
  explicit Way(const SpanId& id) : bits_(id.AsUint64() * 0x9e3779b97f4a7c15u) {}
  uint32_t* Next(TreeNode* node) {
    uint32_t* const next = &node->below[bits_ >> 62];
    bits_ <<= 2;
    return next;
  }

 private:
  uint64_t bits_;
};

}  // namespace

TreeNode* SpanTree::Find(const PageArena& arena, const SpanId& id) const {
  Way way(id);
  for (uint32_t at = top_; at != 0;) {
    TreeNode* const node = arena.At<TreeNode>(at);
    if (node->id == id) return node;
    at = *way.Next(node);
  }
  return nullptr;
}

TreeNode* SpanTree::FindOrAdd(PageArena* arena, Lane* lane, const SpanId& id, const SpanId& parent,
                              uint16_t type) {
  Way way(id);
  uint32_t* place = &top_;
  while (*place != 0) {
    TreeNode* const node = arena->At<TreeNode>(*place);
    if (node->id == id) return node;
    place = way.Next(node);
  }
  const uint32_t at = lane->Allocate(arena, sizeof(TreeNode));
  if (at == 0) return nullptr;
  TreeNode* const above = parent.IsValid() ? Find(*arena, parent) : nullptr;
  TreeNode* const node = arena->At<TreeNode>(at);
  *node = TreeNode{};
  node->id = id;
  node->type = type;
  *place = at;
  if (above != nullptr) {
    node->parent = arena->OffsetOf(above);
    (above->last_child != 0 ? arena->At<TreeNode>(above->last_child)->next_sibling
                            : above->first_child) = at;
    above->last_child = at;
  }
  return node;
}

}  // namespace edgespan
