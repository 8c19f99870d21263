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

uint32_t Mapper::Search(uint32_t kind) const {
  uint32_t at = buckets_ != 0 ? *Bucket(kind) : 0;
  while (at != 0 && arena_->At<Entry>(at)->kind != kind) at = arena_->At<Entry>(at)->chain;
  return at;
}

uint32_t Mapper::Resolve(Scope scope, const SpanType& type, uint16_t key) {
  if (used_ == kMaxKinds) Init(arena_, keys_, dialect_);
  if (buckets_ == 0) {
    buckets_ = lane_.Allocate(arena_, kBuckets * sizeof(uint32_t));
    if (buckets_ == 0) return 0;
    std::memset(arena_->At(buckets_), 0, kBuckets * sizeof(uint32_t));
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
  const uint32_t steps = static_cast<uint32_t>(sizeof(Entry)) + count * sizeof(Step);
  const uint32_t at = lane_.Allocate(arena_, steps + count * MaxName(key_name));
  if (at == 0) return 0;
  Entry* const entry = arena_->At<Entry>(at);
  Step* step = reinterpret_cast<Step*>(entry + 1);
  uint8_t* end = arena_->At(at + steps);
  for (uint32_t i = 0; i < count; ++i, ++step) {
    const Rule& rule = *found[i];
    const std::string_view given = rule.name.view();
    uint8_t* const name = end;
    if (&rule == &by_default) {
      end = DefaultName(scope, type, key_name, end);
    } else {
      if (!given.empty() && given.front() == '.') {
        end = Put(keys_->Name(type.key), Put("mastra.", end));
      }
      end = Put(given, end);
    }
    *step = {rule.action,           rule.enter,  i + 1 == count,
             rule.unless_in,        rule.unless, static_cast<uint16_t>(end - name),
             arena_->OffsetOf(name)};
  }
  lane_.TrimTo(arena_, arena_->OffsetOf(end));
  const uint32_t kind = KindOf(scope, type, key);
  uint32_t* const bucket = Bucket(kind);
  *entry = {kind, *bucket, 0, 0};
  *bucket = at;
  ++used_;
  return at;
}

}  // namespace edgespan
