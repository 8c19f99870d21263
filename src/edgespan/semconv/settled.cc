#include "edgespan/semconv/settled.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/messages.h"

namespace edgespan {
namespace {

// Of a model call that its provider failed: the error is the nearest ancestor's that has one.
bool HasError(const RecordContext& context, const TreeNode& node) {
  if (node.record == 0) return false;
  const SpanRecord& record = *context.arena->At<SpanRecord>(node.record);
  const Node* const error = FindMember(record.Begin(), record.End(), kKeyErrorInfo);
  return error != nullptr && error->Kind() == tape::Op::kObject;
}

}  // namespace

bool IsSettled(const RecordContext& context, const SpanRecord& span, bool has_inference) {
  if (span.Has(tape::kOtel)) return true;
  if (span.type == kTypeModelGeneration) return has_inference;
  if (span.type != kTypeModelInference) return true;
  const TreeNode* node = context.arena->At<TreeNode>(span.tree);
  const TreeNode* const generation = MessageWriter::GenerationOf(context, *node);
  if (generation != nullptr && !generation->ended) return false;
  if (FindMember(span.Begin(), span.End(), kKeyInput) == nullptr &&
      !MessageWriter::IsComplete(context, *node)) {
    return false;
  }
  const Node* const attributes = FindMember(span.Begin(), span.End(), kKeyAttributes);
  if (!SameText(TextOf(*context.arena, FindMember(attributes, kKeyFinishReason)), "error")) {
    return true;
  }
  while (!HasError(context, *node)) {
    if (node->parent == 0) return true;
    node = context.arena->At<TreeNode>(node->parent);
    if (!node->ended) return false;
  }
  return true;
}

bool IsPartial(const RecordContext& context, const SpanRecord& span, bool is_model_call) {
  if (!is_model_call || span.type != kTypeModelInference) return false;
  const TreeNode* const generation =
      MessageWriter::GenerationOf(context, *context.arena->At<TreeNode>(span.tree));
  return generation != nullptr && !generation->ended;
}

}  // namespace edgespan
