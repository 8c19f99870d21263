// Pipeline: the way of a span through the core, and the one class the ABI wraps.
//
//   Commit()  tape -> records in trace buffers        (collect.cc)
//   Cut()     records of a closed trace -> a batch    (cut.cc)
//   Judge()   an HTTP answer -> accounts              (cut.cc)
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
  static constexpr uint32_t kMaxBatches = 128;
  static constexpr uint32_t kMaxTraces = 1024;
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
  int32_t Close(uint32_t handle);
  int32_t Cut(uint32_t handle, uint32_t destination, uint32_t trace_handle);
  Status Stats(uint32_t handle, uint32_t destination);

  // Of a batch.
  Status Describe(uint32_t handle);
  int32_t Judge(uint32_t handle, uint32_t http_status, otlp::BodyKind kind, uint32_t body_bytes);
  Status Release(uint32_t handle);

 private:
  // Words, doubles, text.
  static constexpr uint32_t kAreas = 3;
  struct Area {
    uint32_t at;
    uint32_t bytes;
  };
  struct Batch {
    uint32_t handle;  // 0: a free slot
    uint32_t at;      // these three are what the host is told
    uint32_t size;
    uint32_t spans;
    Exporter* exporter;
    Tally* tally;  // the destination's; nullptr once the batch was judged
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
  // Makes room: the idle exporter that was used least recently goes. False if none is idle.
  bool EvictExporter();

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
  Batch* FindBatch(uint32_t handle);  // nullptr for a handle that is not a batch's

  PageArena arena_;
  KeyTable keys_;
  Mappers mappers_;
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
