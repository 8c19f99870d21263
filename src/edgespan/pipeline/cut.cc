// The second part of the Pipeline: from a closed trace to batches.
#include <cstring>

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"
#include "edgespan/otlp/writer.h"
#include "edgespan/pipeline/pipeline.h"

namespace edgespan {
namespace {

namespace pb = otlp::pb;

constexpr uint32_t kMaxLengths = 16;  // tags and lengths of ResourceSpans and ScopeSpans
}  // namespace

int32_t Pipeline::Cut(uint32_t handle, uint32_t destination, uint32_t trace_handle, uint32_t now,
                      bool hold) {
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
    Destination& to = exporter->destinations[destination];
    uint32_t* const next = &trace->cut[destination];
    uint32_t batch = 0;
    if (*next != 0) {
      const bool shut = !to.circuit.Admits(now);
      if (shut && !hold) Forgo(&to, next, LossReason::kCircuit);
      batch = ShareBatch(exporter, &to, *trace, next);
      if (batch == 0) batch = CutTrace(exporter, destination, trace);
      if (batch != 0) FindBatch(batch)->shut = shut;
    }
    bool done = true;
    for (uint32_t i = 0; i < exporter->destination_count; ++i) done &= trace->cut[i] == 0;
    if (done) FreeTrace(trace);
    if (batch != 0) return static_cast<int32_t>(batch);
  }
  return 0;
}

void Pipeline::Forgo(Destination* to, uint32_t* next, LossReason reason) {
  for (; *next != 0; *next = arena_.At<SpanRecord>(*next)->next) to->tally.Drop(reason, 1);
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
  const uint32_t header = kMaxLengths + exporter->head_bytes;
  uint32_t most = to.max_spans;
  while (*next != 0) {
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
    uint32_t last = 0;
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
      const otlp::RunContext run = {
          {&arena_, &keys_}, &exporter->limits, trace->WireId(arena_), trace->has_inference};
      if (mapper_.dialect() != to.dialect) mapper_.Init(&arena_, &keys_, to.dialect);
      otlp::SpanEncoder encoder(run, &mapper_, &out);
      while (at != 0 && spans < most && !out.failed()) {
        const SpanRecord& span = *arena_.At<SpanRecord>(at);
        const uint32_t before = out.size();
        encoder.Write(span);
        // A span that is too large for any request travels alone: the receiver has the last word.
        if (spans > 0 && out.size() + spare > to.max_bytes) {
          out.Truncate(before);
          break;
        }
        ++spans;
        last = at;
        at = span.next;
      }
      writer.Close(scope_spans);
      writer.Close(resource_spans);
      if (!out.failed()) {
        Body body = {};
        body.spans = spans;
        body.serial = NextSerial();
        body.trace = trace->handle;
        body.first = *next;
        body.last = last;
        body.at = out.Detach(&body.size);
        const Batch* const batch = NewBatch(exporter, &to, body);
        if (batch == nullptr) {
          // With every batch in the host's hands there is no handle for another.
          arena_.Free(body.at, body.size);
          Forgo(&to, next, LossReason::kMemory);
          return 0;
        }
        *next = at;
        return batch->handle;
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

}  // namespace edgespan
