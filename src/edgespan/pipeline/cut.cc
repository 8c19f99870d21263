// The second half of the Pipeline: from a closed trace to batches, and from answers to accounts.
#include <cstring>

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"
#include "edgespan/pipeline/pipeline.h"

namespace edgespan {
namespace {

namespace pb = otlp::pb;

constexpr uint32_t kMaxHeader = 32;  // tags and lengths in front of resource, scope and spans

uint32_t EstimateBytes(const SpanRecord& span) {
  return span.text_bytes + 32 * span.node_count + 256;
}

// message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
// message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; ... }
// message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; ... }
//
// Writes everything in front of the spans, into the buffer's headroom.
void PrependHeader(const Exporter& exporter, Buffer* out) {
  using otlp::FieldSize;
  using otlp::VarintSize;
  using Wire = google::protobuf::internal::WireFormatLite;
  using Stream = google::protobuf::io::CodedOutputStream;
  const uint32_t scope_spans = FieldSize(exporter.scope_bytes) + out->size();
  const uint32_t resource_spans = FieldSize(exporter.resource_bytes) + FieldSize(scope_spans);
  const uint32_t header = FieldSize(resource_spans) - out->size();
  uint8_t* p = out->Prepend(header);
  if (p == nullptr) return;
  const auto field = [&p](int number, uint32_t size) {
    p = Wire::WriteTagToArray(number, Wire::WIRETYPE_LENGTH_DELIMITED, p);
    p = Stream::WriteVarint32ToArray(size, p);
  };
  field(pb::ExportTraceServiceRequest::kResourceSpansFieldNumber, resource_spans);
  field(pb::ResourceSpans::kResourceFieldNumber, exporter.resource_bytes);
  std::memcpy(p, exporter.resource(), exporter.resource_bytes);
  p += exporter.resource_bytes;
  field(pb::ResourceSpans::kScopeSpansFieldNumber, scope_spans);
  field(pb::ScopeSpans::kScopeFieldNumber, exporter.scope_bytes);
  std::memcpy(p, exporter.scope(), exporter.scope_bytes);
}

}  // namespace

int32_t Pipeline::Cut(uint32_t handle, uint32_t destination, uint32_t trace_handle) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) {
    return static_cast<int32_t>(Status::kBadHandle);
  }
  for (uint32_t at = oldest_; at != 0;) {
    Trace* const trace = arena_.At<Trace>(at);
    at = trace->newer;
    if (trace->exporter != SlotOf(*exporter) || !trace->IsReady()) continue;
    if (trace_handle != 0 && trace->handle != trace_handle) continue;
    if (trace->index == 0 && !trace->BuildIndex(&arena_)) {
      // Not even room for a list of what there is: these spans cannot leave.
      for (uint32_t c = 0; c < kLossClasses; ++c) {
        exporter->lost.Drop(LossReason::kMemory, trace->Evict(&arena_, static_cast<LossClass>(c)));
      }
      FreeTrace(trace);
      continue;
    }
    const uint32_t batch = CutTrace(exporter, destination, trace);
    FreeIfCut(*exporter, trace);
    if (batch != 0) return static_cast<int32_t>(batch);
  }
  return 0;
}

void Pipeline::FreeIfCut(const Exporter& exporter, Trace* trace) {
  for (uint32_t i = 0; i < exporter.destination_count; ++i) {
    if (trace->cut[i] < trace->index_count) return;
  }
  FreeTrace(trace);
}

// Encodes spans from trace->cut[destination] on, as many as one request may hold. Returns the
// batch's handle, or 0 when nothing was left or nothing could be encoded.
uint32_t Pipeline::CutTrace(Exporter* exporter, uint32_t destination, Trace* trace) {
  Destination& to = exporter->destinations[destination];
  uint32_t* const next = &trace->cut[destination];
  const uint32_t* const index = arena_.At<uint32_t>(trace->index);
  const uint32_t header = kMaxHeader + exporter->resource_bytes + exporter->scope_bytes;
  uint32_t most = to.max_spans;
  while (*next < trace->index_count) {
    uint32_t slot = 0;
    while (slot < kMaxBatches && batches_[slot].handle != 0) ++slot;
    if (slot == kMaxBatches) {
      // The host holds every batch there can be: these spans would wait for nothing.
      to.tally.Drop(LossReason::kMemory, trace->index_count - *next);
      *next = trace->index_count;
      return 0;
    }
    uint64_t estimate = 0;
    for (uint32_t i = *next; i < trace->index_count && i - *next < most; ++i) {
      estimate += EstimateBytes(*arena_.At<SpanRecord>(index[i]));
    }
    if (estimate > to.max_bytes) estimate = to.max_bytes;
    Buffer out;
    uint32_t spans = 0;
    uint32_t tried = 0;
    if (out.Init(&arena_, static_cast<uint32_t>(estimate), header)) {
      otlp::RunContext run = {{&arena_, &keys_}, to.dialect, &exporter->limits,
                              trace->WireId(arena_), trace->has_inference};
      otlp::SpanEncoder encoder(run, &out);
      while (*next + spans < trace->index_count && spans < most) {
        const uint32_t before = out.size();
        ++tried;
        encoder.Write(*arena_.At<SpanRecord>(index[*next + spans]));
        if (out.failed()) break;
        // A span that is too large for any request travels alone: the receiver has the last word.
        if (spans > 0 && out.size() + header > to.max_bytes) {
          out.Truncate(before);
          break;
        }
        ++spans;
      }
      if (!out.failed()) PrependHeader(*exporter, &out);
    }
    if (out.failed()) {
      out.Discard();
      if (tried <= 1 && !Reclaim(kLossOthers, trace)) {
        to.tally.Drop(LossReason::kMemory, 1);
        ++*next;
      } else if (tried > 1) {
        most = tried / 2;
      }
      continue;
    }
    Batch& batch = batches_[slot];
    batch = Batch{};
    batch.size = out.size();
    batch.at = arena_.OffsetOf(out.data());
    batch.run = out.Detach(&batch.run_bytes);
    batch.spans = spans;
    batch.exporter = trace->exporter;
    batch.destination = destination;
    batch_serial_ = (batch_serial_ + 1) & 0xffffff;
    if (batch_serial_ == 0) batch_serial_ = 1;
    batch.handle = batch_serial_ * kMaxBatches + slot;
    *next += spans;
    ++exporter->batches;
    return batch.handle;
  }
  return 0;
}

const Pipeline::Batch* Pipeline::FindBatch(uint32_t handle) const {
  const Batch& batch = batches_[handle % kMaxBatches];
  return handle != 0 && batch.handle == handle ? &batch : nullptr;
}

int32_t Pipeline::Judge(uint32_t handle, uint32_t http_status, otlp::BodyKind kind,
                        uint32_t body_bytes) {
  Batch* const batch = const_cast<Batch*>(FindBatch(handle));
  if (batch == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  if (body_bytes > text_.bytes) body_bytes = text_.bytes;
  const otlp::Judgement judgement =
      otlp::JudgeResponse(http_status, kind, {arena_.At(text_.at), body_bytes}, batch->spans);
  const uint32_t accepted = batch->spans - judgement.rejected;
  result_[0] = accepted;
  result_[1] = judgement.rejected;
  result_[2] = arena_.OffsetOf(judgement.message.data());
  result_[3] = static_cast<uint32_t>(judgement.message.size());
  if (!batch->judged) {
    batch->judged = true;
    Tally& tally = ExporterIn(batch->exporter).destinations[batch->destination].tally;
    tally.accepted += accepted;
    if (http_status == 0) {
      tally.Drop(LossReason::kUnsent, batch->spans);
    } else {
      tally.rejected += judgement.rejected;
    }
  }
  return static_cast<int32_t>(judgement.verdict);
}

Status Pipeline::Release(uint32_t handle) {
  Batch* const batch = const_cast<Batch*>(FindBatch(handle));
  if (batch == nullptr) return Status::kBadHandle;
  Exporter& exporter = ExporterIn(batch->exporter);
  if (!batch->judged) {
    exporter.destinations[batch->destination].tally.Drop(LossReason::kUnsent, batch->spans);
  }
  --exporter.batches;
  arena_.Free(batch->run, batch->run_bytes);
  *batch = Batch{};
  return Status::kOk;
}

}  // namespace edgespan
