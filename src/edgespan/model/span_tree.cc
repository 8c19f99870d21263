#include "edgespan/model/span_tree.h"

#include <cstring>

namespace edgespan {

TreeNode* SpanTree::Find(const PageArena& arena, const SpanId& id) const {
  if (bucket_count_ == 0) return nullptr;
  for (uint32_t at = *Bucket(arena, id); at != 0;) {
    TreeNode* const node = arena.At<TreeNode>(at);
    if (node->id == id) return node;
    at = node->next_in_bucket;
  }
  return nullptr;
}

// Doubles the buckets (one page at first) and files every node anew.
bool SpanTree::Grow(PageArena* arena) {
  SpanTree grown;
  grown.bucket_count_ = bucket_count_ == 0 ? kMinBuckets : bucket_count_ * 2;
  const uint32_t bytes = grown.bucket_count_ * static_cast<uint32_t>(sizeof(uint32_t));
  grown.buckets_ = arena->Allocate(bytes);
  if (grown.buckets_ == 0) return false;
  std::memset(arena->At(grown.buckets_), 0, bytes);
  for (uint32_t i = 0; i < bucket_count_; ++i) {
    for (uint32_t at = arena->At<uint32_t>(buckets_)[i]; at != 0;) {
      TreeNode* const node = arena->At<TreeNode>(at);
      const uint32_t next = node->next_in_bucket;
      uint32_t* const bucket = grown.Bucket(*arena, node->id);
      node->next_in_bucket = *bucket;
      *bucket = at;
      at = next;
    }
  }
  Free(arena);
  buckets_ = grown.buckets_;
  bucket_count_ = grown.bucket_count_;
  return true;
}

TreeNode* SpanTree::Add(PageArena* arena, Lane* lane, const SpanId& id, const SpanId& parent,
                        uint16_t type) {
  // A tree that cannot grow gets slower, not smaller; only the first buckets are needed.
  if (count >= bucket_count_ && !Grow(arena) && bucket_count_ == 0) return nullptr;
  const uint32_t at = lane->Allocate(arena, sizeof(TreeNode));
  if (at == 0) return nullptr;
  TreeNode* const node = arena->At<TreeNode>(at);
  *node = TreeNode{};
  node->id = id;
  node->type = type;
  uint32_t* const bucket = Bucket(*arena, id);
  node->next_in_bucket = *bucket;
  if (parent.IsValid()) {
    if (TreeNode* const above = Find(*arena, parent); above != nullptr) {
      node->parent = arena->OffsetOf(above);
      if (above->last_child != 0) {
        arena->At<TreeNode>(above->last_child)->next_sibling = at;
      } else {
        above->first_child = at;
      }
      above->last_child = at;
    }
  }
  *bucket = at;
  ++count;
  return node;
}

void SpanTree::Free(PageArena* arena) {
  arena->Free(buckets_, bucket_count_ * static_cast<uint32_t>(sizeof(uint32_t)));
  buckets_ = 0;
  bucket_count_ = 0;
}

}  // namespace edgespan
