#include "edgespan/semconv/mapper.h"

#include <cstring>

#include "edgespan/base/buffer.h"
#include "edgespan/base/utf.h"
#include "edgespan/semconv/layer.h"

namespace edgespan {
namespace {

// What stands before a default name's key, around the span type (where `after` is set).
struct ScopeName {
  Literal before;
  Literal after;
};
constexpr ScopeName kScopeNames[] = {
    {"mastra.", {}},
    {"mastra.", "."},
    {"mastra.", ".usage."},
    {"mastra.", ".usage.input_details."},
    {"mastra.", ".usage.output_details."},
    {"mastra.", ".parameters."},
    {"mastra.", ".parameters."},
    {"mastra.metadata.", {}},
    {"mastra.metadata.langfuse.", {}},
    {"mastra.metadata.langfuse.prompt.", {}},
    {"error.", {}},
};

// The user's own names.
bool KeepsSpelling(Scope scope) {
  return scope == Scope::kMetadata || scope == Scope::kLangfuse || scope == Scope::kPrompt;
}

uint8_t* Put(std::string_view text, uint8_t* out) {
  const uint32_t size = static_cast<uint32_t>(text.size());
  CopyBytes(out, text.data(), size);
  return out + size;
}

}  // namespace

Status Mapper::Init(PageArena* arena, const KeyTable* keys, std::string_view dialect) {
  arena_ = arena;
  keys_ = keys;
  Forget();
  dialect_.Free(arena);
  return dialect_.Read(arena, dialect);
}

void Mapper::Forget() {
  lane_.Free(arena_);
  buckets_ = used_ = last_ = 0;
}

Status Mappers::Take(PageArena* arena, const KeyTable* keys, std::string_view dialect,
                     Mapper** mapper) {
  if (dialect.empty()) return Status::kBadConfig;
  Mapper* free = nullptr;
  for (Mapper& candidate : mappers_) {
    const std::string_view spoken = candidate.dialect().text();
    if (SameText(spoken, dialect)) {
      *mapper = &candidate;
      ++candidate.users;
      return Status::kOk;
    }
    // Rather one that was never used than one that may come back.
    if (candidate.users == 0 && (free == nullptr || spoken.empty())) free = &candidate;
  }
  if (free == nullptr) return Status::kTooLarge;
  const Status status = free->Init(arena, keys, dialect);
  if (!IsOk(status)) return status;
  *mapper = free;
  free->users = 1;
  return Status::kOk;
}

Action Mapper::Default(Scope scope, const SpanType& type, std::string_view key,
                       uint8_t** out) const {
  const Rule* rules[kMaxSteps];
  const uint32_t count = Collect(scope, type, kKeyNone, rules);
  if (count != 0) {  // the uppermost layer's
    const Rule& rule = *rules[count - 1];
    *out = Put(key, Put(rule.name.view(), *out));
    return rule.action;
  }
  const ScopeName& name = kScopeNames[static_cast<uint32_t>(scope)];
  uint8_t* to = Put(name.before.view(), *out);
  if (name.after.size != 0) to = Put(name.after.view(), Put(keys_->Name(type.key), to));
  const uint8_t* const begin = to;
  for (char c : key) {
    if (c >= 'A' && c <= 'Z' && !KeepsSpelling(scope)) {
      if (to != begin) *to++ = '_';
      c = static_cast<char>(c + ('a' - 'A'));
    }
    *to++ = static_cast<uint8_t>(c);
  }
  *out = to;
  return Action::kValue;
}

uint32_t Mapper::Collect(Scope scope, const SpanType& type, uint16_t key,
                         const Rule** found) const {
  uint32_t count = 0;
  uint32_t replaced = 0;  // by this layer
  for (uint32_t i = 0; i < dialect_.count; ++i) {
    const Rule& rule = dialect_.rules[i];
    if (rule.scope != scope || rule.key != key) continue;
    if ((kTypeSets[rule.types] & type.bits) == 0) continue;
    if ((rule.flags & (type.root ? kNotOnRoot : kOnRoot)) != 0) continue;
    if ((rule.flags & kInstead) != 0 && replaced != rule.layer) {
      replaced = rule.layer;
      count = 0;
    }
    if (count < kMaxSteps) found[count++] = &rule;
  }
  return count;
}

[[gnu::noinline]] const Step* Mapper::Look(Scope scope, const SpanType& type, uint16_t key) {
  uint32_t at = Search(KindOf(scope, type, key));
  if (at == 0) at = Resolve(scope, type, key);
  if (at == 0) return nullptr;
  if (last_ != 0) arena_->At<Entry>(last_)->next = at;
  last_ = at;
  return reinterpret_cast<const Step*>(arena_->At<Entry>(at) + 1);
}

uint32_t Mapper::Search(uint32_t kind) const {
  uint32_t at = buckets_ != 0 ? *Bucket(kind) : 0;
  while (at != 0 && arena_->At<Entry>(at)->kind != kind) at = arena_->At<Entry>(at)->chain;
  return at;
}

uint32_t Mapper::Resolve(Scope scope, const SpanType& type, uint16_t key) {
  if (used_ == kMaxKinds) Forget();
  if (buckets_ == 0) {
    buckets_ = lane_.Allocate(arena_, kBuckets * sizeof(uint32_t));
    if (buckets_ == 0) return 0;
    std::memset(arena_->At(buckets_), 0, kBuckets * sizeof(uint32_t));
  }
  const Rule* found[kMaxSteps];
  const uint32_t count = Collect(scope, type, key, found);
  bool named = IsVirtual(scope);
  uint32_t room = 0;
  for (uint32_t i = 0; i < count; ++i) {
    named |= (found[i]->flags & kExtra) == 0;
    room += found[i]->name.size + 2 * KeyTable::kMaxBytes;
  }
  const std::string_view key_name = key != kKeyNone ? keys_->Name(key) : std::string_view();
  // A step for what no rule names, and where there is no other.
  const uint32_t total = count + (!named || count == 0 ? 1 : 0);
  const uint32_t steps = static_cast<uint32_t>(sizeof(Entry)) + total * sizeof(Step);
  const uint32_t at = lane_.Allocate(arena_, steps + room + MaxName(key_name));
  if (at == 0) return 0;
  Entry* const entry = arena_->At<Entry>(at);
  Step* const first = reinterpret_cast<Step*>(entry + 1);
  uint8_t* end = arena_->At(at + steps);
  for (uint32_t i = 0; i < total; ++i) {
    Step step = {};
    step.name = arena_->OffsetOf(end);
    step.last = i + 1 == total;
    if (i < count) {
      const Rule& rule = *found[i];
      step.action = rule.action;
      step.enter = rule.enter;
      step.unless_in = rule.unless_in;
      step.unless = rule.unless;
      step.unless_or = rule.unless_or;
      if (rule.name.size != 0 && rule.name.text[0] == '.') {
        end = Put(keys_->Name(type.key), Put("mastra.", end));
      }
      const uint32_t from = arena_->OffsetOf(end);
      end = Put(rule.name.view(), end);
      uint32_t size = 0;
      while (size < rule.name.size && rule.name.text[size] != '=') ++size;
      step.name_bytes = static_cast<uint16_t>(from + size - step.name);
      if (size < rule.name.size) step.text_bytes = static_cast<uint8_t>(rule.name.size - size - 1);
    } else {
      step.action = named ? Action::kDrop : Default(scope, type, key_name, &end);
      step.name_bytes = static_cast<uint16_t>(arena_->OffsetOf(end) - step.name);
    }
    first[i] = step;
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
