#include "edgespan/model/record.h"

#include <cstring>

namespace edgespan {

using tape::Op;

// These are called from many places and stay out of line: inlined, they would be a tenth of the
// module.

[[gnu::noinline]] const Node* FindMember(const Node* begin, const Node* end, uint16_t key) {
  for (const Node* node = begin; node < end; node = node->Skip()) {
    if (node->key == key) return node;
  }
  return nullptr;
}

[[gnu::noinline]] const Node* FindMember(const Node* object, uint16_t key) {
  if (object == nullptr || object->Kind() != Op::kObject) return nullptr;
  return FindMember(object->Begin(), object->End(), key);
}

[[gnu::noinline]] const Node* FindMember(const SpanRecord& record, uint16_t key) {
  return FindMember(record.Begin(), record.End(), key);
}

[[gnu::noinline]] const Node* NextItem(const Node* value, const Node* item) {
  if (value == nullptr || value->Kind() != Op::kArray) return item == nullptr ? value : nullptr;
  const Node* const next = item == nullptr ? value->Begin() : item->Skip();
  return next < value->End() ? next : nullptr;
}

[[gnu::noinline]] std::string_view SpellingOf(const PageArena& arena, const Node* node) {
  const Op op = node != nullptr ? node->Kind() : Op::kEnd;
  const bool number = op == Op::kNumber || op == Op::kDate;
  if (op != Op::kString && op != Op::kKey && op != Op::kBytes && !number) return {};
  return {arena.At<const char>(node->a + (number ? sizeof(double) : 0u)), node->b};
}

[[gnu::noinline]] std::string_view TextOf(const PageArena& arena, const Node* node) {
  if (node == nullptr || node->Kind() != Op::kString) return {};
  return SpellingOf(arena, node);
}

[[gnu::noinline]] double NumberOf(const PageArena& arena, const Node* node) {
  double value = 0;
  if (node == nullptr) return value;
  if (node->Kind() == Op::kInt64) return static_cast<double>(node->Integer());
  if (node->Kind() == Op::kNumber || node->Kind() == Op::kDate) {
    std::memcpy(&value, arena.At(node->a), sizeof value);
  }
  return value;
}

}  // namespace edgespan
