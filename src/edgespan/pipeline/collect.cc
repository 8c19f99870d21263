// The first half of a span's way through the Pipeline: from the tape to records in trace buffers.
#include <cstring>

#include "edgespan/pipeline/pipeline.h"

namespace edgespan {
namespace {

// One in so many bytes of the budget is for batches, not for records.
constexpr uint32_t kCutReserve = 8;

// Of span types. Tools are no leaves, though they have no children: model calls' inputs are rebuilt
// from what they answered.
constexpr TypeSet kLast = TypeBit(kTypeAgentRun) | TypeBit(kTypeWorkflowRun) |
                          TypeBit(kTypeModelGeneration) | TypeBit(kTypeModelInference);
constexpr TypeSet kInner = TypeBit(kTypeProcessorRun) | TypeBit(kTypeWorkflowConditional) |
                           TypeBit(kTypeWorkflowConditionalEval) | TypeBit(kTypeWorkflowParallel) |
                           TypeBit(kTypeWorkflowLoop) | TypeBit(kTypeWorkflowSleep) |
                           TypeBit(kTypeWorkflowWaitEvent) | TypeBit(kTypeMapping);

LossClass ClassOf(const TapeReader& reader, const TreeNode& node) {
  const uint16_t type = reader.type();
  const TypeSet bit = BitOf(type);
  if ((bit & kLast) != 0 || (reader.flags() & tape::kIsRoot) != 0 || reader.has_error()) {
    return kLossLast;
  }
  if (type == kTypeModelChunk) return kLossChunks;
  const bool leaf = node.first_child == 0 && (bit & kToolCalls) == 0;
  return leaf || (bit & kInner) != 0 ? kLossLeaves : kLossOthers;
}

}  // namespace

// ---- traces ---------------------------------------------------------------------------------------

Trace* Pipeline::FindTrace(const Exporter* exporter, const TraceId& trace_id, const SpanId& span_id,
                           const SpanId& parent_id) {
  Trace* fallback = nullptr;
  Trace* by_parent = nullptr;
  for (Trace* trace = buckets_[BucketOf(trace_id)]; trace != nullptr;
       trace = trace->next_in_bucket) {
    if (trace->exporter != exporter || !(trace->trace_id == trace_id) || trace->cutting) continue;
    if (fallback == nullptr) fallback = trace;
    // Runs that share a trace id are told apart by whose tree knows the span, or else its parent.
    if (trace->tree.Find(arena_, span_id) != nullptr) return trace;
    if (by_parent == nullptr && parent_id.IsValid() &&
        trace->tree.Find(arena_, parent_id) != nullptr) {
      by_parent = trace;
    }
  }
  return by_parent != nullptr ? by_parent : fallback;
}

TraceLinks* Pipeline::FindTrace(uint32_t handle) {
  for (Trace* trace = buckets_[handle % kBuckets]; trace != nullptr;
       trace = trace->next_in_bucket) {
    if (trace->handle == handle) return trace;
  }
  return &traces_;
}

Trace* Pipeline::NewTrace(Exporter* exporter, const TraceId& trace_id, const SpanId& root) {
  // Runs whose root never ended must not pile up: the oldest one makes room.
  if (trace_count_ == kMaxTraces) Abandon(TraceOf(traces_.newer));
  Lane lane;
  uint32_t at;
  while ((at = lane.Allocate(&arena_, sizeof(Trace))) == 0) {
    if (!Reclaim(kLossLast, nullptr)) return nullptr;
  }
  Trace* const trace = arena_.At<Trace>(at);
  std::memset(static_cast<void*>(trace), 0, sizeof *trace);
  trace->tree_lane = lane;
  trace->trace_id = trace_id;
  trace->root = root;
  trace->exporter = exporter;
  trace->decision.head = exporter->head ? kNoThreshold : kNotSampled;  // until its start tells
  if (!root.IsValid()) Follow(trace);
  trace->handle = (NextSerial() % 0x7fffff + 1) << kBucketBits | BucketOf(trace_id);
  trace->newer = &traces_;
  trace->older = traces_.older;
  trace->older->newer = traces_.older = trace;
  Trace*& bucket = buckets_[BucketOf(trace_id)];
  trace->next_in_bucket = bucket;
  bucket = trace;
  ++trace_count_;
  ++exporter->traces;
  return trace;
}

void Pipeline::FreeTrace(Trace* trace) {
  Trace** link = &buckets_[BucketOf(trace->trace_id)];
  while (*link != trace) link = &(*link)->next_in_bucket;
  *link = trace->next_in_bucket;
  trace->newer->older = trace->older;
  trace->older->newer = trace->newer;
  --trace_count_;
  --trace->exporter->traces;
  trace->exporter->unended += trace->open_spans;
  trace->Free(&arena_);
}

void Pipeline::Abandon(Trace* trace) {
  // What left for a destination is the destination's.
  for (uint32_t at = trace->first; at != 0;) {
    const SpanRecord& record = *arena_.At<SpanRecord>(at);
    trace->Lose(LossReason::kMemory, record.left);
    at = record.next;
  }
  FreeTrace(trace);
}

bool Pipeline::Reclaim(LossClass loss_class, const Trace* keep) {
  for (TraceLinks* at = traces_.newer; at != &traces_; at = at->newer) {
    Trace* const trace = TraceOf(at);
    if (trace->cutting) continue;
    // What tail sampling leaves out of runs that go on makes room.
    if (trace->unjudged) {
      trace->unjudged = false;
      Decide(trace);
    }
    if (trace->left_early && trace->Sweep(&arena_)) return true;
  }
  for (uint32_t c = 0; c <= loss_class; ++c) {
    for (TraceLinks* at = traces_.newer; at != &traces_; at = at->newer) {
      Trace* const trace = TraceOf(at);
      // A trace that is being cut is about to leave.
      if (trace->cutting || trace->counts[c] == 0) continue;
      if (c == loss_class && trace == keep) continue;
      trace->Evict(&arena_, static_cast<LossClass>(c));
      return true;
    }
  }
  return false;
}

// ---- the tape -------------------------------------------------------------------------------------

int32_t Pipeline::Commit(uint32_t handle, const TapeUse& use) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  TapeReader reader = Reader(use.words, use.doubles, use.rope_at, use.rope_bytes, use.rope_units);
  TraceId trace_id = {};
  bool has_trace = false;
  int32_t result = 0;
  *Result() = 0;
  for (;;) {
    const TapeReader::Item item = reader.Next();
    if (item == TapeReader::Item::kDone) return result;
    if (item == TapeReader::Item::kTrace) {
      has_trace = reader.trace_id(&trace_id);
    } else if (item != TapeReader::Item::kSpan) {
      const uint32_t rest = reader.CountRest();
      exporter->ended += rest;
      exporter->lost.Drop(LossReason::kMalformed, rest);
      return static_cast<int32_t>(Status::kMalformed);
    } else {
      const uint32_t ended = reader.is_start() ? 0 : 1;
      exporter->ended += ended;
      // Of the whole run, maybe.
      const bool score = reader.is_start() && (reader.flags() & tape::kScore) != 0;
      if (!has_trace || !(reader.ids_valid() || score)) {
        exporter->lost.Drop(LossReason::kMalformed, ended);
      } else if (const Trace* const trace = OnSpan(exporter, trace_id, &reader)) {
        result = static_cast<int32_t>(trace->handle);
      }
    }
  }
}

void Pipeline::Tell(Trace* trace, TapeReader* reader) {
  Lane passing;
  const bool score = (reader->flags() & tape::kScore) != 0;
  const uint32_t at = reader->Store(&arena_, score ? &passing : &trace->tree_lane);
  if (at == 0) return;
  const SpanRecord& told = *arena_.At<SpanRecord>(at);
  if (score) {
    Decide(trace, &told);
    return passing.Free(&arena_);
  }
  const Node* const rejected = FindMember(told, kKeySamplingThreshold);
  const double parts = NumberOf(arena_, rejected);
  trace->apart = parts < -1;
  trace->decision.head =
      rejected == nullptr ? kNotSampled : ThresholdOf(trace->apart ? -parts : parts);
  trace->exporter->head |= rejected != nullptr;
  trace->state = FindMember(told, kKeyTraceState);
}

Trace* Pipeline::OnSpan(Exporter* exporter, const TraceId& trace_id, TapeReader* reader) {
  const bool start = reader->is_start();
  const bool root = (reader->flags() & tape::kIsRoot) != 0;
  const SpanId root_id = root ? reader->span_id() : SpanId{};
  Trace* trace = FindTrace(exporter, trace_id, reader->span_id(), reader->parent_id());
  if (start && (reader->flags() & tape::kScore) != 0) {
    if (trace != nullptr) Tell(trace, reader);
    return nullptr;
  }
  if (root && trace != nullptr && (start || !(trace->root == root_id))) {
    // A root opens its own run; one that nobody announced takes over the children that came before
    // it.
    if (start || trace->root.IsValid()) {
      trace = nullptr;
    } else {
      trace->root = root_id;
    }
  }
  if (trace == nullptr) trace = NewTrace(exporter, trace_id, root_id);
  if (trace == nullptr) {
    exporter->lost.Drop(LossReason::kMemory, start ? 0 : 1);
    return nullptr;
  }
  if (start && root) Tell(trace, reader);
  *Result() = trace->handle;
  if (reader->time_ms() > trace->heard_ms) trace->heard_ms = reader->time_ms();

  LossClass loss_class = kLossLeaves;
  uint32_t at = 0;
  TreeNode* node = nullptr;
  bool again = false;
  for (;;) {
    if (node == nullptr) {
      node = trace->tree.FindOrAdd(&arena_, &trace->tree_lane, reader->span_id(),
                                   reader->parent_id(), reader->type());
      const bool inference = reader->type() == kTypeModelInference;
      trace->strays |= inference && node != nullptr && node->parent == 0;
      if (node != nullptr && reader->type() != kKeyNone) node->type = reader->type();
    }
    if (start) {
      // Without a node the span is only harder to place: not a loss.
      if (node != nullptr && !node->started) {
        node->started = true;
        ++trace->open_spans;
      }
      return nullptr;
    }
    if (node != nullptr && node->ended) {
      // What a bridge records of Mastra's spans, as OpenTelemetry's, says less than Mastra.
      again = true;
      const SpanRecord* const first = RecordOf(arena_, *node);
      if (first == nullptr || first->left != 0 || !first->Has(tape::kOtel)) break;
      if (reader->type() == kKeyNone) break;
    }
    // A part of the memory is kept back for all but roots: without it nothing of what is stored could
    // be encoded.
    const bool room = root || arena_.budget() - arena_.used() > arena_.budget() / kCutReserve;
    if (node != nullptr) loss_class = ClassOf(*reader, *node);
    if (node != nullptr && room) at = reader->Store(&arena_, &trace->lanes[loss_class]);
    if (at != 0 || !Reclaim(loss_class, trace)) break;
  }
  if (node != nullptr && !node->ended) {
    trace->open_spans -= node->started;
    node->started = node->ended = true;
  }
  SpanRecord* const first =
      node != nullptr && node->record != 0 ? arena_.At<SpanRecord>(node->record) : nullptr;
  if (again && (at == 0 || first != nullptr)) {
    exporter->lost.Drop(LossReason::kDuplicate, 1);
    if (at != 0) first->left = static_cast<uint8_t>((1u << exporter->destination_count) - 1);
  }
  if (at != 0) {
    SpanRecord& record = *arena_.At<SpanRecord>(at);
    record.tree = arena_.OffsetOf(node);
    node->record = at;
    trace->Append(arena_, at, loss_class);
    exporter->withheld += record.Has(tape::kWithheld);
  } else if (!again) {
    trace->Lose(LossReason::kMemory, 0);
  }
  const bool outlived = (reader->flags() & tape::kOutlived) != 0;
  if (root == outlived) return nullptr;
  trace->closed = true;
  return trace;
}

int32_t Pipeline::Close(uint32_t handle, uint32_t before) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  const uint32_t unended = exporter->unended;
  for (TraceLinks* at = traces_.older; at != &traces_; at = at->older) {
    Trace* const trace = TraceOf(at);
    if (trace->exporter != exporter || trace->closed) continue;
    if (before != kEver && !(trace->heard_ms < before * 1000.0)) continue;
    trace->closed = true;
    exporter->unended += trace->open_spans;
    trace->open_spans = 0;
  }
  return static_cast<int32_t>(exporter->unended - unended);
}

}  // namespace edgespan
