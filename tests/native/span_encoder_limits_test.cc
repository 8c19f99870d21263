// SpanEncoder: limits of Mastra's and of OpenTelemetry's spans, members of the wrong kind, and
// content that is withheld. Random OpenTelemetry spans are the oracle's (oracle_test.cc).
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;
using testing::TapeWriter;
using PbSpan = otlp::pb::Span;

TEST_CASE("encoder: limits of a Mastra span") {
  const Json config = {
      {"limits",
       {{"attributeCountLimit", 4}, {"attributeValueLengthLimit", 6}, {"eventCountLimit", 0}}}};
  CoreLab lab(config);
  const PbSpan span = lab.Encode(Span("1", "", "model_inference",
                                      {{"input", "a long question"},
                                       {"attributes", {{"model", "m"}, {"serverPort", 1234567}}},
                                       {"metadata", {{"x", 1}, {"y", 2}}},
                                       {"errorInfo", {{"message", "it broke down"}}}}));
  const Json a = AttributesOf(span.attributes());
  // How long it was takes the place of another attribute.
  CHECK(a == Json({{"gen_ai.operation.name", "chat"},
                   {"mastra.span.type", "model_"},
                   {"edgespan.original_length.mastra.span.type", 15},
                   {"gen_ai.input.messages", "[{}]"}}));
  // model, port, x, y, error.message, error.type
  CHECK(span.dropped_attributes_count() == 6);
  CHECK(span.events_size() == 0);
  CHECK(span.dropped_events_count() == 1);
  CHECK(span.status().message() == "it broke down");  // no attribute
}

TEST_CASE("encoder: the exception event has the limits of its own attributes") {
  CoreLab lab({{"limits", {{"attributeCountLimit", 2}, {"attributeValueLengthLimit", 4}}}});
  const PbSpan span = lab.Encode(
      Span("1", "", "generic",
           {{"errorInfo", {{"message", "message"}, {"name", "TypeError"}, {"stack", "stack"}}}}));
  REQUIRE(span.events_size() == 1);
  CHECK(AttributesOf(span.events(0).attributes()) ==
        Json({{"exception.message", "mess"}, {"edgespan.original_length.exception.message", 7}}));
}

TEST_CASE("encoder: limits of an OpenTelemetry span") {
  CoreLab lab(
      {{"limits", {{"attributeCountLimit", 2}, {"eventCountLimit", 1}, {"linkCountLimit", 2}}}});
  TapeWriter tape;
  tape.Trace("1");
  TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd | tape::kOtel | tape::kIsRoot | tape::kWithheld;
  envelope.span_id = "1";
  envelope.name = u"otel";
  envelope.start_ms = envelope.end_ms = 1'700'000'000'000;
  tape.Span(envelope);
  const auto attributes = [&](int count) {
    tape.Object(kKeyAttributes);
    for (int i = 0; i < count; ++i) {
      const uint32_t key = tape.Key("k" + std::to_string(i));
      tape.Number(key, i);
    }
    tape.End();
  };
  attributes(4);
  tape.Number(kKeyDroppedAttributesCount, 10);
  tape.Array(kKeyEvents);
  for (int i = 0; i < 3; ++i) {
    tape.Object();
    tape.String(kKeyName, u"event");
    attributes(3);
    tape.End();
  }
  tape.End();
  tape.Array(kKeyLinks);
  for (int i = 0; i < 3; ++i) {
    tape.Object();
    tape.String(kKeyTraceId, u"ab");
    tape.String(kKeySpanId, u"cd");
    attributes(3);
    tape.Number(kKeyDroppedAttributesCount, 5);
    tape.End();
  }
  tape.End();
  tape.Number(kKeyDroppedEventsCount, 20);
  tape.Number(kKeyDroppedLinksCount, 30);
  tape.Number(kKeyFlags, 0);
  tape.End();
  REQUIRE(lab.Commit(&tape) > 0);
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  const PbSpan& span = spans[0];
  CHECK(AttributesOf(span.attributes()) == Json({{"edgespan.withheld", "true"}, {"k0", 0}}));
  CHECK(span.dropped_attributes_count() == 13);
  REQUIRE(span.events_size() == 1);
  CHECK(span.events(0).attributes_size() == 2);
  CHECK(span.events(0).dropped_attributes_count() == 1);
  CHECK(span.dropped_events_count() == 22);
  REQUIRE(span.links_size() == 2);
  CHECK(HexOf(span.links(0).trace_id()) == std::string(30, '0') + "ab");
  CHECK(HexOf(span.links(1).span_id()) == std::string(14, '0') + "cd");
  CHECK(span.links(1).dropped_attributes_count() == 6);
  CHECK(span.dropped_links_count() == 31);
  CHECK(span.flags() == 0);
  CHECK(span.kind() == PbSpan::SPAN_KIND_INTERNAL);
  CHECK(!span.has_status());
}

TEST_CASE("encoder: OpenTelemetry members of the wrong kind are left out") {
  CoreLab lab;
  TapeWriter tape;
  tape.Trace("1");
  TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd | tape::kOtel | tape::kIsRoot;
  envelope.span_id = "1";
  envelope.name = u"otel";
  tape.Span(envelope);
  tape.String(kKeyAttributes, u"none");
  tape.Number(kKeyEvents, 7);
  tape.Array(kKeyLinks);
  tape.String(0, u"no link");
  tape.Object();
  tape.String(kKeyTraceId, u"no hex");
  tape.Number(kKeySpanId, 5);
  tape.String(kKeyFlags, u"x");
  tape.Number(kKeyDroppedAttributesCount, -1);
  tape.End();
  tape.End();
  tape.String(kKeyStatus, u"x");
  tape.String(kKeyDroppedLinksCount, u"x");
  tape.End();
  REQUIRE(lab.Commit(&tape) > 0);
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].attributes_size() == 0);
  CHECK(spans[0].events_size() == 0);
  REQUIRE(spans[0].links_size() == 2);
  for (const auto& link : spans[0].links()) CHECK(link.ByteSizeLong() == 0);
  CHECK(spans[0].dropped_links_count() == 0);
  CHECK(!spans[0].has_status());
}

TEST_CASE("encoder: withheld content shows, and nothing is rebuilt in its place") {
  CoreLab lab;
  const Json generation =
      Span("1", "", "model_generation", {{"input", {{"messages", Json::array()}}}});
  lab.Start(generation);
  for (const bool withheld : {false, true}) {
    TapeWriter tape;
    tape.Trace(testing::kTraceId);
    TapeWriter::Envelope envelope;
    envelope.type = kTypeModelInference;
    envelope.flags = tape::kHasEnd | (withheld ? tape::kWithheld : 0u);
    envelope.span_id = withheld ? "3" : "2";
    envelope.parent_id = "1";
    tape.Span(envelope);
    tape.End();
    REQUIRE(lab.Commit(&tape) == 0);
  }
  lab.End(generation);
  for (const PbSpan& span : lab.Take()) {
    const Json a = AttributesOf(span.attributes());
    const char id = HexOf(span.span_id())[15];
    CHECK(a.contains("edgespan.withheld") == (id == '3'));
    CHECK(a.contains("gen_ai.input.messages") == (id == '2'));
  }
  CHECK(lab.ReadStats()[Stat::kWithheld] == 1);
}

}  // namespace
}  // namespace edgespan
