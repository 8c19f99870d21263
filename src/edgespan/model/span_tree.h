// SpanTree: the skeleton of a run. Every span that starts leaves a small node (id, parent, type)
// until the trace closes, so that a span can be assigned to its run, open spans can be counted and
// rules can look across spans (a model call's real input lies in its parent and earlier siblings).
//
// Plain data inside the trace's own lane, where its nodes are, too; all zero is an empty tree. Nodes
// are found by the bits of their ids, mixed, two a step: 10,000 spans take eight steps or so, and no
// choice of ids takes more than 32. Children are in order of start.
#pragma once

#include <cstdint>

#include "edgespan/base/arena.h"
#include "edgespan/base/ids.h"
#include "edgespan/base/lane.h"

namespace edgespan {

struct SpanRecord;

struct TreeNode {
  SpanId id;
  uint32_t below[4];  // in the search; this and what follows are offsets of nodes, 0 for none
  uint32_t parent;
  uint32_t first_child;
  uint32_t last_child;
  uint32_t next_sibling;
  uint32_t record;  // offset of the SpanRecord; 0 until the span ended (or when it was lost)
  uint16_t type;    // as SpanRecord's
  bool started;     // announced by the host, or ended
  bool ended;
};

// What is kept of a span; nullptr until it ended (or when it was lost).
inline const SpanRecord* RecordOf(const PageArena& arena, const TreeNode& node) {
  return node.record != 0 ? arena.At<SpanRecord>(node.record) : nullptr;
}

struct SpanTree {
  // The node for `id`, or nullptr.
  TreeNode* Find(const PageArena& arena, const SpanId& id) const;
  // The node for `id`; a new one, under the node of `parent` where there is one, if there was none.
  // Returns nullptr when out of memory.
  TreeNode* FindOrAdd(PageArena* arena, Lane* lane, const SpanId& id, const SpanId& parent,
                      uint16_t type);

 private:
  uint32_t top_ = 0;  // the node where every search begins
};

}  // namespace edgespan
