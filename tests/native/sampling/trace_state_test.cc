#include "edgespan/sampling/trace_state.h"

#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "edgespan/base/arena.h"

namespace edgespan {
namespace {

constexpr uint64_t kTop = uint64_t{1} << 52;  // a T's first hex digit is worth so much

class Writing {
 public:
  std::string operator()(std::string state, Threshold threshold) {
    state += std::string(16, 'x');  // what stands behind a record's text
    Buffer out;
    REQUIRE(out.Init(&arena_, 64));
    WriteTraceState({state.data(), state.size() - 16}, threshold, &out);
    std::string text(reinterpret_cast<const char*>(out.data()), out.size());
    out.Discard();
    return text;
  }

 private:
  struct Memory {
    alignas(4096) uint8_t bytes[1 << 16];
  };
  static PageArena Arena() {
    static Memory memory;
    PageArena arena;
    arena.Init(reinterpret_cast<uintptr_t>(memory.bytes), 4096, 1 << 15,
               [](uintptr_t) { return true; });
    return arena;
  }
  PageArena arena_ = Arena();
};

TraceId IdOf(const char* hex) {
  TraceId id;
  REQUIRE(TraceId::FromHex(hex, &id));
  return id;
}

TEST_CASE("trace state: th is written without the zeros at its end") {
  Writing write;
  CHECK(write("", kApplied) == "ot=th:0");
  CHECK(write("", kApplied | 8 * kTop) == "ot=th:8");
  CHECK(write("", kApplied | 0xc) == "ot=th:0000000000000c");
  CHECK(write("", ThresholdOfRatio(0.1)) == "ot=th:e6666666");
  CHECK(write("", ThresholdOfRatio(0.25)) == "ot=th:c");
  CHECK(write("", ThresholdOfRatio(1)) == "ot=th:0");
  CHECK(write("", kApplied | (kAllRejected - 1)) == "ot=th:ffffffffffffff");
}

TEST_CASE("trace state: what others said stays, an old th goes, ot comes first") {
  Writing write;
  const Threshold half = kApplied | 8 * kTop;
  CHECK(write("a=1,b=2", half) == "ot=th:8,a=1,b=2");
  CHECK(write("ot=th:c", half) == "ot=th:8");
  CHECK(write("a=1,ot=th:c;rv:0123456789abcd;x:y,b=2", half) ==
        "ot=th:8;rv:0123456789abcd;x:y,a=1,b=2");
  CHECK(write("ot=rv:0123456789abcd;th:4", half) == "ot=th:8;rv:0123456789abcd");
  CHECK(write(" a=1 ,\tb=2", half) == "ot=th:8,a=1 ,b=2");
  CHECK(write("a=1,,b=2,", half) == "ot=th:8,a=1,b=2");
  // Values of others may look like ours.
  CHECK(write("v=th:4;rv:5,not=th:1;ot=2", half) == "ot=th:8,v=th:4;rv:5,not=th:1;ot=2");
}

TEST_CASE("trace state: where nobody knows there is no th") {
  Writing write;
  CHECK(write("", kNoThreshold) == "");
  CHECK(write("ot=th:8", kApplied | kAllRejected) == "");
  CHECK(write("ot=th:8", kNoThreshold) == "");
  CHECK(write("ot=th:8,a=1", kNoThreshold) == "a=1");
  CHECK(write("a=1,ot=th:8;rv:0123456789abcd", kNoThreshold) == "ot=rv:0123456789abcd,a=1");
}

TEST_CASE("trace state: randomness is rv, or else the trace id's last 56 bits") {
  const TraceId id = IdOf("0af7651916cd43dd8448eb211c80319c");
  const uint64_t own = 0x48eb211c80319c;
  CHECK(RandomnessOf(id, "") == own);
  CHECK(RandomnessOf(id, "a=1,ot=th:8") == own);
  CHECK(RandomnessOf(id, "ot=rv:0123456789abcd") == 0x0123456789abcd);
  CHECK(RandomnessOf(id, "a=1, ot=th:8;rv:ffffffffffffff ,b=2") == 0xffffffffffffff);
  // No 14 hex digits, or nobody's but OpenTelemetry's.
  CHECK(RandomnessOf(id, "ot=rv:123") == own);
  CHECK(RandomnessOf(id, "ot=rv:0123456789abcg") == own);
  CHECK(RandomnessOf(id, "a=rv:0123456789abcd") == own);
  CHECK(RandomnessOf(id, "a=1;rv:0123456789abcd") == own);
}

TEST_CASE("threshold: of ratios and of hosts") {
  CHECK(ThresholdOfRatio(0.5) == (kApplied | 8 * kTop));
  CHECK(ThresholdOfRatio(0) == kNoThreshold);
  CHECK(Rejected(kNoThreshold) > kAllRejected);
  CHECK(ThresholdOf(static_cast<double>(kAllRejected)) == kNoThreshold);
  CHECK(ThresholdOf(static_cast<double>(kAllRejected - 8)) == (kApplied | (kAllRejected - 8)));
  // Half of the last of 32 bits is rounded up, as JavaScript does it.
  CHECK(ThresholdOfRatio(1 - 0.5 / 4294967296.0) == (kApplied | uint64_t{1} << 24));
  CHECK(ThresholdOfRatio(2) == kNoThreshold);
  CHECK(ThresholdOf(0) == kApplied);
  CHECK(ThresholdOf(static_cast<double>(8 * kTop)) == (kApplied | 8 * kTop));
  CHECK(ThresholdOf(-1) == kNoThreshold);
  CHECK(ThresholdOf(__builtin_nan("")) == kNoThreshold);
  CHECK(ThresholdOf(1e30) == kNoThreshold);
}

}  // namespace
}  // namespace edgespan
