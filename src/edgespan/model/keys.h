// KeyTable: names of keys, by id. The schema's come first (model/schema.h), the host's own follow, in
// the order it interned them. The table is bounded; what does not fit travels inline (tape op kKey).
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/arena.h"
#include "edgespan/base/lane.h"
#include "edgespan/model/schema.h"

namespace edgespan {

class KeyTable {
 public:
  static constexpr uint32_t kMaxDynamic = 2048;
  static constexpr uint32_t kMaxBytes = 64;  // longest interned key

  constexpr KeyTable() = default;
  void Init(PageArena* arena) { arena_ = arena; }

  // The id of `name`, the same for the same text; 0 when it does not go into the table: full, over
  // kMaxBytes, or text that JSON must escape (so that interned keys never need escaping).
  uint16_t Intern(std::string_view name);

  // One past the last valid id.
  uint32_t end() const { return kFirstDynamicKey + count_; }

  // kTextSlack bytes behind it can be read. REQUIRES: 0 < key < end().
  std::string_view Name(uint16_t key) const {
    if (key < kFirstDynamicKey) return SchemaName(key);
    const Entry& entry = entries()[key - kFirstDynamicKey];
    return {reinterpret_cast<const char*>(arena_->At(entry.at)), entry.bytes};
  }

 private:
  struct Entry {
    uint32_t at;
    uint32_t bytes;
  };
  Entry* entries() const { return arena_->At<Entry>(entries_); }

  PageArena* arena_ = nullptr;  // so that a KeyTable is all zero before Init(): no data segment
  Lane text_;
  uint32_t entries_ = 0;
  uint32_t count_ = 0;
};

}  // namespace edgespan
