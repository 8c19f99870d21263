// SpanEncoder: every rule of every dialect on every span type, against a plain reading of the rules
// (rule_reading.h), and which of several members has a name.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/semconv/dialect.h"
#include "edgespan/semconv/layer.h"
#include "tests/support/encoded_spans.h"
#include "tests/support/record_lab.h"
#include "tests/support/rule_reading.h"

namespace edgespan {
namespace {

using testing::AllTypes;
using testing::AttributesOf;
using testing::CoreLab;
using testing::Encoded;
using testing::HexOf;
using testing::Json;
using testing::PathTo;
using testing::Reader;
using testing::Reading;
using testing::Span;
using testing::TapeWriter;
using testing::Type;
using testing::Wrap;
using PbSpan = otlp::pb::Span;

// Each member that a rule names, alone on a span of each type, below a root or the root itself.
void CheckRules(const std::string& dialect, bool has_inference, bool root) {
  CoreLab lab({{"destinations", {{{"dialect", dialect}}}}});
  testing::Region region;
  Dialect read;
  REQUIRE(IsOk(read.Read(&region.arena, tools::DialectText(dialect))));
  const std::vector<Rule> rules(read.rules, read.rules + read.count);
  std::set<std::pair<Scope, uint16_t>> unique;
  for (const Rule& rule : rules) {
    if (rule.key != kKeyNone && !Goes(rule.action)) unique.emplace(rule.scope, rule.key);
  }
  const std::vector<std::pair<Scope, uint16_t>> members(unique.begin(), unique.end());
  REQUIRE(members.size() >= 10);
  for (const Type& type : AllTypes(has_inference)) {
    std::map<std::string, Reading> expected;
    TapeWriter tape;
    const auto write = [&](const Json& span) {
      REQUIRE(tools::WriteMastraEvent(&tape, {{"type", "span_ended"}, {"exportedSpan", span}}));
    };
    if (has_inference) write(Span("fffe", "ffff", "model_inference"));
    for (size_t i = 0; i < members.size(); ++i) {
      const auto [scope, key] = members[i];
      std::vector<uint16_t> path = PathTo(rules, scope);
      const Json inner = Wrap(path, {{std::string(SchemaName(key)), "probe"}});
      const std::string id = std::to_string(1000 + i);
      // Mastra hid nothing of this run.
      const Json shown = {{"input", "x"}, {"output", "x"}};
      if (root) write(Span(std::to_string(5000 + i), id, "generic", shown));
      write(Span(id, root ? "" : "ffff", type.name, inner));
      path.push_back(key);
      Reading reading;
      const Reader reader(rules, type, root);
      reader.Read(Scope::kEvery, kKeyNone, {}, &reading);
      reader.Read(Scope::kSpan, path[0], {path.begin() + 1, path.end()}, &reading);
      reading.names.insert("mastra.span.type");
      reading.fixed.insert({"mastra.span.type", "error.type"});
      // "_OTHER", where the error has no class of its own for the rules.
      const bool classed = key == kKeyId || key == kKeyName;
      if (path[0] == kKeyErrorInfo && !classed) reading.names.insert("error.type");
      expected[HexOf(std::string(6, '\0')) + id] = reading;
    }
    if (!root) write(Span("ffff"));
    REQUIRE(lab.Commit(&tape) > 0);
    uint32_t arrived = 0;
    for (const PbSpan& span : lab.Take()) {
      const auto found = expected.find(HexOf(span.span_id()));
      if (found == expected.end()) continue;
      ++arrived;
      const Reading& reading = found->second;
      const auto [scope, key] = members[std::stoul(found->first.substr(12)) - 1000];
      INFO(dialect << " " << type.name << (has_inference ? "" : " (no inference)")
                   << (root ? " (root)" : "") << ": " << SchemaName(key) << " in scope "
                   << static_cast<int>(scope));
      const Json attributes = AttributesOf(span.attributes());
      std::set<std::string> names;
      for (const auto& [name, value] : attributes.items()) {
        bool indexed = false;
        for (const std::string& prefix : reading.indexed) indexed |= name.rfind(prefix, 0) == 0;
        if (indexed || (reading.figures.count(name) != 0 && reading.names.count(name) == 0)) {
          continue;
        }
        names.insert(name);
        // Nothing but the probe is in it, in whatever form, unless it must not leave.
        const bool secret = key == kKeyHeaders || key == kKeyAbortSignal;
        if (secret && value.dump().find("{}") != std::string::npos) continue;
        if (reading.names.count(name) != 0 && reading.fixed.count(name) == 0) {
          CHECK(value.dump().find("probe") != std::string::npos);
        }
      }
      CHECK(names == reading.names);
    }
    CHECK(arrived == members.size());
  }
}

TEST_CASE("encoder: every rule applies on its span types and on no others") {
  std::vector<std::string> dialects = {"genai"};
  for (const auto& dialect : tools::Dialects()) dialects.push_back(dialect.name);
  for (const std::string& dialect : dialects) {
    CheckRules(dialect, true, false);
    CheckRules(dialect, false, false);
    CheckRules(dialect, false, true);
  }
}

TEST_CASE("encoder: unless-conditions") {
  Json a = Encoded({{"entityId", "id"}, {"entityName", "name"}}, "tool_call");
  CHECK(a["gen_ai.tool.name"] == "name");
  a = Encoded({{"entityName", "name"}, {"entityId", "id"}}, "tool_call");
  CHECK(a["gen_ai.tool.name"] == "name");
  a = Encoded({{"entityId", "id"}}, "tool_call");
  CHECK(a["gen_ai.tool.name"] == "id");
  a = Encoded({{"entityId", "id"}, {"entityName", "name"}}, "workflow_run");
  CHECK(a["gen_ai.workflow.name"] == "name");
  a = Encoded({{"entityId", "id"}}, "workflow_run");
  CHECK(a["gen_ai.workflow.name"] == "id");
  // The thread wins over the conversation.
  a = Encoded({{"attributes", {{"conversationId", "c"}}}, {"metadata", {{"threadId", "t"}}}},
              "agent_run");
  CHECK(a["gen_ai.conversation.id"] == "t");
  CHECK(a["mastra.metadata.threadId"] == "t");
  a = Encoded({{"attributes", {{"conversationId", "c"}}}, {"metadata", {{"x", "y"}}}}, "agent_run");
  CHECK(a["gen_ai.conversation.id"] == "c");
  // The attribute's call id wins over the metadata's.
  a = Encoded({{"attributes", {{"toolCallId", "a"}}}, {"metadata", {{"toolCallId", "m"}}}},
              "tool_call");
  CHECK(a["gen_ai.tool.call.id"] == "a");
  CHECK(a["mastra.metadata.toolCallId"] == "m");
  a = Encoded({{"metadata", {{"toolCallId", "m"}}}}, "tool_call");
  CHECK(a["gen_ai.tool.call.id"] == "m");
  a = Encoded({{"metadata", {{"toolCallId", "m"}}}}, "generic");
  CHECK(!a.contains("gen_ai.tool.call.id"));
  // The error's id is more precise than its class.
  a = Encoded({{"errorInfo", {{"id", "E_1"}, {"name", "TypeError"}}}}, "generic");
  CHECK(a["error.type"] == "E_1");
  a = Encoded({{"errorInfo", {{"name", "TypeError"}}}}, "generic");
  CHECK(a["error.type"] == "TypeError");
}

}  // namespace
}  // namespace edgespan
