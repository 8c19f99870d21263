#include "edgespan/pipeline/pipeline.h"

#include <cstring>

namespace edgespan {
namespace {

// Lent areas this large go back to their default size after a commit.
constexpr uint32_t kKeepBytes = 1u << 20;
// The most one area may hold; a span that needs more is cut by the host.
constexpr uint64_t kMaxArea = 64u << 20;

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
  return root || reader.has_member(kKeyErrorInfo) ? kLossLast : kLossOthers;
}

}  // namespace

void Pipeline::Init(uintptr_t base, uint32_t first, uint32_t budget, PageArena::GrowFn grow) {
  arena_.Init(base, first, budget, grow);
}

// ---- lent areas -----------------------------------------------------------------------------------

bool Pipeline::LendArea(Area* area, uint64_t bytes) {
  if (bytes <= area->bytes) return true;
  // Half as much again, so that a growing span does not move its text at every string.
  if (area->bytes != 0) bytes += bytes / 2;
  const uint32_t size = (static_cast<uint32_t>(bytes) + PageArena::kPageSize - 1) &
                        ~(PageArena::kPageSize - 1);
  if (area->bytes != 0 && arena_.Extend(area->at, area->bytes, size)) {
    area->bytes = size;
    return true;
  }
  const uint32_t at = arena_.Allocate(size);
  if (at == 0) return false;
  if (area->bytes != 0) {
    std::memcpy(arena_.At(at), arena_.At(area->at), area->bytes);
    arena_.Free(area->at, area->bytes);
  }
  *area = {at, size};
  return true;
}

Status Pipeline::Lend(uint32_t words, uint32_t doubles, uint32_t text_bytes) {
  const uint64_t word_bytes = uint64_t{words < kDefaultWords ? kDefaultWords : words} * 4;
  const uint64_t double_bytes = uint64_t{doubles < kDefaultDoubles ? kDefaultDoubles : doubles} * 8;
  const uint64_t text = text_bytes < kDefaultText ? kDefaultText : text_bytes;
  if (word_bytes > kMaxArea || double_bytes > kMaxArea || text > kMaxArea) {
    return Status::kTooLarge;
  }
  for (;;) {
    if (LendArea(&words_, word_bytes) && LendArea(&doubles_, double_bytes) &&
        LendArea(&text_, text)) {
      return Status::kOk;
    }
    if (!Reclaim(kLossOthers, nullptr)) return Status::kNoMemory;
  }
}

void Pipeline::ShrinkAreas() {
  const auto shrink = [this](Area* area, uint32_t bytes) {
    if (area->bytes <= kKeepBytes) return;
    arena_.Shrink(area->at, area->bytes, bytes);
    area->bytes = bytes;
  };
  shrink(&words_, kDefaultWords * 4);
  shrink(&doubles_, kDefaultDoubles * 8);
  shrink(&text_, kDefaultText);
}

// What the host says it used, as far as it was lent.
TapeAreas Pipeline::Areas(const TapeUse& use) const {
  TapeAreas areas;
  areas.words = arena_.At<uint32_t>(words_.at);
  areas.doubles = arena_.At<double>(doubles_.at);
  areas.text = arena_.At(text_.at);
  areas.word_count = use.words < words_.bytes / 4 ? use.words : words_.bytes / 4;
  areas.double_count = use.doubles < doubles_.bytes / 8 ? use.doubles : doubles_.bytes / 8;
  areas.text_bytes = text_.bytes;
  areas.rope_at = use.rope_at;
  areas.rope_bytes = use.rope_bytes;
  areas.rope_units = use.rope_units;
  return areas;
}

int32_t Pipeline::Intern(uint32_t at, uint32_t size) {
  if (at > text_.bytes || size > text_.bytes - at) return static_cast<int32_t>(Status::kTooLarge);
  const uint16_t key =
      keys_.Intern({reinterpret_cast<const char*>(arena_.At(text_.at + at)), size});
  return key != 0 ? key : static_cast<int32_t>(Status::kTooLarge);
}

// ---- exporters ------------------------------------------------------------------------------------

Exporter* Pipeline::FindExporter(uint32_t handle) {
  if (handle == 0) return nullptr;
  const uint32_t at = exporters_[(handle - 1) % kMaxExporters];
  if (at == 0) return nullptr;
  Exporter* const exporter = arena_.At<Exporter>(at);
  if (exporter->handle != handle) return nullptr;
  exporter->used_at = ++tick_;
  return exporter;
}

bool Pipeline::TakeSlot(uint32_t* slot) {
  uint32_t found = kMaxExporters;
  for (uint32_t i = 0; i < kMaxExporters; ++i) {
    if (exporters_[i] == 0) {
      *slot = i;
      return true;
    }
    const Exporter& exporter = ExporterIn(i);
    if (exporter.idle() &&
        (found == kMaxExporters || exporter.used_at < ExporterIn(found).used_at)) {
      found = i;
    }
  }
  if (found == kMaxExporters) return false;
  arena_.Free(exporters_[found], ExporterIn(found).run_bytes);
  exporters_[found] = 0;
  *slot = found;
  return true;
}

int32_t Pipeline::OpenExporter(const TapeUse& use) {
  if (words_.bytes == 0) return static_cast<int32_t>(Status::kMalformed);
  TapeReader reader(Areas(use), keys_.end());
  if (reader.Next() != TapeReader::Item::kConfig) return static_cast<int32_t>(Status::kMalformed);
  Lane lane;
  const uint32_t record = reader.Store(&arena_, &lane);
  Buffer encoded;
  Exporter exporter = {};
  Status status = Status::kNoMemory;
  if (record != 0 && encoded.Init(&arena_, 1024)) {
    status = ReadConfig({&arena_, &keys_}, *arena_.At<SpanRecord>(record), &exporter, &encoded);
  }
  lane.Free(&arena_);
  uint32_t slot = 0;
  for (uint32_t i = 0; IsOk(status) && i < kMaxExporters; ++i) {
    if (exporters_[i] == 0 || !(ExporterIn(i).fingerprint == exporter.fingerprint)) continue;
    encoded.Discard();
    ExporterIn(i).used_at = ++tick_;
    return static_cast<int32_t>(ExporterIn(i).handle);
  }
  if (IsOk(status) && !TakeSlot(&slot)) status = Status::kTooLarge;
  if (IsOk(status)) {
    exporter.run_bytes = static_cast<uint32_t>(sizeof(Exporter)) + encoded.size();
    exporter.handle = ++exporter_serial_ * kMaxExporters + slot + 1;
    exporter.used_at = ++tick_;
    const uint32_t at = arena_.Allocate(exporter.run_bytes);
    if (at != 0) {
      *arena_.At<Exporter>(at) = exporter;
      std::memcpy(arena_.At<Exporter>(at) + 1, encoded.data(), encoded.size());
      exporters_[slot] = at;
    } else {
      status = Status::kNoMemory;
    }
  }
  encoded.Discard();
  return IsOk(status) ? static_cast<int32_t>(exporter.handle) : static_cast<int32_t>(status);
}

int32_t Pipeline::Drop(uint32_t handle, LossReason reason, uint32_t spans) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  if (static_cast<uint32_t>(reason) >= kLossReasons) reason = LossReason::kFailed;
  exporter->ended += spans;
  exporter->lost.Drop(reason, spans);
  return 0;
}

Status Pipeline::Stats(uint32_t handle, uint32_t destination) {
  const Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) return Status::kBadHandle;
  const Tally& tally = exporter->destinations[destination].tally;
  const auto set = [this](Stat field, uint32_t value) {
    result_[static_cast<uint32_t>(field)] = value;
  };
  set(Stat::kEnded, exporter->ended);
  set(Stat::kAccepted, tally.accepted);
  set(Stat::kRejected, tally.rejected);
  set(Stat::kPending, exporter->Pending(destination));
  set(Stat::kUnended, exporter->unended);
  set(Stat::kWithheld, exporter->withheld);
  for (uint32_t i = 0; i < kLossReasons; ++i) {
    result_[static_cast<uint32_t>(Stat::kDropped) + i] = exporter->lost.dropped[i] + tally.dropped[i];
  }
  return Status::kOk;
}

// ---- traces ---------------------------------------------------------------------------------------

Trace* Pipeline::FindTrace(const Exporter& exporter, const TraceId& trace_id, const SpanId& span_id,
                           const SpanId& parent_id) {
  const uint32_t slot = SlotOf(exporter);
  Trace* fallback = nullptr;
  Trace* by_parent = nullptr;
  for (uint32_t at = newest_; at != 0;) {
    Trace* const trace = arena_.At<Trace>(at);
    at = trace->older;
    if (trace->exporter != slot || !(trace->trace_id == trace_id) || trace->index != 0) continue;
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
  while (trace_count_ >= kMaxTraces) {
    Trace* const oldest = arena_.At<Trace>(oldest_);
    Exporter& owner = ExporterIn(oldest->exporter);
    for (uint32_t c = 0; c < kLossClasses; ++c) {
      owner.lost.Drop(LossReason::kMemory, oldest->Evict(&arena_, static_cast<LossClass>(c)));
    }
    FreeTrace(oldest);
  }
  Lane lane;
  uint32_t at = lane.Allocate(&arena_, sizeof(Trace));
  while (at == 0) {
    if (!Reclaim(kLossLast, nullptr)) return nullptr;
    at = lane.Allocate(&arena_, sizeof(Trace));
  }
  Trace* const trace = arena_.At<Trace>(at);
  *trace = Trace{};
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

bool Pipeline::Reclaim(LossClass loss_class, const Trace* keep) {
  for (uint32_t c = 0; c <= loss_class; ++c) {
    for (uint32_t at = oldest_; at != 0;) {
      Trace* const trace = arena_.At<Trace>(at);
      at = trace->newer;
      // A trace that is being cut is about to leave, and its index names its records.
      if (trace->index != 0 || trace->lanes[c].count == 0) continue;
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
  ShrinkAreas();
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
  RecordLane& lane = trace->lanes[loss_class];
  uint32_t at = 0;
  TreeNode* node = nullptr;
  for (;;) {
    if (node == nullptr) node = trace->tree.Find(arena_, reader->span_id());
    if (node == nullptr) {
      node = trace->tree.Add(&arena_, &trace->tree_lane, reader->span_id(), reader->parent_id(),
                             reader->type());
      if (node != nullptr) ++trace->open_spans;
    }
    if (node != nullptr) at = reader->Store(&arena_, &lane.pages);
    if (at != 0 || !Reclaim(loss_class, trace)) break;
  }
  if (node != nullptr && node->ended == 0) {
    node->ended = 1;
    --trace->open_spans;
  }
  if (at != 0) {
    SpanRecord& record = *arena_.At<SpanRecord>(at);
    record.sequence = trace->sequence++;
    record.tree = arena_.OffsetOf(node);
    node->record = at;
    lane.Append(arena_, at);
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
