// SpanEncoder, the part that writes a record in the OpenTelemetry schema as it is.
#include "edgespan/base/utf.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"

namespace edgespan::otlp {

// How one member of an OpenTelemetry span, event or link is written.
struct Field {
  enum Kind : uint8_t {
    kText,
    kTraceId,  // hex digits -> 16 bytes
    kSpanId,   // hex digits -> 8 bytes
    kTime,     // milliseconds, or a bigint of nanoseconds -> fixed64 nanoseconds
    kCount,    // plus what the limits dropped of the field before
    kFlags,
    kAttributes,
    kEvents,  // lists of messages
    kLinks,
  };
  uint16_t key;
  Kind kind;
  uint8_t number;  // in the protobuf message
};

namespace {

using tape::Op;

// message InstrumentationScope { string name = 1; string version = 2;
//   repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
constexpr Field kScopeFields[] = {
    {kKeyName, Field::kText, pb::InstrumentationScope::kNameFieldNumber},
    {kKeyVersion, Field::kText, pb::InstrumentationScope::kVersionFieldNumber},
    {kKeyAttributes, Field::kAttributes, pb::InstrumentationScope::kAttributesFieldNumber},
    {kKeyDroppedAttributesCount, Field::kCount,
     pb::InstrumentationScope::kDroppedAttributesCountFieldNumber},
    {},
};
// message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3;
//   uint32 dropped_attributes_count = 4; }
constexpr Field kEventFields[] = {
    {kKeyTime, Field::kTime, pb::Span_Event::kTimeUnixNanoFieldNumber},
    {kKeyName, Field::kText, pb::Span_Event::kNameFieldNumber},
    {kKeyAttributes, Field::kAttributes, pb::Span_Event::kAttributesFieldNumber},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span_Event::kDroppedAttributesCountFieldNumber},
    {},
};
// message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
//   repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
constexpr Field kLinkFields[] = {
    {kKeyTraceId, Field::kTraceId, pb::Span_Link::kTraceIdFieldNumber},
    {kKeySpanId, Field::kSpanId, pb::Span_Link::kSpanIdFieldNumber},
    {kKeyTraceState, Field::kText, pb::Span_Link::kTraceStateFieldNumber},
    {kKeyAttributes, Field::kAttributes, pb::Span_Link::kAttributesFieldNumber},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span_Link::kDroppedAttributesCountFieldNumber},
    {kKeyFlags, Field::kFlags, pb::Span_Link::kFlagsFieldNumber},
    {},
};
// message Span { ... repeated KeyValue attributes = 9;
//   uint32 dropped_attributes_count = 10; repeated Event events = 11;
//   uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; ... }
constexpr Field kSpanFields[] = {
    {kKeyAttributes, Field::kAttributes, pb::Span::kAttributesFieldNumber},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span::kDroppedAttributesCountFieldNumber},
    {kKeyEvents, Field::kEvents, pb::Span::kEventsFieldNumber},
    {kKeyDroppedEventsCount, Field::kCount, pb::Span::kDroppedEventsCountFieldNumber},
    {kKeyLinks, Field::kLinks, pb::Span::kLinksFieldNumber},
    {kKeyDroppedLinksCount, Field::kCount, pb::Span::kDroppedLinksCountFieldNumber},
    {},
};

uint32_t CountOf(const PageArena& arena, const Node* node) {
  const double value = NumberOf(arena, node);
  return value > 0 && value < 4294967296.0 ? static_cast<uint32_t>(value) : 0;
}

}  // namespace

uint32_t SpanEncoder::Enter(const SpanRecord& span, uint32_t guess) {
  Buffer* const out = out_.out();
  const Node* scope = span.Has(tape::kOtel) ? FindMember(span, kKeyScope) : nullptr;
  if (scope != nullptr && scope->Kind() != Op::kObject) scope = nullptr;
  const uint32_t before = out->size();
  if (open_ != 0 && scope == scope_) return before;
  scope_ = scope;
  // Whether it is the same is told by what would be written.
  WriteScope();
  const uint32_t bytes = out->size() - before;
  const char* const text = reinterpret_cast<const char*>(out->data());
  const bool same = open_ != 0 && SameText({text + open_, scope_bytes_}, {text + before, bytes});
  out->Truncate(before);
  if (same) return before;
  Leave();
  const uint32_t at = out->size();
  open_ = out_.Open(pb::ResourceSpans::kScopeSpansFieldNumber, guess);
  WriteScope();
  scope_bytes_ = bytes;
  return at;
}

void SpanEncoder::Leave() {
  // A scope whose only span was taken back is gone with it.
  if (open_ != 0 && open_ <= out_.out()->size()) out_.Close(open_);
}

void SpanEncoder::WriteScope() {
  if (scope_ == nullptr) return out_.out()->AppendText(run_.scope);
  const uint32_t nested = out_.Open(pb::ScopeSpans::kScopeFieldNumber, 32);
  WriteFields(scope_->Begin(), scope_->End(), kScopeFields);
  out_.Close(nested);
  const std::string_view url = TextOf(*run_.record.arena, FindMember(scope_, kKeySchemaUrl));
  if (!url.empty()) out_.Text(pb::ScopeSpans::kSchemaUrlFieldNumber, Shown(url));
}

void SpanEncoder::WriteOtel(uint32_t* flags) {
  const PageArena& arena = *run_.record.arena;
  WriteFields(span_->Begin(), span_->End(), kSpanFields);
  Status(CountOf(arena, Find(kKeyStatus, kKeyCode)), Find(kKeyStatus, kKeyMessage));
  const Node* const own = Find(kKeyFlags);
  if (own != nullptr) *flags = CountOf(arena, own);
}

void SpanEncoder::WriteFields(const Node* begin, const Node* end, const Field* fields) {
  const PageArena& arena = *run_.record.arena;
  uint32_t dropped = 0;  // by the limits, of the attributes or the list just written
  for (const Field* field = fields; field->key != 0; ++field) {
    const Node* const node = FindMember(begin, end, field->key);
    const std::string_view text = TextOf(arena, node);
    const int number = field->number;
    switch (field->kind) {
      case Field::kText:
        if (field->key == kKeyTraceState) {
          TraceState(number, text, kNotSampled);
        } else if (!text.empty()) {
          out_.Text(number, Shown(text));
        }
        break;
      case Field::kTraceId: {
        TraceId id;
        if (TraceId::FromHex(text, &id)) out_.Bytes(number, id.bytes, sizeof id.bytes);
        break;
      }
      case Field::kSpanId: {
        SpanId id;
        if (SpanId::FromHex(text, &id)) out_.Bytes(number, id.bytes, sizeof id.bytes);
        break;
      }
      case Field::kTime:
        out_.Fixed64(number, Nanoseconds(node, NumberOf(arena, node)));
        break;
      case Field::kCount:
      case Field::kFlags: {
        const uint32_t count = CountOf(arena, node) + dropped;
        if (field->kind == Field::kCount) {
          out_.Count(number, count);
        } else if (count != 0) {
          out_.Fixed32(number, count);
        }
        dropped = 0;
        break;
      }
      case Field::kAttributes: {
        AttributeWriter attributes(run_.record, *run_.limits, &out_, number);
        if (fields == kSpanFields) Marks(&attributes);
        attributes.All(node);
        dropped = attributes.dropped();
        break;
      }
      default: {
        if (node == nullptr || node->Kind() != Op::kArray) break;
        const bool events = field->kind == Field::kEvents;
        const uint32_t limit = events ? run_.limits->event_count : run_.limits->link_count;
        uint32_t written = 0;
        for (const Node* item = node->Begin(); item < node->End(); item = item->Skip()) {
          if (written++ >= limit) {
            ++dropped;
            continue;
          }
          const uint32_t nested = out_.Open(number, item->b);
          if (item->Kind() == Op::kObject)
            WriteFields(item->Begin(), item->End(), events ? kEventFields : kLinkFields);
          out_.Close(nested);
        }
      }
    }
  }
}

}  // namespace edgespan::otlp
