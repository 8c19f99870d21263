// OTLP messages as OTLP/JSON (OTLP specification, "JSON Protobuf Encoding"): protobuf's JSON
// mapping with lower-case hex for trace and span ids, enums as numbers, 64-bit integers as strings,
// other bytes as base64, NaN and the infinities as strings. Fields at their default are left out;
// an AnyValue shows which kind it holds even when that is empty. What the schema does not know is
// not shown (tools/unknown_fields.h finds it).
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::tools {

class JsonWriter {
 public:
  using Json = nlohmann::ordered_json;

  static Json Request(const otlp::pb::ExportTraceServiceRequest& request) {
    Json json = Json::object();
    json["resourceSpans"] = List(request.resource_spans(), ResourceSpans);
    return json;
  }

 private:
  template <typename Repeated, typename Message>
  static Json List(const Repeated& items, Json (*write)(const Message&)) {
    Json list = Json::array();
    for (const Message& item : items) list.push_back(write(item));
    return list;
  }

  static std::string Hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
      hex += kDigits[static_cast<uint8_t>(c) >> 4];
      hex += kDigits[static_cast<uint8_t>(c) & 15];
    }
    return hex;
  }
  static std::string Base64(std::string_view bytes) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
      const size_t have = bytes.size() - i < 3 ? bytes.size() - i : 3;
      uint32_t group = 0;
      for (size_t k = 0; k < 3; ++k) {
        group = group << 8 | (k < have ? static_cast<uint8_t>(bytes[i + k]) : 0u);
      }
      for (size_t k = 0; k < 4; ++k) {
        text += k <= have ? kDigits[group >> (18 - 6 * k) & 63] : '=';
      }
    }
    return text;
  }

  static void Text(Json* json, const char* name, const std::string& value) {
    if (!value.empty()) (*json)[name] = value;
  }
  static void Id(Json* json, const char* name, const std::string& value) {
    if (!value.empty()) (*json)[name] = Hex(value);
  }
  static void Count(Json* json, const char* name, uint32_t value) {
    if (value != 0) (*json)[name] = value;
  }
  static void Time(Json* json, const char* name, uint64_t value) {
    if (value != 0) (*json)[name] = std::to_string(value);
  }
  template <typename Repeated>
  static void Attributes(Json* json, const Repeated& attributes) {
    if (!attributes.empty()) (*json)["attributes"] = List(attributes, KeyValue);
  }

  static Json Double(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return value;
  }

  static Json AnyValue(const otlp::pb::AnyValue& value) {
    Json json = Json::object();
    switch (value.value_case()) {
      case otlp::pb::AnyValue::kStringValue:
        json["stringValue"] = value.string_value();
        break;
      case otlp::pb::AnyValue::kBoolValue:
        json["boolValue"] = value.bool_value();
        break;
      case otlp::pb::AnyValue::kIntValue:
        json["intValue"] = std::to_string(value.int_value());
        break;
      case otlp::pb::AnyValue::kDoubleValue:
        json["doubleValue"] = Double(value.double_value());
        break;
      case otlp::pb::AnyValue::kArrayValue:
        json["arrayValue"]["values"] = List(value.array_value().values(), AnyValue);
        break;
      case otlp::pb::AnyValue::kKvlistValue:
        json["kvlistValue"]["values"] = List(value.kvlist_value().values(), KeyValue);
        break;
      case otlp::pb::AnyValue::kBytesValue:
        json["bytesValue"] = Base64(value.bytes_value());
        break;
      case otlp::pb::AnyValue::VALUE_NOT_SET:
        break;
    }
    return json;
  }

  static Json KeyValue(const otlp::pb::KeyValue& attribute) {
    Json json = Json::object();
    json["key"] = attribute.key();
    if (attribute.has_value()) json["value"] = AnyValue(attribute.value());
    return json;
  }

  static Json Event(const otlp::pb::Span::Event& event) {
    Json json = Json::object();
    Time(&json, "timeUnixNano", event.time_unix_nano());
    Text(&json, "name", event.name());
    Attributes(&json, event.attributes());
    Count(&json, "droppedAttributesCount", event.dropped_attributes_count());
    return json;
  }

  static Json Link(const otlp::pb::Span::Link& link) {
    Json json = Json::object();
    Id(&json, "traceId", link.trace_id());
    Id(&json, "spanId", link.span_id());
    Text(&json, "traceState", link.trace_state());
    Attributes(&json, link.attributes());
    Count(&json, "droppedAttributesCount", link.dropped_attributes_count());
    Count(&json, "flags", link.flags());
    return json;
  }

  static Json Span(const otlp::pb::Span& span) {
    Json json = Json::object();
    Id(&json, "traceId", span.trace_id());
    Id(&json, "spanId", span.span_id());
    Text(&json, "traceState", span.trace_state());
    Id(&json, "parentSpanId", span.parent_span_id());
    Count(&json, "flags", span.flags());
    Text(&json, "name", span.name());
    if (span.kind() != 0) json["kind"] = static_cast<int32_t>(span.kind());
    Time(&json, "startTimeUnixNano", span.start_time_unix_nano());
    Time(&json, "endTimeUnixNano", span.end_time_unix_nano());
    Attributes(&json, span.attributes());
    Count(&json, "droppedAttributesCount", span.dropped_attributes_count());
    if (!span.events().empty()) json["events"] = List(span.events(), Event);
    Count(&json, "droppedEventsCount", span.dropped_events_count());
    if (!span.links().empty()) json["links"] = List(span.links(), Link);
    Count(&json, "droppedLinksCount", span.dropped_links_count());
    if (span.has_status()) {
      json["status"] = Json::object();
      Text(&json["status"], "message", span.status().message());
      if (span.status().code() != 0) {
        json["status"]["code"] = static_cast<int32_t>(span.status().code());
      }
    }
    return json;
  }

  static Json ScopeSpans(const otlp::pb::ScopeSpans& scope_spans) {
    Json json = Json::object();
    if (scope_spans.has_scope()) {
      const otlp::pb::InstrumentationScope& scope = scope_spans.scope();
      json["scope"] = Json::object();
      Text(&json["scope"], "name", scope.name());
      Text(&json["scope"], "version", scope.version());
      Attributes(&json["scope"], scope.attributes());
      Count(&json["scope"], "droppedAttributesCount", scope.dropped_attributes_count());
    }
    json["spans"] = List(scope_spans.spans(), Span);
    Text(&json, "schemaUrl", scope_spans.schema_url());
    return json;
  }

  static Json ResourceSpans(const otlp::pb::ResourceSpans& resource_spans) {
    Json json = Json::object();
    if (resource_spans.has_resource()) {
      const otlp::pb::Resource& resource = resource_spans.resource();
      json["resource"] = Json::object();
      Attributes(&json["resource"], resource.attributes());
      Count(&json["resource"], "droppedAttributesCount", resource.dropped_attributes_count());
    }
    json["scopeSpans"] = List(resource_spans.scope_spans(), ScopeSpans);
    Text(&json, "schemaUrl", resource_spans.schema_url());
    return json;
  }
};

}  // namespace edgespan::tools
