#include "edgespan/model/keys.h"

#include <cstring>

#include "edgespan/base/utf.h"

namespace edgespan {

uint16_t KeyTable::Intern(std::string_view name) {
  if (name.empty() || name.size() > kMaxBytes) return 0;
  for (uint32_t key = 1; key < end(); ++key) {
    if (SameText(Name(static_cast<uint16_t>(key)), name)) return static_cast<uint16_t>(key);
  }
  const uint32_t bytes = static_cast<uint32_t>(name.size());
  if (count_ == kMaxDynamic) return 0;
  if (NeedsJsonEscape(reinterpret_cast<const uint8_t*>(name.data()), bytes)) return 0;
  if (entries_ == 0) entries_ = arena_->Allocate(kMaxDynamic * sizeof(Entry));
  if (entries_ == 0) return 0;
  const uint32_t at = text_.Allocate(arena_, bytes + kTextSlack);
  if (at == 0) return 0;
  std::memcpy(arena_->At(at), name.data(), bytes);
  entries()[count_] = {at, bytes};
  return static_cast<uint16_t>(kFirstDynamicKey + count_++);
}

}  // namespace edgespan
