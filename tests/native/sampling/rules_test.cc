// Rules, each alone: what keeps a run, and what almost does.
#include "edgespan/sampling/rules.h"

#include <string>

#include <catch2/catch.hpp>

#include "tests/support/otel_lab.h"
#include "tests/support/sampling_lab.h"

namespace edgespan {
namespace {

using testing::CoreLab;
using testing::EndOtel;
using testing::EndOtelRoot;
using testing::Json;
using testing::Keep;
using testing::OtelSpan;
using testing::Score;
using testing::Span;
using testing::StartRoot;

// Whether a rule keeps a run of a root with these members and a child with those.
bool IsKept(const Json& rule, const Json& root, const Json& child = Json::object(),
            const std::string& child_type = "tool_call") {
  CoreLab lab(Keep(rule));
  StartRoot(&lab, testing::kTraceId, "1");
  lab.End(Span("2", "1", child_type, child));
  const auto spans = lab.Take(lab.EndRoot(Span("1", "", "agent_run", root)));
  CHECK((spans.empty() || spans.size() == 2));
  CHECK(lab.ReadStats().dropped(LossReason::kSampled) == 2 - spans.size());
  return !spans.empty();
}
bool IsOtelKept(const Json& rule, const Json& members) {
  CoreLab lab(Keep(rule));
  const uint32_t trace = EndOtelRoot(&lab, {.id = "1", .members = members});
  return !lab.Take(trace).empty();
}
Json Attributes(const Json& members) { return {{"attributes", members}}; }

TEST_CASE("rules: error") {
  const Json rule = {{"on", "error"}};
  CHECK(!IsKept(rule, Json::object()));
  CHECK(IsKept(rule, {{"errorInfo", {{"message", "m"}}}}));
  CHECK(IsKept(rule, Json::object(), {{"errorInfo", {{"message", "m"}}}}));
  CHECK(!IsKept(rule, Json::object(), {{"errorInfo", nullptr}}));
  CHECK(IsKept(rule, Json::object(), Attributes({{"finishReason", "error"}}), "model_inference"));
  CHECK(!IsKept(rule, Json::object(), Attributes({{"finishReason", "stop"}}), "model_inference"));
  CHECK(IsOtelKept(rule, {{"status", {{"code", 2}}}}));
  CHECK(!IsOtelKept(rule, {{"status", {{"code", 1}}}}));
}

TEST_CASE("rules: tripwire") {
  const Json rule = {{"on", "tripwire"}};
  CHECK(!IsKept(rule, Attributes({{"maxSteps", 1}})));
  CHECK(IsKept(rule, Attributes({{"tripwireAbort", {{"reason", "r"}}}})));
  CHECK(IsKept(rule, Json::object(), Attributes({{"tripwireAbort", Json::object()}}),
               "processor_run"));
  CHECK(!IsKept(rule, Attributes({{"tripwireAbort", nullptr}})));
}

TEST_CASE("rules: slow, the run or an operation") {
  const Json slow_child = {{"endTime", "2026-11-20T07:57:10.000Z"}};  // a second
  CHECK(IsKept({{"on", "slow"}, {"ms", 250}}, Json::object()));
  CHECK(!IsKept({{"on", "slow"}, {"ms", 251}}, Json::object(), slow_child));
  const auto operation = [](const Json& more) {
    Json rule = {{"on", "slow"}, {"ms", 1000}};
    rule.update(more);
    return rule;
  };
  CHECK(IsKept(operation({{"type", "tool_call"}}), Json::object(), slow_child));
  CHECK(!IsKept(operation({{"type", "tool_call"}}), Json::object()));
  CHECK(!IsKept(operation({{"type", "agent_run"}}), Json::object(), slow_child));
  CHECK(IsKept(operation({{"name", "span 2"}}), Json::object(), slow_child));
  CHECK(!IsKept(operation({{"name", "span 1"}}), Json::object(), slow_child));
  CHECK(IsKept(operation({{"name", "span 2"}, {"type", "tool_call"}}), Json::object(), slow_child));
  CHECK(!IsKept(operation({{"name", "span 2"}, {"type", "generic"}}), Json::object(), slow_child));
  CHECK(IsOtelKept({{"on", "slow"}, {"ms", 250}}, Json::object()));
  CHECK(IsOtelKept({{"on", "slow"}, {"ms", 250}, {"name", "otel 1"}}, Json::object()));
  CHECK(!IsOtelKept({{"on", "slow"}, {"ms", 250}, {"type", "generic"}}, Json::object()));
}

TEST_CASE("rules: tokens and cost, of the run's model calls together") {
  const auto kept = [](const Json& rule) {
    CoreLab lab(Keep(rule));
    StartRoot(&lab, testing::kTraceId, "1");
    const auto usage = [](uint32_t in, uint32_t out, double cost) {
      return Attributes({{"usage", {{"inputTokens", in}, {"outputTokens", out}}},
                         {"costContext", {{"estimatedCost", cost}, {"costUnit", "usd"}}}});
    };
    lab.Start(Span("2", "1", "model_generation"));
    lab.End(Span("3", "2", "model_inference", usage(100, 10, 0.25)));
    lab.End(Span("4", "2", "model_inference", usage(30, 3, 0.5)));
    lab.End(Span("2", "1", "model_generation", usage(130, 13, 0.75)));  // the same once more
    return !lab.Take(lab.EndRoot(Span("1", "", "agent_run"))).empty();
  };
  CHECK(kept({{"on", "tokens"}, {"atLeast", 143}}));
  CHECK(!kept({{"on", "tokens"}, {"atLeast", 144}}));
  CHECK(kept({{"on", "cost"}, {"atLeast", 0.75}}));
  CHECK(!kept({{"on", "cost"}, {"atLeast", 0.76}}));
}

TEST_CASE("rules: tag and metadata") {
  const Json tags = {{"tags", {"beta", "eu"}}};
  CHECK(IsKept({{"on", "tag"}, {"value", "eu"}}, tags));
  CHECK(!IsKept({{"on", "tag"}, {"value", "us"}}, tags));
  CHECK(!IsKept({{"on", "tag"}, {"value", "eu"}}, {{"tags", "eux"}}));
  const Json metadata = {
      {"metadata", {{"userId", "ada"}, {"plan", 3}, {"paid", true}, {"groups", {"a", "b"}}}}};
  const auto with = [&](const Json& rule) {
    Json all = {{"on", "metadata"}};
    all.update(rule);
    return IsKept(all, metadata);
  };
  CHECK(with({{"key", "userId"}}));
  CHECK(with({{"key", "userId"}, {"value", "ada"}}));
  CHECK(!with({{"key", "userId"}, {"value", "bob"}}));
  CHECK(!with({{"key", "nobody"}}));
  CHECK(with({{"key", "plan"}, {"value", 3}}));
  CHECK(!with({{"key", "plan"}, {"value", 4}}));
  CHECK(!with({{"key", "plan"}, {"value", "3"}}));
  CHECK(with({{"key", "paid"}, {"value", true}}));
  CHECK(!with({{"key", "paid"}, {"value", false}}));
  CHECK(with({{"key", "groups"}, {"value", "b"}}));
  CHECK(!IsKept({{"on", "metadata"}, {"key", "userId"}}, {{"metadata", {{"userId", nullptr}}}}));
  // OpenTelemetry's have attributes.
  CHECK(IsOtelKept({{"on", "metadata"}, {"key", "tenant"}, {"value", "a"}},
                   Attributes({{"tenant", "a"}})));
  CHECK(!IsOtelKept({{"on", "metadata"}, {"key", "tenant"}, {"value", "b"}},
                    Attributes({{"tenant", "a"}})));
}

TEST_CASE("rules: a score below a mark, seen before the decision") {
  const auto kept = [](const Json& rule, const std::string& id, double value) {
    CoreLab lab(Keep(rule));
    StartRoot(&lab, testing::kTraceId, "1");
    lab.End(Span("2", "1"));
    CHECK(Score(&lab, testing::kTraceId, id, value) == 0);
    return !lab.Take(lab.EndRoot(Span("1"))).empty();
  };
  const Json rule = {{"on", "score"}, {"below", 0.5}};
  CHECK(kept(rule, "2", 0.4));
  CHECK(kept(rule, "0", 0.4));
  CHECK(!kept(rule, "2", 0.5));
  CHECK(kept({{"on", "score"}, {"below", 0.5}, {"name", "quality"}}, "1", -1));
  CHECK(!kept({{"on", "score"}, {"below", 0.5}, {"name", "toxicity"}}, "1", -1));
}

TEST_CASE("rules: a score starts nothing, and of a run that is gone it is nothing") {
  CoreLab lab(Keep({{"on", "score"}, {"below", 1}}));
  CHECK(Score(&lab, testing::kTraceId, "1", 0) == 0);
  CHECK(lab.last_trace() == 0);
  StartRoot(&lab, testing::kTraceId, "1");
  CHECK(lab.Take(lab.EndRoot(Span("1"))).empty());
  Score(&lab, testing::kTraceId, "1", 0);
  StartRoot(&lab, testing::kTraceId, "2");
  CHECK(lab.Take(lab.EndRoot(Span("2"))).empty());
  CHECK(lab.ReadStats()[Stat::kUnended] == 0);
}

TEST_CASE("rules: scores are judged as they come, for each destination, and take no memory") {
  const Json low = {{"on", "score"}, {"below", 0.5}};
  const Json toxic = {{"on", "score"}, {"below", 1}, {"name", "toxicity"}};
  const auto tail = [](const Json& rule) { return Keep(rule)["destinations"][0]; };
  CoreLab lab({{"destinations", {tail(low), tail(toxic)}}}, 1u << 20);
  const auto sent = [&](double value, std::u16string_view name) {
    StartRoot(&lab, testing::kTraceId, "1");
    // Far more than there is room for, and those that fit no rule change nothing.
    const std::u16string longer(1000, u'x');
    for (uint32_t i = 0; i < 2000; ++i) Score(&lab, testing::kTraceId, "1", 0.9, longer);
    Score(&lab, testing::kTraceId, "1", value, name);
    Score(&lab, testing::kTraceId, "1", 2, name);
    lab.End(Span("2", "1", "tool_call", {{"output", std::string(200'000, 'x')}}));
    const uint32_t run = lab.EndRoot(Span("1"));
    return std::to_string(lab.Take(run, 0).size()) + " " + std::to_string(lab.Take(run, 1).size());
  };
  CHECK(sent(0.4, u"quality") == "2 0");
  CHECK(sent(0.4, u"toxicity") == "2 2");
  CHECK(sent(0.6, u"toxicity") == "0 2");
  CHECK(sent(0.6, u"quality") == "0 0");
  CHECK(lab.ReadStats(0).dropped(LossReason::kMemory) == 0);
}

TEST_CASE("rules: a span is no score, whatever it says") {
  CHECK(!IsKept({{"on", "score"}, {"below", 5}}, {{"value", 1}}));
}

TEST_CASE("rules: a rule that is none keeps nothing") {
  for (const Json& rule : {Json("error"), Json({{"on", "eclipse"}}), Json({{"on", 1}}),
                           Json::object(), Json({{"on", ""}}), Json(nullptr)}) {
    CHECK(!IsKept(rule, {{"errorInfo", {{"message", "m"}}}}));
  }
}

}  // namespace
}  // namespace edgespan
