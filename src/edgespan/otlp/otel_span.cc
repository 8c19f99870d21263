// SpanEncoder, the part that writes a record in the OpenTelemetry schema as it is.
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"

namespace edgespan::otlp {

// How one member of an OpenTelemetry span, event or link is written.
struct Field {
  enum Kind : uint8_t {
    kText,
    kTraceId,  // hex digits -> 16 bytes
    kSpanId,   // hex digits -> 8 bytes
    kTime,     // milliseconds -> fixed64 nanoseconds
    kCount,    // plus what the limits dropped of the field before
    kFlags,
    kAttributes,
    kEvents,  // lists of messages, as `fields` say
    kLinks,
  };
  uint16_t key;
  Kind kind;
  uint8_t number;  // in the protobuf message
  const Field* fields;
};

namespace {

using tape::Op;

// message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3;
//   uint32 dropped_attributes_count = 4; }
constexpr Field kEventFields[] = {
    {kKeyTime, Field::kTime, pb::Span_Event::kTimeUnixNanoFieldNumber, nullptr},
    {kKeyName, Field::kText, pb::Span_Event::kNameFieldNumber, nullptr},
    {kKeyAttributes, Field::kAttributes, pb::Span_Event::kAttributesFieldNumber, nullptr},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span_Event::kDroppedAttributesCountFieldNumber,
     nullptr},
    {},
};
// message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
//   repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
constexpr Field kLinkFields[] = {
    {kKeyTraceId, Field::kTraceId, pb::Span_Link::kTraceIdFieldNumber, nullptr},
    {kKeySpanId, Field::kSpanId, pb::Span_Link::kSpanIdFieldNumber, nullptr},
    {kKeyTraceState, Field::kText, pb::Span_Link::kTraceStateFieldNumber, nullptr},
    {kKeyAttributes, Field::kAttributes, pb::Span_Link::kAttributesFieldNumber, nullptr},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span_Link::kDroppedAttributesCountFieldNumber,
     nullptr},
    {kKeyFlags, Field::kFlags, pb::Span_Link::kFlagsFieldNumber, nullptr},
    {},
};
// message Span { ... string trace_state = 3; ... repeated KeyValue attributes = 9;
//   uint32 dropped_attributes_count = 10; repeated Event events = 11;
//   uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; ... }
constexpr Field kSpanFields[] = {
    {kKeyTraceState, Field::kText, pb::Span::kTraceStateFieldNumber, nullptr},
    {kKeyAttributes, Field::kAttributes, pb::Span::kAttributesFieldNumber, nullptr},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span::kDroppedAttributesCountFieldNumber,
     nullptr},
    {kKeyEvents, Field::kEvents, pb::Span::kEventsFieldNumber, kEventFields},
    {kKeyDroppedEventsCount, Field::kCount, pb::Span::kDroppedEventsCountFieldNumber, nullptr},
    {kKeyLinks, Field::kLinks, pb::Span::kLinksFieldNumber, kLinkFields},
    {kKeyDroppedLinksCount, Field::kCount, pb::Span::kDroppedLinksCountFieldNumber, nullptr},
    {},
};

uint32_t CountOf(const PageArena& arena, const Node* node) {
  const double value = NumberOf(arena, node);
  return value > 0 && value < 4294967296.0 ? static_cast<uint32_t>(value) : 0;
}

}  // namespace

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
        if (!text.empty()) out_.Text(number, text);
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
        out_.Fixed64(number, Nanoseconds(NumberOf(arena, node)));
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
        const uint32_t limit =
            field->kind == Field::kEvents ? run_.limits->event_count : run_.limits->link_count;
        uint32_t written = 0;
        for (const Node* item = node->Begin(); item < node->End(); item = item->Skip()) {
          if (written++ >= limit) {
            ++dropped;
            continue;
          }
          const uint32_t nested = out_.Open(number, item->b);
          if (item->Kind() == Op::kObject) WriteFields(item->Begin(), item->End(), field->fields);
          out_.Close(nested);
        }
      }
    }
  }
}

}  // namespace edgespan::otlp
