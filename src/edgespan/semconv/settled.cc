#include "edgespan/semconv/settled.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/generation.h"
#include "edgespan/semconv/messages.h"

namespace edgespan {

bool IsSettled(const RecordContext& context, const SpanRecord& span) {
  const bool call = span.type == kTypeModelInference;
  const bool near = span.type == kTypeModelGeneration || span.type == kTypeModelStep;
  if (span.Has(tape::kOtel)) return true;
  const TreeNode* node = context.arena->At<TreeNode>(span.tree);
  // A parent that is not known yet may still come, or be none that anybody sees.
  if (node->parent == 0 && span.parent_id.IsValid() && !span.Has(tape::kRemoteParent)) return false;
  if (!(call || near)) return true;
  // Until one is seen, a generation may be the model call itself or not.
  if (span.type == kTypeModelGeneration && !HasInference(*context.arena, *node)) return false;
  if (call) {
    const TreeNode* const generation = GenerationOf(*context.arena, *node);
    if (generation != nullptr && !generation->ended) return false;
    if (!MessageWriter::IsComplete(context, *node)) return false;
  }
  // Whoever tells why a provider failed stands above, and what came after tells whether it is still so.
  const Node* const attributes = FindMember(span, kKeyAttributes);
  return !SameText(TextOf(*context.arena, FindMember(attributes, kKeyFinishReason)), "error");
}

bool IsPartial(const RecordContext& context, const SpanRecord& span, bool is_model_call) {
  if (!is_model_call || span.type != kTypeModelInference) return false;
  const TreeNode* const generation =
      GenerationOf(*context.arena, *context.arena->At<TreeNode>(span.tree));
  return generation != nullptr && !generation->ended;
}

}  // namespace edgespan
