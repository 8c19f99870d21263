// OpenTelemetry's spans and Mastra's in one run: a request around an agent, a fetch below its tool.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/pipeline/pipeline.h"
#include "tests/support/otel_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::EndOtel;
using testing::EndOtelRoot;
using testing::HexOf;
using testing::Json;
using testing::OtelSpan;
using testing::Span;
using testing::StartOtel;

using Spans = std::map<std::string, otlp::pb::Span>;

std::string Digit(const std::string& id) { return id.empty() ? "" : HexOf(id).substr(15); }

Json Destination(const Json& members) {
  Json destination = {{"dialect", "genai"}};
  for (const auto& [name, value] : members.items()) destination[name] = value;
  return {{"destinations", Json::array({destination})}};
}

// A span of Mastra's below a span of this process: never the root of the trace.
Json Below(const std::string& id, const std::string& parent, const std::string& type,
           const Json& members = Json::object()) {
  Json span = Span(id, parent, type, members);
  span["isRootSpan"] = false;
  return span;
}

const Json kQuestion = {{{"role", "user"}, {"content", "Is it cold?"}}};
const Json kUsage = {{"model", "gpt"},
                     {"usage", {{"inputTokens", 7}, {"outputTokens", 5}}},
                     {"costContext", {{"estimatedCost", 0.5}, {"costUnit", "usd"}}}};

// 1 request (otel) > 2 handler (otel) > 3 agent > 4 generation > 5 step > 6 inference > 7 chunk,
// 5 > 8 tool > 9 fetch (otel) > a agent of another's > b generation
void RecordRequest(CoreLab* lab) {
  const Json agent = {{"entityId", "weather"},
                      {"entityName", "Weather"},
                      {"input", kQuestion},
                      {"output", {{"text", "It is."}}},
                      {"metadata", {{"plan", "free"}}}};
  StartOtel(lab, {"1", "", {}, tape::kIsRoot});
  StartOtel(lab, {"2", "1"});
  lab->Start(Below("3", "2", "agent_run"));
  lab->Start(Below("4", "3", "model_generation"));
  lab->Start(Below("5", "4", "model_step"));
  lab->Start(Below("6", "5", "model_inference"));
  lab->End(Below("7", "6", "model_chunk"));
  lab->End(
      Below("6", "5", "model_inference", {{"attributes", kUsage}, {"output", {{"text", "?"}}}}));
  lab->Start(Below("8", "5", "tool_call"));
  StartOtel(lab, {"9", "8"});
  lab->Start(Below("a", "9", "agent_run"));
  lab->End(Below("b", "a", "model_generation", {{"attributes", kUsage}}));
  lab->End(Below("a", "9", "agent_run", agent));
  EndOtel(lab, {"9", "8"});
  lab->End(Below("8", "5", "tool_call", {{"output", 3}}));
  lab->End(Below("5", "4", "model_step"));
  lab->End(Below("4", "3", "model_generation", {{"input", kQuestion}, {"attributes", kUsage}}));
  lab->End(Below("3", "2", "agent_run", agent));
  EndOtel(lab, {"2", "1"});
}

Spans TakeById(CoreLab* lab, uint32_t trace = 0) {
  Spans spans;
  for (const auto& span : lab->Take(trace))
    CHECK(spans.emplace(Digit(span.span_id()), span).second);
  return spans;
}

Spans Request(const Json& destination) {
  CoreLab lab(Destination(destination));
  RecordRequest(&lab);
  Spans spans = TakeById(&lab, EndOtelRoot(&lab, {"1"}));
  CHECK(lab.ReadStats()[Stat::kUnended] == 0);
  return spans;
}

// What a span says in attributes whose names begin with `prefix`.
Json Said(const otlp::pb::Span& span, const std::string& prefix = "") {
  Json said = Json::object();
  const Json all = AttributesOf(span.attributes());
  for (const auto& [name, value] : all.items()) {
    if (name.starts_with(prefix)) said[name] = value;
  }
  return said;
}

// ---- parents -------------------------------------------------------------------------------------

TEST_CASE("mixed: one run, one body, every span below its parent") {
  CoreLab lab;
  RecordRequest(&lab);
  const auto batches = lab.TakeBatches(EndOtelRoot(&lab, {"1"}));
  REQUIRE(batches.size() == 1);
  std::map<std::string, std::string> parents;
  for (const auto& span : batches[0].spans) {
    parents[Digit(span.span_id())] = Digit(span.parent_span_id());
    CHECK((span.flags() & 0x200) == 0);
  }
  CHECK(parents == std::map<std::string, std::string>{{"1", ""},
                                                      {"2", "1"},
                                                      {"3", "2"},
                                                      {"4", "3"},
                                                      {"5", "4"},
                                                      {"6", "5"},
                                                      {"7", "6"},
                                                      {"8", "5"},
                                                      {"9", "8"},
                                                      {"a", "9"},
                                                      {"b", "a"}});
}

TEST_CASE("mixed: below what is left out, the nearest ancestor that is sent") {
  const Spans spans = Request(
      {{"dropTypes", {"tool_call", "model_step", "model_inference", "model_chunk", "agent_run"}}});
  CHECK(Digit(spans.at("9").parent_span_id()) == "4");
  CHECK(Digit(spans.at("4").parent_span_id()) == "2");
  CHECK(Digit(spans.at("b").parent_span_id()) == "9");
  CHECK(spans.size() == 5);
}

TEST_CASE("mixed: what leaves early says what it would have said at the end") {
  const Spans whole = Request({});
  CoreLab lab;
  RecordRequest(&lab);
  Spans early = TakeById(&lab, Pipeline::kOpenTraces);
  CHECK(early.size() >= 8);
  early.merge(TakeById(&lab, EndOtelRoot(&lab, {"1"})));
  REQUIRE(early.size() == whole.size());
  for (const auto& [id, span] : whole) {
    INFO(id);
    CHECK(early.at(id).SerializeAsString() == span.SerializeAsString());
  }
}

TEST_CASE("mixed: a run stays below a span that ends after the request") {
  CoreLab lab;
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  StartOtel(&lab, {"2", "1"});
  lab.Start(Below("3", "2", "agent_run"));
  lab.Start(Below("4", "3", "tool_call"));
  lab.End(Below("5", "4", "generic"));  // of Mastra's parents, only those that are here
  lab.End(Below("3", "2", "agent_run"));
  const Spans spans = TakeById(&lab, EndOtelRoot(&lab, {"1"}));
  CHECK(Digit(spans.at("3").parent_span_id()) == "2");
  CHECK(Digit(spans.at("5").parent_span_id()) == "3");
  EndOtel(&lab, {"2", "1"});
  CHECK(Digit(TakeById(&lab).at("2").parent_span_id()) == "1");
}

// ---- what outlives the root ----------------------------------------------------------------------

TEST_CASE("mixed: a run that outlives the request leaves with it, as if it had not") {
  const Spans whole = Request({});
  for (const bool early : {false, true}) {
    CoreLab lab;
    RecordRequest(&lab);
    StartOtel(&lab, {"c", "2"});
    CHECK(EndOtel(&lab, {"1", "", {}, tape::kIsRoot | tape::kOutlived}) == 0);
    CHECK(lab.TakeIds().empty());
    Spans spans;
    if (early) spans = TakeById(&lab, Pipeline::kOpenTraces);
    const int32_t trace = EndOtel(&lab, {"c", "2", {}, tape::kOutlived});
    REQUIRE(trace > 0);
    spans.merge(TakeById(&lab, static_cast<uint32_t>(trace)));
    CHECK(lab.ReadStats()[Stat::kUnended] == 0);
    REQUIRE(spans.size() == whole.size() + 1);
    for (const auto& [id, span] : whole) {
      INFO(early << id);
      CHECK(spans.at(id).SerializeAsString() == span.SerializeAsString());
    }
  }
}

// ---- what rules across spans say -----------------------------------------------------------------

TEST_CASE("mixed: a model's input is rebuilt") {
  const Spans spans = Request({});
  const Json attributes = Said(spans.at("6"), "gen_ai.input");
  CHECK(attributes["gen_ai.input.messages"].get<std::string>().find("Is it cold?") !=
        std::string::npos);
}

TEST_CASE("mixed: the root of Mastra's run says what roots say, and no agent below it") {
  const Spans langfuse = Request({{"dialect", "langfuse"}});
  CHECK(Said(langfuse.at("3"), "langfuse.trace.") ==
        Json{{"langfuse.trace.name", "Weather"},
             {"langfuse.trace.input", kQuestion.dump()},
             {"langfuse.trace.output", R"({"text":"It is."})"},
             {"langfuse.trace.metadata.plan", "free"}});
  CHECK(Said(langfuse.at("a"), "langfuse.trace.").empty());
  CHECK(Said(langfuse.at("a"))["langfuse.observation.metadata.plan"] == "free");

  const Spans lemma = Request({{"dialect", "lemma"}});
  CHECK(Said(lemma.at("3"), "ai.") == Json{{"ai.agent.name", "weather"},
                                           {"ai.agent.input", "Is it cold?"},
                                           {"ai.agent.output", "It is."},
                                           {"ai.response.text", "It is."}});
  CHECK(Said(lemma.at("a"), "ai.").empty());

  const Spans sentry = Request({{"dialect", "sentry"}});
  const Json totals = Said(sentry.at("3"), "gen_ai.");
  CHECK(totals["gen_ai.usage.input_tokens"] == 14);  // of both models
  CHECK(totals["gen_ai.usage.total_tokens"] == 24);
  CHECK(totals["gen_ai.cost.total_tokens"] == 1.0);
  CHECK(!Said(sentry.at("a")).contains("gen_ai.usage.input_tokens"));

  // OpenTelemetry's own spans say what they were given.
  for (const Spans* spans : {&langfuse, &lemma, &sentry}) {
    for (const char* const id : {"1", "2", "9"}) CHECK(Said(spans->at(id)).empty());
  }
}

TEST_CASE("mixed: two runs below one request have a root each") {
  CoreLab lab(Destination({{"dialect", "langfuse"}}));
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  for (const char* const id : {"2", "3"}) {
    lab.Start(Below(id, "1", "workflow_run"));
    lab.End(Below(id, "1", "workflow_run", {{"entityName", std::string("run ") + id}}));
  }
  const Spans spans = TakeById(&lab, EndOtelRoot(&lab, {"1"}));
  CHECK(Said(spans.at("2"), "langfuse.trace.")["langfuse.trace.name"] == "run 2");
  CHECK(Said(spans.at("3"), "langfuse.trace.")["langfuse.trace.name"] == "run 3");
}

TEST_CASE("mixed: a span of Mastra's whose parent nobody knows is no root") {
  CoreLab lab(Destination({{"dialect", "langfuse"}}));
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  lab.End(Below("3", "e", "tool_call", {{"entityName", "tool"}}));
  const Spans spans = TakeById(&lab, EndOtelRoot(&lab, {"1"}));
  CHECK(Digit(spans.at("3").parent_span_id()) == "1");
  CHECK(Said(spans.at("3"), "langfuse.trace.").empty());
  CHECK(Said(spans.at("3")).contains("edgespan.missing_parent_span_id"));
}

// ---- the same span, twice ------------------------------------------------------------------------

std::string Which(const otlp::pb::Span& span) {
  return AttributesOf(span.attributes()).contains("mastra.span.type") ? "mastra" : "otel";
}

TEST_CASE("mixed: of a span that a bridge records once more, Mastra's stays") {
  for (const bool otel_starts : {false, true}) {
    for (const bool otel_ends : {false, true}) {
      INFO(otel_starts << otel_ends);
      CoreLab lab(Destination({{"dialect", "langfuse"}}));
      StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
      const Json agent = Below("2", "1", "agent_run", {{"entityName", "Weather"}});
      if (otel_starts) StartOtel(&lab, {"2", "1"});
      lab.Start(agent);
      if (!otel_starts) StartOtel(&lab, {"2", "1"});
      lab.End(Below("3", "2", "model_generation", {{"attributes", kUsage}}));
      if (otel_ends) EndOtel(&lab, {"2", "1"});
      lab.End(agent);
      if (!otel_ends) EndOtel(&lab, {"2", "1"});
      const uint32_t trace = EndOtelRoot(&lab, {"1"});
      const Spans spans = TakeById(&lab, trace);  // each once
      CHECK(spans.size() == 3);
      CHECK(Which(spans.at("2")) == "mastra");
      CHECK(Said(spans.at("2"))["langfuse.trace.name"] == "Weather");
      CHECK(!Said(spans.at("1")).contains("edgespan.dropped_spans"));
      const auto stats = lab.ReadStats();
      CHECK(stats[Stat::kUnended] == 0);
      CHECK(stats.dropped(LossReason::kDuplicate) == 1);
      CHECK(stats.dropped() == 1);
    }
  }
}

TEST_CASE("mixed: of a span that left already, nothing leaves again") {
  CoreLab lab;
  StartOtel(&lab, {"1", "", {}, tape::kIsRoot});
  EndOtel(&lab, {"2", "1"});
  CHECK(lab.TakeIds(Pipeline::kOpenTraces) == "2");
  lab.End(Below("2", "1", "agent_run"));
  CHECK(lab.TakeIds(EndOtelRoot(&lab, {"1"})) == "1");
  CHECK(lab.ReadStats().dropped(LossReason::kDuplicate) == 1);
}

TEST_CASE("mixed: a root that comes twice closes its run, which is sent once") {
  CoreLab lab;
  lab.Start(Span("1"));
  EndOtel(&lab, {"1"});  // as if it were none
  CHECK(lab.TakeIds(Pipeline::kOpenTraces) == "1");
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))).empty());
  CHECK(lab.ReadStats().dropped(LossReason::kDuplicate) == 1);
}

}  // namespace
}  // namespace edgespan
