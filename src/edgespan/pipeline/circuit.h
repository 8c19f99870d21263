// When to ask a destination again: how long a failed request waits, and when a destination that keeps
// failing is left alone.
//
// A circuit is closed while things go well. It opens, and the destination's spans are dropped or
// stored without a request, at once when credentials are refused, and after kFailuresToOpen deliveries
// in a row that failed for good. Once its time has passed, the next batch goes as a probe, alone: its
// success closes the circuit, its failure doubles the time. No timer is needed: the host tells the
// time whenever something is to be cut.
#pragma once

#include <algorithm>
#include <cstdint>

namespace edgespan {

// Before the n-th repetition (from 1): full jitter (any time up to a bound that doubles), as in
// "Exponential Backoff And Jitter" of the AWS Architecture Blog; `random` is 32 random bits.
constexpr uint32_t kFirstBackoffMs = 500;
constexpr uint32_t kMaxBackoffMs = 10'000;
constexpr uint32_t kMaxAttempts =
    12;  // of one request; the budget of time nearly always ends first

constexpr uint32_t Backoff(uint32_t repetition, uint32_t random) {
  const uint32_t shift = std::min(repetition - 1, uint32_t{8});
  const uint32_t bound = std::min(kFirstBackoffMs << shift, kMaxBackoffMs);
  return static_cast<uint32_t>(uint64_t{random} * bound >> 32);
}

// Times are whole Unix seconds. Plain data, all zero when closed.
struct Circuit {
  static constexpr uint32_t kFailuresToOpen = 3;
  static constexpr uint32_t kFirstPauseS = 30;
  static constexpr uint32_t kMaxPauseS = 600;  // of what a receiver asks for, too
  static constexpr uint32_t kProbeS = 30;      // a probe that nobody heard of again has failed

  uint32_t failures;    // in a row
  uint32_t pauses;      // in a row; 0: closed
  uint32_t open_until;  // while pauses > 0
  bool probing;

  bool closed() const { return pauses == 0; }

  // Whether a batch may be sent now. A true answer of an open circuit is a probe's.
  bool Admits(uint32_t now) {
    if (closed()) return true;
    if (now < open_until) return false;
    probing = true;
    open_until = now + kProbeS;
    return true;
  }

  void Succeed() { *this = {}; }

  // A delivery failed for good; `at_once`: more of the same is pointless. Those that were under way
  // when it opened do not count.
  void Fail(uint32_t now, bool at_once) {
    if (!closed() && !probing) return;
    if (++failures < kFailuresToOpen && closed() && !at_once) return;
    Pause(now, kFirstPauseS << std::min(pauses, uint32_t{5}));
  }

  void Pause(uint32_t now, uint32_t seconds) {
    probing = false;
    ++pauses;
    open_until = now + std::min(seconds, kMaxPauseS);
  }
};

}  // namespace edgespan
