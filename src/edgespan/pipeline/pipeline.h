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
#include "edgespan/sampling/rates.h"
#include "edgespan/sampling/rules.h"
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
  Status Redact(uint32_t handle, uint32_t destination, uint32_t bytes);

  // An answer as the host describes it; its body lies at the beginning of the text area.
  struct Answer {
    uint32_t http_status;
    otlp::BodyKind kind;
    uint32_t body_bytes;
    uint32_t retry_after_ms;  // 0: it did not ask to wait
  };
  // Of a batch.
  Status Describe(uint32_t handle);
  int32_t Judge(uint32_t handle, const Answer& answer, uint32_t now, uint32_t left_ms,
                uint32_t random);
  Status Release(uint32_t handle, bool spooled);

 private:
  // Thousands of runs may be open at once: traces are found by these bits of their ids, which are also
  // the last ones of their handles.
  static constexpr uint32_t kBucketBits = 8;
  static constexpr uint32_t kBuckets = 1u << kBucketBits;
  static uint32_t BucketOf(const TraceId& trace_id) {
    return static_cast<uint32_t>(trace_id.AsUint64() * 0x9e3779b97f4a7c15u >> (64 - kBucketBits));
  }
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
    uint32_t trace;   // where it was cut, and its first and last record, for others to share
    uint32_t first;
    uint32_t last;
    uint32_t redacted;  // in it (accounting.h)
    uint32_t unread;
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

  // A run that is being cut or has left, for spans that come late.
  struct Past {
    Decision decision;
    uint32_t exporter;  // its handle; 0: a free place
    TraceId trace_id;
  };
  static constexpr uint32_t kPasts = 128;

  // Runs that hid some of their content and are gone, for scorers that quote them later.
  static constexpr uint32_t kHids = 64;

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
  // The ring's own place for a handle that is no trace's.
  TraceLinks* FindTrace(uint32_t handle);
  Trace* NewTrace(Exporter* exporter, const TraceId& trace_id, const SpanId& root);
  void FreeTrace(Trace* trace);
  void Abandon(Trace* trace);  // frees it and counts what it held as lost
  // A span that started or ended. Returns the trace that it closed, or nullptr.
  Trace* OnSpan(Exporter* exporter, const TraceId& trace_id, TapeReader* reader);
  // What the start of a run's root tells of it, or a score (of which nothing is stored: feedback on a
  // run that goes on may be without end).
  void Tell(Trace* trace, TapeReader* reader);
  // Gives up memory of lower rank than `loss_class` (and of the same rank in traces other than
  // `keep`); false when there was none.
  bool Reclaim(LossClass loss_class, const Trace* keep);

  // Tail sampling (tail.cc). Decides which destinations get a run, for those where that is still open;
  // what is recorded of it leaves for the others.
  // With a score: only for those that keep the run because of it.
  void Decide(Trace* trace, const SpanRecord* score = nullptr);
  // How a run is kept, or kLeftOut; with a score: how that keeps it, or kUndecided.
  Threshold Judge(const Trace& trace, const Node* tail, const SpanRecord* score);
  // Whether a rule keeps it.
  bool Keeps(const Trace& trace, On on, const Node* rule);
  // Spans that come without their root follow the last run of their trace that was decided, if that is
  // still known.
  void Follow(Trace* trace);
  // Whether a kRate rule has room for a run with this root; takes it.
  bool HasRoom(const Node* rule, const SpanRecord& root);

  // Whether the run hides some of its content, or hid it, that has this trace id, in hex.
  bool Hides(std::string_view trace_id) const;
  uint32_t CutTrace(Exporter* exporter, uint32_t destination, Trace* trace);
  // The first record from `at` on that may leave for a destination now; 0: none. What the destination
  // does not want is left out on the way.
  uint32_t NextToLeave(const Trace& trace, uint32_t destination, uint32_t at);
  // It has left for a destination, or is lost to it; returns the next one.
  uint32_t Leave(const Trace& trace, uint32_t destination, uint32_t at);
  // All the rest is lost to a destination.
  void Forgo(Trace* trace, uint32_t destination, LossReason reason);
  // A batch with the body that another destination has out, if it would be the same; 0: none.
  uint32_t ShareBatch(Exporter* exporter, uint32_t destination, Trace* trace);
  // kMaxBatches: none is free.
  uint32_t FreeBatch() const;
  // In a free slot, nullptr if there is none.
  Batch* NewBatch(Exporter* exporter, Destination* to, const Body& body);
  Batch* FindBatch(uint32_t handle);  // nullptr for a handle that is not a batch's
  // Makes `spans` of those that are left what is to be posted; false without memory for it.
  bool Post(Batch* batch, uint32_t spans);
  void FreePart(Batch* batch);

  PageArena arena_;
  KeyTable keys_;
  Mappers mappers_;
  Area areas_[kAreas] = {};
  Exporter* exporters_[kMaxExporters] = {};  // by slot
  Batch batches_[kMaxBatches] = {};
  Guard hiding_;                   // of destinations without one, for runs that hide something
  TraceLinks traces_ = {};         // its `older` is the newest one, its `newer` the oldest
  Trace* buckets_[kBuckets] = {};  // the newest of each
  uint32_t trace_count_ = 0;
  uint32_t tick_ = 0;
  uint32_t serial_ = 0;
  uint32_t result_ = 0;
  uint32_t now_ = 0;  // second of the epoch, as last told
  RateTable rates_ = {};
  Past pasts_[kPasts] = {};
  uint32_t past_ = 0;  // how many were written there: the next one takes the oldest one's place
  // Hashes of their trace ids; 0, that of an id with equal halves, is always there.
  uint64_t hids_[kHids] = {};
  uint32_t hid_ = 0;  // how many were written there
};

}  // namespace edgespan
