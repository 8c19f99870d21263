// Spans in the OpenTelemetry schema: whose scope they are in, to the nanosecond when they were, what is
// known of their parents, and what is lost. Their other members are the oracle's (oracle_test.cc).
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/response.h"
#include "tests/support/otel_lab.h"

namespace edgespan {
namespace {

using otlp::pb::ScopeSpans;
using testing::AttributesOf;
using testing::Batch;
using testing::CoreLab;
using testing::EndOtel;
using testing::EndOtelRoot;
using testing::HexOf;
using testing::Json;
using testing::kOtelEndMs;
using testing::kOtelStartMs;
using testing::OtelSpan;
using testing::ScopeOf;
using testing::Span;
using testing::StartOtel;
using testing::TapeWriter;

// "scope: ids" of each ScopeSpans of a body.
std::vector<std::string> Scopes(const Batch& batch) {
  REQUIRE(batch.request.resource_spans_size() == 1);
  std::vector<std::string> scopes;
  for (const ScopeSpans& scope : batch.request.resource_spans(0).scope_spans()) {
    CHECK(scope.spans_size() > 0);
    std::string text = scope.scope().name() + ":";
    for (const auto& span : scope.spans()) text += " " + HexOf(span.span_id()).substr(15);
    scopes.push_back(text);
  }
  return scopes;
}

// ---- scopes --------------------------------------------------------------------------------------

TEST_CASE("otel: spans of one scope, one after the other, share one ScopeSpans") {
  CoreLab lab;
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  const char* const scopes[] = {"http", "http", "", "db", "db", "http"};
  for (int i = 0; i < 6; ++i) {
    const std::string id(1, static_cast<char>('2' + i));
    EndOtel(&lab, {id, "1", *scopes[i] != 0 ? ScopeOf(scopes[i]) : Json::object()});
  }
  lab.End(Span("8", "1", "tool_call"));
  EndOtelRoot(&lab, {"1"});
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 1);
  // Without a scope: the exporter's, as Mastra's.
  CHECK(Scopes(batches[0]) == std::vector<std::string>{"http: 2 3", "edgespan: 4", "db: 5 6",
                                                       "http: 7", "edgespan: 8 1"});
}

TEST_CASE("otel: all that a scope has arrives; scopes that differ in anything are two") {
  CoreLab lab;
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  const Json scopes[] = {
      {{"name", "ai"}, {"version", "7.0.1"}, {"schemaUrl", "https://opentelemetry.io/schemas/1.4"}},
      {{"name", "ai"}, {"version", "7.0.1"}},
      {{"name", "ai"}, {"version", "7.0.1"}, {"attributes", {{"zone", "eu"}, {"n", {1, 2}}}}},
      {{"name", "ai"}, {"version", "7.0.1"}, {"attributes", {{"zone", "eu"}, {"n", {1, 3}}}}},
      {{"name", "ai"}, {"droppedAttributesCount", 3}},
      {{"name", ""}},
  };
  const size_t count = std::size(scopes);
  for (size_t i = 0; i < 2 * count; ++i) {  // each twice: the second shares
    EndOtel(&lab, {std::string(1, "23456789abcd"[i]), "1", {{"scope", scopes[i / 2]}}});
  }
  EndOtelRoot(&lab, {"1"});
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 1);
  const auto& sent = batches[0].request.resource_spans(0).scope_spans();
  REQUIRE(sent.size() == static_cast<int>(count) + 1);  // the root's, too
  for (const ScopeSpans& scope : sent) {
    CHECK(scope.spans_size() == (&scope == &sent[sent.size() - 1] ? 1 : 2));
  }
  CHECK(sent[0].schema_url() == "https://opentelemetry.io/schemas/1.4");
  CHECK(sent[1].schema_url().empty());
  CHECK(sent[1].scope().name() == "ai");
  CHECK(sent[1].scope().version() == "7.0.1");
  CHECK(AttributesOf(sent[2].scope().attributes()) == Json{{"zone", "eu"}, {"n", {1, 2}}});
  CHECK(AttributesOf(sent[3].scope().attributes()) == Json{{"zone", "eu"}, {"n", {1, 3}}});
  CHECK(sent[4].scope().dropped_attributes_count() == 3);
  CHECK(sent[5].has_scope());
  CHECK(sent[5].scope().name().empty());
}

TEST_CASE("otel: a scope that is none is the exporter's") {
  for (const Json& none : {Json(nullptr), Json("text"), Json::array({1})}) {
    CoreLab lab;
    EndOtelRoot(&lab, {"1", "", {{"scope", none}}});
    const auto batches = lab.TakeBatches();
    REQUIRE(batches.size() == 1);
    CHECK(Scopes(batches[0]) == std::vector<std::string>{"edgespan: 1"});
  }
}

TEST_CASE("otel: a scope that is spelled as the exporter's is the exporter's") {
  CoreLab lab;
  lab.End(Span("2", "1"));
  EndOtelRoot(&lab, {"1", "", {{"scope", {{"name", "edgespan"}, {"version", "1"}}}}});
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 1);
  CHECK(Scopes(batches[0]) == std::vector<std::string>{"edgespan: 2 1"});
}

TEST_CASE("otel: bodies of many scopes stay below the configured bytes, and near them") {
  for (const uint32_t most : {700u, 1500u, 5000u, 70'000u}) {
    for (const uint32_t run : {1u, 3u}) {
      CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"maxBytes", most}}}}});
      StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
      constexpr uint32_t kSpans = 400;
      for (uint32_t i = 0; i < kSpans; ++i) {
        Json members = ScopeOf("scope " + std::to_string(i / run) + std::string(100, 's'));
        members["attributes"] = {{"text", std::string(i % 97, 'x')}};
        char id[8];
        std::snprintf(id, sizeof id, "%x", 16 + i);
        EndOtel(&lab, {id, "1", members});
      }
      EndOtelRoot(&lab, {"1"});
      const auto batches = lab.TakeBatches();
      size_t spans = 0;
      for (size_t i = 0; i < batches.size(); ++i) {
        CHECK(batches[i].body.size() <= most);
        // One more span with its scope, of at most 350 bytes, would not have fit.
        if (i + 1 < batches.size()) CHECK(batches[i].body.size() + 360 > most);
        CHECK(!Scopes(batches[i]).empty());
        spans += batches[i].spans.size();
      }
      CHECK(spans == kSpans + 1);
      CHECK(lab.ReadStats().dropped() == 0);
    }
  }
}

TEST_CASE("otel: a scope's attributes are within the limits, so that a large one fits") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"maxBytes", 4000}}}}});
  Json scope = {{"name", "big"}, {"attributes", {{"text", std::string(50'000, 'x')}}}};
  EndOtelRoot(&lab, {"1", "", {{"scope", scope}}});
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].body.size() <= 4000);
  CHECK(batches[0].request.resource_spans(0).scope_spans(0).scope().name() == "big");
}

TEST_CASE("otel: what is refused is sent again in parts, each span in its scope") {
  CoreLab lab;
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  for (const char* const id : {"2", "3", "4"}) {
    EndOtel(&lab, {id, "1", ScopeOf(std::string("scope ") + id)});
  }
  const Batch batch = lab.Cut(EndOtelRoot(&lab, {"1"}));
  REQUIRE(batch.spans.size() == 4);
  std::vector<std::string> taken;
  for (uint32_t status = 413;;) {
    const int32_t verdict = edgespan_judge(batch.id, status, 0, 0, 0, 0, 60'000, 0);
    if (verdict != static_cast<int32_t>(otlp::Verdict::kNext)) break;
    const tools::BatchView view(batch.id);
    otlp::pb::ExportTraceServiceRequest request;
    REQUIRE(request.ParseFromArray(view.body.data(), static_cast<int>(view.body.size())));
    for (const ScopeSpans& scope : request.resource_spans(0).scope_spans()) {
      for (const auto& span : scope.spans()) {
        taken.push_back(scope.scope().name() + " " + HexOf(span.span_id()).substr(15));
      }
    }
    status = view.spans > 1 ? 413 : 200;
    if (view.spans > 1) taken.clear();
  }
  CHECK(edgespan_release(batch.id, 0) == 0);
  CHECK(taken == std::vector<std::string>{"scope 2 2", "scope 3 3", "scope 4 4", "edgespan 1"});
}

// ---- times ---------------------------------------------------------------------------------------

struct Times {
  Json members;
  uint64_t start, end;
};

TEST_CASE("otel: times to the nanosecond") {
  constexpr auto kStart = static_cast<uint64_t>(kOtelStartMs) * 1'000'000;
  constexpr auto kEnd = static_cast<uint64_t>(kOtelEndMs) * 1'000'000;
  constexpr uint64_t kMost = INT64_MAX;
  const Times cases[] = {
      {Json::object(), kStart, kEnd},
      {{{"startTimeUnixNano", "1795161429123456789n"}, {"endTimeUnixNano", "1795161429123456790n"}},
       1795161429123456789,
       1795161429123456790},
      {{{"endTimeUnixNano", "1795161429123456789n"}}, kStart, 1795161429123456789},
      // Only bigints: a double has lost what it is about.
      {{{"startTimeUnixNano", 7}, {"endTimeUnixNano", "then"}}, kStart, kEnd},
      {{{"startTimeUnixNano", "-5n"}, {"endTimeUnixNano", "9223372036854775807n"}}, 0, kMost},
      {{{"startTimeUnixNano", "9223372036854775807n"}}, kMost, kMost},
      {{{"endTimeUnixNano", "-9223372036854775808n"}}, kStart, kStart},
  };
  for (const Times& c : cases) {
    INFO(c.members.dump());
    CoreLab lab;
    EndOtelRoot(&lab, {"1", "", c.members});
    const auto spans = lab.Take();
    REQUIRE(spans.size() == 1);
    CHECK(spans[0].start_time_unix_nano() == c.start);
    CHECK(spans[0].end_time_unix_nano() == c.end);
    const bool repaired =
        AttributesOf(spans[0].attributes()).contains("edgespan.time_order_repaired");
    CHECK(repaired == (c.start == c.end));
  }
  // Of Mastra's spans they are members like any other.
  CoreLab lab;
  lab.EndRoot(Span("1", "", "generic", {{"endTimeUnixNano", 5}}));
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].end_time_unix_nano() == kEnd);
  CHECK(AttributesOf(spans[0].attributes())["mastra.end_time_unix_nano"] == 5);
}

TEST_CASE("otel: an event's time is milliseconds, or a bigint of nanoseconds") {
  CoreLab lab;
  TapeWriter tape;
  tape.Trace("1");
  OtelSpan span{"1"};
  auto envelope = testing::EnvelopeOf(span, u"events");
  envelope.flags |= tape::kIsRoot | tape::kHasEnd;
  tape.Span(envelope);
  tape.Array(kKeyEvents);
  const auto event = [&](auto time) {
    tape.Object();
    time();
    tape.End();
  };
  event([&] { tape.Number(kKeyTime, 1'763'625'429'000); });
  event([&] { tape.Number(kKeyTime, 1'763'625'429'000.25); });
  event([&] { tape.Int64(kKeyTime, 1'763'625'429'000'000'001); });
  event([&] { tape.Int64(kKeyTime, 5); });
  event([&] { tape.Int64(kKeyTime, -5); });
  event([&] { tape.Number(kKeyTime, 5); });
  event([&] { tape.Number(kKeyTime, -5); });
  tape.End();
  tape.End();
  REQUIRE(lab.Commit(&tape) > 0);
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  std::vector<uint64_t> times;
  for (const auto& e : spans[0].events()) times.push_back(e.time_unix_nano());
  CHECK(times == std::vector<uint64_t>{1763625429000000000, 1763625429000250000,
                                       1763625429000000001, 5, 0, 5'000'000, 0});
}

// ---- parents, types and losses -------------------------------------------------------------------

TEST_CASE("otel: a parent in another process") {
  for (const char* const choice : {"keep", "detach"}) {
    const bool kept = choice[0] == 'k';
    CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"remoteParent", choice}}}}});
    for (const bool own : {false, true}) {
      INFO(choice << " " << own);
      EndOtelRoot(&lab,
                  {"1", "abc", own ? Json{{"flags", 0x301}} : Json::object(), tape::kRemoteParent});
      const auto spans = lab.Take();
      REQUIRE(spans.size() == 1);
      CHECK(spans[0].parent_span_id().empty() == !kept);
      CHECK(spans[0].flags() == (kept ? 0x301u : 0x101u));
      const Json attributes = AttributesOf(spans[0].attributes());
      CHECK(attributes.contains("mastra.external_parent_span_id") == !kept);
    }
  }
}

TEST_CASE("otel: dropTypes names types of Mastra's spans, which these have none of") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"dropTypes", {"generic"}}}}}});
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  StartOtel(&lab, {"2", "1"});
  lab.Start(Span("3", "2"));
  EndOtel(&lab, {"4", "3"});
  lab.End(Span("3", "2"));
  EndOtel(&lab, {"2", "1"});
  EndOtelRoot(&lab, {"1"});
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 3);
  CHECK(HexOf(spans[0].span_id()).substr(15) == "4");
  CHECK(HexOf(spans[0].parent_span_id()).substr(15) == "2");  // the nearest that is sent
  CHECK(lab.ReadStats().dropped(LossReason::kLeftOut) == 1);
}

TEST_CASE("otel: the root says what was lost of its run") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"maxSpans", 2}, {"whole", true}}}}});
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  for (const char* const id : {"2", "3", "4"}) EndOtel(&lab, {id, "1"});
  EndOtelRoot(&lab, {"1"});
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 2);
  CHECK(AttributesOf(spans[1].attributes())["edgespan.dropped_spans"] == 2);
  CHECK(!AttributesOf(spans[0].attributes()).contains("edgespan.dropped_spans"));
}

}  // namespace
}  // namespace edgespan
