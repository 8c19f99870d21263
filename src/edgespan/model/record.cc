#include "edgespan/model/record.h"

namespace edgespan {

const Node* FindMember(const Node* begin, const Node* end, uint16_t key) {
  for (const Node* node = begin; node < end; node = node->Skip()) {
    if (node->key == key) return node;
  }
  return nullptr;
}

}  // namespace edgespan
