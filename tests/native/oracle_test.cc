// The oracle: random spans of the whole OTLP model go through the core (tape, record, batch) and
// come back through protobuf's own parser. What arrives must equal what was meant, field by field.
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tests/support/core_session.h"
#include "tests/support/span_generator.h"
#include "tools/otlp_json.h"
#include "tools/tape_writer.h"
#include "tools/unknown_fields.h"

namespace edgespan {
namespace {

using otlp::pb::AnyValue;
using testing::CoreSession;
using testing::Hex;
using testing::Random;
using testing::RandomId;
using testing::SpanGenerator;
using tools::TapeWriter;

std::string Show(const otlp::pb::Span& span) {
  otlp::pb::ExportTraceServiceRequest request;
  *request.add_resource_spans()->add_scope_spans()->add_spans() = span;
  return tools::JsonWriter::Request(request)["resourceSpans"][0]["scopeSpans"][0]["spans"][0].dump(
      1);
}

// A span, and what was around it.
struct Arrived {
  otlp::pb::Span span;
  otlp::pb::ScopeSpans scope;
};

// Parses bodies, checks what holds for every body, and returns the spans by id.
std::map<std::string, Arrived> Parse(const std::vector<CoreSession::Batch>& batches) {
  std::map<std::string, Arrived> spans;
  for (const auto& batch : batches) {
    otlp::pb::ExportTraceServiceRequest request;
    REQUIRE(request.ParseFromString(batch.body));
    CHECK(tools::UnknownFields(batch.body).empty());
    // Canonical: nothing that a re-encoding would leave out or reorder.
    CHECK(request.SerializeAsString().size() == batch.body.size());
    uint32_t count = 0;
    std::set<std::string> traces;
    for (const auto& resource_spans : request.resource_spans()) {
      REQUIRE(resource_spans.resource().attributes_size() > 0);
      CHECK(resource_spans.resource().attributes(0).key() == "service.name");
      CHECK(resource_spans.resource().attributes(0).value().string_value() == "oracle");
      for (const auto& scope_spans : resource_spans.scope_spans()) {
        CHECK(scope_spans.spans_size() > 0);
        otlp::pb::ScopeSpans scope = scope_spans;
        scope.clear_spans();
        for (const auto& span : scope_spans.spans()) {
          ++count;
          traces.insert(span.trace_id());
          CHECK(spans.emplace(span.span_id(), Arrived{span, scope}).second);  // arrived once
        }
      }
    }
    CHECK(count == batch.spans);
    CHECK(traces.size() == 1);  // a body never mixes traces
  }
  return spans;
}

void CheckSame(const Arrived& got, const Arrived& expected) {
  CHECK(got.scope.SerializeAsString() == expected.scope.SerializeAsString());
  if (got.span.SerializeAsString() == expected.span.SerializeAsString()) return;
  CHECK(Show(got.span) == Show(expected.span));
  FAIL_CHECK("bytes differ");
}

TEST_CASE("random OpenTelemetry spans arrive as they were", "[oracle]") {
  const auto big_text = GENERATE(TapeWriter::BigText::kUtf8, TapeWriter::BigText::kUtf16);
  CoreSession core({});
  REQUIRE(core.id() > 0);
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed * 1000 + static_cast<uint64_t>(big_text));
    TapeWriter tape(big_text);
    SpanGenerator generator(&random, &tape);
    const std::string trace_id = RandomId(&random, 16);
    const std::string root_parent = random.OneIn(2) ? RandomId(&random, 8) : "";
    tape.Trace(Hex(trace_id));
    std::map<std::string, Arrived> expected;
    const uint32_t count = 1 + random.Below(12);
    for (uint32_t i = 1; i <= count; ++i) {
      const bool root = i == count;
      Arrived one;
      const std::string parent = root ? root_parent : RandomId(&random, 8);
      one.span = generator.Write(trace_id, parent, root, &one.scope);
      expected.emplace(one.span.span_id(), one);
    }
    const int32_t trace = core.Commit(&tape);
    REQUIRE(trace > 0);
    const auto got = Parse(core.CutAll(static_cast<uint32_t>(trace)));
    REQUIRE(got.size() == expected.size());
    for (const auto& [id, one] : expected) {
      REQUIRE(got.count(id) == 1);
      CheckSame(got.at(id), one);
    }
  }
  const auto stats = core.ReadStats();
  CHECK(stats[Stat::kEnded] == stats[Stat::kAccepted]);
  CHECK(stats.Balanced());
}

TEST_CASE("values nested deeper than protobuf parsers go arrive as JSON text", "[oracle]") {
  constexpr uint32_t kDepth = tape::kMaxDepth - 2;  // around them: the span and its attributes
  for (const bool objects : {false, true}) {
    CoreSession core({});
    REQUIRE(core.id() > 0);
    TapeWriter tape;
    tape.Trace("1");
    TapeWriter::Envelope envelope;
    envelope.flags = tape::kHasEnd | tape::kOtel | tape::kIsRoot;
    envelope.span_id = "1";
    envelope.name = u"deep";
    envelope.start_ms = envelope.end_ms = 1'700'000'000'000;
    tape.Span(envelope);
    tape.Object(kKeyAttributes);
    for (uint32_t i = 0; i < kDepth; ++i) {
      const uint32_t key = i == 0 || objects ? uint32_t{kKeyValue} : 0;
      objects ? tape.Object(key) : tape.Array(key);
    }
    tape.Number(objects ? uint32_t{kKeyValue} : 0, 7);
    for (uint32_t i = 0; i < kDepth + 2; ++i) tape.End();
    REQUIRE(core.Commit(&tape) > 0);
    const auto got = Parse(core.CutAll());
    REQUIRE(got.size() == 1);
    REQUIRE(got.begin()->second.span.attributes_size() == 1);
    const AnyValue* value = &got.begin()->second.span.attributes(0).value();
    uint32_t depth = 0;
    for (; value->has_kvlist_value() || value->has_array_value(); ++depth) {
      value = objects ? &value->kvlist_value().values(0).value() : &value->array_value().values(0);
    }
    CHECK(depth == 30);
    std::string json = "7";
    for (uint32_t i = depth; i < kDepth; ++i) {
      json = objects ? R"({"value":)" + json + "}" : "[" + json + "]";
    }
    CHECK(value->string_value() == json);
  }
}

struct MastraCase {
  uint32_t flags;
  const char* span_id;
  const char* parent_id;
  double start_ms, end_ms;
  const char* wire_span_id;    // hex
  const char* wire_parent_id;  // hex
  uint64_t wire_start, wire_end;
};

TEST_CASE("the envelope of Mastra spans", "[oracle]") {
  constexpr double kNow = 1'763'625'429'119;
  constexpr uint64_t kNowNs = 1'763'625'429'119'000'000;
  constexpr uint32_t kEnd = tape::kHasEnd;
  const MastraCase cases[] = {
      {kEnd, "a0f067aa0ba902b7", "", kNow, kNow + 10, "a0f067aa0ba902b7", "", kNowNs,
       kNowNs + 10'000'000},
      {kEnd, "1", "", kNow, kNow, "0000000000000001", "", kNowNs, kNowNs},
      {kEnd, "F067AA0BA902B7", "1", kNow, kNow, "00f067aa0ba902b7", "0000000000000001", kNowNs,
       kNowNs},
      // A user's parent id that is no id is no parent.
      {kEnd, "2", "nonsense", kNow, kNow, "0000000000000002", "", kNowNs, kNowNs},
      {kEnd, "3", "0000000000000000", kNow, kNow, "0000000000000003", "", kNowNs, kNowNs},
      // Event spans have no end: it is their start.
      {tape::kIsEvent, "4", "1", kNow, 0, "0000000000000004", "0000000000000001", kNowNs, kNowNs},
      // An end before the start is not sent.
      {kEnd, "5", "1", kNow, kNow - 5, "0000000000000005", "0000000000000001", kNowNs, kNowNs},
      {kEnd | tape::kRemoteParent, "6", "1", kNow + 0.25, kNow + 0.5, "0000000000000006",
       "0000000000000001", kNowNs + 250'000, kNowNs + 500'000},
      {kEnd | tape::kWithheld, "7", "1", kNow, kNow + 1, "0000000000000007", "0000000000000001",
       kNowNs, kNowNs + 1'000'000},
  };
  CoreSession core({});
  REQUIRE(core.id() > 0);
  TapeWriter tape;
  tape.Trace("4BF92F");
  for (const MastraCase& c : cases) {
    TapeWriter::Envelope envelope;
    envelope.type = kTypeGeneric;
    envelope.flags = c.flags | (&c == std::end(cases) - 1 ? tape::kIsRoot : 0u);
    envelope.span_id = c.span_id;
    envelope.parent_id = c.parent_id;
    envelope.name = u"work \u00fc";
    envelope.start_ms = c.start_ms;
    envelope.end_ms = c.end_ms;
    tape.Span(envelope);
    tape.End();
  }
  REQUIRE(core.Commit(&tape) > 0);
  const auto got = Parse(core.CutAll());
  REQUIRE(got.size() == std::size(cases));
  for (const auto& [id, one] : got) {
    const otlp::pb::Span& span = one.span;
    CHECK(one.scope.scope().name() == "edgespan.test");
    CHECK(Hex(span.trace_id()) == "000000000000000000000000004bf92f");
    const auto* c = std::find_if(std::begin(cases), std::end(cases),
                                 [&](const MastraCase& x) { return Hex(id) == x.wire_span_id; });
    REQUIRE(c != std::end(cases));
    INFO(Show(span));
    CHECK(Hex(span.parent_span_id()) == c->wire_parent_id);
    CHECK(span.name() == "work \xc3\xbc");
    CHECK(span.kind() == otlp::pb::Span::SPAN_KIND_INTERNAL);
    CHECK(span.start_time_unix_nano() == c->wire_start);
    CHECK(span.end_time_unix_nano() == c->wire_end);
    const bool remote = (c->flags & tape::kRemoteParent) != 0;
    CHECK((span.flags() & 0x200) == (remote ? 0x200 : 0));
  }
  CHECK(core.ReadStats()[Stat::kWithheld] == 1);
}

}  // namespace
}  // namespace edgespan
