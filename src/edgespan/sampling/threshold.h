// Threshold: how likely spans of a run were to be kept, as consistent probability sampling tells it.
// https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
//
// A run has 56 bits of randomness R, from its trace id or its tracestate (`rv`). Who samples with a
// ratio rejects R below T = (1 - ratio) * 2^56, so whoever else does, anywhere, decides alike, and what
// several keep is what the one with the largest T keeps. A kept span stands for 2^56 / (2^56 - T).
#pragma once

#include <cstdint>

namespace edgespan {

// T, with kApplied beside it; or one of the constants, which are ordered so that the larger of two
// Thresholds is what holds for both together.
using Threshold = uint64_t;

constexpr Threshold kNotSampled = 0;               // nobody did
constexpr Threshold kUndecided = kNotSampled;      // nobody has yet
constexpr Threshold kLeftOut = 1;                  // and nothing of it is sent
constexpr Threshold kApplied = uint64_t{1} << 63;  // and T = 0: it was, and everything is kept
constexpr Threshold kNoThreshold = UINT64_MAX;  // by a rule of which nobody knows how likely it was

constexpr uint64_t kAllRejected = uint64_t{1} << 56;  // as a T

// Of what was kept: a T that rejects everything is none.
constexpr bool HasThreshold(Threshold threshold) { return threshold - kApplied < kAllRejected; }
// REQUIRES: HasThreshold(threshold); of kNoThreshold it is more than any randomness.
constexpr uint64_t Rejected(Threshold threshold) { return threshold ^ kApplied; }

// Of a T; what is none says that nobody knows it.
inline Threshold ThresholdOf(double rejected) {
  constexpr double kMost = static_cast<double>(kAllRejected);
  if (!(rejected >= 0 && rejected < kMost)) return kNoThreshold;
  return kApplied | static_cast<uint64_t>(rejected);
}

// Of the ratio that is kept, to 32 bits, rounded as the host does; of a ratio that keeps nothing: none.
inline Threshold ThresholdOfRatio(double ratio) {
  return ThresholdOf(__builtin_floor((1 - ratio) * 4294967296.0 + 0.5) * 16777216.0);
}

}  // namespace edgespan
