#include "edgespan/otlp/span_encoder.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/span_tree.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/sampling/trace_state.h"
#include "edgespan/semconv/generation.h"

// What all spans have. What a Mastra span says is in mastra_span.cc and dialect_steps.cc, an
// OpenTelemetry one in otel_span.cc.
namespace edgespan::otlp {
namespace {

constexpr uint32_t kFlagsSampled = 0x1;        // W3C trace flags
constexpr uint32_t kFlagsHasIsRemote = 0x100;  // Span.flags bit 8: bit 9 is meaningful
constexpr uint32_t kFlagsIsRemote = 0x200;     // bit 9: the parent lives in another process

}  // namespace

std::string_view SpanEncoder::Shortened(std::string_view text) const {
  text = Shown(text);
  const auto bytes = static_cast<uint32_t>(text.size());
  if (bytes <= run_.limits->text_length) return text;
  return text.substr(
      0, CutUtf8(reinterpret_cast<const uint8_t*>(text.data()), bytes, run_.limits->text_length));
}

uint64_t SpanEncoder::Nanoseconds(const Node* exact, double ms) {
  constexpr double kMaxMs = 18446744073709.0;
  if (exact != nullptr && exact->op == Node::kBigInt) {
    return exact->Integer() > 0 ? static_cast<uint64_t>(exact->Integer()) : 0;
  }
  if (!(ms > 0)) return 0;
  if (ms > kMaxMs) ms = kMaxMs;
  const uint64_t whole = static_cast<uint64_t>(ms);
  const double rest = (ms - static_cast<double>(whole)) * 1e6;
  return whole * 1000000u + static_cast<uint64_t>(__builtin_rint(rest));
}

// message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
//   bytes parent_span_id = 4; string name = 5; SpanKind kind = 6; fixed64 start_time_unix_nano = 7;
//   fixed64 end_time_unix_nano = 8; ... fixed32 flags = 16; }
void SpanEncoder::Write(const SpanRecord& span) {
  span_ = &span;
  const PageArena& arena = *run_.record.arena;
  const bool otel = span.Has(tape::kOtel);
  const TreeNode& node = *arena.At<TreeNode>(span.tree);
  TypeSet bits = !otel && IsModelCall(arena, node, run_.strays) ? kModelCall : BitOf(span.type);
  if (bits == 0) bits = kUnknownType;
  type_ = {span.type, IsRunsRoot(arena, span), bits};
  if (!otel) {
    type_name_ = run_.record.keys->Name(span.type);
    operation_ = OperationOf(type_.bits);
    if (operation_.empty()) operation_ = type_name_;
  }

  const uint32_t nested =
      out_.Open(pb::ScopeSpans::kSpansFieldNumber, span.text_bytes + 24 * span.node_count + 160);
  out_.Bytes(pb::Span::kTraceIdFieldNumber, run_.trace_id.bytes, sizeof run_.trace_id.bytes);
  out_.Bytes(pb::Span::kSpanIdFieldNumber, span.span_id.bytes, sizeof span.span_id.bytes);
  const SpanId parent = Parent();
  if (parent.IsValid()) {
    out_.Bytes(pb::Span::kParentSpanIdFieldNumber, parent.bytes, sizeof parent.bytes);
  }
  if (otel) {
    out_.Text(pb::Span::kNameFieldNumber, Shortened({arena.At<char>(span.name), span.name_bytes}));
  } else {
    MastraName();
  }
  uint32_t kind = span.flags >> tape::kKindShift & 7;
  if (kind == 0 || kind > pb::Span::SPAN_KIND_CONSUMER) {
    kind = otel                        ? pb::Span::SPAN_KIND_INTERNAL
           : type_.bits & kClientTypes ? pb::Span::SPAN_KIND_CLIENT
           : type_.bits & kServerTypes ? pb::Span::SPAN_KIND_SERVER
                                       : pb::Span::SPAN_KIND_INTERNAL;
  }
  out_.Varint(pb::Span::kKindFieldNumber, kind);
  const bool ended = span.Has(tape::kHasEnd);
  const auto time = [&](uint16_t exact, double ms) {
    return Nanoseconds(otel ? Find(exact) : nullptr, ms);
  };
  const uint64_t start_ns = time(kKeyStartTimeUnixNano, span.start_ms);
  end_ns_ = ended ? time(kKeyEndTimeUnixNano, span.end_ms) : start_ns;
  repaired_ = end_ns_ < start_ns;
  if (end_ns_ < start_ns) end_ns_ = start_ns;  // a clock set back must not make negative durations
  out_.Fixed64(pb::Span::kStartTimeUnixNanoFieldNumber, start_ns);
  out_.Fixed64(pb::Span::kEndTimeUnixNanoFieldNumber, end_ns_);
  uint32_t flags = kFlagsSampled | kFlagsHasIsRemote;
  const bool remote = span.Has(tape::kRemoteParent);
  if (remote) flags |= kFlagsIsRemote;
  const std::string_view state = otel ? TextAt(0, kKeyTraceState) : std::string_view();
  TraceState(pb::Span::kTraceStateFieldNumber, state.empty() ? run_.trace_state : state,
             run_.sampled);
  // An OpenTelemetry span has no type.
  if (run_.record.guard != nullptr) run_.record.guard->Piece(span.type == kTypeModelChunk);
  otel ? WriteOtel(&flags) : WriteMastra();
  if (remote && !parent.IsValid()) flags &= ~kFlagsIsRemote;  // it is left out
  if (flags != 0) out_.Fixed32(pb::Span::kFlagsFieldNumber, flags);
  out_.Close(nested);
}

void SpanEncoder::TraceState(int field, std::string_view state, Threshold sampled) {
  if (state.empty() && !HasThreshold(sampled)) return;
  // Where something is found only `ot` stays: a mark is no legal tracestate.
  const bool whole = Shown(state).data() == state.data();
  if (whole && sampled == kNotSampled) return out_.Text(field, state);
  const uint32_t nested = out_.Open(field, 64);
  WriteTraceState(state, sampled, out_.out(), whole);
  out_.Close(nested);
}

SpanId SpanEncoder::Parent() {
  moved_ = false;
  if (span_->Has(tape::kRemoteParent)) return run_.detach ? SpanId{} : span_->parent_id;
  const PageArena& arena = *run_.record.arena;
  for (uint32_t at = arena.At<TreeNode>(span_->tree)->parent; at != 0;) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    // OpenTelemetry's may end after the run that they began in: their children keep them.
    const bool goes_on = node.type == kKeyNone && !node.ended;
    const bool leaves = span_->Has(tape::kOtel) || goes_on ||
                        (run_.open       ? node.started
                         : run_.in_parts ? node.ended
                                         : node.record != 0);
    if (leaves && (run_.left_out & BitOf(node.type)) == 0) return node.id;
    at = node.parent;
  }
  // None of them is here: it may come in another batch, or have gone before.
  moved_ = !span_->Has(tape::kOtel) && !type_.root && span_->parent_id.IsValid() &&
           run_.root.IsValid() && run_.tree->Find(arena, span_->parent_id) == nullptr;
  return moved_ ? run_.root : span_->parent_id;
}

void SpanEncoder::Marks(AttributeWriter* attributes) {
  if (span_->Has(tape::kIsRoot) && run_.dropped_spans > 0) {
    attributes->Name("edgespan.dropped_spans").Integer(run_.dropped_spans);
  }
  if (span_->Has(tape::kWithheld)) attributes->Name("edgespan.withheld").Text("true");
  if (repaired_) attributes->Name("edgespan.time_order_repaired").Text("true");
  if (moved_ || (run_.detach && span_->Has(tape::kRemoteParent))) {
    char hex[SpanId::kHexSize];
    span_->parent_id.ToHex(hex);
    attributes->Name(moved_ ? "edgespan.missing_parent_span_id" : "mastra.external_parent_span_id")
        .Text({hex, sizeof hex});
  }
}

// message Status { string message = 2; StatusCode code = 3; }
void SpanEncoder::Status(uint32_t code, const Node* message) {
  const std::string_view text = Shortened(TextOf(*run_.record.arena, message));
  if (code == 0 && text.empty()) return;
  const uint32_t status = out_.Open(pb::Span::kStatusFieldNumber, 4);
  if (!text.empty()) out_.Text(pb::Status::kMessageFieldNumber, text);
  out_.Count(pb::Status::kCodeFieldNumber, code);
  out_.Close(status);
}

}  // namespace edgespan::otlp
