#include "edgespan/semconv/generation.h"

#include "edgespan/model/schema.h"

namespace edgespan {

const TreeNode* NextBelow(const PageArena& arena, const TreeNode& generation,
                          const TreeNode* node) {
  const bool enter = node == &generation || node->type != kTypeModelGeneration;
  uint32_t at = enter ? node->first_child : 0;
  while (at == 0 && node != &generation) {
    at = node->next_sibling;
    node = arena.At<TreeNode>(node->parent);
  }
  return at != 0 ? arena.At<TreeNode>(at) : nullptr;
}

const TreeNode* GenerationOf(const PageArena& arena, const TreeNode& call) {
  const TreeNode* node = &call;
  for (int up = 0; up < 2 && node->parent != 0; ++up) {
    node = arena.At<TreeNode>(node->parent);
    if (node->type == kTypeModelGeneration) return node;
  }
  return nullptr;
}

const SpanRecord* GenerationEndedBy(const PageArena& arena, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(arena, call);
  if (generation == nullptr) return nullptr;
  const TreeNode* at = &call;
  while ((at = NextBelow(arena, *generation, at)) != nullptr) {
    if (at->type == kTypeModelInference && IsNear(arena, *at)) return nullptr;
  }
  return RecordOf(arena, *generation);
}

bool HasInference(const PageArena& arena, const TreeNode& generation) {
  const TreeNode* at = &generation;
  do {
    at = NextBelow(arena, generation, at);
  } while (at != nullptr && at->type != kTypeModelInference);
  return at != nullptr;
}

bool IsModelCall(const PageArena& arena, const TreeNode& node, bool strays) {
  if (node.type != kTypeModelGeneration) return node.type == kTypeModelInference;
  return !strays && !HasInference(arena, node);
}

bool IsRunsRoot(const PageArena& arena, const SpanRecord& span) {
  uint32_t above = arena.At<TreeNode>(span.tree)->parent;
  if (above == 0) return span.Has(tape::kIsRoot);
  while (above != 0 && arena.At<TreeNode>(above)->type == kKeyNone) {
    above = arena.At<TreeNode>(above)->parent;
  }
  return above == 0;
}

bool IsStepOrGeneration(const TreeNode& node) {
  return node.type == kTypeModelGeneration || node.type == kTypeModelStep;
}

bool IsNear(const PageArena& arena, const TreeNode& node) {
  return IsStepOrGeneration(*arena.At<TreeNode>(node.parent));
}

}  // namespace edgespan
