// No planted secret survives the pipeline: hundreds of them, at every place of Mastra's and
// OpenTelemetry's spans that is written, in every dialect, whatever limits cut.
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/pipeline/trace.h"
#include "tests/support/core_lab.h"
#include "tests/support/otel_lab.h"
#include "tests/support/redactor_lab.h"

namespace edgespan {
namespace {

using testing::Batch;
using testing::CoreLab;
using testing::Json;
using testing::Planted;
using testing::SecretMaker;
using testing::Span;

// Gives out a phrase for each place, and knows what they hide.
class Planter {
 public:
  Planter(const std::vector<Planted>& all, size_t first) : all_(all), next_(first) {}

  std::string operator()() {
    const Planted& planted = all_[next_++ % all_.size()];
    given_.push_back(&planted);
    return planted.phrase;
  }
  const std::vector<const Planted*>& given() const { return given_; }

 private:
  const std::vector<Planted>& all_;
  size_t next_;
  std::vector<const Planted*> given_;
};

std::string Dump(const Json& value) { return value.dump(); }

// 1 agent > 2 generation > 3 step > 4 call > 6 chunk; 5 tool, 7 call that failed, 8 workflow step
std::vector<Json> MastraRun(Planter& plant) {
  const auto span = [&](const char* id, const char* parent, const char* type, Json members) {
    members["metadata"] = {{"runId", "r1"},
                           {"note", plant()},
                           {"deep", {{"list", {1, plant(), {{"x", plant()}}}}}},
                           {plant(), true},
                           {"json", Dump({{"inner", Dump({{"more", "line\n" + plant()}})}})}};
    Json made = Span(id, parent, type, members);
    made["name"] = "run '" + plant() + "'";
    return made;
  };
  const auto message = [&](const char* role) {
    return Json{{"role", role}, {"content", {{{"type", "text"}, {"text", "see\n" + plant()}}}}};
  };
  const Json call = {{"toolCallId", "c1"},
                     {"toolName", "mail"},
                     {"args", {{"to", plant()}, {"all", {plant(), {{"deep", plant()}}}}}}};
  return {
      span("1", "", "agent_run",
           {{"entityId", "agent"},
            {"entityName", "Agent " + plant()},
            {"tags", {"a", plant()}},
            {"requestContext", {{"user", {{"contact", plant()}}}, {plant(), plant()}}},
            {"input", {message("user"), message("assistant")}},
            {"output", {{"text", "I wrote to " + plant()}, {"object", {{"k", plant()}}}}},
            {"attributes",
             {{"instructions", "Use " + plant() + " for it"},
              {"conversationId", plant()},
              {"unheardOf", {{"a", plant()}}},
              {plant(), plant()},
              {"availableTools", {"mail", plant()}}}}}),
      span(
          "2", "1", "model_generation",
          {{"input", {{"messages", {message("system"), message("user")}}}},
           {"output", {{"text", plant()}, {"reasoning", {{{"type", "text"}, {"text", plant()}}}}}},
           {"attributes",
            {{"model", plant()},
             {"provider", plant()},
             {"parameters", {{"stopSequences", {plant()}}, {"extra", {{"header", plant()}}}}},
             {"tools",
              {{{"name", "mail"}, {"description", plant()}, {"parameters", {{"x", plant()}}}}}}}}}),
      span("3", "2", "model_step", {{"input", {message("user")}}, {"output", plant()}}),
      span("4", "3", "model_inference",
           {{"output", {{"text", ""}, {"reasoning", plant()}, {"toolCalls", Json::array({call})}}},
            {"attributes",
             {{"model", "gpt-5"},
              {"finishReason", plant()},
              {"responseId", plant()},
              {"serverAddress", plant()},
              {"warnings", {{{"message", plant()}}}}}}}),
      span("6", "4", "model_chunk",
           {{"attributes", {{"chunkType", "text"}}}, {"output", {{"text", plant()}}}}),
      span("5", "3", "tool_call",
           {{"entityName", "mail"},
            {"input", Dump({{"url", "https://x.internal/?q=" + plant()}, {plant(), 1}})},
            {"output", {{"log", "first\n\"" + plant() + "\"\nlast"}, {"image", plant()}}},
            {"attributes", {{"toolCallId", "c1"}, {"toolDescription", plant()}}}}),
      span("7", "2", "model_inference",
           {{"errorInfo",
             {{"message", "refused: " + plant()},
              {"name", "Error"},
              {"id", plant()},
              {"domain", plant()},
              {"stack", "Error: " + plant() + "\n    at book (worker.js:1:9123)"},
              {"details", {{"request", {{"body", plant()}}}}}}}}),
      span("8", "1", "workflow_step", {{"input", plant()}, {"output", {plant(), plant()}}}),
  };
}

// An OpenTelemetry span inside that run.
Json OtelMembers(Planter& plant) {
  const auto attributes = [&] {
    return Json{{"text", plant()},
                {"json", Dump({{"a", {plant()}}})},
                {"list", {plant(), 7, plant()}},
                {"map", {{"deep", {{"deeper", plant()}}}, {plant(), plant()}}},
                {plant(), true},
                {"gen_ai.input.messages", Dump({{{"role", "user"}, {"content", plant()}}})}};
  };
  return {
      {"traceState", "vendor=value"},
      {"status", {{"code", 2}, {"message", plant()}}},
      {"attributes", attributes()},
      {"events",
       {{{"name", "event " + plant()}, {"attributes", attributes()}},
        {{"name", "exception"},
         {"attributes",
          {{"exception.message", plant()}, {"exception.stacktrace", "Error\n  at " + plant()}}}}}},
      {"links",
       {{{"traceId", testing::kTraceId},
         {"spanId", "00f067aa0ba902b7"},
         {"attributes", attributes()}}}},
      {"scope",
       {{"name", "scope " + plant()},
        {"version", plant()},
        {"schemaUrl", "https://schemas.internal/?q=" + plant()},
        {"attributes", attributes()}}}};
}

// Every text in a body, and every text in texts of JSON.
void Collect(const Json& value, std::set<std::string>* all) {
  if (value.is_structured()) {
    for (const auto& [name, member] : value.items()) {
      all->insert(name);
      Collect(member, all);
    }
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    all->insert(text);
    const Json inner = Json::parse(text, nullptr, false);
    if (!inner.is_discarded()) Collect(inner, all);
  }
}
template <class Repeated>
void CollectAttributes(const Repeated& attributes, std::set<std::string>* all) {
  for (const auto& attribute : attributes) {
    all->insert(attribute.key());
    Collect(testing::Plain(attribute.value()), all);
  }
}

void CheckBatch(const Batch& batch, const Planter& plant) {
  std::set<std::string> texts = {batch.body};
  for (const auto& resource_spans : batch.request.resource_spans()) {
    CollectAttributes(resource_spans.resource().attributes(), &texts);
    for (const auto& scope_spans : resource_spans.scope_spans()) {
      CollectAttributes(scope_spans.scope().attributes(), &texts);
      for (const auto& span : scope_spans.spans()) {
        CollectAttributes(span.attributes(), &texts);
        for (const auto& event : span.events()) CollectAttributes(event.attributes(), &texts);
        for (const auto& link : span.links()) CollectAttributes(link.attributes(), &texts);
      }
    }
  }
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  const auto gone = [&](const Planted& planted, const std::string& part) {
    const size_t at = all.find(part);
    if (at == std::string::npos) return;
    FAIL_CHECK(planted.name << ": " << planted.phrase << "\nsurvives in ..."
                            << all.substr(at < 80 ? 0 : at - 80, part.size() + 160));
  };
  for (const Planted* planted : plant.given()) {
    const size_t half = planted->secret.size() / 2;
    gone(*planted, planted->secret);
    if (half >= 12) gone(*planted, planted->secret.substr(0, half));
    if (half >= 12) gone(*planted, planted->secret.substr(half));
  }
}

// A destination for each of the dialects from `first` on, as many as an exporter has.
Json Destinations(size_t first, const Json& members) {
  std::vector<std::string> names = {"genai"};
  for (const auto& dialect : tools::Dialects()) names.push_back(dialect.name);
  Json destinations = Json::array();
  for (size_t i = first; i < names.size() && i < first + kMaxDestinations; ++i) {
    Json destination = members;
    destination["dialect"] = names[i];
    destinations.push_back(destination);
  }
  return destinations;
}
constexpr size_t kDialects = 15;

void Plant(CoreLab* lab, size_t destinations, Planter& plant) {
  const std::vector<Json> run = MastraRun(plant);
  const testing::OtelSpan otel = {"a1", "5", OtelMembers(plant)};
  for (const Json& span : run) lab->Start(span);
  testing::EndOtel(lab, otel);
  for (size_t i = run.size(); i > 0; --i) lab->End(run[i - 1]);
  for (size_t d = 0; d < destinations; ++d) {
    const auto batches = lab->TakeBatches(0, static_cast<uint32_t>(d));
    CHECK(!batches.empty());
    for (const Batch& batch : batches) {
      CheckBatch(batch, plant);
      for (const auto& span : batch.spans) {
        if (!span.trace_state().empty()) CHECK(span.trace_state() == "vendor=value");
      }
    }
    CHECK(lab->ReadStats(static_cast<uint32_t>(d))[Stat::kRedacted] > 0);
  }
}

Json Masking(const char* actions = "22222222222") {
  return {{"redact", {{"hooks", 1}, {"actions", actions}, {"hashKey", "k"}}}};
}

TEST_CASE("guard planted: no secret survives, at any place, in any dialect") {
  SecretMaker make(21);
  const std::vector<Planted> all = make.All();
  REQUIRE(all.size() >= 500);
  // Of most kinds there are five in a row. Each run begins with another kind: in the end every kind was
  // at every place.
  for (size_t first = 0; first < kDialects; first += kMaxDestinations) {
    const Json destinations = Destinations(first, Masking());
    CoreLab lab({{"destinations", destinations}});
    for (size_t i = 0; i < all.size(); i += 5) {
      Planter plant(all, i);
      Plant(&lab, destinations.size(), plant);
      REQUIRE(plant.given().size() > 100);
    }
  }
}

TEST_CASE("guard planted: whatever the limits cut, and whatever stands in the place") {
  SecretMaker make(22);
  const std::vector<Planted> all = make.All();
  const char* const actions = GENERATE("22222222222", "11111111111", "33333333333", "44444444444");
  const uint32_t limit = GENERATE(8u, 24u, 60u);
  Json members = Masking(actions);
  members["limits"] = {{"attributeValueLengthLimit", limit}, {"attributeCountLimit", 20}};
  for (size_t first = 0; first < kDialects; first += kMaxDestinations) {
    const Json destinations = Destinations(first, members);
    CoreLab lab({{"destinations", destinations}});
    for (size_t i = 0; i < all.size(); i += 50) {
      Planter plant(all, i);
      Plant(&lab, destinations.size(), plant);
    }
  }
}

TEST_CASE("guard planted: in a resource") {
  SecretMaker make(23);
  const std::vector<Planted> all = make.All();
  for (size_t i = 0; i < all.size(); i += 3) {
    Planter plant(all, i);
    const Json resource = {{"service.name", "lab " + plant()},
                           {plant(), plant()},
                           {"list", {plant()}},
                           {"db.password", "pw"}};
    Json own = Masking();
    own["dialect"] = "genai";
    own["resource"] = {{"own", plant()}};
    CoreLab lab({{"resource", resource}, {"destinations", {own, {{"dialect", "genai"}}}}});
    lab.End(Span("1"));
    const auto redacted = lab.TakeBatches(0, 0);
    const auto plain = lab.TakeBatches(0, 1);
    REQUIRE((redacted.size() == 1 && plain.size() == 1));
    CheckBatch(redacted[0], plant);
    CHECK(redacted[0].body.find("pw") == std::string::npos);
    // What one destination is not shown another may be.
    CHECK(plain[0].body.find("pw") != std::string::npos);
  }
}

}  // namespace
}  // namespace edgespan
