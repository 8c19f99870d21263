#include "edgespan/sampling/rules.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"

namespace edgespan {
namespace {

using tape::Op;

// Whether it is there, and (if one is asked for) has this value, or has it in it.
bool Holds(const PageArena& arena, const Node* node, const Node* value) {
  for (const Node* at = nullptr; (at = NextItem(node, at)) != nullptr;) {
    if (value == nullptr) return at->Kind() != Op::kLiteral || at->a != 0;
    if (at->Kind() != value->Kind()) continue;
    const bool bits = at->Kind() == Op::kLiteral || at->Kind() == Op::kInt64;
    if (bits ? at->Integer() == value->Integer()
             : SameText(SpellingOf(arena, at), SpellingOf(arena, value))) {
      return true;
    }
  }
  return false;
}

// Whether a rule for a name is for this one.
bool IsNamed(const PageArena& arena, const Node* rule, const SpanRecord& span) {
  const std::string_view name(arena.At<char>(span.name), span.name_bytes);
  const Node* const asked = FindMember(rule, kKeyName);
  return asked == nullptr || SameText(TextOf(arena, asked), name);
}

bool Failed(const PageArena& arena, const SpanRecord& span) {
  if (Holds(arena, FindMember(span, kKeyErrorInfo), nullptr)) return true;
  if (NumberOf(arena, FindMember(FindMember(span, kKeyStatus), kKeyCode)) == 2) return true;
  const Node* const attributes = FindMember(span, kKeyAttributes);
  return SameText(TextOf(arena, FindMember(attributes, kKeyFinishReason)), "error");
}

}  // namespace

On OnOf(const PageArena& arena, const Node* rule, uint16_t member) {
  const std::string_view word = TextOf(arena, FindMember(rule, member));
  if (word.empty()) return {};
  return static_cast<On>(static_cast<uint8_t>(word[0]) | static_cast<uint32_t>(word.size()) << 8);
}

const Node* ValueOf(const RecordContext& context, On on, const Node* rule, const SpanRecord& span,
                    Node* name) {
  switch (on) {
    case On::kTag:
      return FindMember(span, kKeyTags);
    case On::kMetadata:
      return FindNamed(context,
                       FindMember(span, span.Has(tape::kOtel) ? kKeyAttributes : kKeyMetadata),
                       TextOf(*context.arena, FindMember(rule, kKeyKey)));
    case On::kName:
      *name = {0, static_cast<uint16_t>(Op::kString), span.name, span.name_bytes};
      return name;
    default: {
      const Node* const entity = FindMember(span, kKeyEntityName);
      return entity != nullptr ? entity : FindMember(span, kKeyEntityId);
    }
  }
}

bool Keeps(const RecordContext& context, On on, const Node* rule, const SpanRecord& span) {
  const PageArena& arena = *context.arena;
  const auto number = [&](const Node* object, uint16_t key) {
    return NumberOf(arena, FindMember(object, key));
  };
  switch (on) {
    case On::kError:
      return Failed(arena, span);
    case On::kTripwire:
      return Holds(arena, FindMember(FindMember(span, kKeyAttributes), kKeyTripwireAbort), nullptr);
    case On::kSlow: {
      if (!(span.end_ms - span.start_ms >= number(rule, kKeyMs))) return false;
      const Node* const type = FindMember(rule, kKeyType);
      if (type == nullptr && FindMember(rule, kKeyName) == nullptr) return span.Has(tape::kIsRoot);
      return IsNamed(arena, rule, span) &&
             (type == nullptr ||
              (span.type != 0 && SameText(context.keys->Name(span.type), TextOf(arena, type))));
    }
    case On::kScore:
      return IsNamed(arena, rule, span) &&
             NumberOf(arena, FindMember(span, kKeyValue)) < number(rule, kKeyBelow);
    case On::kTag:
    case On::kMetadata:
      return Holds(arena, ValueOf(context, on, rule, span, nullptr), FindMember(rule, kKeyValue));
    default:
      return false;
  }
}

}  // namespace edgespan
