// Dialects: finding them, their rules in order, and providers in the registry's spelling. What the
// rules make of a span is tested with the encoder (span_encoder_rules_test.cc).
#include "edgespan/semconv/dialect.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/semconv/layers/genai.h"
#include "edgespan/semconv/layers/mastra.h"
#include "edgespan/semconv/mapper.h"
#include "tests/support/core_lab.h"
#include "tests/support/record_lab.h"
#include "tools/dialects.h"

namespace edgespan {
namespace {

using testing::Region;

struct ReadDialect {
  explicit ReadDialect(std::string_view text) : status(dialect.Read(&region.arena, text)) {}
  std::vector<Rule> rules() const { return {dialect.rules, dialect.rules + dialect.count}; }

  Region region{2u << 20};
  Dialect dialect = {};
  Status status;
};

std::string PackedOf(const std::vector<Rule>& rules) {
  std::string text;
  for (const Rule& rule : rules) PackRule(rule, [&text](char c) { text += c; });
  return text;
}

bool Same(const Rule& a, const Rule& b) {
  return a.scope == b.scope && a.action == b.action && a.key == b.key && a.types == b.types &&
         a.enter == b.enter && a.name.view() == b.name.view() && a.unless_in == b.unless_in &&
         a.unless == b.unless && a.unless_or == b.unless_or && a.flags == b.flags;
}

TEST_CASE("dialect: what is read is what the tables say, with flags and layers") {
  const ReadDialect genai("genai");
  REQUIRE(IsOk(genai.status));
  std::vector<Rule> expected(std::begin(table::kMastra), std::end(table::kMastra));
  expected.insert(expected.end(), std::begin(table::kGenAi), std::end(table::kGenAi));
  REQUIRE(genai.rules().size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(Same(genai.rules()[i], expected[i]));
  CHECK(genai.rules().front().layer != genai.rules().back().layer);
  CHECK(!genai.dialect.detach);
  CHECK(!genai.dialect.strings_only);

  const ReadDialect lemma(tools::DialectText("lemma"));
  REQUIRE(IsOk(lemma.status));
  expected.insert(expected.end(), std::begin(table::kOpenInference),
                  std::end(table::kOpenInference));
  expected.insert(expected.end(), std::begin(table::kLemma), std::end(table::kLemma));
  REQUIRE(lemma.rules().size() == expected.size());
  std::set<uint8_t> layers;
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(Same(lemma.rules()[i], expected[i]));
    layers.insert(lemma.rules()[i].layer);
  }
  CHECK(layers.size() == 4);
  CHECK(lemma.dialect.detach);

  const ReadDialect sentry(tools::DialectText("sentry"));
  CHECK(sentry.dialect.strings_only);
  CHECK(!sentry.dialect.detach);
  // The convention of its own has no GenAI below.
  const ReadDialect openinference(tools::DialectText("openinference"));
  for (const Rule& rule : openinference.rules()) {
    CHECK(rule.name.view().rfind("gen_ai.", 0) != 0);
  }
}

TEST_CASE("dialect: names that none has, and texts that are none, are bad configuration") {
  for (const char* text : {"", "gena", "genaix", "GenAI", "mastra", "langfuse", "-", ":", ":!!",
                           ":1", ":!\"", ":!0!!!!!!", ":!!!#!!~", "::"}) {
    INFO(text);
    CHECK(ReadDialect(text).status == Status::kBadConfig);
  }
  CHECK(IsOk(ReadDialect(":!").status));  // Mastra's own layer alone
  CHECK(ReadDialect(":!" + std::string(1 << 17, '/')).status == Status::kBadConfig);
}

TEST_CASE("dialect: what a rule must not say") {
  constexpr Scope S = Scope::kSpan;
  constexpr Scope M = Scope::kMetadata;
  using enum Action;
  static const std::string kLong(kMaxPrefix + 1, 'x');
  const Literal long_name(kLong.data(), kMaxPrefix + 1);
  const auto reads = [](const Rule& rule) {
    const Status status = ReadDialect(tools::DialectOf(0, {PackedOf({rule})})).status;
    CHECK((IsOk(status) || status == Status::kBadConfig));
    return IsOk(status);
  };
  CHECK(reads({S, kValue, kKeyInput, kAny, S, long_name}));
  CHECK(reads({S, kEnter, kKeyInput, kAny, M}));
  CHECK(!reads({S, kEnter, kKeyInput, kAny, Scope::kUser}));  // no object
  CHECK(reads({S, kAs, kKeyInput, kAny, Scope::kUser}));
  CHECK(!reads({S, kAs, kKeyInput, kAny, M}));
  CHECK(!reads({Scope::kUser, kAs, kKeyNone, kAny, Scope::kUser}));  // without end
  CHECK(!reads({Scope::kUser, kValue, kKeyInput, kAny, S, "x"}));
  CHECK(reads({Scope::kUser, kValue, kKeyNone, kAny, S, "x"}));
  CHECK(!reads({Scope::kEvery, kValue, kKeyNone, kAny, S, "x"}));  // of what?
  CHECK(!reads({Scope::kEvery, kInputMessages, kKeyNone, kAny, S, "x"}));
  CHECK(reads({Scope::kEvery, kFigures, kKeyNone, kAny, S, "x=A"}));
  CHECK(reads({S, kInputIndexed, kKeyInput, kAny, S, "x."}));
  CHECK(!reads({S, kInputIndexed, kKeyInput, kAny, S, long_name}));
  CHECK(reads({M, kFlat, kKeyNone, kAny, S, "x."}));
  CHECK(!reads({M, kFlat, kKeyNone, kAny, S, long_name}));
  CHECK(reads({M, kQuoted, kKeyNone, kAny, S, ""}));
  CHECK(!reads({M, kJson, kKeyNone, kAny, S, "x."}));
  CHECK(!reads({S, kValue, kKeyInput, kTypeSetCount, S, "x"}));
  CHECK(!reads({S, kValue, kFirstDynamicKey, kAny, S, "x"}));
  CHECK(!reads({S, kValue, kKeyInput, kAny, S, "x\n"}));
  CHECK(!reads({S, kValue, kKeyInput, kAny, S, "\xc3\xa9"}));
}

TEST_CASE("dialect: any text is read or refused, and what was read is carried out") {
  // Every dialect cut off at every byte, and with bytes replaced; then a run in what was read.
  uint32_t state = 1;
  const auto random = [&state](uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  uint32_t read = 0;
  const auto run = [&read](const std::string& text) {
    if (!IsOk(ReadDialect(text).status)) return;
    ++read;
    testing::CoreLab lab({{"destinations", {{{"dialect", text}}}}});
    const testing::Json members = {
        {"input", {{{"role", "user"}, {"content", "x"}}}},
        {"output", {{"text", "y"}}},
        {"tags", {"a", 1}},
        {"metadata", {{"threadId", "t"}, {"userId", 7}, {"langfuse", {{"prompt", {{"name", 1}}}}}}},
        {"attributes",
         {{"usage", {{"inputTokens", 5}, {"inputDetails", {{"cacheRead", 1}}}}},
          {"parameters", {{"topP", 1}}},
          {"provider", "a.b"},
          {"completionStartTime", 5},
          {"costContext", {{"estimatedCost", 1}, {"costUnit", "usd"}}}}}};
    for (const char* type : {"model_inference", "tool_call", "agent_run"}) {
      lab.Encode(testing::Span("2", "1", type, members));
      lab.Encode(testing::Span("1", "", type, members));
    }
  };
  for (const auto& dialect : tools::Dialects()) {
    const std::string& text = dialect.text;
    for (size_t size = 0; size <= text.size(); ++size) {
      ReadDialect(text.substr(0, size)).status == Status::kOk ? ++read : 0;
    }
    for (int i = 0; i < 60; ++i) {
      std::string garbled = text;
      for (uint32_t n = 1 + random(3); n > 0; --n) {
        garbled[2 + random(static_cast<uint32_t>(text.size()) - 2)] =
            static_cast<char>(' ' + random(95));
      }
      run(garbled);
    }
  }
  CHECK(read > 500);
}

TEST_CASE("dialect: every rule is sound") {
  std::vector<std::string> names = {"genai"};
  for (const auto& dialect : tools::Dialects()) names.push_back(dialect.name);
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  for (const std::string& dialect : names) {
    const ReadDialect read(tools::DialectText(dialect));
    REQUIRE(IsOk(read.status));
    // A member's steps fit the Mapper, and at most one of them leads on, on any type.
    std::map<std::tuple<Scope, uint16_t, uint32_t, bool>, std::pair<uint32_t, uint32_t>> steps;
    for (const Rule& rule : read.rules()) {
      INFO(dialect << " rule " << rule.name.view());
      CHECK(kTypeSets[rule.types] != 0);
      CHECK((rule.flags & (kOnRoot | kNotOnRoot)) != (kOnRoot | kNotOnRoot));
      const bool silent = rule.action == Action::kDrop || Goes(rule.action);
      // What stands before a member's own key may be nothing.
      const bool bare = rule.key == kKeyNone && rule.action == Action::kQuoted;
      CHECK((rule.name.view().empty() == silent || bare));
      // A constant and its like have something to say; nothing else has.
      const bool says = rule.action == Action::kConstant || rule.action == Action::kFigures ||
                        rule.action == Action::kCostJson;
      const bool text = rule.name.view().find('=') != std::string_view::npos;
      CHECK((text == says || (text && IsIndexed(rule.action))));
      if (rule.action == Action::kEnter) CHECK(rule.enter > rule.scope);
      if (rule.unless_in != 0 || rule.unless_or != 0) CHECK(rule.unless != 0);
      for (uint32_t bit = 0; bit < kSpanTypeCount + 2; ++bit) {
        for (const bool root : {false, true}) {
          if ((kTypeSets[rule.types] >> bit & 1) == 0) continue;
          if ((rule.flags & (root ? kNotOnRoot : kOnRoot)) != 0) continue;
          auto& [count, leading] = steps[{rule.scope, rule.key, bit, root}];
          ++count;
          leading += Goes(rule.action);
        }
      }
    }
    for (const auto& [member, counts] : steps) {
      INFO(dialect << " " << static_cast<int>(std::get<0>(member)) << " "
                   << (std::get<1>(member) != 0 ? SchemaName(std::get<1>(member)) : "") << " "
                   << std::get<2>(member));
      CHECK(counts.first <= Mapper::kMaxSteps);
      CHECK(counts.second <= 1);
    }
  }
  CHECK((kClientTypes & kServerTypes) == 0);
}

TEST_CASE("dialect: providers in the registry's spelling") {
  const std::pair<const char*, const char*> cases[] = {
      {"anthropic", "anthropic"},
      {"claude", "anthropic"},
      {"Anthropic", "anthropic"},
      {"anthropic.messages", "anthropic"},
      {"aws-bedrock", "aws.bedrock"},
      {"bedrock", "aws.bedrock"},
      {"amazon-bedrock", "aws.bedrock"},
      {"amazon_bedrock", "aws.bedrock"},
      {"aws.bedrock", "aws.bedrock"},
      {"azure-ai-inference", "azure.ai.inference"},
      {"azure.inference", "azure.ai.inference"},
      {"azure", "azure.ai.openai"},
      {"azure.chat", "azure.ai.openai"},
      {"azure-openai", "azure.ai.openai"},
      {"azure-openai.responses", "azure.ai.openai"},
      {"Azure.AI.OpenAI", "azure.ai.openai"},
      {"ms openai", "azure.ai.openai"},
      {"microsoft/openai", "azure.ai.openai"},
      {"cohere", "cohere"},
      {"cohere.chat", "cohere"},
      {"deepseek", "deepseek"},
      {"gemini", "gcp.gemini"},
      {"google", "gcp.gemini"},
      {"gcp.gemini", "gcp.gemini"},
      {"google-generative-ai", "gcp.gemini"},
      {"google.generative-ai", "gcp.gemini"},
      {"google.generative-ai.chat", "gcp.gemini"},
      {"google-genai", "gcp.gen_ai"},
      {"gcp.gen_ai", "gcp.gen_ai"},
      {"google-ai", "gcp.gen_ai"},
      {"vertex-ai", "gcp.vertex_ai"},
      {"google.vertex", "gcp.vertex_ai"},
      {"google.vertex.chat", "gcp.vertex_ai"},
      {"vertex", "gcp.vertex_ai"},
      {"vertex.anthropic", "gcp.vertex_ai"},
      {"groq", "groq"},
      {"groq.chat", "groq"},
      {"ibm.watsonx.ai", "ibm.watsonx.ai"},
      {"watsonx", "ibm.watsonx.ai"},
      {"watsonx-ai", "ibm.watsonx.ai"},
      {"mistral", "mistral_ai"},
      {"mistralai", "mistral_ai"},
      {"mistral_ai", "mistral_ai"},
      {"mistral.chat", "mistral_ai"},
      {"openai", "openai"},
      {"OpenAI", "openai"},
      {"oai", "openai"},
      {"openai.chat", "openai"},
      {"openai.responses", "openai"},
      {"perplexity", "perplexity"},
      {"pplx", "perplexity"},
      {"xai", "x_ai"},
      {"x-ai", "x_ai"},
      {"x_ai", "x_ai"},
      {"x.com ai", "x_ai"},
      {"grok", "x_ai"},
      {"xai.chat", "x_ai"},
      // The registry has no name for these.
      {"openrouter", ""},
      {"openrouter.openai", ""},
      {"mock-provider", ""},
      {"openaix", ""},
      {"xopenai", ""},
      {"open", ""},
      {"", ""},
      {".", ""},
      {"...", ""},
      {".openai", "openai"},
      {"\xc3\xa9", ""},
  };
  for (const auto& [given, canonical] : cases) {
    INFO(given);
    CHECK(CanonicalProvider(given) == canonical);
  }
}

}  // namespace
}  // namespace edgespan
