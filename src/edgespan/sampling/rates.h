// RateTable: how many runs each rule has kept of each key in a minute.
//
// Bounded. Keys are told apart by their hash. One of another minute gives way; where more keys are busy
// in one minute than have room, the others get nothing. Plain data; all zero is an empty table.
#pragma once

#include <cstdint>

namespace edgespan {

struct RateTable {
  static constexpr uint32_t kKeys = 256;

  // Counts a run; false when `most` of its key were counted in that minute (from 1 on) before.
  bool Take(uint32_t key, uint32_t minute, double most);

  struct {
    uint32_t key;
    uint32_t minute;
    uint32_t taken;
  } slots[kKeys];
};

}  // namespace edgespan
