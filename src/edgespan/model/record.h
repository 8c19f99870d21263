// Records: spans as the core keeps them until their trace is sent.
//
// A record is a SpanRecord followed by node_count Nodes: the span's members as a flat tree, in the
// order they were written, text already UTF-8. It lives in one lane of its trace (model/lane.h),
// is written once by TapeReader::Store() and then only read, by every destination's dialect. All
// offsets count from the arena's base; behind every text kTextSlack bytes can be read. A record is
// trusted: the reader checked what came from outside.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/arena.h"
#include "edgespan/base/ids.h"
#include "edgespan/base/status.h"
#include "edgespan/model/tape.h"

namespace edgespan {

// One value. What `a` and `b` hold depends on `op`:
//   kObject, kArray   a = nodes in the subtree below this one, b = estimate of its JSON text's bytes
//   kString, kBytes   a = offset, b = bytes          kKey   likewise; names the member that follows
//   kNumber, kDate    a = offset of the float64 with its text behind it, b = bytes of the text
//   kInt64            the integer's bits: a low, b high (whole numbers come here too; those that
//                     the host has as an int64, a bigint, have kBigInt in `op`)
//   kLiteral          a = 0 null, 1 false, 2 true
struct Node {
  static constexpr uint16_t kBigInt = static_cast<uint16_t>(tape::Op::kInt64) | 256;

  uint16_t key;  // 0 in arrays and after kKey
  uint16_t op;   // tape::Op; or kBigInt
  uint32_t a;
  uint32_t b;

  tape::Op Kind() const { return static_cast<tape::Op>(static_cast<uint8_t>(op)); }
  bool IsContainer() const { return Kind() == tape::Op::kObject || Kind() == tape::Op::kArray; }
  // The node after this value.
  const Node* Skip() const { return this + 1 + (IsContainer() ? a : 0); }
  const Node* Begin() const { return this + 1; }
  const Node* End() const { return this + 1 + a; }
  int64_t Integer() const { return static_cast<int64_t>(a | static_cast<uint64_t>(b) << 32); }
};
static_assert(sizeof(Node) == 12);

struct SpanRecord {
  uint32_t next;  // offset of the trace's next record, in order of arrival; 0 at the end
  SpanId span_id;
  SpanId parent_id;  // all zero: none
  uint16_t
      type;  // Key: a span type, or any key for a type the schema does not know; OpenTelemetry's: 0
  uint16_t flags;  // tape::SpanFlag
  uint32_t name;   // offset
  uint32_t name_bytes;
  uint32_t node_count;
  uint32_t text_bytes;  // of all values, for size estimates
  uint32_t tree;        // offset of the span's TreeNode
  // Of the trace that keeps it (pipeline/trace.h): what it is worth, a bit for each destination that it
  // left for or was lost to, and how many pages before its own its run in the lane begins.
  uint8_t loss_class;
  uint8_t left;
  uint16_t run_pages;
  double start_ms;
  double end_ms;

  const Node* Begin() const { return reinterpret_cast<const Node*>(this + 1); }
  const Node* End() const { return Begin() + node_count; }
  bool Has(tape::SpanFlag flag) const { return (flags & flag) != 0; }
};
static_assert(sizeof(SpanRecord) % 8 == 0);

// The member of an object's [begin, end) nodes with this key, or nullptr.
const Node* FindMember(const Node* begin, const Node* end, uint16_t key);
// The same for an object node; nullptr for nullptr and every other kind.
const Node* FindMember(const Node* object, uint16_t key);
// A span's own.
const Node* FindMember(const SpanRecord& record, uint16_t key);

// The item of an array after `item` (nullptr: the first), nullptr at the end. Any other value is its own
// only item.
const Node* NextItem(const Node* value, const Node* item);

// The text that a kString, kKey or kBytes node holds, or that stands behind a number or date; empty
// for nullptr and every other kind.
std::string_view SpellingOf(const PageArena& arena, const Node* node);
// Text of a kString node; empty for nullptr and every other kind.
std::string_view TextOf(const PageArena& arena, const Node* node);
// The number in a kNumber, kInt64 or kDate node (milliseconds); 0 for nullptr and every other kind.
double NumberOf(const PageArena& arena, const Node* node);

}  // namespace edgespan
