// What edgespan-cat shows: every field of the schema in OTLP/JSON's form, and what it refuses.
#include "tools/otlp_json.h"

#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tools/unknown_fields.h"

namespace edgespan::tools {
namespace {

using otlp::pb::ExportTraceServiceRequest;

// One of everything.
ExportTraceServiceRequest Everything() {
  ExportTraceServiceRequest request;
  auto* const resource_spans = request.add_resource_spans();
  resource_spans->set_schema_url("https://r");
  auto* const resource = resource_spans->mutable_resource();
  resource->set_dropped_attributes_count(1);
  auto* attribute = resource->add_attributes();
  attribute->set_key("service.name");
  attribute->mutable_value()->set_string_value("\xc3\xbc");
  auto* const scope_spans = resource_spans->add_scope_spans();
  scope_spans->set_schema_url("https://s");
  scope_spans->mutable_scope()->set_name("n");
  scope_spans->mutable_scope()->set_version("1");
  scope_spans->mutable_scope()->set_dropped_attributes_count(2);
  scope_spans->mutable_scope()->add_attributes()->set_key("no value");
  auto* const span = scope_spans->add_spans();
  span->set_trace_id("\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36");
  span->set_span_id(std::string("\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8));
  span->set_parent_span_id("\x01\x02\x03\x04\x05\x06\x07\x08");
  span->set_trace_state("a=1");
  span->set_flags(0x301);
  span->set_name("s");
  span->set_kind(otlp::pb::Span::SPAN_KIND_CLIENT);
  span->set_start_time_unix_nano(1544712660000000000);
  span->set_end_time_unix_nano(18446744073709551615u);
  span->set_dropped_attributes_count(3);
  span->set_dropped_events_count(4);
  span->set_dropped_links_count(4294967295);
  span->mutable_status()->set_code(otlp::pb::Status::STATUS_CODE_ERROR);
  span->mutable_status()->set_message("m");
  const auto add = [span](const char* key) {
    auto* const added = span->add_attributes();
    added->set_key(key);
    return added->mutable_value();
  };
  add("empty string")->set_string_value("");
  add("false")->set_bool_value(false);
  add("int")->set_int_value(std::numeric_limits<int64_t>::min());
  add("double")->set_double_value(0.1);
  add("-0")->set_double_value(-0.0);
  add("nan")->set_double_value(std::nan(""));
  add("inf")->set_double_value(-std::numeric_limits<double>::infinity());
  add("bytes")->set_bytes_value(std::string("\0\xff\x10\x83", 4));
  add("array")->mutable_array_value()->add_values()->set_int_value(7);
  add("empty array")->mutable_array_value();
  auto* const entry = add("kvlist")->mutable_kvlist_value()->add_values();
  entry->set_key("k");
  entry->mutable_value()->mutable_array_value()->add_values();
  add("empty kvlist")->mutable_kvlist_value();
  add("null");
  auto* const event = span->add_events();
  event->set_time_unix_nano(1);
  event->set_name("e");
  event->set_dropped_attributes_count(5);
  event->add_attributes()->set_key("k");
  auto* const link = span->add_links();
  link->set_trace_id(span->trace_id());
  link->set_span_id(span->span_id());
  link->set_trace_state("b=2");
  link->set_flags(1);
  link->set_dropped_attributes_count(6);
  link->add_attributes()->set_key("k");
  return request;
}

TEST_CASE("a request as OTLP/JSON", "[otlp_json]") {
  const std::string expected =
      R"({"resourceSpans":[{)"
      R"("resource":{"attributes":[{"key":"service.name","value":{"stringValue":"ü"}}],"droppedAttributesCount":1},)"
      R"("scopeSpans":[{"scope":{"name":"n","version":"1","attributes":[{"key":"no value"}],"droppedAttributesCount":2},)"
      R"("spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","traceState":"a=1",)"
      R"("parentSpanId":"0102030405060708","flags":769,"name":"s","kind":3,)"
      R"("startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"18446744073709551615","attributes":[)"
      R"({"key":"empty string","value":{"stringValue":""}},)"
      R"({"key":"false","value":{"boolValue":false}},)"
      R"({"key":"int","value":{"intValue":"-9223372036854775808"}},)"
      R"({"key":"double","value":{"doubleValue":0.1}},)"
      R"({"key":"-0","value":{"doubleValue":-0.0}},)"
      R"({"key":"nan","value":{"doubleValue":"NaN"}},)"
      R"({"key":"inf","value":{"doubleValue":"-Infinity"}},)"
      R"({"key":"bytes","value":{"bytesValue":"AP8Qgw=="}},)"
      R"({"key":"array","value":{"arrayValue":{"values":[{"intValue":"7"}]}}},)"
      R"({"key":"empty array","value":{"arrayValue":{"values":[]}}},)"
      R"({"key":"kvlist","value":{"kvlistValue":{"values":[{"key":"k","value":{"arrayValue":{"values":[{}]}}}]}}},)"
      R"({"key":"empty kvlist","value":{"kvlistValue":{"values":[]}}},)"
      R"({"key":"null","value":{}}],"droppedAttributesCount":3,)"
      R"("events":[{"timeUnixNano":"1","name":"e","attributes":[{"key":"k"}],"droppedAttributesCount":5}],"droppedEventsCount":4,)"
      R"("links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","traceState":"b=2","attributes":[{"key":"k"}],)"
      R"("droppedAttributesCount":6,"flags":1}],"droppedLinksCount":4294967295,)"
      R"("status":{"message":"m","code":2}}],"schemaUrl":"https://s"}],"schemaUrl":"https://r"}]})";
  CHECK(JsonWriter::Request(Everything()).dump() == expected);
  CHECK(JsonWriter::Request({}).dump() == R"({"resourceSpans":[]})");
}

TEST_CASE("unknown fields are found wherever they stand", "[otlp_json]") {
  const std::string body = Everything().SerializeAsString();
  CHECK(UnknownFields(body).empty());

  CHECK(UnknownFields(body + "\x9a\x06\x01x") ==
        std::vector<std::string>{"ExportTraceServiceRequest field 99 (wire type 2)"});
  // ResourceSpans { ScopeSpans { Span { 7: varint 5 (a time must be fixed64); 17: group } } }
  const std::string span("\x38\x05\x8b\x01\x08\x01\x8c\x01");
  const std::string scope_spans = std::string("\x12\x08") + span;
  const std::string wrong = std::string("\x0a\x0c\x12\x0a") + scope_spans;
  REQUIRE(ExportTraceServiceRequest().ParseFromString(wrong));
  CHECK(UnknownFields(wrong) ==
        std::vector<std::string>{"Span field 7 (wire type 0)", "Span field 17 (wire type 3)"});
}

}  // namespace
}  // namespace edgespan::tools
