// The second part of the Pipeline: from traces to batches.
#include <cstring>

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"
#include "edgespan/otlp/writer.h"
#include "edgespan/pipeline/pipeline.h"
#include "edgespan/semconv/settled.h"

namespace edgespan {
namespace {

namespace pb = otlp::pb;

constexpr uint32_t kMaxLengths = 16;  // tags and lengths of ResourceSpans and ScopeSpans
// Values are not cut any shorter to make a span fit.
constexpr uint32_t kLeastText = 64;

// What a batch leaves out so that it fits, from nothing on: first of values, the longest first; then,
// where the run must go in one piece, whole spans in the order of loss.
struct Fit {
  SpanLimits limits;
  uint32_t stay = 0;  // spans left out
  uint32_t of = 1;    // of so many

  // Leaves out more; false when there is no more.
  bool Tighten(uint32_t max_bytes) {
    uint32_t text = limits.attribute_value_length;
    if (text > kLeastText) {
      text = (text < max_bytes ? text : max_bytes) / 2;
      if (text < kLeastText) text = kLeastText;
      limits.attribute_value_length = limits.text_length = text;
      return true;
    }
    if (stay + 1 >= of) return false;
    stay += (of - stay + 3) / 4;
    if (stay >= of) stay = of - 1;
    return true;
  }
};

// Which of a run's spans stay: the lowest classes, of each the first.
class Stay {
 public:
  Stay(uint32_t spans, const uint32_t* counts) {
    for (uint32_t c = 0; c < kLossClasses; ++c) {
      left_[c] = spans < counts[c] ? spans : counts[c];
      spans -= left_[c];
    }
  }
  bool Take(const SpanRecord& span) {
    if (left_[span.loss_class] == 0) return false;
    --left_[span.loss_class];
    return true;
  }

 private:
  uint32_t left_[kLossClasses];
};

// How much of what went in and came out a run hides, as far as it is known: what its spans' metadata
// says; everything, where none of its spans has an input (or output) though an agent or a generation
// ended, which always has one: Mastra's hideInput (hideOutput) leaves instructions, tool definitions and
// error details. Workflows and generic roots may have neither.
struct Hiding {
  ContentPolicy in = ContentPolicy::kFull;
  ContentPolicy out = ContentPolicy::kFull;

  Hiding(const PageArena& arena, const Trace& trace) {
    if (trace.wish != 0) in = out = static_cast<ContentPolicy>(trace.wish - 1);
    bool no_input = false;
    bool no_output = false;
    Each(arena, trace, [&](const SpanRecord& span) {
      if (span.type != kTypeAgentRun && span.type != kTypeModelGeneration) return;
      no_input |= FindMember(span, kKeyInput) == nullptr;
      no_output |= FindMember(span, kKeyOutput) == nullptr &&
                   FindMember(span, kKeyErrorInfo) == nullptr && span.type == kTypeAgentRun;
    });
    if (!no_input && !no_output) return;
    Each(arena, trace, [&](const SpanRecord& span) {
      no_input &= FindMember(span, kKeyInput) == nullptr;
      no_output &= FindMember(span, kKeyOutput) == nullptr;
    });
    if (no_input) in = ContentPolicy::kOff;
    if (no_output) out = ContentPolicy::kOff;
  }
  bool Any() const { return in != ContentPolicy::kFull || out != ContentPolicy::kFull; }

 private:
  // Mastra's spans.
  template <class Do>
  static void Each(const PageArena& arena, const Trace& trace, Do visit) {
    for (uint32_t at = trace.first; at != 0;) {
      const SpanRecord& span = *arena.At<SpanRecord>(at);
      if (!span.Has(tape::kOtel) && !span.Has(tape::kWithheld)) visit(span);
      at = span.next;
    }
  }
};

bool IsLeftOut(const Destination& to, const SpanRecord& span) {
  return (to.left_out & BitOf(span.type)) != 0;
}

}  // namespace

int32_t Pipeline::Cut(uint32_t handle, uint32_t destination, uint32_t trace_handle, uint32_t now,
                      bool hold) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) {
    return static_cast<int32_t>(Status::kBadHandle);
  }
  Destination& to = exporter->destinations[destination];
  now_ = now;
  const bool any = trace_handle == 0 || trace_handle == kOpenTraces;
  for (TraceLinks* at = any ? traces_.newer : FindTrace(trace_handle); at != &traces_;) {
    Trace* const trace = TraceOf(at);
    at = any ? trace->newer : &traces_;
    if (trace->exporter != exporter) continue;
    const bool ready = trace->IsReady();
    // Nothing leaves early of a run that tail sampling may leave out.
    const bool waits =
        to.whole || (to.tail != 0 && trace->decision.tail[destination] == kUndecided);
    if (!ready && (trace_handle == 0 || waits)) continue;
    if (ready) Decide(trace);
    uint32_t* const next = &trace->cut[destination];
    if (!ready) {
      *next = trace->first;
    } else if (!trace->cutting) {
      for (uint32_t& first : trace->cut) first = trace->first;
    }
    // Of a run that goes on for now: what is being encoded stays where it is.
    trace->cutting = true;
    *next = NextToLeave(*trace, destination, *next);
    uint32_t batch = 0;
    if (*next != 0) {
      const bool shut = !to.circuit.Admits(now);
      if (!shut || hold) {
        batch = ShareBatch(exporter, destination, trace);
        if (batch == 0) batch = CutTrace(exporter, destination, trace);
        if (to.guard != nullptr) to.guard->Rest();
        if (batch != 0) FindBatch(batch)->shut = shut;
      } else if (ready) {
        Forgo(trace, destination, LossReason::kCircuit);
      }
    }
    if (ready) {
      bool done = true;
      for (uint32_t i = 0; i < exporter->destination_count; ++i) done &= trace->cut[i] == 0;
      if (done) {
        // Whether or not anybody got it.
        if (Hiding(arena_, *trace).Any()) hids_[hid_++ % kHids] = trace->trace_id.AsUint64();
        FreeTrace(trace);
      }
    } else {
      trace->cutting = false;
      trace->left_early |= batch != 0;
      trace->in_parts |= batch != 0;
    }
    if (batch != 0) return static_cast<int32_t>(batch);
  }
  return 0;
}

bool Pipeline::Hides(std::string_view trace_id) const {
  TraceId id;
  if (!TraceId::FromHex(trace_id, &id)) return false;
  for (const uint64_t hid : hids_) {
    if (hid == id.AsUint64()) return true;
  }
  // It may be here yet.
  for (TraceLinks* at = traces_.newer; at != &traces_; at = at->newer) {
    const Trace& trace = *TraceOf(at);
    if (trace.trace_id == id && Hiding(arena_, trace).Any()) return true;
  }
  return false;
}

uint32_t Pipeline::NextToLeave(const Trace& trace, uint32_t destination, uint32_t at) {
  Destination& to = trace.exporter->destinations[destination];
  const bool out = trace.decision.tail[destination] == kLeftOut;
  const bool any = out || trace.IsReady();
  while (at != 0) {
    SpanRecord& span = *arena_.At<SpanRecord>(at);
    if ((span.left >> destination & 1) == 0 && (any || IsSettled({&arena_, &keys_}, span))) {
      if (!out && !IsLeftOut(to, span)) break;
      span.left |= static_cast<uint8_t>(1u << destination);
      to.tally.Drop(out ? LossReason::kSampled : LossReason::kLeftOut, 1);
    }
    at = span.next;
  }
  return at;
}

uint32_t Pipeline::Leave(const Trace& trace, uint32_t destination, uint32_t at) {
  SpanRecord& span = *arena_.At<SpanRecord>(at);
  span.left |= static_cast<uint8_t>(1u << destination);
  return NextToLeave(trace, destination, span.next);
}

void Pipeline::Forgo(Trace* trace, uint32_t destination, LossReason reason) {
  uint32_t* const next = &trace->cut[destination];
  for (; *next != 0; *next = Leave(*trace, destination, *next)) {
    trace->LoseTo(destination, reason);
  }
}

// Encodes spans from trace->cut[destination] on: as many as one request may hold, or all. Returns the
// batch's handle, or 0 when nothing was left or nothing could be encoded.
//
// message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
// message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; ... }
// message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
uint32_t Pipeline::CutTrace(Exporter* exporter, uint32_t destination, Trace* trace) {
  Destination& to = exporter->destinations[destination];
  const auto after = [&](uint32_t at) {
    return NextToLeave(*trace, destination, arena_.At<SpanRecord>(at)->next);
  };
  uint32_t first = trace->cut[destination];
  // Every span up to `end` leaves, or is lost.
  const auto leave = [&](uint32_t end, Stay stay, LossReason reason) {
    for (; first != end; first = Leave(*trace, destination, first)) {
      if (stay.Take(*arena_.At<SpanRecord>(first))) trace->LoseTo(destination, reason);
    }
    trace->cut[destination] = first;
  };
  if (FreeBatch() == kMaxBatches) {
    // With every batch in the host's hands there is no handle for another: what cannot wait is lost.
    if (trace->IsReady()) Forgo(trace, destination, LossReason::kMemory);
    return 0;
  }
  const uint32_t header = kMaxLengths + to.resource_bytes + exporter->scope_bytes;
  Hiding hiding(arena_, *trace);
  const Node* const quoted =
      FindMember(FindMember(*arena_.At<SpanRecord>(first), kKeyMetadata), kKeyTargetTraceId);
  if (quoted != nullptr && Hides(TextOf(arena_, quoted))) [[unlikely]] {
    hiding.in = hiding.out = ContentPolicy::kOff;
  }
  Guard* guard = to.guard != nullptr ? to.guard : &hiding_;
  // Who said that all may be shown has said it to us alone.
  if (!guard->Begin(hiding.in, hiding.out) && trace->wish == 0) guard = nullptr;
  Fit fit = {to.limits};
  if (to.whole) {
    fit.of = 0;
    for (uint32_t at = first; at != 0; at = after(at)) ++fit.of;
    if (fit.of > to.max_spans) fit.stay = fit.of - to.max_spans;
  }
  uint32_t most = to.whole ? UINT32_MAX : to.max_spans;
  while (first != 0) {
    uint32_t estimate = 0;  // no overflow: records are several times smaller, and within the budget
    uint32_t planned = 0;
    for (uint32_t at = first; at != 0 && planned < most && estimate < to.max_bytes;
         at = after(at)) {
      const SpanRecord& span = *arena_.At<SpanRecord>(at);
      estimate += span.text_bytes + 32 * span.node_count + 256;
      ++planned;
    }
    // How much is left of trimmed values is not known: the buffer grows.
    if (fit.limits.text_length != SpanLimits::kUnlimited) estimate = planned * 512;
    if (estimate > to.max_bytes) estimate = to.max_bytes;
    const Stay stay(fit.stay, trace->counts);
    Buffer out;
    uint32_t spans = 0;
    uint32_t last = 0;
    Body body = {};
    const uint32_t found = guard != nullptr ? guard->found() : 0;
    const uint32_t unread = guard != nullptr ? guard->unread() : 0;
    bool over = false;
    uint32_t at = first;
    if (out.Init(&arena_, estimate + header)) {
      otlp::ProtoWriter writer(&out);
      const uint32_t resource_spans =
          writer.Open(pb::ExportTraceServiceRequest::kResourceSpansFieldNumber, estimate);
      out.Append(exporter->resource(to), to.resource_bytes);
      // What the lengths of this one and of the ScopeSpans that is open may still grow by.
      const uint32_t spare = kMaxLengths - 2 * (out.size() - to.resource_bytes);
      const otlp::RunContext run = {{&arena_, &keys_, guard},
                                    &fit.limits,
                                    trace->WireId(arena_),
                                    &trace->tree,
                                    trace->root,
                                    trace->strays,
                                    trace->lost[destination] + fit.stay,
                                    !trace->IsReady(),
                                    trace->in_parts,
                                    to.left_out,
                                    to.detach,
                                    exporter->scope(),
                                    TextOf(arena_, trace->state),
                                    trace->SampledFor(destination)};
      otlp::SpanEncoder encoder(run, to.mapper, &out);
      Stay staying = stay;
      for (; at != 0 && spans < most && !out.failed(); at = after(at)) {
        const SpanRecord& span = *arena_.At<SpanRecord>(at);
        if (staying.Take(span)) continue;
        const uint32_t before = encoder.Enter(span, estimate);
        encoder.Write(span);
        if (out.size() + spare > to.max_bytes) {
          over = to.whole || spans == 0;
          out.Truncate(before);
          break;
        }
        ++spans;
        last = at;
        if (guard == nullptr) continue;
        body.redacted = guard->found() - found;
        body.unread = guard->unread() - unread;
      }
      encoder.Leave();
      writer.Close(resource_spans);
      if (!out.failed() && !over) {
        body.spans = spans;
        body.serial = NextSerial();
        body.trace = trace->handle;
        body.first = first;
        body.last = last;
        body.at = out.Detach(&body.size);
        const Batch* const batch = NewBatch(exporter, &to, body);
        leave(at, stay, LossReason::kTooLarge);
        return batch->handle;
      }
    }
    out.Discard();
    if (over) {
      if (!to.whole) most = 1;
    } else {
      if (spans == 0) spans = planned;  // there was not even memory to begin with
      if (!to.whole && spans > 1) {
        most = spans / 2;
        continue;
      }
      if (Reclaim(kLossOthers, trace)) continue;
    }
    if (fit.Tighten(to.max_bytes)) continue;
    // Not even that helps.
    leave(to.whole ? 0 : after(first), Stay(UINT32_MAX, trace->counts),
          over ? LossReason::kTooLarge : LossReason::kMemory);
    fit = {to.limits};
    most = to.max_spans;
  }
  trace->cut[destination] = 0;
  return 0;
}

}  // namespace edgespan
