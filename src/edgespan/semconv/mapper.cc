#include "edgespan/semconv/mapper.h"

#include <cstring>

#include "edgespan/base/buffer.h"

namespace edgespan {
namespace {

// What stands before a default name's key, around the span type (where `after` is set).
struct ScopeName {
  Literal before;
  Literal after;
};
constexpr ScopeName kScopeNames[kScopes] = {
    {"mastra.", {}},
    {"mastra.", "."},
    {"mastra.", ".usage."},
    {"mastra.", ".usage.input_details."},
    {"mastra.", ".usage.output_details."},
    {"mastra.", ".parameters."},
    {"mastra.", ".parameters."},
    {"mastra.metadata.", {}},
    {"error.", {}},
};

uint8_t* Put(std::string_view text, uint8_t* out) {
  const uint32_t size = static_cast<uint32_t>(text.size());
  CopyBytes(out, text.data(), size);
  return out + size;
}

}  // namespace

uint8_t* Mapper::DefaultName(Scope scope, const SpanType& type, std::string_view key,
                             uint8_t* out) const {
  const ScopeName& name = kScopeNames[static_cast<uint32_t>(scope)];
  out = Put(name.before.view(), out);
  if (name.after.size != 0) out = Put(name.after.view(), Put(keys_->Name(type.key), out));
  const uint8_t* const begin = out;
  for (char c : key) {
    if (c >= 'A' && c <= 'Z' && scope != Scope::kMetadata) {
      if (out != begin) *out++ = '_';
      c = static_cast<char>(c + ('a' - 'A'));
    }
    *out++ = static_cast<uint8_t>(c);
  }
  return out;
}

const Step* Mapper::Resolve(Scope scope, const SpanType& type, uint16_t key) {
  if (used_ == kMaxKinds) {
    lane_.Free(arena_);
    slots_ = used_ = 0;
  }
  if (slots_ == 0) {
    slots_ = lane_.Allocate(arena_, kSlots * sizeof(Slot));
    if (slots_ == 0) return nullptr;
    std::memset(arena_->At(slots_), 0, kSlots * sizeof(Slot));
  }
  const Rule* found[kMaxSteps];
  uint32_t count = 0;
  for (uint32_t i = 0; i < dialect_->rule_count && count < kMaxSteps; ++i) {
    const Rule& rule = dialect_->rules[i];
    if (rule.scope == scope && rule.key == key &&
        (dialect_->type_sets[rule.types] & type.bits) != 0) {
      found[count++] = &rule;
    }
  }
  const Rule by_default = {scope, Action::kValue, key, 0};
  if (count == 0) found[count++] = &by_default;
  const std::string_view key_name = keys_->Name(key);
  const uint32_t steps = lane_.Allocate(arena_, count * sizeof(Step));
  if (steps == 0) return nullptr;
  for (uint32_t i = 0; i < count; ++i) {
    const Rule& rule = *found[i];
    const std::string_view given = rule.name.view();
    const uint32_t name = lane_.Allocate(arena_, MaxName(key_name));
    if (name == 0) return nullptr;
    uint8_t* end = arena_->At(name);
    if (&rule == &by_default) {
      end = DefaultName(scope, type, key_name, end);
    } else {
      if (!given.empty() && given.front() == '.') {
        end = Put(keys_->Name(type.key), Put("mastra.", end));
      }
      end = Put(given, end);
    }
    const uint32_t size = arena_->OffsetOf(end) - name;
    lane_.TrimTo(arena_, name + size);
    arena_->At<Step>(steps)[i] = {rule.action,
                                  rule.enter,
                                  i + 1 == count,
                                  rule.unless_in,
                                  rule.unless,
                                  static_cast<uint16_t>(size),
                                  name};
  }
  const uint32_t kind = Kind(scope, type, key);
  Slot* slot = First(kind);
  while (slot->kind != 0) ++slot;
  *slot = {kind, steps};
  ++used_;
  return arena_->At<Step>(steps);
}

}  // namespace edgespan
