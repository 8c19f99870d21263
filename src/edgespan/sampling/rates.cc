#include "edgespan/sampling/rates.h"

namespace edgespan {

bool RateTable::Take(uint32_t key, uint32_t minute, double most) {
  auto* slot = &slots[0];
  auto* found = slot;
  for (; slot < slots + kKeys; ++slot) {
    if (slot->minute != minute) {
      found = slot;
    } else if (slot->key == key) {
      found = slot;
      break;
    }
  }
  if (found->minute != minute) *found = {key, minute, 0};
  if (found->key != key || !(found->taken < most)) return false;
  ++found->taken;
  return true;
}

}  // namespace edgespan
