// Accounting: every span that ended is, for each destination, exactly one of accepted, rejected,
// dropped (by reason), spooled or pending. Nothing else may happen to it:
//
//   ended + replayed = accepted + rejected + sum(dropped) + spooled + pending
//
// A spooled span is in a store that outlives this core: whoever takes it from there counts it anew, as
// replayed. Without a store both are 0.
//
// Spans that started and never ended are told apart as `unended`; they are not part of the sum.
#pragma once

#include <cstdint>

namespace edgespan {

// Why an ended span did not leave. Values are ABI: append only (js/src/core/schema.gen.ts).
enum class LossReason : uint32_t {
  kMemory = 0,     ///< evicted, or never stored, because the memory budget was spent
  kMalformed = 1,  ///< the tape could not be read from here on, or an id was invalid
  kTooLarge = 2,   ///< one span alone exceeds what the lent areas may hold
  kUnsent = 3,     ///< the request failed, timed out or was never made
  kDisabled = 4,   ///< the destination or the exporter is disabled (bad setting, shut down)
  kFailed = 5,     ///< the host failed to hand the span over
  kCircuit = 6,    ///< the destination kept failing and was left alone (circuit.h)
  kLeftOut = 7,    ///< the destination does not want spans of this type
  kExpired = 8,    ///< a store kept it until it was too old to be sent (counted by the host)
  kDuplicate = 9,  ///< its trace has the span already (one by Mastra is kept, else the first)
  kSampled = 10,   ///< tail sampling left its run out
};
constexpr uint32_t kLossReasons = 11;

// Order of the fields that edgespan_stats() writes; the losses follow in LossReason order.
enum class Stat : uint32_t {
  kEnded = 0,
  kAccepted = 1,
  kRejected = 2,
  kPending = 3,
  kUnended = 4,
  kWithheld = 5,  ///< spans whose content was withheld: the envelope left (a part of the others)
  kSpooled = 6,   ///< given to a store, to be sent later
  kReplayed = 7,  ///< taken from a store
  kRedacted = 8,  ///< finds that were replaced in the texts that left (no part of the sum)
  kUnread = 9,  ///< values that could not be redacted and were withheld whole (no part of the sum)
  kDropped = 10,
};
constexpr uint32_t kStatFields = static_cast<uint32_t>(Stat::kDropped) + kLossReasons;

// One destination's share.
struct Tally {
  uint32_t accepted = 0;
  uint32_t rejected = 0;
  uint32_t spooled = 0;
  uint32_t replayed = 0;
  uint32_t redacted = 0;
  uint32_t unread = 0;
  uint32_t dropped[kLossReasons] = {};

  void Drop(LossReason reason, uint32_t spans) { dropped[static_cast<uint32_t>(reason)] += spans; }
};

}  // namespace edgespan
