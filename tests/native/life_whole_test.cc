// The life of a run: what a destination gets that wants runs whole.
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/life_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::Both;
using testing::CoreLab;
using testing::HexId;
using testing::HexOf;
using testing::Json;
using testing::Span;

TEST_CASE("life: a whole run is one request, whatever its size") {
  CoreLab lab(Both({{"maxSpans", 100}}));
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < 1500; ++i) lab.End(Span(HexId(16 + i), "1"));
  const uint32_t trace = lab.EndRoot(Span("1"));
  CHECK(lab.TakeBatches(trace, 0).size() == 16);
  const auto batches = lab.TakeBatches(trace, 1);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].spans.size() == 1501);
}

TEST_CASE("life: a whole run that is too large has its values trimmed") {
  CoreLab lab(Both(Json::object(), {{"maxBytes", 50'000}}));
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < 20; ++i) {
    lab.End(Span(HexId(16 + i), "1", "generic", {{"input", std::string(200 + 1000 * i, 'x')}}));
  }
  const uint32_t trace = lab.EndRoot(Span("1"));
  const auto batches = lab.TakeBatches(trace, 1);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].body.size() <= 50'000);
  CHECK(batches[0].body.size() > 20'000);
  REQUIRE(batches[0].spans.size() == 21);
  CHECK(lab.ReadStats(1).dropped() == 0);
  Json small = AttributesOf(batches[0].spans[0].attributes());
  CHECK(small["mastra.generic.input"].get<std::string>().size() == 200);
  Json large = AttributesOf(batches[0].spans[19].attributes());
  CHECK(large["edgespan.original_length.mastra.generic.input"] == 19'200);
  // The other destination has everything.
  for (const auto& span : lab.Take(trace, 0)) {
    const Json attributes = AttributesOf(span.attributes());
    for (const auto& [name, value] : attributes.items()) {
      CHECK(name.find("original_length") == std::string::npos);
    }
  }
}

TEST_CASE(
    "life: where not even that helps, spans stay in the order of loss, and the root says so") {
  for (const Json& limit : {Json{{"maxBytes", 6000}}, Json{{"maxSpans", 20}}}) {
    CoreLab lab(Both(Json::object(), limit));
    lab.Start(Span("1", "", "agent_run"));
    for (uint32_t i = 0; i < 20; ++i) {
      lab.End(Span(HexId(0x100 + i), "1", "model_inference"));
      lab.End(Span(HexId(0x200 + i), "1", "model_chunk"));
      lab.End(Span(HexId(0x300 + i), "1", "generic"));
    }
    const auto batches = lab.TakeBatches(lab.EndRoot(Span("1", "", "agent_run")), 1);
    REQUIRE(batches.size() == 1);
    const auto& spans = batches[0].spans;
    if (limit.contains("maxBytes")) CHECK(batches[0].body.size() <= 6000);
    if (limit.contains("maxSpans")) CHECK(spans.size() == 20);
    std::map<char, size_t> kinds;
    for (const auto& span : spans) ++kinds[HexOf(span.span_id())[13]];
    CHECK(kinds['2'] == 0);  // chunks first
    CHECK((kinds['3'] == 0 || kinds['1'] == 20));
    CHECK(kinds['0'] == 1);
    const uint32_t lost = static_cast<uint32_t>(61 - spans.size());
    CHECK(lost >= 20);
    CHECK(lab.ReadStats(1).dropped(LossReason::kTooLarge) == lost);
    CHECK(AttributesOf(spans.back().attributes())["edgespan.dropped_spans"] == lost);
    lab.Take(0, 0);
    CHECK(lab.ReadStats(0).dropped() == 0);
  }
}

}  // namespace
}  // namespace edgespan
