// The first half of a span's way through the Pipeline: from the tape to records in trace buffers.
#include <cstring>

#include "edgespan/pipeline/pipeline.h"

namespace edgespan {
namespace {

// One in so many bytes of the budget is for batches, not for records.
constexpr uint32_t kCutReserve = 8;

LossClass ClassOf(const TapeReader& reader) {
  switch (reader.type()) {
    case kTypeModelChunk:
      return kLossChunks;
    case kTypeAgentRun:
    case kTypeWorkflowRun:
    case kTypeModelGeneration:
    case kTypeModelInference:
      return kLossLast;
    default:
      break;
  }
  const bool root = (reader.flags() & tape::kIsRoot) != 0;
  return root || reader.has_error() ? kLossLast : kLossOthers;
}

}  // namespace

// ---- traces ---------------------------------------------------------------------------------------

Trace* Pipeline::FindTrace(const Exporter& exporter, const TraceId& trace_id, const SpanId& span_id,
                           const SpanId& parent_id) {
  const uint32_t slot = SlotOf(exporter);
  Trace* fallback = nullptr;
  Trace* by_parent = nullptr;
  for (uint32_t at = newest_; at != 0;) {
    Trace* const trace = arena_.At<Trace>(at);
    at = trace->older;
    if (trace->exporter != slot || !(trace->trace_id == trace_id) || trace->cutting) continue;
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

Trace* Pipeline::NewTrace(Exporter* exporter, const TraceId& trace_id, const SpanId& root) {
  // Runs whose root never ended must not pile up: the oldest one makes room.
  if (trace_count_ == kMaxTraces) Abandon(arena_.At<Trace>(oldest_));
  Lane lane;
  uint32_t at = lane.Allocate(&arena_, sizeof(Trace));
  while (at == 0) {
    if (!Reclaim(kLossLast, nullptr)) return nullptr;
    at = lane.Allocate(&arena_, sizeof(Trace));
  }
  Trace* const trace = arena_.At<Trace>(at);
  std::memset(static_cast<void*>(trace), 0, sizeof *trace);
  trace->tree_lane = lane;
  trace->trace_id = trace_id;
  trace->root = root;
  trace->exporter = SlotOf(*exporter);
  trace_serial_ = (trace_serial_ + 1) & 0x7fffffff;
  if (trace_serial_ == 0) trace_serial_ = 1;
  trace->handle = trace_serial_;
  trace->older = newest_;
  if (newest_ != 0) {
    arena_.At<Trace>(newest_)->newer = at;
  } else {
    oldest_ = at;
  }
  newest_ = at;
  ++trace_count_;
  ++exporter->traces;
  return trace;
}

void Pipeline::FreeTrace(Trace* trace) {
  if (trace->newer != 0) {
    arena_.At<Trace>(trace->newer)->older = trace->older;
  } else {
    newest_ = trace->older;
  }
  if (trace->older != 0) {
    arena_.At<Trace>(trace->older)->newer = trace->newer;
  } else {
    oldest_ = trace->newer;
  }
  --trace_count_;
  Exporter& exporter = ExporterIn(trace->exporter);
  --exporter.traces;
  exporter.unended += trace->open_spans;
  trace->Free(&arena_);
}

void Pipeline::Abandon(Trace* trace) {
  // What destinations have cut already is theirs; what is left is lost to all that have not.
  Exporter& exporter = ExporterIn(trace->exporter);
  for (uint32_t d = 0; d < exporter.destination_count; ++d) {
    uint32_t left = 0;
    for (uint32_t at = trace->cutting ? trace->cut[d] : trace->first; at != 0;) {
      ++left;
      at = arena_.At<SpanRecord>(at)->next;
    }
    exporter.destinations[d].tally.Drop(LossReason::kMemory, left);
  }
  FreeTrace(trace);
}

bool Pipeline::Reclaim(LossClass loss_class, const Trace* keep) {
  for (uint32_t c = 0; c <= loss_class; ++c) {
    for (uint32_t at = oldest_; at != 0;) {
      Trace* const trace = arena_.At<Trace>(at);
      at = trace->newer;
      // A trace that is being cut is about to leave.
      if (trace->cutting || trace->counts[c] == 0) continue;
      if (c == loss_class && trace == keep) continue;
      ExporterIn(trace->exporter)
          .lost.Drop(LossReason::kMemory, trace->Evict(&arena_, static_cast<LossClass>(c)));
      return true;
    }
  }
  return false;
}

// ---- the tape -------------------------------------------------------------------------------------

int32_t Pipeline::Commit(uint32_t handle, const TapeUse& use) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  TapeReader reader(Areas(use), keys_.end());
  TraceId trace_id = {};
  bool has_trace = false;
  int32_t result = 0;
  for (bool more = true; more;) {
    switch (reader.Next()) {
      case TapeReader::Item::kTrace:
        has_trace = reader.trace_id(&trace_id);
        break;
      case TapeReader::Item::kSpan:
        if (reader.is_start()) {
          if (has_trace && reader.ids_valid()) OnStart(exporter, trace_id, reader);
          break;
        }
        ++exporter->ended;
        if (!has_trace || !reader.ids_valid()) {
          exporter->lost.Drop(LossReason::kMalformed, 1);
        } else if (const Trace* const trace = OnEnd(exporter, trace_id, &reader)) {
          result = static_cast<int32_t>(trace->handle);
        }
        break;
      case TapeReader::Item::kDone:
        more = false;
        break;
      default: {
        const uint32_t rest = reader.CountRest();
        exporter->ended += rest;
        exporter->lost.Drop(LossReason::kMalformed, rest);
        result = static_cast<int32_t>(Status::kMalformed);
        more = false;
      }
    }
  }
  return result;
}

void Pipeline::OnStart(Exporter* exporter, const TraceId& trace_id, const TapeReader& reader) {
  const bool root = (reader.flags() & tape::kIsRoot) != 0;
  Trace* trace = nullptr;
  if (!root) {
    trace = FindTrace(*exporter, trace_id, reader.span_id(), reader.parent_id());
    if (trace == nullptr) trace = NewTrace(exporter, trace_id, SpanId{});
  } else {
    trace = NewTrace(exporter, trace_id, reader.span_id());
  }
  if (trace == nullptr) return;
  if (trace->tree.Find(arena_, reader.span_id()) != nullptr) return;  // started twice
  // Without a node the span is only harder to place: not a loss.
  if (trace->tree.Add(&arena_, &trace->tree_lane, reader.span_id(), reader.parent_id(),
                      reader.type()) != nullptr) {
    ++trace->open_spans;
  }
  trace->has_inference |= reader.type() == kTypeModelInference;
}

Trace* Pipeline::OnEnd(Exporter* exporter, const TraceId& trace_id, TapeReader* reader) {
  const bool root = (reader->flags() & tape::kIsRoot) != 0;
  Trace* trace = FindTrace(*exporter, trace_id, reader->span_id(), reader->parent_id());
  // A root that nobody announced opens its own run, unless its children came before it.
  if (root && trace != nullptr && !(trace->root == reader->span_id())) {
    if (trace->root.IsValid()) {
      trace = nullptr;
    } else {
      trace->root = reader->span_id();
    }
  }
  if (trace == nullptr) {
    trace = NewTrace(exporter, trace_id, root ? reader->span_id() : SpanId{});
  }
  if (trace == nullptr) {
    exporter->lost.Drop(LossReason::kMemory, 1);
    return nullptr;
  }
  trace->has_inference |= reader->type() == kTypeModelInference;

  const LossClass loss_class = ClassOf(*reader);
  uint32_t at = 0;
  TreeNode* node = nullptr;
  for (;;) {
    if (node == nullptr) node = trace->tree.Find(arena_, reader->span_id());
    if (node == nullptr) {
      node = trace->tree.Add(&arena_, &trace->tree_lane, reader->span_id(), reader->parent_id(),
                             reader->type());
      if (node != nullptr) ++trace->open_spans;
    }
    // A part of the memory is kept back for all but roots: without it nothing of what is stored could
    // be encoded.
    const bool room = root || arena_.budget() - arena_.used() > arena_.budget() / kCutReserve;
    if (node != nullptr && room) at = reader->Store(&arena_, &trace->lanes[loss_class]);
    if (at != 0 || !Reclaim(loss_class, trace)) break;
  }
  if (node != nullptr && node->ended == 0) {
    node->ended = 1;
    --trace->open_spans;
  }
  if (at != 0) {
    SpanRecord& record = *arena_.At<SpanRecord>(at);
    record.tree = arena_.OffsetOf(node);
    node->record = at;
    trace->Append(arena_, at, loss_class);
    if (record.Has(tape::kWithheld)) ++exporter->withheld;
  } else {
    exporter->lost.Drop(LossReason::kMemory, 1);
  }
  if (!root) return nullptr;
  trace->closed = true;
  return trace;
}

int32_t Pipeline::Close(uint32_t handle) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  uint32_t open = 0;
  for (uint32_t at = newest_; at != 0;) {
    Trace* const trace = arena_.At<Trace>(at);
    at = trace->older;
    if (trace->exporter != SlotOf(*exporter) || trace->closed) continue;
    trace->closed = true;
    open += trace->open_spans;
    exporter->unended += trace->open_spans;
    trace->open_spans = 0;
  }
  return static_cast<int32_t>(open);
}

}  // namespace edgespan
