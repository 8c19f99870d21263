// Pipeline: the way of a span through the core, and the one class the ABI wraps.
//
//   Commit()  tape -> records in trace buffers        (collect.cc)
//   Cut()     records of a closed trace -> a batch    (cut.cc)
//   Judge()   an HTTP answer -> accounts, what next   (judge.cc)
//
// Owns all memory of the core through one PageArena: the lent areas, exporters, traces and batches.
// One instance lives per module instance; it is not re-entrant. No call throws, traps on bad input
// or allocates beyond the budget; what is lost for lack of memory is counted (accounting.h).
#pragma once

#include <cstdint>

#include "edgespan/base/arena.h"
#include "edgespan/base/buffer.h"
#include "edgespan/base/status.h"
#include "edgespan/model/keys.h"
#include "edgespan/model/tape_reader.h"
#include "edgespan/otlp/response.h"
#include "edgespan/pipeline/accounting.h"
#include "edgespan/pipeline/exporter.h"
#include "edgespan/pipeline/trace.h"
#include "edgespan/semconv/mapper.h"

namespace edgespan {

class Pipeline {
 public:
  static constexpr uint32_t kDefaultBudget = 32u << 20;
  static constexpr uint32_t kMaxExporters = 64;
  static constexpr uint32_t kMaxBatches = 256;
  static constexpr uint32_t kMaxTraces = 1024;
  // For Cut(): any trace, those whose root has not ended included.
  static constexpr uint32_t kOpenTraces = UINT32_MAX;
  static constexpr uint32_t kDefaultWords = 16384;
  static constexpr uint32_t kDefaultDoubles = 4096;
  static constexpr uint32_t kDefaultText = 256u << 10;

  // The tape as the host describes it in a call: how much of each lent area it used.
  struct TapeUse {
    uint32_t words;
    uint32_t doubles;
    uint32_t rope_at;
    uint32_t rope_bytes;
    uint32_t rope_units;
  };
  constexpr Pipeline() = default;

  // Before everything else; see PageArena::Init. The budget must have room for a page.
  void Init(uintptr_t base, uint32_t first, uint32_t budget, PageArena::GrowFn grow);

  // Calls that answer with more than a number fill this area; wasm/abi.h lists what they write.
  uint32_t result() const { return result_; }

  Status Lend(uint32_t words, uint32_t doubles, uint32_t text_bytes);

  // These return a handle, an id or a count, or a negative Status.
  int32_t Intern(uint32_t at, uint32_t size);
  int32_t OpenExporter(const TapeUse& use);
  int32_t Commit(uint32_t handle, const TapeUse& use);
  int32_t Drop(uint32_t handle, LossReason reason, uint32_t spans);
  // Traces of which nothing was heard from that second on (of the epoch); kEver: all.
  static constexpr uint32_t kEver = UINT32_MAX;
  int32_t Close(uint32_t handle, uint32_t before);
  int32_t Cut(uint32_t handle, uint32_t destination, uint32_t trace_handle, uint32_t now,
              bool hold);
  int32_t Adopt(uint32_t handle, uint32_t destination, uint32_t spans, uint32_t body_bytes,
                uint32_t now);
  Status Stats(uint32_t handle, uint32_t destination);

  // An answer as the host describes it; its texts lie at the beginning of the text area, the header
  // after the body.
  struct Answer {
    uint32_t http_status;
    otlp::BodyKind kind;
    uint32_t body_bytes;
    uint32_t retry_after_bytes;
  };
  // Of a batch.
  Status Describe(uint32_t handle);
  int32_t Judge(uint32_t handle, const Answer& answer, uint32_t now, uint32_t left_ms,
                uint32_t random);
  Status Release(uint32_t handle, bool spooled);

 private:
  // Words, doubles, text.
  static constexpr uint32_t kAreas = 3;
  struct Area {
    uint32_t at;
    uint32_t bytes;
  };
  // An encoded request.
  struct Body {
    uint32_t at;  // 0: not here, the host has it from a store
    uint32_t size;
    uint32_t spans;
    uint32_t serial;  // a number that only equal bytes share
    uint32_t trace;   // where it was cut: of this trace, from this record to that
    uint32_t first;
    uint32_t last;
  };
  // A body that is out for one destination. Others may have the same body out.
  struct Batch {
    uint32_t handle;    // 0: a free slot
    Body whole;         // as it was cut
    Body post;          // what is to be posted: the same, or (in bytes of its own) a part of it
    uint32_t shut;      // its destination takes nothing now
    uint32_t left;      // spans of the whole, the last ones, which nothing has become of
    uint32_t attempts;  // in a row without an answer that decides
    uint32_t refusals;
    uint32_t parts;  // that were taken, or refused for good
    uint32_t most;   // spans of a part: half of what was refused
    bool denied;
    bool liked;  // some of it was accepted
    Exporter* exporter;
    Destination* to;
  };

  // The result area's fields; room for the largest result.
  uint32_t* Result() { return arena_.At<uint32_t>(result_); }
  // A reader of what the host says it used, as far as it was lent. Takes the members of a TapeUse one
  // by one: a struct would go through memory.
  TapeReader Reader(uint32_t words, uint32_t doubles, uint32_t rope_at, uint32_t rope_bytes,
                    uint32_t rope_units) const;
  // Numbers for handles: positive, and small enough to have a slot's number behind them.
  uint32_t NextSerial() { return serial_ = serial_ % 0xffffff + 1; }

  Exporter* FindExporter(uint32_t handle);
  // A free slot, if need be that of the idle exporter that was used least recently; kMaxExporters if
  // none is idle.
  uint32_t TakeSlot();

  // The trace that a span with these ids belongs to; nullptr when it must get its own.
  Trace* FindTrace(const Exporter* exporter, const TraceId& trace_id, const SpanId& span_id,
                   const SpanId& parent_id);
  Trace* NewTrace(Exporter* exporter, const TraceId& trace_id, const SpanId& root);
  void FreeTrace(Trace* trace);
  void Abandon(Trace* trace);  // frees it and counts what it held as lost
  // A span that started or ended. Returns the trace that it closed, or nullptr.
  Trace* OnSpan(Exporter* exporter, const TraceId& trace_id, TapeReader* reader);
  // Gives up memory of lower rank than `loss_class` (and of the same rank in traces other than
  // `keep`); false when there was none.
  bool Reclaim(LossClass loss_class, const Trace* keep);

  uint32_t CutTrace(Exporter* exporter, uint32_t destination, Trace* trace);
  // The first record from `at` on that may leave for a destination now; 0: none.
  uint32_t NextToLeave(const Trace& trace, uint32_t destination, uint32_t at) const;
  // Loses what of a trace has not left for a destination.
  void Forgo(Trace* trace, uint32_t destination, LossReason reason);
  // A batch with the body that another destination has out, if it would be the same; 0: none.
  uint32_t ShareBatch(Exporter* exporter, uint32_t destination, Trace* trace);
  // In a free slot, nullptr if there is none.
  Batch* NewBatch(Exporter* exporter, Destination* to, const Body& body);
  Batch* FindBatch(uint32_t handle);  // nullptr for a handle that is not a batch's
  // Makes `spans` of those that are left what is to be posted; false without memory for it.
  bool Post(Batch* batch, uint32_t spans);
  void FreePart(Batch* batch);

  PageArena arena_;
  KeyTable keys_;
  Mapper mapper_;  // of the dialect that was used last
  Area areas_[kAreas] = {};
  Exporter* exporters_[kMaxExporters] = {};  // by slot
  Batch batches_[kMaxBatches] = {};
  TraceLinks traces_ = {};  // its `older` is the newest one, its `newer` the oldest
  uint32_t trace_count_ = 0;
  uint32_t tick_ = 0;
  uint32_t serial_ = 0;
  uint32_t result_ = 0;
};

}  // namespace edgespan
