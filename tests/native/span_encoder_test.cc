// SpanEncoder: Mastra spans in the GenAI dialect, and OpenTelemetry spans under limits. The rules
// are tested twice: each rule of the table on every span type, and what a span of each kind must
// say, written down by hand. Random OpenTelemetry spans are the oracle's (oracle_test.cc).
#include "edgespan/otlp/span_encoder.h"

#include <cctype>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/semconv/layer.h"
#include "tests/support/core_lab.h"
#include "tests/support/record_lab.h"

namespace edgespan {
namespace {

using otlp::pb::Status;
using testing::AttributesOf;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;
using testing::TapeWriter;
using PbSpan = otlp::pb::Span;

Json Encoded(const Json& members, const std::string& type) {
  CoreLab lab;
  return AttributesOf(lab.Encode(Span("1", "", type, members)).attributes());
}
// Of a run that ends with its root; by span id.
std::map<std::string, PbSpan> EncodedRun(const std::vector<Json>& spans,
                                         const Json& config = Json::object()) {
  CoreLab lab(config);
  for (const Json& span : spans) lab.Start(span);
  for (size_t i = spans.size(); i > 0; --i) lab.End(spans[i - 1]);
  std::map<std::string, PbSpan> by_id;
  for (const PbSpan& span : lab.Take()) by_id[HexOf(span.span_id()).substr(15)] = span;
  CHECK(by_id.size() == spans.size());
  return by_id;
}

// ---- the rules, one by one ---------------------------------------------------------------------

struct Type {
  std::string name;
  TypeSet bits;
};

std::vector<Type> AllTypes(bool has_inference) {
  std::vector<Type> types;
  for (uint32_t key = kFirstSpanType; key <= kLastSpanType; ++key) {
    if (key == kTypeModelInference && !has_inference) continue;
    const bool call = key == uint32_t{has_inference ? kTypeModelInference : kTypeModelGeneration};
    types.push_back(
        {std::string(SchemaName(key)), call ? kModelCall : TypeBit(static_cast<Key>(key))});
  }
  types.push_back({"custom_type", kUnknownType});
  return types;
}

// The members around a scope's, from the span inwards: found in the tables themselves.
std::vector<uint16_t> PathTo(const std::vector<Rule>& rules, Scope scope) {
  if (scope == Scope::kSpan) return {};
  for (const Rule& rule : rules) {
    if (rule.action != Action::kEnter || rule.enter != scope) continue;
    std::vector<uint16_t> path = PathTo(rules, rule.scope);
    path.push_back(rule.key);
    return path;
  }
  FAIL("no rule enters scope " << static_cast<int>(scope));
  return {};
}
Json Wrap(const std::vector<uint16_t>& path, const Json& inner) {
  Json json = inner;
  for (size_t i = path.size(); i > 0; --i) {
    json = Json{{std::string(SchemaName(path[i - 1])), json}};
  }
  return json;
}

std::string Snake(std::string_view key) {
  std::string snake;
  for (const char c : key) {
    if (std::isupper(static_cast<unsigned char>(c)) && !snake.empty()) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

// A plain reading of a dialect's tables: what a span must say that has one member.
struct Reading {
  std::set<std::string> names;    // attributes that must be there
  std::set<std::string> fixed;    // those of them that do not hold the member's value
  std::set<std::string> figures;  // may be there: what they say depends on the value
  std::set<std::string> indexed;  // prefixes of attributes that may be there
};

class Reader {
 public:
  Reader(const std::vector<Rule>& rules, const Type& type, bool root)
      : rules_(rules), type_(type), root_(root) {}

  // The member `key` of `scope`; where that is entered, `path` is what lies within it.
  void Read(Scope scope, uint16_t key, const std::vector<uint16_t>& path, Reading* reading) const {
    const std::vector<Rule> rules = Applying(scope, key);
    bool named = scope >= Scope::kEvery;
    for (const Rule& rule : rules) named |= (rule.flags & kExtra) == 0;
    for (const Rule& rule : rules) {
      if (rule.action == Action::kEnter) {
        // What is no object is a value like any other.
        path.empty() ? Default(scope, key, reading)
                     : Read(rule.enter, path[0], {path.begin() + 1, path.end()}, reading);
      } else if (rule.action == Action::kAs) {
        Read(rule.enter, kKeyNone, {}, reading);
      } else if (!Goes(rule.action)) {
        Name(rule, Expand(rule), reading);
      }
    }
    if (!named) Default(scope, key, reading, path);
  }

 private:
  void Default(Scope scope, uint16_t key, Reading* reading,
               const std::vector<uint16_t>& path = {}) const {
    const std::string spelled(SchemaName(key));
    const std::vector<Rule> others = Applying(scope, kKeyNone);
    if (!others.empty()) {
      std::string name = std::string(others.back().name.view()) + spelled;
      if (others.back().action == Action::kFlat) {
        for (const uint16_t inner : path) name += "." + std::string(SchemaName(inner));
      }
      return Name(others.back(), name, reading);
    }
    const std::string mastra = "mastra." + type_.name;
    const std::string defaults[] = {
        "mastra.",
        mastra + ".",
        mastra + ".usage.",
        mastra + ".usage.input_details.",
        mastra + ".usage.output_details.",
        mastra + ".parameters.",
        mastra + ".parameters.",
        "mastra.metadata.",
        "mastra.metadata.langfuse.",
        "mastra.metadata.langfuse.prompt.",
        "error.",
    };
    const bool own =
        scope == Scope::kMetadata || scope == Scope::kLangfuse || scope == Scope::kPrompt;
    reading->names.insert(defaults[static_cast<uint32_t>(scope)] +
                          (own ? spelled : Snake(spelled)));
  }

  std::vector<Rule> Applying(Scope scope, uint16_t key) const {
    std::vector<Rule> applying;
    for (uint32_t layer = 1; layer <= rules_.back().layer; ++layer) {
      std::vector<Rule> own;
      bool instead = false;
      for (const Rule& rule : rules_) {
        if (rule.layer != layer || rule.scope != scope || rule.key != key) continue;
        if ((kTypeSets[rule.types] & type_.bits) == 0) continue;
        if ((rule.flags & (root_ ? kNotOnRoot : kOnRoot)) != 0) continue;
        instead |= (rule.flags & kInstead) != 0;
        own.push_back(rule);
      }
      if (instead) applying.clear();
      applying.insert(applying.end(), own.begin(), own.end());
    }
    return applying;
  }
  std::string Expand(const Rule& rule) const {
    const std::string name(rule.name.view());
    if (!name.empty() && name[0] == '.') return "mastra." + type_.name + name;
    return name.substr(0, name.find('='));
  }
  static void Name(const Rule& rule, const std::string& name, Reading* reading) {
    switch (rule.action) {
      case Action::kDrop:
        return;
      case Action::kFigures:
      case Action::kFirstChunk:
      case Action::kInSpan:
      case Action::kCost:
      case Action::kCostJson:
        reading->figures.insert(name);
        return;
      case Action::kInputIndexed:
      case Action::kOutputIndexed:
        reading->indexed.insert(name);
        return;
      case Action::kConstant:
      case Action::kOperation:
      case Action::kMimeType:
        reading->fixed.insert(name);
        [[fallthrough]];
      default:
        reading->names.insert(name);
    }
  }

  const std::vector<Rule>& rules_;
  const Type& type_;
  bool root_;
};

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

// ---- what spans of each kind say, by hand ------------------------------------------------------

TEST_CASE("encoder: a model call") {
  const Json members = {
      {"entityId", "weather-agent"},
      {"entityName", "Weather Agent"},
      {"entityType", "agent"},
      {"input", {{"messages", {{{"role", "user"}, {"content", "hi"}}}}}},
      {"output", {{"text", "hello"}}},
      {"metadata",
       {{"runId", "r1"}, {"threadId", "t1"}, {"nested", {{"a", 1}}}, {"none", nullptr}}},
      {"tags", {"a", "b"}},
      {"attributes",
       {{"model", "gpt-5"},
        {"provider", "openai.responses"},
        {"streaming", true},
        {"finishReason", "stop"},
        {"responseModel", "gpt-5-2026"},
        {"responseId", "resp_1"},
        {"serverAddress", "api.openai.com"},
        {"serverPort", 443},
        {"completionStartTime", "2026-11-20T07:57:09.100Z"},
        {"stepIndex", 0},
        {"toolChoice", "auto"},
        {"availableTools", {"add"}},
        {"parameters",
         {{"temperature", 0.5},
          {"maxOutputTokens", 100},
          {"topP", 0.9},
          {"topK", 40},
          {"presencePenalty", 0.1},
          {"frequencyPenalty", 0.2},
          {"seed", 0},
          {"maxRetries", 2},
          {"stopSequences", {"END", "STOP"}},
          {"headers", {{"authorization", "Bearer secret"}}},
          {"abortSignal", {{"aborted", false}}}}},
        {"usage",
         {{"inputTokens", 10},
          {"outputTokens", 20},
          {"inputDetails",
           {{"text", 9},
            {"cacheRead", 1},
            {"cacheWrite", 2},
            {"cacheWrite5m", 3},
            {"cacheWrite1h", 4},
            {"audio", 5}}},
          {"outputDetails", {{"text", 15}, {"reasoning", 6}, {"audio", 7}}}}}}}};
  const Json expected = {
      {"gen_ai.operation.name", "chat"},
      {"mastra.span.type", "model_inference"},
      {"gen_ai.agent.id", "weather-agent"},
      {"gen_ai.agent.name", "Weather Agent"},
      {"mastra.entity_type", "agent"},
      {"gen_ai.input.messages", R"([{"role":"user","parts":[{"type":"text","content":"hi"}]}])"},
      {"gen_ai.output.messages",
       R"([{"role":"assistant","parts":[{"type":"text","content":"hello"}],)"
       R"("finish_reason":"stop"}])"},
      {"mastra.metadata.runId", "r1"},
      {"mastra.metadata.threadId", "t1"},
      {"gen_ai.conversation.id", "t1"},
      {"mastra.metadata.nested", R"({"a":1})"},
      {"mastra.tags", R"(["a","b"])"},
      {"gen_ai.request.model", "gpt-5"},
      {"gen_ai.provider.name", "openai"},
      {"gen_ai.request.stream", true},
      {"gen_ai.response.finish_reasons", {"stop"}},
      {"gen_ai.response.model", "gpt-5-2026"},
      {"gen_ai.response.time_to_first_chunk", 0.1},
      {"session.id", "t1"},
      {"gen_ai.response.id", "resp_1"},
      {"server.address", "api.openai.com"},
      {"server.port", 443},
      {"mastra.completion_start_time", "2026-11-20T07:57:09.100Z"},
      {"mastra.model_inference.step_index", 0},
      {"mastra.model_inference.tool_choice", "auto"},
      {"mastra.model_inference.available_tools", R"(["add"])"},
      {"gen_ai.request.temperature", 0.5},
      {"gen_ai.request.max_tokens", 100},
      {"gen_ai.request.top_p", 0.9},
      {"gen_ai.request.top_k", 40},
      {"gen_ai.request.presence_penalty", 0.1},
      {"gen_ai.request.frequency_penalty", 0.2},
      {"gen_ai.request.seed", 0},
      {"mastra.model_inference.parameters.max_retries", 2},
      {"gen_ai.request.stop_sequences", {"END", "STOP"}},
      {"gen_ai.usage.input_tokens", 10},
      {"gen_ai.usage.output_tokens", 20},
      {"mastra.model_inference.usage.input_details.text", 9},
      {"gen_ai.usage.cache_read.input_tokens", 1},
      {"gen_ai.usage.cache_creation.input_tokens", 2},
      {"gen_ai.usage.cache_creation.5m_input_tokens", 3},
      {"gen_ai.usage.cache_creation.1h_input_tokens", 4},
      {"gen_ai.usage.audio_input_tokens", 5},
      {"mastra.model_inference.usage.output_details.text", 15},
      {"gen_ai.usage.reasoning.output_tokens", 6},
      {"gen_ai.usage.audio_output_tokens", 7},
  };
  CHECK(nlohmann::json(Encoded(members, "model_inference")) == nlohmann::json(expected));

  // An older Mastra, without inference spans: the generation is the call.
  Json older = expected;
  older.erase("mastra.model_inference.step_index");
  const Json generation = Encoded(members, "model_generation");
  CHECK(generation["gen_ai.operation.name"] == "chat");
  CHECK(generation["gen_ai.request.model"] == "gpt-5");
  CHECK(generation["gen_ai.usage.input_tokens"] == 10);
  CHECK(generation["mastra.model_generation.step_index"] == 0);

  // With them it is not: backends would count the tokens twice.
  Json below = Span("2", "1", "model_inference");
  auto run = EncodedRun({Span("1", "", "model_generation", members), below});
  const Json outer = AttributesOf(run["1"].attributes());
  CHECK(outer["gen_ai.operation.name"] == "model_generation");
  CHECK(!outer.contains("gen_ai.usage.input_tokens"));
  CHECK(!outer.contains("gen_ai.request.model"));
  CHECK(outer["mastra.model_generation.model"] == "gpt-5");
  CHECK(outer["mastra.model_generation.usage"].get<std::string>().find("\"inputTokens\":10") !=
        std::string::npos);
  CHECK(run["1"].kind() == PbSpan::SPAN_KIND_INTERNAL);
  CHECK(run["2"].kind() == PbSpan::SPAN_KIND_CLIENT);
  // The call has no input of its own: the generation's.
  CHECK(AttributesOf(run["2"].attributes())["gen_ai.input.messages"] ==
        expected["gen_ai.input.messages"]);
}

TEST_CASE("encoder: agents, tools, workflows, retrieval") {
  Json a = Encoded({{"entityId", "a1"},
                    {"entityName", "Agent"},
                    {"input", "hi"},
                    {"output", {{"text", "hello"}}},
                    {"attributes",
                     {{"instructions", "be brief"},
                      {"availableTools", {"add"}},
                      {"maxSteps", 5},
                      {"conversationId", "c1"}}}},
                   "agent_run");
  CHECK(a["gen_ai.operation.name"] == "invoke_agent");
  CHECK(a["gen_ai.agent.id"] == "a1");
  CHECK(a["gen_ai.agent.name"] == "Agent");
  CHECK(a["gen_ai.system_instructions"] == R"([{"type":"text","content":"be brief"}])");
  CHECK(a["gen_ai.tool.definitions"] == R"([{"type":"function","name":"add"}])");
  CHECK(a["mastra.agent_run.max_steps"] == 5);
  CHECK(a["gen_ai.conversation.id"] == "c1");
  CHECK(a["mastra.agent_run.input"] == "hi");
  CHECK(a["mastra.agent_run.output"] == R"({"text":"hello"})");

  for (const char* type :
       {"tool_call", "mcp_tool_call", "provider_tool_call", "client_tool_call"}) {
    INFO(type);
    a = Encoded({{"entityName", "add"},
                 {"input", {{"a", 1}}},
                 {"output", "3"},
                 {"attributes",
                  {{"toolType", "function"},
                   {"toolDescription", "adds"},
                   {"toolCallId", "c1"},
                   {"mcpServer", "srv"},
                   {"serverVersion", "2"},
                   {"success", false}}}},
                type);
    const std::string own = std::string("mastra.") + type;
    CHECK(a["gen_ai.operation.name"] == "execute_tool");
    CHECK(a["gen_ai.tool.name"] == "add");
    CHECK(a["gen_ai.tool.type"] == "function");
    CHECK(a["gen_ai.tool.description"] == "adds");
    CHECK(a["gen_ai.tool.call.id"] == "c1");
    CHECK(a["gen_ai.tool.call.arguments"] == R"({"a":1})");
    CHECK(a["gen_ai.tool.call.result"] == "3");
    CHECK(a[own + ".success"] == false);
    CHECK(a[own + ".server_version"] == "2");
    const bool mcp = std::string(type) == "mcp_tool_call";
    CHECK(a.value("server.address", "absent") == (mcp ? "srv" : "absent"));
    CHECK(a.value(own + ".server_name", "absent") == (mcp ? "srv" : "absent"));
    CHECK(a.value(own + ".mcp_server", "absent") == (mcp ? "absent" : "srv"));
  }
  a = Encoded({{"attributes",
                {{"mcpMethod", "tools/call"},
                 {"mcpServer", "srv"},
                 {"mcpProtocolVersion", "2025"},
                 {"targetName", "add"}}}},
              "mcp_server_request");
  CHECK(a["mcp.method.name"] == "tools/call");
  CHECK(a["mcp.protocol.version"] == "2025");
  CHECK(a["mastra.mcp_server_request.server_name"] == "srv");
  CHECK(a["mastra.mcp_server_request.target_name"] == "add");
  CHECK(!a.contains("server.address"));
  a = Encoded({{"entityId", "w"}, {"attributes", {{"status", "success"}}}}, "workflow_run");
  CHECK(a["gen_ai.operation.name"] == "invoke_workflow");
  CHECK(a["mastra.workflow_run.status"] == "success");
  a = Encoded({{"entityId", "s"}, {"attributes", {{"entryMetadata", {{"a", false}}}}}},
              "workflow_step");
  CHECK(a["mastra.workflow_step.step_id"] == "s");
  CHECK(a["mastra.workflow_step.entry_metadata"] == R"({"a":false})");
  a = Encoded({{"attributes", {{"untilDate", "2026-11-20T07:57:09.100Z"}}}}, "workflow_sleep");
  CHECK(a["mastra.workflow_sleep.until_date"] == "2026-11-20T07:57:09.100Z");
  a = Encoded({{"attributes",
                {{"model", "e"},
                 {"provider", "openai"},
                 {"dimensions", 3},
                 {"inputCount", 2},
                 {"usage", {{"inputTokens", 4}}}}}},
              "rag_embedding");
  CHECK(a["gen_ai.operation.name"] == "embeddings");
  CHECK(a["gen_ai.request.model"] == "e");
  CHECK(a["gen_ai.provider.name"] == "openai");
  CHECK(a["gen_ai.embeddings.dimension.count"] == 3);
  CHECK(a["mastra.rag_embedding.dimensions"] == 3);
  CHECK(a["mastra.rag_embedding.input_count"] == 2);
  CHECK(a["gen_ai.usage.input_tokens"] == 4);
  a = Encoded({{"attributes", {{"stepIndex", 1}, {"isContinued", true}}}}, "model_step");
  CHECK(a["gen_ai.operation.name"] == "agent_step");
  CHECK(a["mastra.model_step.step_index"] == 1);
  CHECK(a["mastra.model_step.is_continued"] == true);
}

TEST_CASE("encoder: providers that the registry does not know") {
  const auto provider = [](const Json& given) {
    return Encoded({{"attributes", {{"provider", given}}}}, "model_inference")
        .value("gen_ai.provider.name", "absent");
  };
  CHECK(provider("OpenAI.chat") == "openai");
  CHECK(provider("Mock-Provider") == "mock-provider");
  CHECK(provider("OpenRouter.chat") == "openrouter");
  CHECK(provider("") == "");
}

TEST_CASE("encoder: default names") {
  const std::string over(100, 'k');
  const Json a = Encoded({{"someThing", 1},
                          {"HTTPStatus", 2},
                          {"snake_case", 3},
                          {"say \"hi\"", 4},  // an inline key
                          {over, 5},          // too long for the table: inline, too
                          {"camelCased" + over, 6},
                          {"nothing", nullptr},
                          {"attributes", {{"stepIndex", 7}, {"odd \"Key\"", 8}}},
                          {"metadata", {{"camelKept", 9}, {"ODD \"Key\"", 10}}},
                          {"errorInfo", {{"message", "m"}, {"exitCode", 11}, {"name", "E"}}}},
                         "custom_type");
  CHECK(a["mastra.some_thing"] == 1);
  CHECK(a["mastra.h_t_t_p_status"] == 2);
  CHECK(a["mastra.snake_case"] == 3);
  CHECK(a["mastra.say \"hi\""] == 4);
  CHECK(a["mastra." + over] == 5);
  CHECK(a["mastra.camel_cased" + over] == 6);
  CHECK(!a.contains("mastra.nothing"));
  CHECK(a["mastra.custom_type.step_index"] == 7);
  CHECK(a["mastra.custom_type.odd \"_key\""] == 8);
  CHECK(a["mastra.metadata.camelKept"] == 9);
  CHECK(a["mastra.metadata.ODD \"Key\""] == 10);
  CHECK(a["error.message"] == "m");
  CHECK(a["error.exit_code"] == 11);
  CHECK(a["mastra.span.type"] == "custom_type");
  CHECK(a["gen_ai.operation.name"] == "custom_type");
}

TEST_CASE("encoder: containers of the wrong kind are values") {
  const Json a = Encoded({{"attributes", "text"}, {"metadata", {1, 2}}}, "generic");
  CHECK(a["mastra.attributes"] == "text");
  CHECK(a["mastra.metadata"] == "[1,2]");
}

TEST_CASE("encoder: names of spans") {
  struct Case {
    const char* type;
    Json members;
    const char* name;
  };
  const Json entity = {{"entityId", "id"}, {"entityName", "Name"}};
  const Case cases[] = {
      {"agent_run", entity, "invoke_agent Name"},
      {"agent_run", {{"entityId", "id"}}, "invoke_agent id"},
      {"agent_run", {{"name", "agent run: 'x'"}}, "agent run x"},
      {"workflow_run", entity, "invoke_workflow Name"},
      {"workflow_step", entity, "workflow_step id"},
      {"workflow_step", {{"entityName", "Name"}, {"name", "step: 'x'"}}, "step x"},
      {"tool_call", entity, "execute_tool Name"},
      {"client_tool_call", entity, "execute_tool Name"},
      {"model_inference", {{"attributes", {{"model", "m"}}}, {"entityId", "id"}}, "chat m"},
      {"model_inference", {{"name", "llm: 'x'"}}, "llm x"},
      {"model_generation", {{"attributes", {{"model", "m"}}}}, "chat m"},
      {"rag_embedding", {{"attributes", {{"model", "m"}}}}, "embeddings m"},
      {"model_step", entity, "agent_step Name"},
      {"workflow_sleep", {{"entityId", "id"}, {"name", "sleep"}}, "sleep"},
      {"workflow_conditional", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_conditional_eval", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_parallel", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_loop", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_wait_event", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"generic", {{"name", "a/b:c(d)[e]{f}'g'\"h\"!_-. 1"}}, "abcdefgh_-. 1"},
      {"generic", {{"name", "w\xc3\xa4ther \xf0\x9f\x98\x80"}}, "w\xc3\xa4ther \xf0\x9f\x98\x80"},
      // Never empty: receivers refuse that.
      {"generic", {{"name", "':'"}}, "generic"},
      {"custom_type", {{"name", ""}}, "custom_type"},
  };
  for (const Case& c : cases) {
    INFO(c.type << " " << c.members.dump());
    CoreLab lab;
    CHECK(lab.Encode(Span("1", "", c.type, c.members)).name() == c.name);
  }
}

TEST_CASE("encoder: kinds") {
  const auto kind = [](const char* type) {
    CoreLab lab;
    return lab.Encode(Span("1", "", type)).kind();
  };
  for (const char* type :
       {"model_inference", "model_generation", "rag_embedding", "mcp_tool_call"}) {
    CHECK(kind(type) == PbSpan::SPAN_KIND_CLIENT);
  }
  CHECK(kind("mcp_server_request") == PbSpan::SPAN_KIND_SERVER);
  for (const char* type : {"agent_run", "tool_call", "model_step", "generic", "custom_type"}) {
    CHECK(kind(type) == PbSpan::SPAN_KIND_INTERNAL);
  }
}

// ---- errors ------------------------------------------------------------------------------------

Json ExceptionOf(const PbSpan& span) {
  REQUIRE(span.events_size() == 1);
  CHECK(span.events(0).name() == "exception");
  CHECK(span.events(0).time_unix_nano() == span.end_time_unix_nano());
  return AttributesOf(span.events(0).attributes());
}

TEST_CASE("encoder: status without an error") {
  CoreLab lab;
  PbSpan span = lab.Encode(Span("1"));
  CHECK(span.status().code() == Status::STATUS_CODE_OK);
  CHECK(span.status().message().empty());
  CHECK(span.events_size() == 0);
  Json event = Span("1");
  event.erase("endTime");
  event["isEvent"] = true;
  span = lab.Encode(event);
  CHECK(!span.has_status());
}

TEST_CASE("encoder: an error") {
  CoreLab lab;
  const PbSpan span = lab.Encode(Span("1", "", "generic",
                                      {{"errorInfo",
                                        {{"message", "it broke"},
                                         {"name", "TypeError"},
                                         {"stack", "TypeError: it broke\n at x"},
                                         {"domain", "TOOL"},
                                         {"category", "USER"},
                                         {"details", {{"stack", "inner"}, {"a", 1}}}}}}));
  CHECK(span.status().code() == Status::STATUS_CODE_ERROR);
  CHECK(span.status().message() == "it broke");
  CHECK(ExceptionOf(span) == Json({{"exception.message", "it broke"},
                                   {"exception.type", "TypeError"},
                                   {"exception.stacktrace", "TypeError: it broke\n at x"}}));
  const Json a = AttributesOf(span.attributes());
  CHECK(a["error.type"] == "TypeError");
  CHECK(a["error.message"] == "it broke");
  CHECK(a["error.domain"] == "TOOL");
  CHECK(a["error.category"] == "USER");
  CHECK(a["error.details"] == R"({"stack":"inner","a":1})");
  CHECK(!a.contains("error.stack"));
  CHECK(!a.contains("error.name"));
}

TEST_CASE("encoder: errors that say little") {
  struct Case {
    Json error;
    Json exception;
    const char* type;
    const char* message;
  };
  const Case cases[] = {
      {Json::object(), {{"exception.type", "Error"}}, "_OTHER", ""},
      {{{"message", "m"}},
       {{"exception.message", "m"}, {"exception.type", "Error"}},
       "_OTHER",
       "m"},
      {{{"message", "m"}, {"details", {{"stack", "s"}}}},
       {{"exception.message", "m"}, {"exception.type", "Error"}, {"exception.stacktrace", "s"}},
       "_OTHER",
       "m"},
      {{{"id", "E_1"}, {"message", {{"not", "text"}}}},
       {{"exception.message", R"({"not":"text"})"}, {"exception.type", "Error"}},
       "E_1",
       ""},
      {"just text", {{"exception.type", "Error"}}, "_OTHER", ""},
  };
  for (const Case& c : cases) {
    INFO(c.error.dump());
    CoreLab lab;
    const PbSpan span = lab.Encode(Span("1", "", "tool_call", {{"errorInfo", c.error}}));
    CHECK(span.status().code() == Status::STATUS_CODE_ERROR);
    CHECK(span.status().message() == c.message);
    CHECK(ExceptionOf(span) == c.exception);
    CHECK(AttributesOf(span.attributes())["error.type"] == c.type);
  }
}

const Json kRefused = {{"attributes", {{"model", "m"}, {"finishReason", "error"}}}};
Json Failed(const char* message) {
  return {
      {"errorInfo", {{"message", message}, {"id", std::string("ID_") + message}, {"domain", "D"}}}};
}

TEST_CASE("encoder: what a provider failed takes the nearest ancestor's error: call, step, run") {
  auto run = EncodedRun(
      {Span("1", "", "agent_run", Failed("agent")), Span("2", "1", "model_generation", kRefused),
       Span("3", "2", "model_step", kRefused), Span("4", "3", "model_inference", kRefused),
       Span("5", "3", "generic", kRefused)});
  for (const char* const id : {"2", "3", "4"}) {
    const PbSpan& span = run[id];
    CHECK(span.status().code() == Status::STATUS_CODE_ERROR);
    CHECK(span.status().message() == "agent");
    CHECK(ExceptionOf(span)["exception.message"] == "agent");
    const Json a = AttributesOf(span.attributes());
    CHECK(a["error.type"] == "ID_agent");
    CHECK(a["error.message"] == "agent");
    CHECK(a["error.domain"] == "D");
  }
  CHECK(AttributesOf(run["4"].attributes())["gen_ai.response.finish_reasons"] ==
        Json::array({"error"}));
  CHECK(run["5"].status().code() == Status::STATUS_CODE_OK);  // nothing of a model

  run = EncodedRun({Span("1", "", "agent_run", Failed("agent")),
                    Span("2", "1", "model_generation", Failed("generation")),
                    Span("3", "2", "model_step"), Span("4", "3", "model_inference", kRefused)});
  CHECK(run["4"].status().message() == "generation");
  CHECK(run["3"].status().code() == Status::STATUS_CODE_OK);
}

TEST_CASE("encoder: an error that came later is not of a call that was survived") {
  auto run = EncodedRun(
      {Span("1", "", "agent_run", Failed("agent")), Span("2", "1", "model_generation"),
       Span("3", "2", "model_step", kRefused), Span("4", "3", "model_inference", kRefused),
       Span("5", "2", "model_step", kRefused), Span("6", "5", "model_inference", kRefused)});
  for (const char* const id : {"3", "4"}) {
    CHECK(run[id].status().code() == Status::STATUS_CODE_ERROR);
    CHECK(run[id].status().message().empty());
    CHECK(AttributesOf(run[id].attributes())["error.type"] == "_OTHER");
  }
  for (const char* const id : {"5", "6"}) CHECK(run[id].status().message() == "agent");
}

TEST_CASE("encoder: a generation is the model call where it has no inference of its own") {
  const Json attributes = {{"attributes", {{"model", "m"}, {"usage", {{"inputTokens", 7}}}}}};
  const auto calls = [](std::map<std::string, PbSpan> run) {
    std::string ids;
    for (const auto& [id, span] : run) {
      const Json a = AttributesOf(span.attributes());
      CHECK((a["gen_ai.operation.name"] == "chat") == a.contains("gen_ai.usage.input_tokens"));
      if (a["gen_ai.operation.name"] == "chat") ids += id;
    }
    return ids;
  };
  // One of Mastra's agents beside one of an SDK's, with a tool that asks another of Mastra's.
  CHECK(calls(EncodedRun(
            {Span("1", "", "workflow_run"), Span("2", "1", "model_generation", attributes),
             Span("3", "2", "model_step"), Span("4", "3", "model_inference", attributes),
             Span("5", "1", "model_generation", attributes), Span("6", "5", "tool_call"),
             Span("7", "6", "model_generation", attributes),
             Span("8", "7", "model_inference", attributes)})) == "458");
  // A step between them was never announced: the inference may be of any generation.
  CHECK(
      calls(EncodedRun({Span("1", "", "agent_run"), Span("2", "1", "model_generation", attributes),
                        Span("3", "f", "model_inference", attributes)})) == "3");
}

TEST_CASE("encoder: a failed call whose ancestors say nothing") {
  auto run = EncodedRun({Span("1", "", "agent_run"), Span("2", "1", "model_inference", kRefused)});
  CHECK(run["2"].status().code() == Status::STATUS_CODE_ERROR);
  CHECK(run["2"].status().message().empty());
  CHECK(run["2"].events_size() == 0);
  CHECK(AttributesOf(run["2"].attributes())["error.type"] == "_OTHER");
  CHECK(run["1"].status().code() == Status::STATUS_CODE_OK);

  // Its own error comes first.
  Json own = kRefused;
  own["errorInfo"] = {{"message", "own"}};
  run = EncodedRun(
      {Span("1", "", "agent_run", Failed("agent")), Span("2", "1", "model_inference", own)});
  CHECK(run["2"].status().message() == "own");
  CHECK(AttributesOf(run["2"].attributes())["error.type"] == "_OTHER");
}

TEST_CASE("encoder: an ancestor's error of an odd kind is taken for none") {
  for (const Json& odd : {Json("text of an error"), Json(7), Json(true), Json(nullptr), Json(0.5),
                          Json::array({1, {{"message", "no"}}})}) {
    INFO(odd.dump());
    auto run = EncodedRun({Span("1", "", "agent_run", {{"errorInfo", odd}}),
                           Span("2", "1", "model_inference", kRefused)});
    CHECK(run["2"].status().code() == Status::STATUS_CODE_ERROR);
    CHECK(run["2"].status().message().empty());
    CHECK(AttributesOf(run["2"].attributes())["error.type"] == "_OTHER");
  }
}

// ---- what goes into a model ----------------------------------------------------------------------

const Json kPreview = {{"input", {{{"role", "user"}, {"content", "hi[tool: add]"}}}}};
const Json kGiven = {{"input", {{"messages", {{{"role", "user"}, {"content", "hi"}}}}}}};
const Json kInputNames[] = {"mastra.model_step.input", "gen_ai.input.messages",
                            "edgespan.partial_messages"};

// The three of them on a span; null where it has none.
std::vector<Json> InputsOf(const PbSpan& span) {
  const Json a = AttributesOf(span.attributes());
  std::vector<Json> inputs;
  for (const Json& name : kInputNames) {
    inputs.push_back(a.contains(name) ? a[name.get<std::string>()] : Json(nullptr));
  }
  return inputs;
}
std::vector<Json> Inputs(const Json& step, const Json& messages, const Json& mark) {
  return {step, messages, mark};
}

TEST_CASE("encoder: a step's preview is sent only where the messages are not, and marked") {
  const std::string preview = R"([{"role":"user","content":"hi[tool: add]"}])";
  const auto messages = [](const char* text) {
    return std::string(R"([{"role":"user","parts":[{"type":"text","content":")") + text +
           R"("}]}])";
  };
  {
    auto run = EncodedRun({Span("1", "", "model_generation", kGiven),
                           Span("2", "1", "model_step", kPreview),
                           Span("3", "2", "model_inference", kPreview)});
    CHECK(InputsOf(run["2"]) == Inputs(nullptr, nullptr, nullptr));
    CHECK(InputsOf(run["3"]) == Inputs(nullptr, messages("hi"), nullptr));
  }
  {  // The generation was left out: its call says what the step knows.
    auto run = EncodedRun({Span("1", "", "agent_run"), Span("2", "1", "model_step", kPreview),
                           Span("3", "2", "model_inference")});
    CHECK(InputsOf(run["2"]) == Inputs(nullptr, nullptr, nullptr));
    CHECK(InputsOf(run["3"]) == Inputs(nullptr, messages("hi[tool: add]"), "true"));
  }
  {  // No call below the step that is sent.
    auto run = EncodedRun(
        {Span("1", "", "model_generation", kGiven), Span("2", "1", "model_step", kPreview)});
    CHECK(InputsOf(run["2"]) == Inputs(preview, nullptr, "true"));
    const Json drop = {{"dialect", "genai"}, {"dropTypes", {"model_inference"}}};
    CoreLab lab({{"destinations", Json::array({drop})}});
    lab.Start(Span("1", "", "agent_run"));
    lab.Start(Span("2", "1", "model_step"));
    lab.End(Span("3", "2", "model_inference"));
    lab.End(Span("2", "1", "model_step", kPreview));
    lab.End(Span("1", "", "agent_run"));
    CHECK(InputsOf(lab.Take()[0]) == Inputs(preview, nullptr, "true"));
  }
  {  // What is no list of messages is no preview of one; what is no step has none.
    auto run = EncodedRun(
        {Span("1", "", "agent_run"), Span("2", "1", "model_step", {{"input", {{"model", "m"}}}}),
         Span("3", "2", "model_inference"), Span("4", "1", "model_inference", kGiven)});
    CHECK(InputsOf(run["2"]) == Inputs(R"({"model":"m"})", nullptr, nullptr));
    CHECK(InputsOf(run["3"]) == Inputs(nullptr, nullptr, nullptr));
    CHECK(InputsOf(run["4"]) == Inputs(nullptr, messages("hi"), nullptr));
  }
}

TEST_CASE("encoder: what stands beside the messages keeps its name") {
  const Json output = {{"text", "{}"},
                       {"toolCalls", Json::array()},
                       {"reasoning", "hm"},
                       {"files", {1}},
                       {"object", {{"a", 1}}},
                       {"reasoningText", "hm"},
                       {"sources", {"s"}},
                       {"warnings", Json::array()},
                       {"steps", "done"},
                       {std::string(99, 'k'), 5},
                       {"none", ""}};
  const Json input = {{"messages", {{{"role", "user"}, {"content", "hi"}}}},
                      {"schema", {{"b", 2}}}};
  for (const char* const type : {"model_inference", "model_generation"}) {
    const Json a = Encoded({{"input", input}, {"output", output}}, type);
    const std::string before = std::string("mastra.") + type;
    std::map<std::string, Json> found;
    for (const auto& [name, value] : a.items()) {
      if (name.rfind(before, 0) == 0) found[name.substr(before.size())] = value;
    }
    const std::map<std::string, Json> expected = {
        {".output.object", R"({"a":1})"},       {".output.reasoning_text", "hm"},
        {".output.sources", R"(["s"])"},        {".output.steps", "done"},
        {".output." + std::string(99, 'k'), 5}, {".input.schema", R"({"b":2})"}};
    CHECK(found == expected);
  }
  // What has no messages stands in one, whole.
  const Json a =
      Encoded({{"input", {{"prompt", "hi"}}}, {"output", {{"object", 1}}}}, "model_inference");
  for (const auto& [name, value] : a.items()) CHECK(name.rfind("mastra.model_", 0) != 0);
}

TEST_CASE("encoder: the last call has the response's id") {
  const Json id = {{"attributes", {{"responseId", "r"}}}};
  const Json own = {{"attributes", {{"responseId", "own"}}}};
  for (const bool has_own : {false, true}) {
    auto run = EncodedRun({Span("1", "", "model_generation", id), Span("2", "1", "model_step"),
                           Span("3", "2", "model_inference"), Span("4", "1", "model_step"),
                           Span("5", "4", "model_inference", has_own ? own : Json::object())});
    CHECK(!AttributesOf(run["3"].attributes()).contains("gen_ai.response.id"));
    CHECK(AttributesOf(run["5"].attributes())["gen_ai.response.id"] == (has_own ? "own" : "r"));
    CHECK(AttributesOf(run["1"].attributes())["mastra.model_generation.response_id"] == "r");
  }
}

TEST_CASE("encoder: a later call's completion starts with its first chunk") {
  const auto told = [](const char* given, const char* start, const char* chunk) {
    Json call =
        Span("2", "1", "model_inference", {{"attributes", {{"completionStartTime", given}}}});
    Json piece = Span("3", "2", "model_chunk");
    call["startTime"] = start;
    piece["startTime"] = chunk;
    auto run = EncodedRun({Span("1", "", "agent_run"), call, piece});
    const Json a = AttributesOf(run["2"].attributes());
    const auto of = [&](const char* name) { return a.contains(name) ? a[name] : Json(nullptr); };
    return Json::array(
        {of("mastra.completion_start_time"), of("gen_ai.response.time_to_first_chunk")});
  };
  constexpr char kBefore[] = "2026-11-20T07:57:09.000Z";
  CHECK(told("2026-11-20T07:57:09.125Z", kBefore, "2026-11-20T07:57:09.200Z") ==
        Json::array({"2026-11-20T07:57:09.125Z", 0.125}));
  // Days of every kind.
  for (const char* const time :
       {"1970-01-01T00:00:00.001Z", "1999-12-31T23:59:59.999Z", "2000-02-29T01:02:03.004Z",
        "2026-03-01T10:20:30.040Z", "2028-12-31T00:00:00.000Z", "2100-03-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z"}) {
    CHECK(told("1969-12-31T00:00:00.000Z", time, time) == Json::array({time, 0}));
  }
  // Nothing tells: neither before the call, nor beyond what a date can say.
  for (const char* const time : {"2026-11-20T07:57:08.000Z", "1969-12-31T00:00:00.000Z"}) {
    CHECK(told("2026-11-20T07:57:08.999Z", kBefore, time) == Json::array({nullptr, nullptr}));
  }
}

TEST_CASE("encoder: an agent's tools, as its model calls know them") {
  const Json tools = {
      {{"type", "function"}, {"name", "add"}, {"parameters", {{"type", "object"}}}}};
  const Json agent = {{"attributes", {{"availableTools", {"add", "sub"}}}}};
  const auto definitions = [&](const Json& generation) {
    auto run = EncodedRun({Span("1", "", "agent_run", agent), Span("2", "1", "generic"),
                           Span("3", "1", "model_generation", generation)});
    return Json::parse(
        AttributesOf(run["1"].attributes())["gen_ai.tool.definitions"].get<std::string>());
  };
  const Json sub = {{"type", "function"}, {"name", "sub"}};
  CHECK(definitions({{"attributes", {{"tools", tools}}}}) == Json::array({tools[0], sub}));
  CHECK(definitions(Json::object()) ==
        Json::array({Json{{"type", "function"}, {"name", "add"}}, sub}));
}

// ---- whose child ---------------------------------------------------------------------------------

TEST_CASE("encoder: the child of a span that nobody announced hangs below the root, and says so") {
  auto run = EncodedRun({Span("1", "", "agent_run"), Span("2", "f", "generic"),
                         Span("3", "2", "generic"), Span("4", "1", "generic")});
  const auto parent_of = [&](const char* id) { return HexOf(run[id].parent_span_id()).substr(15); };
  const auto missing = [&](const char* id) {
    const Json a = AttributesOf(run[id].attributes());
    constexpr char kName[] = "edgespan.missing_parent_span_id";
    return a.contains(kName) ? a[kName] : Json(nullptr);
  };
  CHECK(parent_of("2") == "1");
  CHECK(missing("2") == "000000000000000f");
  CHECK(parent_of("3") == "2");
  CHECK(missing("3") == nullptr);
  CHECK(parent_of("4") == "1");
  CHECK(missing("1") == nullptr);

  // A parent that ended after its child was announced by that.
  CoreLab lab;
  lab.End(Span("3", "2", "generic"));
  lab.End(Span("2", "1", "generic"));
  lab.End(Span("1", "", "agent_run"));
  for (const PbSpan& span : lab.Take()) {
    const std::string id = HexOf(span.span_id()).substr(15);
    if (id == "3") CHECK(HexOf(span.parent_span_id()).substr(15) == "2");
  }
  // Without a root there is nothing to hang it to; a root has nothing above it to look for.
  lab.End(Span("6", "e", "generic"));
  CHECK(HexOf(lab.Take()[0].parent_span_id()).substr(15) == "e");
  Json root = Span("7", "", "agent_run");
  root["parentSpanId"] = "e";
  lab.End(root);
  CHECK(HexOf(lab.Take()[0].parent_span_id()).substr(15) == "e");
}

// ---- limits and content that is withheld -------------------------------------------------------

TEST_CASE("encoder: limits of a Mastra span") {
  const Json config = {
      {"limits",
       {{"attributeCountLimit", 4}, {"attributeValueLengthLimit", 6}, {"eventCountLimit", 0}}}};
  CoreLab lab(config);
  const PbSpan span = lab.Encode(Span("1", "", "model_inference",
                                      {{"input", "a long question"},
                                       {"attributes", {{"model", "m"}, {"serverPort", 1234567}}},
                                       {"metadata", {{"x", 1}, {"y", 2}}},
                                       {"errorInfo", {{"message", "it broke down"}}}}));
  const Json a = AttributesOf(span.attributes());
  // How long it was takes the place of another attribute.
  CHECK(a == Json({{"gen_ai.operation.name", "chat"},
                   {"mastra.span.type", "model_"},
                   {"edgespan.original_length.mastra.span.type", 15},
                   {"gen_ai.input.messages", "[{}]"}}));
  // model, port, x, y, error.message, error.type
  CHECK(span.dropped_attributes_count() == 6);
  CHECK(span.events_size() == 0);
  CHECK(span.dropped_events_count() == 1);
  CHECK(span.status().message() == "it broke down");  // no attribute
}

TEST_CASE("encoder: the exception event has the limits of its own attributes") {
  CoreLab lab({{"limits", {{"attributeCountLimit", 2}, {"attributeValueLengthLimit", 4}}}});
  const PbSpan span = lab.Encode(
      Span("1", "", "generic",
           {{"errorInfo", {{"message", "message"}, {"name", "TypeError"}, {"stack", "stack"}}}}));
  REQUIRE(span.events_size() == 1);
  CHECK(AttributesOf(span.events(0).attributes()) ==
        Json({{"exception.message", "mess"}, {"edgespan.original_length.exception.message", 7}}));
}

TEST_CASE("encoder: limits of an OpenTelemetry span") {
  CoreLab lab(
      {{"limits", {{"attributeCountLimit", 2}, {"eventCountLimit", 1}, {"linkCountLimit", 2}}}});
  TapeWriter tape;
  tape.Trace("1");
  TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd | tape::kOtel | tape::kIsRoot | tape::kWithheld;
  envelope.span_id = "1";
  envelope.name = u"otel";
  envelope.start_ms = envelope.end_ms = 1'700'000'000'000;
  tape.Span(envelope);
  const auto attributes = [&](int count) {
    tape.Object(kKeyAttributes);
    for (int i = 0; i < count; ++i) {
      const uint32_t key = tape.Key("k" + std::to_string(i));
      tape.Number(key, i);
    }
    tape.End();
  };
  attributes(4);
  tape.Number(kKeyDroppedAttributesCount, 10);
  tape.Array(kKeyEvents);
  for (int i = 0; i < 3; ++i) {
    tape.Object();
    tape.String(kKeyName, u"event");
    attributes(3);
    tape.End();
  }
  tape.End();
  tape.Array(kKeyLinks);
  for (int i = 0; i < 3; ++i) {
    tape.Object();
    tape.String(kKeyTraceId, u"ab");
    tape.String(kKeySpanId, u"cd");
    attributes(3);
    tape.Number(kKeyDroppedAttributesCount, 5);
    tape.End();
  }
  tape.End();
  tape.Number(kKeyDroppedEventsCount, 20);
  tape.Number(kKeyDroppedLinksCount, 30);
  tape.Number(kKeyFlags, 0);
  tape.End();
  REQUIRE(lab.Commit(&tape) > 0);
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  const PbSpan& span = spans[0];
  CHECK(AttributesOf(span.attributes()) == Json({{"edgespan.withheld", "true"}, {"k0", 0}}));
  CHECK(span.dropped_attributes_count() == 13);
  REQUIRE(span.events_size() == 1);
  CHECK(span.events(0).attributes_size() == 2);
  CHECK(span.events(0).dropped_attributes_count() == 1);
  CHECK(span.dropped_events_count() == 22);
  REQUIRE(span.links_size() == 2);
  CHECK(HexOf(span.links(0).trace_id()) == std::string(30, '0') + "ab");
  CHECK(HexOf(span.links(1).span_id()) == std::string(14, '0') + "cd");
  CHECK(span.links(1).dropped_attributes_count() == 6);
  CHECK(span.dropped_links_count() == 31);
  CHECK(span.flags() == 0);
  CHECK(span.kind() == PbSpan::SPAN_KIND_INTERNAL);
  CHECK(!span.has_status());
}

TEST_CASE("encoder: OpenTelemetry members of the wrong kind are left out") {
  CoreLab lab;
  TapeWriter tape;
  tape.Trace("1");
  TapeWriter::Envelope envelope;
  envelope.flags = tape::kHasEnd | tape::kOtel | tape::kIsRoot;
  envelope.span_id = "1";
  envelope.name = u"otel";
  tape.Span(envelope);
  tape.String(kKeyAttributes, u"none");
  tape.Number(kKeyEvents, 7);
  tape.Array(kKeyLinks);
  tape.String(0, u"no link");
  tape.Object();
  tape.String(kKeyTraceId, u"no hex");
  tape.Number(kKeySpanId, 5);
  tape.String(kKeyFlags, u"x");
  tape.Number(kKeyDroppedAttributesCount, -1);
  tape.End();
  tape.End();
  tape.String(kKeyStatus, u"x");
  tape.String(kKeyDroppedLinksCount, u"x");
  tape.End();
  REQUIRE(lab.Commit(&tape) > 0);
  const auto spans = lab.Take();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].attributes_size() == 0);
  CHECK(spans[0].events_size() == 0);
  REQUIRE(spans[0].links_size() == 2);
  for (const auto& link : spans[0].links()) CHECK(link.ByteSizeLong() == 0);
  CHECK(spans[0].dropped_links_count() == 0);
  CHECK(!spans[0].has_status());
}

TEST_CASE("encoder: withheld content shows, and nothing is rebuilt in its place") {
  CoreLab lab;
  const Json generation =
      Span("1", "", "model_generation", {{"input", {{"messages", Json::array()}}}});
  lab.Start(generation);
  for (const bool withheld : {false, true}) {
    TapeWriter tape;
    tape.Trace(testing::kTraceId);
    TapeWriter::Envelope envelope;
    envelope.type = kTypeModelInference;
    envelope.flags = tape::kHasEnd | (withheld ? tape::kWithheld : 0u);
    envelope.span_id = withheld ? "3" : "2";
    envelope.parent_id = "1";
    tape.Span(envelope);
    tape.End();
    REQUIRE(lab.Commit(&tape) == 0);
  }
  lab.End(generation);
  for (const PbSpan& span : lab.Take()) {
    const Json a = AttributesOf(span.attributes());
    const char id = HexOf(span.span_id())[15];
    CHECK(a.contains("edgespan.withheld") == (id == '3'));
    CHECK(a.contains("gen_ai.input.messages") == (id == '2'));
  }
  CHECK(lab.ReadStats()[Stat::kWithheld] == 1);
}

}  // namespace
}  // namespace edgespan
