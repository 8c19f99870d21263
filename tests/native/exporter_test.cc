// Exporters: what a configuration may hold, what it puts in front of every body, and how places are
// shared.
#include "edgespan/pipeline/exporter.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/base/status.h"
#include "edgespan/pipeline/pipeline.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::Batch;
using testing::CoreLab;
using testing::Json;
using testing::Span;
using testing::TapeWriter;

constexpr int32_t kBadConfig = static_cast<int32_t>(Status::kBadConfig);
constexpr int32_t kBadHandle = static_cast<int32_t>(Status::kBadHandle);
constexpr int32_t kMalformed = static_cast<int32_t>(Status::kMalformed);
constexpr int32_t kTooLarge = static_cast<int32_t>(Status::kTooLarge);

Json Destinations(size_t count) {
  Json list = Json::array();
  for (size_t i = 0; i < count; ++i) list.push_back({{"dialect", "genai"}});
  return list;
}

TEST_CASE("exporter: resource and scope stand in front of every body") {
  const Json resource = {{"service.name", "shop"},
                         {"replicas", 3},
                         {"load", 0.5},
                         {"beta", true},
                         {"regions", {"eu", "us"}},
                         {"build", {{"number", 7}}},
                         {"w\xc3\xa4hrung", "\xe2\x82\xac"}};
  CoreLab lab({{"resource", resource},
               {"scope", {{"name", "edgespan"}, {"version", "1.2.3"}}},
               {"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}}}});
  lab.End(Span("2", "1"));
  lab.End(Span("1"));
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 2);
  for (const Batch& batch : batches) {
    REQUIRE(batch.request.resource_spans_size() == 1);
    const auto& resource_spans = batch.request.resource_spans(0);
    CHECK(AttributesOf(resource_spans.resource().attributes()) == resource);
    REQUIRE(resource_spans.scope_spans_size() == 1);
    CHECK(resource_spans.scope_spans(0).scope().name() == "edgespan");
    CHECK(resource_spans.scope_spans(0).scope().version() == "1.2.3");
  }
}

TEST_CASE("exporter: limits of spans do not touch the resource") {
  CoreLab lab({{"resource", {{"a", "long value"}, {"b", 2}}},
               {"limits", {{"attributeCountLimit", 1}, {"attributeValueLengthLimit", 2}}}});
  lab.EndRoot(Span("1"));
  const Batch batch = lab.Cut();
  CHECK(AttributesOf(batch.request.resource_spans(0).resource().attributes()) ==
        Json({{"a", "long value"}, {"b", 2}}));
  REQUIRE(batch.spans.size() == 1);
  CHECK(AttributesOf(batch.spans[0].attributes()) == Json({{"gen_ai.operation.name", "ge"}}));
  lab.Finish(batch);
}

TEST_CASE("exporter: a configuration without resource or scope") {
  edgespan_reset(0);
  CoreLab lab({{"resource", nullptr}, {"scope", "none"}});
  lab.EndRoot(Span("1"));
  const Batch batch = lab.Cut();
  CHECK(batch.request.resource_spans(0).has_resource());
  CHECK(batch.request.resource_spans(0).resource().attributes_size() == 0);
  CHECK(batch.request.resource_spans(0).scope_spans(0).scope().name().empty());
  lab.Finish(batch);
}

TEST_CASE("exporter: bad configurations") {
  edgespan_reset(0);
  const Json bad[] = {
      Json::object(),
      {{"destinations", nullptr}},
      {{"destinations", "genai"}},
      {{"destinations", {{"dialect", "genai"}}}},  // an object, no list
      {{"destinations", Json::array()}},
      {{"destinations", Json::array({nullptr})}},
      {{"destinations", Json::array({"genai"})}},
      {{"destinations", Json::array({Json::object()})}},
      {{"destinations", Json::array({{{"dialect", "klingon"}}})}},
      {{"destinations", Json::array({{{"dialect", 7}}})}},
      {{"destinations", Json::array({{{"dialect", "genai"}}, {{"dialect", ""}}})}},
      {{"destinations", Destinations(kMaxDestinations + 1)}},
  };
  for (const Json& config : bad) {
    INFO(config.dump());
    CHECK(CoreLab::OpenRaw(config) == kBadConfig);
  }
  CHECK(CoreLab::OpenRaw({{"destinations", Destinations(kMaxDestinations)}}) > 0);
}

TEST_CASE("exporter: a tape that is no configuration") {
  edgespan_reset(0);
  TapeWriter tape;
  CHECK(tools::OpenExporterTape(tape.Take()) == kMalformed);
  tape.Config();
  CHECK(tools::OpenExporterTape(tape.Take()) == kMalformed);
  tape.Trace("1");
  CHECK(tools::OpenExporterTape(tape.Take()) == kMalformed);
  TapeWriter::Envelope envelope;
  envelope.span_id = "1";
  tape.Span(envelope);
  tape.End();
  CHECK(tools::OpenExporterTape(tape.Take()) == kMalformed);
}

TEST_CASE("exporter: a configuration among spans drops what follows") {
  CoreLab lab;
  TapeWriter tape;
  tape.Trace("1");
  TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd;
  envelope.span_id = "1";
  tape.Span(envelope);
  tape.End();
  tape.Config();
  tape.End();
  tape.Span(envelope);
  tape.End();
  CHECK(lab.Commit(&tape) == kMalformed);
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kEnded] == 2);
  CHECK(stats.dropped(LossReason::kMalformed) == 1);
  CHECK(stats[Stat::kPending] == 1);
}

TEST_CASE("exporter: numbers that are none keep the defaults") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"maxSpans", "1"}, {"maxBytes", -1}}}},
               {"limits", {{"attributeCountLimit", 0.5}, {"eventCountLimit", 4294967296.0}}}});
  for (int i = 2; i < 10; ++i) lab.End(Span(std::to_string(i), "1"));
  lab.End(Span("1", "", "generic", {{"errorInfo", {{"message", "m"}}}}));
  const auto batches = lab.TakeBatches();
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].spans.size() == 9);
  CHECK(batches[0].spans[8].attributes_size() > 2);
  CHECK(batches[0].spans[8].events_size() == 1);
}

// ---- places ------------------------------------------------------------------------------------

TEST_CASE("exporter: the idle one that was used least recently gives way") {
  edgespan_reset(0);
  std::vector<uint32_t> handles;
  const auto open = [] { return CoreLab::Open(Json::object()); };
  for (uint32_t i = 0; i < Pipeline::kMaxExporters; ++i) {
    const int32_t handle = open();
    REQUIRE(handle > 0);
    for (const uint32_t other : handles) CHECK(static_cast<uint32_t>(handle) != other);
    handles.push_back(static_cast<uint32_t>(handle));
  }
  CHECK(edgespan_stats(handles[0], 0) == 0);  // a use: now the second is the oldest
  const int32_t next = open();
  REQUIRE(next > 0);
  CHECK(edgespan_stats(handles[1], 0) == kBadHandle);
  CHECK(edgespan_stats(handles[0], 0) == 0);
  CHECK(edgespan_stats(handles[2], 0) == 0);
  CHECK(edgespan_stats(static_cast<uint32_t>(next), 0) == 0);
  // Its place is taken, its handle is not.
  CHECK(static_cast<uint32_t>(next) != handles[1]);
}

TEST_CASE("exporter: a stale handle is refused by every call") {
  edgespan_reset(0);
  const auto stale = static_cast<uint32_t>(CoreLab::Open(Json::object()));
  for (uint32_t i = 0; i < Pipeline::kMaxExporters; ++i) REQUIRE(CoreLab::Open(Json::object()) > 0);
  for (const uint32_t handle : {stale, 0u, 0xffffffffu, stale + 1000 * Pipeline::kMaxExporters}) {
    INFO(handle);
    CHECK(edgespan_stats(handle, 0) == kBadHandle);
    CHECK(edgespan_commit(handle, 0, 0, 0, 0, 0) == kBadHandle);
    CHECK(edgespan_close(handle, UINT32_MAX) == kBadHandle);
    CHECK(edgespan_cut(handle, 0, 0, 0, 0) == kBadHandle);
    CHECK(edgespan_drop(handle, 0, 1) == kBadHandle);
  }
}

TEST_CASE("exporter: one with spans or a batch stays") {
  edgespan_reset(0);
  struct Held {
    uint32_t handle;
    uint32_t batch = 0;
  };
  std::vector<Held> all;
  const auto commit = [](uint32_t exporter, const Json& span) {
    TapeWriter tape;
    REQUIRE(tools::WriteMastraEvent(&tape, {{"type", "span_ended"}, {"exportedSpan", span}}));
    return tools::CommitTape(exporter, tape.Take());
  };
  for (uint32_t i = 0; i < Pipeline::kMaxExporters; ++i) {
    const int32_t opened = CoreLab::Open(Json::object());
    REQUIRE(opened > 0);
    Held held = {static_cast<uint32_t>(opened)};
    const int32_t trace = commit(held.handle, Span("1"));
    REQUIRE(trace > 0);
    if (i % 2 == 0) {
      held.batch =
          static_cast<uint32_t>(edgespan_cut(held.handle, 0, static_cast<uint32_t>(trace), 0, 0));
      REQUIRE(held.batch > 0);
    }
    all.push_back(held);
  }
  CHECK(CoreLab::Open(Json::object()) == kTooLarge);
  // Freed, one way and the other.
  CHECK(edgespan_release(all[4].batch, 0) == 0);
  CHECK(CoreLab::Open(Json::object()) > 0);
  CHECK(edgespan_stats(all[4].handle, 0) == kBadHandle);
  CHECK(CoreLab::Open(Json::object()) > 0);  // takes the one just opened
  for (const Held& held : all) {
    if (held.handle != all[4].handle) CHECK(edgespan_stats(held.handle, 0) == 0);
  }
}

TEST_CASE("exporter: ten thousand of them leave memory flat") {
  edgespan_reset(2u << 20);
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(CoreLab::Open({{"resource", {{"n", i}, {"pad", std::string(3000, 'x')}}}}) > 0);
  }
}

}  // namespace
}  // namespace edgespan
