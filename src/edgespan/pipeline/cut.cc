// The second half of the Pipeline: from a closed trace to batches, and from answers to accounts.
#include <cstring>

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"
#include "edgespan/otlp/writer.h"
#include "edgespan/pipeline/pipeline.h"

namespace edgespan {
namespace {

namespace pb = otlp::pb;

constexpr uint32_t kMaxLengths = 16;  // tags and lengths of ResourceSpans and ScopeSpans

bool IsLeftOut(const Destination& to, const SpanRecord& span) {
  const bool known = span.type >= kFirstSpanType && span.type <= kLastSpanType;
  return known && (to.left_out & TypeBit(static_cast<Key>(span.type))) != 0;
}

}  // namespace

int32_t Pipeline::Cut(uint32_t handle, uint32_t destination, uint32_t trace_handle) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) {
    return static_cast<int32_t>(Status::kBadHandle);
  }
  for (TraceLinks* at = traces_.newer; at != &traces_;) {
    Trace* const trace = TraceOf(at);
    at = trace->newer;
    if (trace->exporter != exporter || !trace->IsReady()) continue;
    if (trace_handle != 0 && trace->handle != trace_handle) continue;
    if (!trace->cutting) {
      trace->cutting = true;
      for (uint32_t& next : trace->cut) next = trace->first;
    }
    const uint32_t batch = CutTrace(exporter, destination, trace);
    bool done = true;
    for (uint32_t i = 0; i < exporter->destination_count; ++i) done &= trace->cut[i] == 0;
    if (done) FreeTrace(trace);
    if (batch != 0) return static_cast<int32_t>(batch);
  }
  return 0;
}

// Encodes spans from trace->cut[destination] on, as many as one request may hold. Returns the
// batch's handle, or 0 when nothing was left or nothing could be encoded.
//
// message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
// message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; ... }
// message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; ... }
uint32_t Pipeline::CutTrace(Exporter* exporter, uint32_t destination, Trace* trace) {
  Destination& to = exporter->destinations[destination];
  uint32_t* const next = &trace->cut[destination];
  uint32_t slot = 0;
  while (slot < kMaxBatches && batches_[slot].handle != 0) ++slot;
  if (slot == kMaxBatches) {
    // With every batch in the host's hands there is no handle for another: the spans are lost.
    for (; *next != 0; *next = arena_.At<SpanRecord>(*next)->next) {
      to.tally.Drop(LossReason::kMemory, 1);
    }
    return 0;
  }
  const uint32_t header = kMaxLengths + exporter->head_bytes;
  Mapper* const mapper = &mappers_[to.dialect - kDialects];
  if (mapper->dialect() == nullptr) mapper->Init(&arena_, &keys_, to.dialect);
  uint32_t most = to.max_spans;
  while (*next != 0) {
    if (IsLeftOut(to, *arena_.At<SpanRecord>(*next))) {
      to.tally.Drop(LossReason::kLeftOut, 1);
      *next = arena_.At<SpanRecord>(*next)->next;
      continue;
    }
    uint32_t estimate = 0;  // no overflow: records are several times smaller, and within the budget
    uint32_t planned = 0;
    uint32_t at = *next;
    for (; at != 0 && planned < most && estimate < to.max_bytes; ++planned) {
      const SpanRecord& span = *arena_.At<SpanRecord>(at);
      estimate += span.text_bytes + 32 * span.node_count + 256;
      at = span.next;
    }
    if (estimate > to.max_bytes) estimate = to.max_bytes;
    Buffer out;
    uint32_t spans = 0;
    uint32_t left_out = 0;
    at = *next;
    if (out.Init(&arena_, estimate + header)) {
      otlp::ProtoWriter writer(&out);
      const uint32_t resource_spans =
          writer.Open(pb::ExportTraceServiceRequest::kResourceSpansFieldNumber, estimate);
      out.Append(exporter->head(), exporter->head_bytes - exporter->scope_bytes);
      const uint32_t scope_spans = writer.Open(pb::ResourceSpans::kScopeSpansFieldNumber, estimate);
      out.Append(exporter->head() + exporter->head_bytes - exporter->scope_bytes,
                 exporter->scope_bytes);
      const uint32_t spare = header - out.size();  // what the lengths may still grow by
      const otlp::RunContext run = {{&arena_, &keys_}, &exporter->limits, trace->WireId(arena_),
                                    &trace->tree,      trace->root,       trace->strays,
                                    to.left_out,       to.detach};
      otlp::SpanEncoder encoder(run, mapper, &out);
      while (at != 0 && spans < most && !out.failed()) {
        const SpanRecord& span = *arena_.At<SpanRecord>(at);
        if (IsLeftOut(to, span)) {
          ++left_out;
          at = span.next;
          continue;
        }
        const uint32_t before = out.size();
        encoder.Write(span);
        // A span that is too large for any request travels alone: the receiver has the last word.
        if (spans > 0 && out.size() + spare > to.max_bytes) {
          out.Truncate(before);
          break;
        }
        ++spans;
        at = span.next;
      }
      writer.Close(scope_spans);
      writer.Close(resource_spans);
      if (!out.failed()) {
        Batch& batch = batches_[slot];
        batch.handle = NextSerial() * kMaxBatches + slot;
        batch.at = out.Detach(&batch.size);
        batch.spans = spans;
        batch.exporter = exporter;
        batch.tally = &to.tally;
        to.tally.Drop(LossReason::kLeftOut, left_out);
        *next = at;
        ++exporter->batches;
        return batch.handle;
      }
    }
    out.Discard();
    if (spans == 0) spans = planned;  // there was not even memory to begin with
    if (spans > 1) {
      most = spans / 2;
    } else if (!Reclaim(kLossOthers, trace)) {
      to.tally.Drop(LossReason::kMemory, 1);
      *next = arena_.At<SpanRecord>(*next)->next;
    }
  }
  return 0;
}

[[gnu::noinline]] Pipeline::Batch* Pipeline::FindBatch(uint32_t handle) {
  Batch* const batch = &batches_[handle % kMaxBatches];
  return handle != 0 && batch->handle == handle ? batch : nullptr;
}

Status Pipeline::Describe(uint32_t handle) {
  const Batch* const batch = FindBatch(handle);
  if (batch == nullptr) return Status::kBadHandle;
  std::memcpy(Result(), &batch->at, 3 * sizeof(uint32_t));
  return Status::kOk;
}

int32_t Pipeline::Judge(uint32_t handle, uint32_t http_status, otlp::BodyKind kind,
                        uint32_t body_bytes) {
  Batch* const batch = FindBatch(handle);
  if (batch == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  const Area& text = areas_[2];
  if (body_bytes > text.bytes) body_bytes = text.bytes;
  const otlp::Judgement judgement =
      otlp::JudgeResponse(http_status, kind, {arena_.At(text.at), body_bytes}, batch->spans);
  const uint32_t accepted = batch->spans - judgement.rejected;
  uint32_t* const result = Result();
  result[0] = accepted;
  result[1] = judgement.rejected;
  result[2] = arena_.OffsetOf(judgement.message.data());
  result[3] = static_cast<uint32_t>(judgement.message.size());
  if (Tally* const tally = batch->tally) {
    batch->tally = nullptr;
    tally->accepted += accepted;
    // Without an answer nothing was rejected: the spans never arrived.
    (http_status == 0 ? tally->dropped[static_cast<uint32_t>(LossReason::kUnsent)]
                      : tally->rejected) += judgement.rejected;
  }
  return static_cast<int32_t>(judgement.verdict);
}

Status Pipeline::Release(uint32_t handle) {
  Batch* const batch = FindBatch(handle);
  if (batch == nullptr) return Status::kBadHandle;
  if (batch->tally != nullptr) batch->tally->Drop(LossReason::kUnsent, batch->spans);
  --batch->exporter->batches;
  arena_.Free(batch->at, batch->size);
  batch->handle = 0;
  return Status::kOk;
}

}  // namespace edgespan
