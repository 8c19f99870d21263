// Trace: the buffer of one run. A run is known by its trace id AND its root span: runs that share a
// trace id, one after another or at once, each have their own.
//
// Plain data at the start of its own tree lane; the Pipeline owns it. Records are listed in order of
// arrival and kept in one lane per loss class, so that giving up a class frees whole pages.
#pragma once

#include <cstdint>

#include "edgespan/base/arena.h"
#include "edgespan/base/ids.h"
#include "edgespan/base/lane.h"
#include "edgespan/model/record.h"
#include "edgespan/model/span_tree.h"

namespace edgespan {

constexpr uint32_t kMaxDestinations = 8;

// What is given up first when memory runs out.
enum LossClass : uint32_t {
  kLossChunks = 0,  // streaming chunks
  kLossOthers = 1,
  kLossLast = 2,  // roots, errors, model calls, agents and workflows
};
constexpr uint32_t kLossClasses = 3;

struct Exporter;

// A place in the ring of all traces, by age; the Pipeline's own place is between the newest and the
// oldest.
struct TraceLinks {
  TraceLinks* newer;
  TraceLinks* older;
};

struct Trace : TraceLinks {
  uint32_t handle;
  Exporter* exporter;
  TraceId trace_id;
  SpanId root;     // all zero while no root is known (spans that arrived without or after theirs)
  Lane tree_lane;  // holds this Trace and its tree
  Lane lanes[kLossClasses];
  uint32_t counts[kLossClasses];  // records in each lane
  uint32_t first;                 // offsets of the records, linked by SpanRecord::next
  uint32_t last;
  uint32_t open_spans;             // started, not ended
  bool closed;                     // the root ended, or the exporter closed it
  bool strays;                     // model_inference spans whose parent nobody announced
  bool cutting;                    // being sent: nothing is added or evicted any more
  uint32_t cut[kMaxDestinations];  // by destination: the next record to encode, 0 at the end
  SpanTree tree;

  // A trace can be sent once its root ended; spans without a known root wait for nothing.
  bool IsReady() const { return closed || !root.IsValid(); }
  void Append(const PageArena& arena, uint32_t record, LossClass loss_class);
  // OTLP's trace id. W3C forbids all zeros, which Mastra accepts from users: such a run gets its root
  // span id, twice.
  TraceId WireId(const PageArena& arena) const;
  // Frees the records of one class and returns how many there were.
  uint32_t Evict(PageArena* arena, LossClass loss_class);
  // Frees everything, the Trace itself included.
  void Free(PageArena* arena);
};

// REQUIRES: a trace's links, not the Pipeline's.
inline Trace* TraceOf(TraceLinks* links) {
  return static_cast<Trace*>(links);  // NOLINT(cppcoreguidelines-pro-type-static-cast-downcast)
}

}  // namespace edgespan
