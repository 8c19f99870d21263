// Finds what an OTLP trace request holds beyond our schema: fields that otlp.proto does not name,
// or names with another wire type. protobuf-lite keeps such bytes when it parses but shows them to
// nobody, and a body with one is exactly what edgespan-cat and the tests must not take for good.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::tools {

namespace internal {

struct Shape {
  const char* name = "";
  std::map<uint32_t, const Shape*> fields;  // by tag; nullptr: no message inside
};

// The shape of ExportTraceServiceRequest.
inline const Shape& RequestShape() {
  using Wire = google::protobuf::internal::WireFormatLite;
  namespace pb = otlp::pb;
  static Shape request, resource_spans, resource, scope_spans, scope, span, event, link, status;
  static Shape attribute, value, array, list;
  static const bool once = [] {
    constexpr auto kText = Wire::WIRETYPE_LENGTH_DELIMITED;  // strings, bytes and messages
    constexpr auto kVarint = Wire::WIRETYPE_VARINT;
    constexpr auto k32 = Wire::WIRETYPE_FIXED32;
    constexpr auto k64 = Wire::WIRETYPE_FIXED64;
    const auto add = [](Shape* shape, int field, Wire::WireType type, const Shape* inner) {
      shape->fields[Wire::MakeTag(field, type)] = inner;
    };
    request.name = "ExportTraceServiceRequest";
    add(&request, pb::ExportTraceServiceRequest::kResourceSpansFieldNumber, kText, &resource_spans);
    resource_spans.name = "ResourceSpans";
    add(&resource_spans, pb::ResourceSpans::kResourceFieldNumber, kText, &resource);
    add(&resource_spans, pb::ResourceSpans::kScopeSpansFieldNumber, kText, &scope_spans);
    add(&resource_spans, pb::ResourceSpans::kSchemaUrlFieldNumber, kText, nullptr);
    resource.name = "Resource";
    add(&resource, pb::Resource::kAttributesFieldNumber, kText, &attribute);
    add(&resource, pb::Resource::kDroppedAttributesCountFieldNumber, kVarint, nullptr);
    scope_spans.name = "ScopeSpans";
    add(&scope_spans, pb::ScopeSpans::kScopeFieldNumber, kText, &scope);
    add(&scope_spans, pb::ScopeSpans::kSpansFieldNumber, kText, &span);
    add(&scope_spans, pb::ScopeSpans::kSchemaUrlFieldNumber, kText, nullptr);
    scope.name = "InstrumentationScope";
    add(&scope, pb::InstrumentationScope::kNameFieldNumber, kText, nullptr);
    add(&scope, pb::InstrumentationScope::kVersionFieldNumber, kText, nullptr);
    add(&scope, pb::InstrumentationScope::kAttributesFieldNumber, kText, &attribute);
    add(&scope, pb::InstrumentationScope::kDroppedAttributesCountFieldNumber, kVarint, nullptr);
    span.name = "Span";
    add(&span, pb::Span::kTraceIdFieldNumber, kText, nullptr);
    add(&span, pb::Span::kSpanIdFieldNumber, kText, nullptr);
    add(&span, pb::Span::kTraceStateFieldNumber, kText, nullptr);
    add(&span, pb::Span::kParentSpanIdFieldNumber, kText, nullptr);
    add(&span, pb::Span::kFlagsFieldNumber, k32, nullptr);
    add(&span, pb::Span::kNameFieldNumber, kText, nullptr);
    add(&span, pb::Span::kKindFieldNumber, kVarint, nullptr);
    add(&span, pb::Span::kStartTimeUnixNanoFieldNumber, k64, nullptr);
    add(&span, pb::Span::kEndTimeUnixNanoFieldNumber, k64, nullptr);
    add(&span, pb::Span::kAttributesFieldNumber, kText, &attribute);
    add(&span, pb::Span::kDroppedAttributesCountFieldNumber, kVarint, nullptr);
    add(&span, pb::Span::kEventsFieldNumber, kText, &event);
    add(&span, pb::Span::kDroppedEventsCountFieldNumber, kVarint, nullptr);
    add(&span, pb::Span::kLinksFieldNumber, kText, &link);
    add(&span, pb::Span::kDroppedLinksCountFieldNumber, kVarint, nullptr);
    add(&span, pb::Span::kStatusFieldNumber, kText, &status);
    event.name = "Span.Event";
    add(&event, pb::Span::Event::kTimeUnixNanoFieldNumber, k64, nullptr);
    add(&event, pb::Span::Event::kNameFieldNumber, kText, nullptr);
    add(&event, pb::Span::Event::kAttributesFieldNumber, kText, &attribute);
    add(&event, pb::Span::Event::kDroppedAttributesCountFieldNumber, kVarint, nullptr);
    link.name = "Span.Link";
    add(&link, pb::Span::Link::kTraceIdFieldNumber, kText, nullptr);
    add(&link, pb::Span::Link::kSpanIdFieldNumber, kText, nullptr);
    add(&link, pb::Span::Link::kTraceStateFieldNumber, kText, nullptr);
    add(&link, pb::Span::Link::kAttributesFieldNumber, kText, &attribute);
    add(&link, pb::Span::Link::kDroppedAttributesCountFieldNumber, kVarint, nullptr);
    add(&link, pb::Span::Link::kFlagsFieldNumber, k32, nullptr);
    status.name = "Status";
    add(&status, pb::Status::kMessageFieldNumber, kText, nullptr);
    add(&status, pb::Status::kCodeFieldNumber, kVarint, nullptr);
    attribute.name = "KeyValue";
    add(&attribute, pb::KeyValue::kKeyFieldNumber, kText, nullptr);
    add(&attribute, pb::KeyValue::kValueFieldNumber, kText, &value);
    value.name = "AnyValue";
    add(&value, pb::AnyValue::kStringValueFieldNumber, kText, nullptr);
    add(&value, pb::AnyValue::kBoolValueFieldNumber, kVarint, nullptr);
    add(&value, pb::AnyValue::kIntValueFieldNumber, kVarint, nullptr);
    add(&value, pb::AnyValue::kDoubleValueFieldNumber, k64, nullptr);
    add(&value, pb::AnyValue::kArrayValueFieldNumber, kText, &array);
    add(&value, pb::AnyValue::kKvlistValueFieldNumber, kText, &list);
    add(&value, pb::AnyValue::kBytesValueFieldNumber, kText, nullptr);
    array.name = "ArrayValue";
    add(&array, pb::ArrayValue::kValuesFieldNumber, kText, &value);
    list.name = "KeyValueList";
    add(&list, pb::KeyValueList::kValuesFieldNumber, kText, &attribute);
    return true;
  }();
  static_cast<void>(once);
  return request;
}

inline void FindUnknown(const Shape& shape, google::protobuf::io::CodedInputStream* in,
                        std::vector<std::string>* found) {
  using Wire = google::protobuf::internal::WireFormatLite;
  while (const uint32_t tag = in->ReadTag()) {
    const auto field = shape.fields.find(tag);
    if (field == shape.fields.end()) {
      found->push_back(std::string(shape.name) + " field " + std::to_string(tag >> 3) +
                       " (wire type " + std::to_string(tag & 7) + ")");
    }
    if (field == shape.fields.end() || field->second == nullptr) {
      if (!Wire::SkipField(in, tag)) return;
      continue;
    }
    uint32_t size;
    if (!in->ReadVarint32(&size)) return;
    const auto limit = in->PushLimit(static_cast<int>(size));
    FindUnknown(*field->second, in, found);
    in->PopLimit(limit);
  }
}

}  // namespace internal

// One line per unknown field. REQUIRES: `body` parses as an ExportTraceServiceRequest.
inline std::vector<std::string> UnknownFields(std::string_view body) {
  std::vector<std::string> found;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(body.data()),
                                            static_cast<int>(body.size()));
  internal::FindUnknown(internal::RequestShape(), &in, &found);
  return found;
}

}  // namespace edgespan::tools
