// Status: what a call into the core reports. Values are ABI (see wasm/abi.h): never renumber, only
// append. Zero is success; functions that return a count or an id return it positive and a Status
// negative. No value carries text: scripts/build generates the host's messages from the comments.
#pragma once

#include <cstdint>

namespace edgespan {

enum class [[nodiscard]] Status : int32_t {
  kOk = 0,
  kMalformed = -1,  ///< The tape does not follow the grammar of model/tape.h.
  kNoMemory = -2,   ///< The memory budget is spent and nothing of lower rank could be evicted.
  kBadHandle = -3,  ///< No such exporter, trace, destination or batch (or it was released).
  kTooLarge = -4,   ///< The request exceeds a fixed limit (lent area, key length, key table).
  kBadConfig = -5,  ///< The configuration item lacks something or names an unknown dialect.
};

constexpr bool IsOk(Status s) { return s == Status::kOk; }

}  // namespace edgespan
