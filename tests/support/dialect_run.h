// An agent that asked a model, called a tool and asked again, and what arrives of it in a dialect.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/core_lab.h"

namespace edgespan::testing {

inline std::string At(int ms) { return "2026-11-20T07:57:09." + std::to_string(ms) + "Z"; }

// 1 agent > 2 generation > 3 step > 4 call (chunk 6), 5 tool; 7 step > 8 call (chunk 9)
inline std::vector<Json> AgentRun() {
  const Json metadata = {{"threadId", "t1"},
                         {"resourceId", "u1"},
                         {"plan", {{"tier", "pro"}, {"seats", 3}}},
                         {"langfuse", {{"prompt", {{"name", "weather"}, {"version", 4}}}}}};
  const auto span = [&](const char* id, const char* parent, const char* type, Json members) {
    members["metadata"] = metadata;
    return Span(id, parent, type, members);
  };
  const auto usage = [](int in, int out) {
    return Json{{"inputTokens", in},
                {"outputTokens", out},
                {"inputDetails", {{"cacheRead", 10}, {"cacheWrite", 4}}},
                {"outputDetails", {{"reasoning", 2}}}};
  };
  const auto call = [&](const Json& used) {
    return Json{{"model", "gpt-5"},
                {"provider", "openai.responses"},
                {"responseModel", "gpt-5-2026"},
                {"finishReason", "stop"},
                {"completionStartTime", At(110)},
                {"parameters", {{"temperature", 0.5}, {"headers", {{"authorization", "secret"}}}}},
                {"costContext", {{"estimatedCost", 0.25}, {"costUnit", "usd"}}},
                {"usage", used}};
  };
  const Json tool_call = {
      {"toolCallId", "c1"}, {"toolName", "weather"}, {"args", {{"city", "Rome"}}}};
  std::vector<Json> run = {
      span("1", "", "agent_run",
           {{"entityId", "agent"},
            {"entityName", "Agent"},
            {"tags", {"a", "b"}},
            {"input",
             {{{"role", "user"}, {"content", "old"}}, {{"role", "user"}, {"content", "hi"}}}},
            {"output", {{"text", "21 degrees"}, {"files", Json::array()}}}}),
      span("2", "1", "model_generation",
           {{"input",
             {{"messages",
               {{{"role", "system"}, {"content", "be brief"}},
                {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "hi"}}}}}}}}},
            {"attributes", {{"model", "gpt-5"}, {"usage", usage(300, 30)}}}}),
      span("3", "2", "model_step", {{"attributes", {{"usage", usage(100, 10)}}}}),
      span("4", "3", "model_inference",
           {{"attributes", call(usage(100, 10))},
            {"output", {{"text", ""}, {"toolCalls", Json::array({tool_call})}}}}),
      span("5", "3", "tool_call",
           {{"entityName", "weather"},
            {"input", {{"city", "Rome"}}},
            {"output", "21"},
            {"attributes", {{"toolCallId", "c1"}}}}),
      span("6", "4", "model_chunk", {}),
      span("7", "2", "model_step", Json::object()),
      span("8", "7", "model_inference",
           {{"attributes", call(usage(200, 20))}, {"output", {{"text", "21 degrees"}}}}),
      span("9", "8", "model_chunk", {}),
  };
  for (Json& s : run) s["startTime"] = At(100), s["endTime"] = At(600);
  run[7]["startTime"] = At(300);
  run[8]["startTime"] = At(350);
  return run;
}

// What arrives of a run at `destination`, by the last digit of the ids.
inline std::map<std::string, otlp::pb::Span> Spans(const Json& destination,
                                                   const std::vector<Json>& run = AgentRun()) {
  CoreLab lab({{"destinations", Json::array({destination})}});
  for (const Json& span : run) lab.Start(span);
  for (size_t i = run.size(); i > 0; --i) lab.End(run[i - 1]);
  std::map<std::string, otlp::pb::Span> spans;
  for (const otlp::pb::Span& span : lab.Take()) spans[HexOf(span.span_id()).substr(15)] = span;
  return spans;
}
// The attributes of AgentRun() in a dialect.
inline std::map<std::string, Json> Told(const char* dialect) {
  std::map<std::string, Json> told;
  for (const auto& [id, span] : Spans({{"dialect", dialect}})) {
    told[id] = AttributesOf(span.attributes());
    CHECK(span.attributes_size() < 64);
    CHECK(told[id].dump().find("secret") == std::string::npos);
  }
  CHECK(told.size() == 9);
  return told;
}
// That `attributes` has all of `expected`; null: that it has not.
inline void Has(const Json& attributes, const Json& expected) {
  for (const auto& [name, value] : expected.items()) {
    INFO(name);
    const Json found = attributes.contains(name) ? attributes[name] : Json(nullptr);
    CHECK(found == value);
  }
}

}  // namespace edgespan::testing
