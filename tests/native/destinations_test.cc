// What each destination of an exporter may have of its own: a resource, limits; and that it gets what it
// would get alone.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/base/status.h"
#include "edgespan/pipeline/exporter.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::Batch;
using testing::CoreLab;
using testing::Json;
using testing::Span;

Json ResourceOf(const Batch& batch) {
  REQUIRE(batch.request.resource_spans_size() == 1);
  return AttributesOf(batch.request.resource_spans(0).resource().attributes());
}

// A destination with further settings.
Json To(const Json& settings = Json::object()) {
  Json to = {{"dialect", "genai"}};
  for (const auto& [name, value] : settings.items()) to[name] = value;
  return to;
}

// Texts longer and attributes more than the limits below, a failure (an event), a child.
uint32_t Run(CoreLab* lab) {
  const Json members = {
      {"metadata", {{"one", "some text"}, {"two", "more text"}, {"three", 3}}},
      {"input", {{"question", "what is the weather in Rome"}}},
      {"errorInfo", {{"message", "no answer"}, {"name", "TimeoutError"}}},
  };
  lab->End(Span("2", "1", "tool_call", members));
  return lab->EndRoot(Span("1", "", "agent_run", members));
}

TEST_CASE("destination: its resource is added to the exporter's, and wins") {
  CoreLab lab({{"resource", {{"service.name", "shop"}, {"w\xc3\xa4hrung", "EUR"}, {"n", 1}}},
               {"destinations",
                {To(), To({{"resource", {{"team", "a"}, {"w\xc3\xa4hrung", {"USD"}}}}}),
                 To({{"resource", {{"service.name", nullptr}, {"n", 2}}}}),
                 To({{"resource", Json::object()}}), To({{"resource", "none"}})}}});
  const uint32_t trace = Run(&lab);
  const Json shared = {{"service.name", "shop"}, {"w\xc3\xa4hrung", "EUR"}, {"n", 1}};
  const Json expected[] = {
      // the exporter's stand first
      shared,
      {{"service.name", "shop"}, {"n", 1}, {"team", "a"}, {"w\xc3\xa4hrung", {"USD"}}},
      {{"w\xc3\xa4hrung", "EUR"}, {"service.name", nullptr}, {"n", 2}},
      shared,
      shared,
  };
  for (uint32_t d = 0; d < std::size(expected); ++d) {
    INFO(d);
    const Batch batch = lab.Cut(trace, d);
    CHECK(ResourceOf(batch) == expected[d]);
    CHECK(batch.request.resource_spans(0).scope_spans(0).scope().name() == "edgespan");
    lab.Finish(batch);
  }
}

TEST_CASE(
    "destination: a resource of its own where the exporter has none, and limits touch neither") {
  CoreLab lab(
      {{"resource", nullptr},
       {"destinations",
        {To({{"resource", {{"team", "checkout"}, {"zone", "eu"}}},
             {"limits", {{"attributeCountLimit", 1}, {"attributeValueLengthLimit", 2}}}})}}});
  const Batch batch = lab.Cut(Run(&lab));
  CHECK(ResourceOf(batch) == Json({{"team", "checkout"}, {"zone", "eu"}}));
  lab.Finish(batch);
}

// The oracle: whatever is a destination's own might as well be an exporter's.
TEST_CASE("destination: each gets what an exporter of its own would send, byte for byte") {
  const Json resource = {{"service.name", "shop"}, {"zone", "eu"}};
  const Json limits = {{"attributeCountLimit", 6}, {"eventCountLimit", 0}};
  struct Own {
    Json limits;
    Json resource;
  };
  const std::vector<Own> all = {
      {Json::object(), Json::object()},
      {{{"attributeCountLimit", 3}}, Json::object()},
      {{{"attributeValueLengthLimit", 5}}, {{"team", "a"}}},
      {{{"eventCountLimit", 1}}, {{"team", "b"}}},
      {{{"attributeCountLimit", 100}, {"eventCountLimit", 7}, {"linkCountLimit", 0}},
       {{"zone", "us"}}},
      {{{"attributeCountLimit", "none"}, {"eventCountLimit", -1}}, Json::object()},
  };
  Json destinations = Json::array();
  for (const Own& own : all) {
    destinations.push_back(To({{"limits", own.limits}, {"resource", own.resource}}));
  }
  std::vector<std::string> bodies;
  {
    CoreLab lab({{"resource", resource}, {"limits", limits}, {"destinations", destinations}});
    const uint32_t trace = Run(&lab);
    for (uint32_t d = 0; d < all.size(); ++d) {
      const auto batches = lab.TakeBatches(trace, d);
      REQUIRE(batches.size() == 1);
      bodies.push_back(batches[0].body);
    }
  }
  for (size_t d = 0; d < all.size(); ++d) {
    INFO(d);
    Json merged_limits = limits;
    for (const auto& [name, value] : all[d].limits.items()) {
      if (value.is_number_unsigned() || (value.is_number() && value >= 0)) {
        const Json most = limits.value(name, Json(value));
        merged_limits[name] = most < value ? most : value;
      }
    }
    Json merged_resource = resource;
    for (const auto& [name, value] : all[d].resource.items()) merged_resource[name] = value;
    CoreLab alone({{"resource", merged_resource}, {"limits", merged_limits}});
    const auto batches = alone.TakeBatches(Run(&alone));
    REQUIRE(batches.size() == 1);
    CHECK(batches[0].body == bodies[d]);
  }
  // The limits do something: none of these is another.
  for (size_t d = 1; d + 1 < all.size(); ++d) CHECK(bodies[d] != bodies[0]);
  CHECK(bodies.back() == bodies[0]);
}

TEST_CASE("destination: bodies are shared where limits and resource are the same, and only there") {
  const Json team = {{"team", "a"}};
  const Json few = {{"attributeCountLimit", 3}};
  CoreLab lab({{"limits", few},
               {"destinations",
                {To(), To({{"resource", team}}), To({{"limits", {{"linkCountLimit", 1}}}}),
                 To({{"resource", team}, {"limits", few}}), To({{"limits", few}}),
                 To({{"resource", {{"team", "b"}}}}),
                 To({{"limits", {{"linkCountLimit", 1}}}, {"resource", team}})}}});
  const uint32_t like[] = {0, 1, 2, 1, 0, 5, 6};  // the first that has the same
  const uint32_t trace = Run(&lab);
  std::vector<Batch> batches;
  std::vector<uint32_t> at;
  for (uint32_t d = 0; d < std::size(like); ++d) {
    batches.push_back(lab.Cut(trace, d));
    REQUIRE(edgespan_batch(batches.back().id) == 0);
    at.push_back(tools::CoreResult()[0]);
  }
  for (uint32_t a = 0; a < at.size(); ++a) {
    for (uint32_t b = 0; b < at.size(); ++b) {
      INFO(a << " " << b);
      CHECK((at[a] == at[b]) == (like[a] == like[b]));
    }
  }
  for (const Batch& batch : batches) lab.Finish(batch);
}

TEST_CASE("destination: memory for resources of their own is had or the exporter is refused") {
  Json destinations = Json::array();
  for (uint32_t d = 0; d < kMaxDestinations; ++d) {
    destinations.push_back(To({{"resource", {{"pad", std::string(20'000, 'a')}, {"n", d}}}}));
  }
  const Json config = {{"destinations", destinations}};
  uint32_t refused = 0;
  for (uint32_t budget = 700u << 10; budget < 1500u << 10; budget += 20u << 10) {
    edgespan_reset(budget);
    const int32_t opened = CoreLab::Open(config);
    if (opened <= 0) {
      CHECK(opened == static_cast<int32_t>(Status::kNoMemory));
      ++refused;
      // Nothing of it is left: a smaller one opens.
      CHECK(CoreLab::Open(Json::object()) > 0);
    }
  }
  CHECK(refused > 0);
  edgespan_reset(0);
  CHECK(CoreLab::Open(config) > 0);
}

}  // namespace
}  // namespace edgespan
