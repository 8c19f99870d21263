#include "edgespan/semconv/message_shapes.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"

namespace edgespan {

const Node* FirstOf(const Node* object, uint16_t key, uint16_t other) {
  const Node* const member = FindMember(object, key);
  return member != nullptr ? member : FindMember(object, other);
}

const Node* Given(const Node* input) {
  const Node* const messages = FindMember(input, kKeyMessages);
  return IsList(messages) ? messages : input;
}

const Node* ContentOf(const Node* message) {
  const Node* const content = FindMember(message, kKeyContent);
  // Of UI messages; of messages of Mastra 2.
  const Node* parts = FindMember(message, kKeyParts);
  if (parts == nullptr) parts = FindMember(content, kKeyParts);
  return IsList(parts) ? parts : content;
}

bool HasMany(const Node* parts) {
  uint32_t count = 0;
  for (const Node* part = parts->Begin(); part < parts->End(); part = part->Skip()) {
    count += FirstOf(part, kKeyText, kKeyReasoning) != nullptr ||
             FirstOf(part, kKeyMediaType, kKeyMimeType) != nullptr ||
             FindMember(part, kKeyImage) != nullptr;
  }
  return count > 1;
}

const Node* Unwrapped(const Node* output) {
  const Node* const value = FindMember(output, kKeyValue);
  return value != nullptr && FindMember(output, kKeyType) != nullptr ? value : output;
}

const Node* QuestionIn(const PageArena& arena, const Node* input) {
  const Node* const list = Given(input);
  if (!IsList(list)) return input;
  const Node* said = nullptr;
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    if (!SameText(TextOf(arena, FindMember(node, kKeyRole)), "user")) continue;
    const Node* const content = ContentOf(node);
    if (IsText(content)) said = content;
    if (!IsList(content)) continue;
    for (const Node* part = content->Begin(); part < content->End(); part = part->Skip()) {
      const Node* const text = FindMember(part, kKeyText);
      if (IsText(text)) said = text;
    }
  }
  return said != nullptr ? said : input;
}

const Node* AnswerIn(const Node* output) {
  const Node* const text = FindMember(output, kKeyText);
  return IsText(text) && text->b != 0 ? text : output;
}

bool IsBesideMessages(const Node* value, uint16_t key) {
  if (IsList(FindMember(value, kKeyMessages))) return key != kKeyMessages;
  if (FirstOf(value, kKeyText, kKeyToolCalls) == nullptr) return false;
  return key != kKeyText && key != kKeyToolCalls && key != kKeyReasoning && key != kKeyFiles;
}

}  // namespace edgespan
