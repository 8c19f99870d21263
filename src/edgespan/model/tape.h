// The tape: how the host hands spans (and its configuration) to the core.
//
// Three lent areas travel together (wasm/abi.h, edgespan_lend): `words` (uint32), `doubles`
// (float64) and `text` (bytes). Small strings are concatenated by the host into ONE string, the
// rope, which is encoded as UTF-8 at the end of `text` once per commit; the tape holds the UTF-16
// length of each piece, in order. Strings of kRopeMax units or more are written to `text` by
// themselves and named by offset.
//
// Grammar (every item is one 32-bit word unless said; `f64` is consumed from `doubles`, `rope(n)`
// consumes n UTF-16 units of the rope):
//
//   tape      := item*
//   item      := trace | start | span | config
//   trace     := [kTrace, arg=n] rope(n)              n hex digits, 1..32: the trace id of what follows
//   start     := [kStart, key=type, arg=flags] envelope members [kEnd]
//                Of a root's start two members are read: `samplingThreshold`, a number: how many of 2^56
//                equal parts of all runs the head's decision rejected, -1 if nobody knows, below that the
//                same, but not by the run's randomness (absent: it made none); and `traceState`, the run's. With kScore nothing starts: the item says
//                that the run of that span (with an id of zeros: the newest run of the trace) got a
//                score, with its name, as the number `value`.
//   span      := [kSpan,  key=type, arg=flags] envelope members [kEnd]
//   config    := [kConfig] members [kEnd]              only alone on a tape (edgespan_open_exporter)
//   envelope  := [name units:16 | span id units:8 | parent id units:8]   (low bits first)
//                rope(span id) rope(parent id) rope(name) f64(start ms) f64(end ms, if kHasEnd)
//   members   := member*
//   member    := value with key != 0
//              | [kKey, arg=n] rope(n) value with key == 0        (a key outside the table)
//   value     := [kObject, key] members [kEnd]
//              | [kArray, key] (value with key == 0)* [kEnd]
//              | [kString, key, arg=n] rope(n)
//              | [kUtf8, key] offset bytes            UTF-8 at text[offset, offset+bytes)
//              | [kUtf16, key] offset units           UTF-16LE at text[offset, offset+2*units), even offset
//              | [kBytes, key] offset bytes           raw bytes
//              | [kNumber, key, arg=n] f64 rope(n)    n units of JSON text (as JavaScript prints it) for
//                                                     fractions and |v| > 2^53; n = 0 for integers up to
//                                                     2^53 and for NaN and the infinities
//              | [kDate, key, arg=n] f64 rope(n)      milliseconds since the Unix epoch; n units of ISO
//                                                     8601 text (Date.prototype.toISOString), 0 when invalid
//              | [kInt64, key] low high               two's complement
//              | [kLiteral, key, arg=0 null | 1 false | 2 true]
//
// A word is  op:4 | key:14 | arg:14  (low bits first). `key` is an interned key (model/schema.h for
// the fixed ones, edgespan_intern for the host's own), 0 for none. The reader (model/record.h) is
// total: any content of the three areas yields records or a Status, never a trap. REQUIRES: text
// pieces named kUtf8 and the rope are valid UTF-8 (TextEncoder guarantees it).
#pragma once

#include <cstdint>

namespace edgespan::tape {

// Values are ABI; scripts/build writes them to js/src/core/schema.gen.ts.
enum class Op : uint32_t {
  kEnd = 0,
  kObject = 1,
  kArray = 2,
  kString = 3,
  kUtf8 = 4,
  kUtf16 = 5,
  kBytes = 6,
  kNumber = 7,
  kDate = 8,
  kInt64 = 9,
  kLiteral = 10,
  kKey = 11,
  kTrace = 12,
  kStart = 13,
  kSpan = 14,
  kConfig = 15,
};

// arg of kStart and kSpan.
enum SpanFlag : uint32_t {
  kHasEnd = 1,        // an end time follows the start time
  kIsRoot = 2,        // the run's root: opens (kStart) and closes (kSpan) a trace buffer
  kIsEvent = 4,       // a point in time (Mastra's event spans)
  kRemoteParent = 8,  // the parent lives in another process
  kWithheld = 16,  // content was withheld by the host (a hook or the walker failed): envelope only
  kOtel = 32,      // members follow the OpenTelemetry schema, not Mastra's; the type means nothing
  kKindShift = 6,  // bits 6..8: OTLP SpanKind 0..5 (0 = let the dialect decide)
  // Of a root's kSpan: it does not close its run, of which parts go on; of another's: it does, as the
  // last of these.
  kOutlived = 512,
  kScore = 1024,  // of a kStart: see the grammar
};

constexpr uint32_t kKeyBits = 14;
constexpr uint32_t kArgBits = 14;
constexpr uint32_t kMaxKey = (1u << kKeyBits) - 1;
constexpr uint32_t kMaxArg = (1u << kArgBits) - 1;
constexpr uint32_t kRopeMax = 256;  // strings of this many UTF-16 units or more bypass the rope
constexpr uint32_t kMaxDepth = 64;  // deepest nesting of objects and arrays inside one span

constexpr uint32_t Word(Op op, uint32_t key = 0, uint32_t arg = 0) {
  return static_cast<uint32_t>(op) | key << 4 | arg << (4 + kKeyBits);
}
constexpr Op OpOf(uint32_t w) { return static_cast<Op>(w & 15u); }
constexpr uint32_t KeyOf(uint32_t w) { return (w >> 4) & kMaxKey; }
constexpr uint32_t ArgOf(uint32_t w) { return w >> (4 + kKeyBits); }

}  // namespace edgespan::tape
