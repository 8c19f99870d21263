// Guard: content policies, what a run hides, sensitive keys, counts, and what destinations share.
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/base/status.h"
#include "tests/support/core_lab.h"
#include "tests/support/otel_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::Json;
using testing::OtelSpan;
using testing::Span;

constexpr char kMask[] = "22222222222";

Json Redacting(Json members = Json::object()) {
  members["dialect"] = "genai";
  members["redact"] = {{"hooks", 1}, {"actions", kMask}, {"hashKey", "k"}};
  return members;
}
Json Showing(const char* policy, Json members = Json::object()) {
  members["dialect"] = "genai";
  members["content"] = {{"policy", policy}, {"limit", 12}};
  return members;
}

// Attributes of a run's spans, by the last digit of their ids.
std::map<std::string, Json> Told(const Json& destination, const std::vector<Json>& run) {
  CoreLab lab({{"destinations", Json::array({destination})}});
  for (const Json& span : run) lab.Start(span);
  for (size_t i = run.size(); i > 0; --i) lab.End(run[i - 1]);
  std::map<std::string, Json> told;
  for (const auto& span : lab.Take()) {
    told[testing::HexOf(span.span_id()).substr(15)] = AttributesOf(span.attributes());
  }
  return told;
}
Json ToldOfOne(const Json& destination, const Json& members, const char* type = "generic") {
  return Told(destination, {Span("1", "", type, members)})["1"];
}

// Of OpenTelemetry's span.
Json ToldOfOtel(const Json& destination, const Json& attributes) {
  CoreLab lab({{"destinations", Json::array({destination})}});
  testing::EndOtelRoot(&lab, {"1", "", {{"attributes", attributes}}});
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  return AttributesOf(spans[0].attributes());
}

std::vector<Json> AgentRun(Json agent = Json::object(), const Json& generation = Json::object()) {
  agent["attributes"] = {{"instructions", "be brief, said the user"}, {"maxSteps", 3}};
  Json model = {{"attributes",
                 {{"model", "gpt-5"},
                  {"tools", {{{"name", "mail"}, {"description", "sends mail"}}}},
                  {"usage", {{"inputTokens", 3}, {"outputTokens", 4}}}}}};
  for (const auto& [name, value] : generation.items()) model[name] = value;
  return {Span("1", "", "agent_run", agent), Span("2", "1", "model_generation", model),
          Span("3", "1", "tool_call",
               {{"entityName", "mail"}, {"attributes", {{"toolDescription", "sends mail"}}}})};
}
constexpr char kInstructions[] = "gen_ai.system_instructions";
constexpr char kDescription[] = "gen_ai.tool.description";

TEST_CASE("guard: content that is off leaves nothing but its envelope") {
  const Json attributes = {{"gen_ai.input.messages", "[{\"role\":\"user\"}]"},
                           {"gen_ai.output.messages", "[]x"},
                           {"gen_ai.system_instructions", "be brief"},
                           {"gen_ai.tool.call.arguments", "{\"a\":1}"},
                           {"gen_ai.tool.call.result", {{"deep", "x"}}},
                           {"gen_ai.tool.definitions", {"x", "y"}},
                           {"gen_ai.prompt.0.content", "hi"},
                           {"gen_ai.completion.0.content", "hi"},
                           {"ai.prompt.messages", "[]"},
                           {"ai.response.text", "hi"},
                           {"ai.response.toolCalls", "[]"},
                           {"ai.response.object", "{}"},
                           {"ai.toolCall.args", "{}"},
                           {"ai.toolCall.result", "{}"},
                           {"input.value", "hi"},
                           {"output.value", "hi"},
                           {"llm.input_messages.0.message.content", "hi"},
                           {"langfuse.observation.input", "hi"},
                           {"langfuse.trace.output", "hi"},
                           {"traceloop.entity.input", "hi"},
                           {"traceloop.entity.output", "hi"}};
  const Json kept = {{"gen_ai.request.model", "gpt-5"}, {"gen_ai.usage.input_tokens", 12},
                     {"llm.token_count.prompt", 12},    {"llm.token_count.completion", 3},
                     {"ai.response.id", "r1"},          {"url.path", "/prompts"},
                     {"exception.message", "refused"}};
  Json all = kept;
  for (const auto& [name, value] : attributes.items()) all[name] = value;
  CHECK(ToldOfOtel(Showing("off"), all) == kept);
  CHECK(ToldOfOtel(Showing("full"), all) == all);

  const Json error = {{"message", "refused"}, {"details", {{"prompt", "hi"}}}};
  const auto told = Told(Showing("off"), AgentRun({{"input", "hi"}, {"output", "ho"}},
                                                  {{"input", "hi"}, {"errorInfo", error}}));
  for (const auto& [id, span] : told) {
    INFO(id << " " << span.dump());
    for (const char* text : {"hi\"", "ho\"", "be brief", "sends mail"}) {
      CHECK(span.dump().find(text) == std::string::npos);
    }
  }
  CHECK(told.at("1")["mastra.agent_run.max_steps"] == 3);
  CHECK(told.at("2")["gen_ai.usage.input_tokens"] == 3);
  CHECK(told.at("2")["error.message"] == "refused");
}

TEST_CASE("guard: hashed content can be told apart, and no more") {
  Json to = Redacting();
  to["content"] = {{"policy", "hashed"}};
  const auto told =
      Told(to, {Span("1", "", "generic", {{"input", "same"}, {"output", "other"}}),
                Span("2", "1", "generic", {{"input", {{"a", 1}}}, {"output", "same"}}),
                Span("3", "1", "generic", {{"input", 42}, {"output", {"a"}}})});
  const Json one = told.at("1");
  const Json two = told.at("2");
  CHECK(one["mastra.generic.input"].get<std::string>().rfind("[CONTENT:", 0) == 0);
  CHECK(one["mastra.generic.input"] == two["mastra.generic.output"]);
  CHECK(one["mastra.generic.input"] != one["mastra.generic.output"]);
  // What was JSON is JSON.
  CHECK(Json::parse(two["mastra.generic.input"].get<std::string>()).is_string());
  CHECK(told.at("3").dump().find("42") == std::string::npos);
  // A digest without a key could be guessed.
  CHECK(CoreLab::Open({{"destinations", {Showing("hashed")}}}) ==
        static_cast<int32_t>(Status::kBadConfig));
  const Json asked = {{"input", "same"}, {"metadata", {{"edgespan.content", "hashed"}}}};
  CHECK(!ToldOfOne({{"dialect", "genai"}}, asked).contains("mastra.generic.input"));
}

TEST_CASE("guard: truncated content is redacted before it is cut, and JSON stays JSON") {
  Json to = Redacting();
  to["content"] = {{"policy", "truncated"}, {"limit", 24}};
  const Json told = ToldOfOne(to, {{"input", "write to jane.doe@example.com, please, and tell her"},
                                   {"output", {{"list", {"one", "two", "three", "four", "five"}}}},
                                   {"attributes", {{"note", std::string(100, 'n')}}}});
  CHECK(told["mastra.generic.input"] == "write to [REDACTED:email");
  CHECK(told["edgespan.original_length.mastra.generic.input"] == 47);
  const std::string output = told["mastra.generic.output"];
  CHECK(output.size() <= 24);
  CHECK(Json::parse(output)["list"][0] == "one");
  CHECK(told["mastra.generic.note"] == std::string(100, 'n'));
}

TEST_CASE("guard: what a run hides is inferred where an agent or a generation tells") {
  const Json plain = {{"dialect", "genai"}};
  const auto shows = [&](const std::vector<Json>& run) {
    auto told = Told(plain, run);
    CHECK(told["1"].contains(kInstructions) == told["3"].contains(kDescription));
    return told["1"].contains(kInstructions);
  };
  // Mastra's hideInput: no span has one.
  CHECK_FALSE(shows(AgentRun({{"output", "ho"}}, {{"output", "ho"}})));
  // Some have: it was not hidden.
  CHECK(shows(AgentRun({{"output", "ho"}}, {{"input", "hi"}, {"output", "ho"}})));
  CHECK(shows(AgentRun({{"input", "hi"}}, {{"output", "ho"}})));
  // A run can ask for more to be hidden, never for less.
  Json agent = {{"output", "ho"}, {"metadata", {{"edgespan.content", "full"}}}};
  CHECK_FALSE(shows(AgentRun(agent)));
  // A workflow or any other root may have none.
  const Json members = {{"attributes", {{"prompt", "p"}}}};
  for (const char* type : {"workflow_run", "generic", "processor_run"}) {
    CHECK(ToldOfOne(plain, members, type).dump().find("\"p\"") != std::string::npos);
  }

  // hideOutput: error details and what OpenTelemetry's spans in the run say that came out.
  const auto ended = [&](const Json& last) {
    CoreLab lab({{"destinations", {plain}}});
    lab.Start(Span("1", "", "agent_run"));
    testing::EndOtel(&lab, {"2", "1", {{"attributes", {{"ai.response.text", "out"}}}}});
    lab.EndRoot(Span("1", "", "agent_run", last));
    std::string all;
    for (const auto& span : lab.Take()) all += AttributesOf(span.attributes()).dump();
    return all.find("\"out\"") != std::string::npos;
  };
  CHECK(ended({{"input", "hi"}, {"output", "ho"}}));
  CHECK_FALSE(ended({{"input", "hi"}}));
  CHECK(ended({{"input", "hi"}, {"errorInfo", {{"message", "refused"}}}}));
}

TEST_CASE("guard: a run's metadata says how much it shows") {
  for (const auto& [said, left] : std::vector<std::pair<Json, bool>>{
           {"off", false}, {"full", true}, {"none", false}, {7, false}, {nullptr, false}}) {
    INFO(said.dump());
    const Json metadata = {{"edgespan.content", said}, {"plan", "pro"}};
    const auto told = Told({{"dialect", "genai"}},
                           {Span("1", "", "workflow_run", {{"metadata", metadata}, {"input", "a"}}),
                            Span("2", "1", "workflow_step", {{"input", "the text"}})});
    CHECK((told.at("2").dump().find("the text") != std::string::npos) == left);
    CHECK(told.at("1")["mastra.metadata.plan"] == "pro");
  }
  // The strictest counts.
  const Json truncated = {{"input", std::string(600, 'i')},
                          {"metadata", {{"edgespan.content", "truncated"}}}};
  CHECK(ToldOfOne({{"dialect", "genai"}}, truncated)["mastra.generic.input"] ==
        std::string(256, 'i'));
  CHECK(!ToldOfOne(Showing("off"), truncated).contains("mastra.generic.input"));
  CHECK(ToldOfOne(Showing("truncated"), truncated)["mastra.generic.input"] == std::string(12, 'i'));

  // What leaves before the root has ended knows it by its own metadata, which Mastra hands down.
  const Json metadata = {{"edgespan.content", "off"}};
  CoreLab lab;
  lab.Start(Span("1", "", "workflow_run"));
  lab.Start(Span("2", "1", "workflow_step"));
  lab.End(Span("2", "1", "workflow_step", {{"input", "the text"}, {"metadata", metadata}}));
  const auto early = lab.TakeBatches(UINT32_MAX);
  REQUIRE(early.size() == 1);
  CHECK(early[0].body.find("the text") == std::string::npos);
}

TEST_CASE("guard: what stands under a sensitive key goes, whatever it is") {
  Json to = Redacting();
  to["redact"]["keys"] = " plan sizes";
  const Json told =
      ToldOfOne(to, {{"metadata",
                      {{"password", "x"},
                       {"apiKey", {{"a", {1, 2}}}},
                       {"pin", {{"secret", 12345678}, {"ok", "fine"}}},
                       {"plan", "pro"},
                       {"sizes", {1, 2, 3}},
                       {"sessionId", "session-1"},
                       {"none", nullptr}}},
                     {"input", {{"token", {{"a", "b"}}}, {"n", 4111111111111111}, {"m", 1}}}});
  CHECK(told["mastra.metadata.password"] == "[REDACTED:key]");
  CHECK(told["mastra.metadata.plan"] == "[REDACTED:key]");
  CHECK(told["mastra.metadata.sizes"] == "[REDACTED:key]");
  CHECK(told["mastra.metadata.sessionId"] == "session-1");
  CHECK(told.dump().find("12345678") == std::string::npos);
  CHECK(told["mastra.metadata.apiKey"] == "[REDACTED:key]");
  CHECK(Json::parse(told["mastra.generic.input"].get<std::string>()) ==
        Json({{"token", "[REDACTED:key]"}, {"n", "[REDACTED:card]"}, {"m", 1}}));

  const Json otel = ToldOfOtel(to, {{"db.password", "x"},
                                    {"http.request.header.authorization", {"Bearer x"}},
                                    {"map", {{"token", 7}, {"fine", {{"cookie", {"a"}}}}}},
                                    {"session.id", "s1"},
                                    {"flag", true}});
  CHECK(otel ==
        Json({{"db.password", "[REDACTED:key]"},
              {"http.request.header.authorization", "[REDACTED:key]"},
              {"map", {{"token", "[REDACTED:key]"}, {"fine", {{"cookie", "[REDACTED:key]"}}}}},
              {"session.id", "s1"},
              {"flag", true}}));
}

TEST_CASE("guard: counts are of what left, once") {
  // Each span has two finds; a batch holds few, so some are encoded twice.
  CoreLab lab({{"destinations",
                {Redacting({{"maxBytes", 2000}}),
                 Redacting(),
                 Redacting({{"limits", {{"attributeCountLimit", 3}}}}),
                 {{"dialect", "genai"}}}}});
  constexpr uint32_t kSpans = 24;
  const Json members = {{"input", "to jane@example.com: " + std::string(300, '.')},
                        {"metadata", {{"password", "x"}, {"a", 1}, {"b", 2}, {"c", 3}}}};
  for (uint32_t i = 2; i <= kSpans; ++i) lab.End(Span(std::to_string(i), "1", "generic", members));
  lab.EndRoot(Span("1", "", "generic", members));
  CHECK(lab.TakeBatches(0, 0).size() > 3);
  CHECK(lab.TakeBatches(0, 1).size() == 1);
  const auto limited = lab.Take(0, 2);
  CHECK(lab.Take(0, 3).size() == kSpans);
  CHECK(lab.ReadStats(0)[Stat::kRedacted] == 2 * kSpans);
  CHECK(lab.ReadStats(1)[Stat::kRedacted] == 2 * kSpans);
  CHECK(lab.ReadStats(3)[Stat::kRedacted] == 0);
  for (uint32_t d = 0; d < 4; ++d) CHECK(lab.ReadStats(d)[Stat::kUnread] == 0);
  for (const auto& span : limited) {
    CHECK(span.attributes_size() == 3);
    CHECK(span.dropped_attributes_count() > 0);
  }
}

TEST_CASE("guard: what is hidden was not dropped") {
  CoreLab lab({{"destinations", {Showing("off", {{"limits", {{"attributeCountLimit", 4}}}})}}});
  const Json metadata = {{"a", 1}};
  lab.EndRoot(Span("1", "", "generic", {{"input", "a"}, {"output", "b"}, {"metadata", metadata}}));
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].dropped_attributes_count() == 0);
  CHECK(AttributesOf(spans[0].attributes())["mastra.metadata.a"] == 1);
}

TEST_CASE("guard: destinations share bodies by what they are shown") {
  Json other = Redacting();
  other["redact"]["actions"] = "33333333333";
  CoreLab lab({{"destinations", {Redacting(), Redacting(), other, {{"dialect", "genai"}}}}});
  lab.EndRoot(Span("1", "", "generic", {{"input", "jane.doe@example.com"}}));
  std::vector<std::string> bodies;
  std::vector<uint32_t> serials;
  std::vector<testing::Batch> batches;
  for (uint32_t d = 0; d < 4; ++d) {
    batches.push_back(lab.Cut(0, d));
    REQUIRE(edgespan_batch(batches[d].id) == 0);
    serials.push_back(tools::CoreResult()[3]);
    bodies.push_back(batches[d].body);
  }
  CHECK(serials[0] == serials[1]);
  CHECK(serials[0] != serials[2]);
  CHECK(serials[0] != serials[3]);
  CHECK(bodies[0] == bodies[1]);
  CHECK(bodies[2].find("*.com") == std::string::npos);
  CHECK(bodies[2].find("[REDACTED:email:*") != std::string::npos);
  CHECK(bodies[3].find("jane.doe@example.com") != std::string::npos);
  for (uint32_t d = 0; d < 3; ++d) CHECK(lab.ReadStats(d)[Stat::kRedacted] == 1);
  for (const auto& batch : batches) lab.Finish(batch);
}

TEST_CASE("guard: without memory nothing is shown that was not read") {
  uint32_t withheld = 0;
  uint32_t whole = 0;
  for (uint32_t kib = 700; kib < 2000; kib += 12) {
    INFO(kib);
    CoreLab lab({{"destinations", {Redacting()}}}, kib << 10);
    const std::string text = "jane.doe@example.com " + std::string(100'000, 'x');
    // JSON in a string has to be read as what it means, which takes memory of its own.
    const Json span =
        Span("1", "", "generic", {{"input", text}, {"output", Json{{"a", text}}.dump()}});
    if (lab.End(span) <= 0) continue;  // not even that could be kept
    const auto batches = lab.TakeBatches();
    for (const auto& batch : batches) CHECK(batch.body.find("jane.doe") == std::string::npos);
    const auto stats = lab.ReadStats();
    if (batches.empty()) {
      CHECK(stats.dropped() == 1);
      continue;
    }
    // A find in a text that was withheld after all counts, too.
    CHECK(stats[Stat::kRedacted] + stats[Stat::kUnread] >= 2);
    if (stats[Stat::kUnread] > 0) {
      ++withheld;
      CHECK(batches[0].body.find("[WITHHELD]") != std::string::npos);
    }
    whole += stats[Stat::kUnread] == 0 ? 1 : 0;
  }
  CHECK(withheld > 0);
  CHECK(whole > 0);
}

TEST_CASE("guard: a text of the host's, by a destination's policy") {
  CoreLab lab({{"destinations", {Redacting(), {{"dialect", "genai"}}}}});
  const auto redact = [&](uint32_t destination, const std::string& text) {
    REQUIRE(edgespan_lend(0, 0, static_cast<uint32_t>(text.size()) + 64) == 0);
    auto* const memory = static_cast<char*>(edgespan_memory());
    std::memcpy(memory + tools::CoreResult()[2], text.data(), text.size());
    REQUIRE(edgespan_redact(lab.id(), destination, static_cast<uint32_t>(text.size())) == 0);
    const uint32_t* const result = tools::CoreResult();
    return std::make_pair(std::string(memory + result[0], result[1]), result[2]);
  };
  CHECK(redact(0, "to jane@example.com") == std::make_pair(std::string("to [REDACTED:email]"), 1u));
  CHECK(redact(0, "nothing here") == std::make_pair(std::string("nothing here"), 0u));
  CHECK(redact(0, "") == std::make_pair(std::string(), 0u));
  CHECK(redact(1, "to jane@example.com").first == "to jane@example.com");
  CHECK(edgespan_redact(lab.id(), 2, 0) == static_cast<int32_t>(Status::kBadHandle));
  CHECK(edgespan_redact(lab.id(), 0, UINT32_MAX) == static_cast<int32_t>(Status::kTooLarge));
  // Whole JSON, as the host's bodies are.
  const auto [json, found] = redact(0, R"({"token":"x","log":["line\njane@example.com"]})");
  CHECK(Json::parse(json) ==
        Json({{"token", "[REDACTED:key]"}, {"log", {"line\n[REDACTED:email]"}}}));
  CHECK(found == 2);
}

TEST_CASE("guard: settings that are none open no exporter, and leave nothing behind") {
  CoreLab lab;
  const auto open = [](const Json& destination) {
    return CoreLab::Open({{"destinations", {{{"dialect", "genai"}}, destination}}});
  };
  for (int i = 0; i < 100; ++i) {  // more than would fit, if they stayed
    Json to = Redacting();
    to["redact"]["actions"] = "2222222222";
    CHECK(open(to) == static_cast<int32_t>(Status::kBadConfig));
    to["redact"]["actions"] = "22222222225";
    CHECK(open(to) == static_cast<int32_t>(Status::kBadConfig));
    to = Redacting();
    to["redact"].erase("hooks");
    CHECK(open(to) == static_cast<int32_t>(Status::kBadConfig));
    CHECK(open(Showing("some")) == static_cast<int32_t>(Status::kBadConfig));
    to = Redacting();
    to["dialect"] = std::string("unheard of");
    to["redact"]["keys"] = std::string(1'000'000, 'k');
    CHECK(CoreLab::Open(
              {{"destinations", {Redacting(), {{"dialect", 7}, {"redact", to["redact"]}}}}}) < 0);
  }
  CHECK(open(Redacting()) > 0);
}

}  // namespace
}  // namespace edgespan
