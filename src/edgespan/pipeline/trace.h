// Trace: the buffer of one run. A run is known by its trace id AND its root span: runs that share a
// trace id, one after another or at once, each have their own.
//
// Plain data at the start of its own tree lane; the Pipeline owns it. Records are listed in order of
// arrival and kept in one lane per loss class, so that giving up a class frees whole pages. A record
// that left early stays, for rules that may read it, until the trace is sent or memory is short.
#pragma once

#include <cstdint>

#include "edgespan/base/arena.h"
#include "edgespan/base/ids.h"
#include "edgespan/base/lane.h"
#include "edgespan/model/record.h"
#include "edgespan/model/span_tree.h"
#include "edgespan/pipeline/accounting.h"
#include "edgespan/sampling/threshold.h"

namespace edgespan {

constexpr uint32_t kMaxDestinations = 8;  // SpanRecord::left has a bit for each

// What is given up first when memory runs out.
enum LossClass : uint32_t {
  kLossChunks = 0,  // streaming chunks
  kLossLeaves = 1,  // inner workings, and spans without children
  kLossOthers = 2,  // tools, steps and what else has children
  kLossLast = 3,    // roots, errors, model calls, agents and workflows
};
constexpr uint32_t kLossClasses = 4;

struct Exporter;

// A place in the ring of all traces, by age; the Pipeline's own place is between the newest and the
// oldest.
struct TraceLinks {
  TraceLinks* newer;
  TraceLinks* older;
};

// What was decided of a run.
struct Decision {
  Threshold head;  // to record it
  // By destination with tail sampling: kUndecided, kLeftOut, or how it is kept.
  Threshold tail[kMaxDestinations];
};

struct Trace : TraceLinks {
  Decision decision;
  Trace* next_in_bucket;  // of the Pipeline's, by trace id: an older one
  uint32_t handle;
  Exporter* exporter;
  TraceId trace_id;
  SpanId root;     // all zero while no root is known (spans that arrived without or after theirs)
  Lane tree_lane;  // holds this Trace and its tree
  Lane lanes[kLossClasses];
  uint32_t counts[kLossClasses];  // records in each lane
  uint32_t first;                 // offsets of the records, linked by SpanRecord::next
  uint32_t last;
  double heard_ms;      // the latest time that an item told
  uint32_t open_spans;  // started, not ended
  bool closed;          // the root and what outlived it ended, or the exporter closed it
  bool strays;          // model_inference spans whose parent nobody announced
  bool cutting;         // being sent: nothing is added or evicted any more
  bool left_early;      // records left since the last Sweep(), while the run went on
  bool in_parts;        // records left while the run went on
  // By destination: while cutting, the next record to look at, 0 at the end; and the spans that it will
  // not get.
  uint32_t cut[kMaxDestinations];
  uint32_t lost[kMaxDestinations];
  const Node* state;  // the run's tracestate; nullptr without one
  bool apart;         // `head` goes by something else than the run's randomness
  // What its spans want hidden, as one more than a ContentPolicy; 0: none said.
  uint8_t wish;
  bool unjudged;  // records came since Pipeline::Reclaim() asked tail sampling for room
  SpanTree tree;

  // A trace can be sent once its root ended; spans without a known root wait for nothing.
  bool IsReady() const { return closed || !root.IsValid(); }
  void Append(const PageArena& arena, uint32_t record, LossClass loss_class);
  // OTLP's trace id. W3C forbids all zeros, which Mastra accepts from users: such a run gets its root
  // span id, twice.
  TraceId WireId(const PageArena& arena) const;
  // What its spans tell one destination of sampling.
  Threshold SampledFor(uint32_t destination) const {
    return decision.head > decision.tail[destination] ? decision.head : decision.tail[destination];
  }
  // Counts a span as lost to one destination; to all but those whose bits are set.
  void LoseTo(uint32_t destination, LossReason reason);
  void Lose(LossReason reason, uint32_t left);
  // Gives up the records of one class; they are lost to whom they have not left for.
  void Evict(PageArena* arena, LossClass loss_class);
  // Frees records that have left for all, which costs rules what they would read there, but no span;
  // false when no page came free.
  bool Sweep(PageArena* arena);
  // Frees everything, the Trace itself included.
  void Free(PageArena* arena);

 private:
  // Takes the records out of the list for which `gone` holds.
  template <class Gone>
  void Unlink(const PageArena& arena, Gone gone);
};

// REQUIRES: a trace's links, not the Pipeline's.
inline Trace* TraceOf(TraceLinks* links) {
  return static_cast<Trace*>(links);  // NOLINT(cppcoreguidelines-pro-type-static-cast-downcast)
}

}  // namespace edgespan
