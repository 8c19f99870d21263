// Mapper: what a dialect makes of a span's members, found out once for each kind of member (scope, span
// type, key) and kept: the same few hundred kinds come with every trace, and finding the rules and
// composing the names would cost more than writing the values.
//
// The destinations that speak a dialect share its mapper; of one that nobody speaks any more its place
// is taken when all are (Mappers). A mapper's memory is bounded (a full map begins anew) and comes from
// the arena. All zero is an empty map of no dialect.
#pragma once

#include <cstdint>

#include "edgespan/base/arena.h"
#include "edgespan/base/lane.h"
#include "edgespan/model/keys.h"
#include "edgespan/semconv/dialect.h"

namespace edgespan {

// One thing to do with a member. A member may have several steps, they lie behind each other; the last
// one is marked. At most one of them leads on (kEnter, kAs).
struct Step {
  Action action;
  Scope enter;
  bool last;
  uint8_t text_bytes;  // what stands behind the name and '=' (kConstant and its like)
  uint16_t unless_in;  // as in Rule
  uint16_t unless;
  uint16_t unless_or;
  uint16_t name_bytes;
  uint32_t name;  // offset of the attribute's name
};

// Type of a span as rules see it: its key and its bit, and whether it is a run's root.
struct SpanType {
  static constexpr uint32_t kRootKind = 1u << 27;

  constexpr SpanType() = default;
  constexpr SpanType(uint16_t k, bool is_root, TypeSet b)
      : key(k), root(is_root), bits(b), kind((is_root ? kRootKind : 0) | Told(k, b) << 14) {}

  uint16_t key = kKeyNone;
  bool root = false;
  TypeSet bits = 0;
  uint32_t kind = 0;  // what all kinds of its members have in common (Mapper)

 private:
  // A generation that is the model call itself has rules of its own; no type has key 0.
  static constexpr uint32_t Told(uint16_t key, TypeSet bits) {
    return bits == kModelCall && key == kTypeModelGeneration ? 0u : key;
  }
};

class Mapper {
 public:
  static constexpr uint32_t kMaxKinds = 400;
  static constexpr uint32_t kMaxSteps = 12;  // of one member on one span type

  // Also begins anew, with another dialect.
  Status Init(PageArena* arena, const KeyTable* keys, std::string_view dialect);
  const Dialect& dialect() const { return dialect_; }

  uint32_t users = 0;  // destinations

  // The steps for a member with an interned key (of Scope kEvery and its like: 0), good until the next
  // call; nullptr when memory is out.
  [[gnu::always_inline]] const Step* Find(Scope scope, const SpanType& type, uint16_t key) {
    // Members mostly come in the order of the last time.
    const uint32_t at = last_ != 0 ? arena_->At<Entry>(last_)->next : 0;
    if (at == 0 || arena_->At<Entry>(at)->kind != KindOf(scope, type, key)) {
      return Look(scope, type, key);
    }
    last_ = at;
    return reinterpret_cast<const Step*>(arena_->At<Entry>(at) + 1);
  }

  // What becomes of a member in `scope` that no rule names, and what it is called:
  // "stepIndex" -> "mastra.model_step.step_index". Metadata is the user's and keeps its spelling. The
  // name is written to *out, which has room for MaxName(key); *out moves behind it.
  Action Default(Scope scope, const SpanType& type, std::string_view key, uint8_t** out) const;
  static constexpr uint32_t MaxName(std::string_view key) {
    return static_cast<uint32_t>(2 * key.size()) + 2 * KeyTable::kMaxBytes;
  }

 private:
  // What is known of one kind of member; its steps and their names lie behind it.
  struct Entry {
    uint32_t kind;   // 0: none
    uint32_t chain;  // the next entry with this hash
    uint32_t next;   // the entry that was asked for after this one
    uint32_t reserved;
  };
  static constexpr uint32_t kBuckets = 256;
  static_assert(kFirstDynamicKey + KeyTable::kMaxDynamic < 1u << 13);  // a type fits below that bit

  static uint32_t KindOf(Scope scope, const SpanType& type, uint16_t key) {
    return static_cast<uint32_t>(scope) << 28 | type.kind | key;
  }
  uint32_t* Bucket(uint32_t kind) const {
    return arena_->At<uint32_t>(buckets_) + (kind * 0x9e3779b1u >> 24);
  }
  // Find() in any other order.
  const Step* Look(Scope scope, const SpanType& type, uint16_t key);
  uint32_t Search(uint32_t kind) const;
  // The rules for a member, from the lowest layer up; key 0: those of members that no other names.
  // Returns how many.
  uint32_t Collect(Scope scope, const SpanType& type, uint16_t key, const Rule** found) const;
  uint32_t Resolve(Scope scope, const SpanType& type, uint16_t key);
  void Forget();

  PageArena* arena_ = nullptr;
  const KeyTable* keys_ = nullptr;
  Dialect dialect_ = {};
  Lane lane_;  // buckets and entries
  uint32_t buckets_ = 0;
  uint32_t used_ = 0;
  uint32_t last_ = 0;  // the entry asked for last
};

class Mappers {
 public:
  static constexpr uint32_t kMost = 16;

  // The mapper of a dialect, for one more user. kTooLarge: all are in use.
  Status Take(PageArena* arena, const KeyTable* keys, std::string_view dialect, Mapper** mapper);

 private:
  Mapper mappers_[kMost];
};

}  // namespace edgespan
