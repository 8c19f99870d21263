// Dialects: finding them, their rules in order, and providers in the registry's spelling. What the
// rules make of a span is tested with the encoder (span_encoder_test.cc).
#include "edgespan/semconv/dialect.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace edgespan {
namespace {

TEST_CASE("dialect: found by name") {
  CHECK(FindDialect("genai") == &kGenAi);
  for (const char* name : {"", "gena", "genaix", "GenAI", "openinference", "genai2", "-"}) {
    INFO(name);
    CHECK(FindDialect(name) == nullptr);
  }
}

TEST_CASE("dialect: the index leads to the first rule of every member") {
  const RuleIndex index(kGenAi);
  uint32_t rules = 0;
  for (uint32_t scope = 0; scope < kScopes; ++scope) {
    for (uint16_t key = 0; key < kFirstDynamicKey; ++key) {
      const auto matches = [&](uint32_t i) {
        const Rule& rule = kGenAi.rules[i];
        return static_cast<uint32_t>(rule.scope) == scope && rule.key == key;
      };
      uint32_t first = 0;
      while (first < kGenAi.rule_count && !matches(first)) ++first;
      const uint32_t expected = first == kGenAi.rule_count ? 0 : first + 1;
      REQUIRE(index.first[scope][key] == expected);
      // The others follow: the encoder reads on while scope and key are the same.
      for (; first < kGenAi.rule_count && matches(first); ++first) ++rules;
    }
  }
  CHECK(rules == kGenAi.rule_count);
  CHECK(rules > 60);
}

TEST_CASE("dialect: sorting keeps the order of rules of one key") {
  constexpr Rule kRules[] = {
      {Scope::kError, Action::kValue, kKeyName, 0, Scope::kSpan, "e"},
      {Scope::kSpan, Action::kValue, kKeyOutput, 0, Scope::kSpan, "b"},
      {Scope::kSpan, Action::kValue, kKeyInput, 0, Scope::kSpan, "a1"},
      {Scope::kSpan, Action::kValue, kKeyOutput, 0, Scope::kSpan, "b2"},
      {Scope::kSpan, Action::kValue, kKeyInput, 0, Scope::kSpan, "a2"},
      {Scope::kUsage, Action::kValue, kKeyId, 0, Scope::kSpan, "u"},
  };
  constexpr auto kTable = MakeTable(kRules);
  const char* const expected[] = {"a1", "a2", "b", "b2", "u", "e"};
  for (size_t i = 0; i < std::size(expected); ++i) {
    CHECK(kTable.rules[i].name.view() == expected[i]);
  }
}

TEST_CASE("dialect: every rule is sound") {
  for (uint32_t i = 0; i < kGenAi.rule_count; ++i) {
    const Rule& rule = kGenAi.rules[i];
    INFO("rule " << i << " " << rule.name.view());
    CHECK(rule.key > 0);
    CHECK(rule.key < kFirstDynamicKey);
    CHECK(kGenAi.type_sets[rule.types] != 0);
    const bool silent = rule.action == Action::kDrop || rule.action == Action::kEnter;
    CHECK(rule.name.view().empty() == silent);
    // Entering must lead on, or the encoder would never come back.
    if (rule.action == Action::kEnter) CHECK(rule.enter > rule.scope);
    if (rule.unless_in != 0) CHECK(rule.unless != 0);
  }
  CHECK((kGenAi.client & kGenAi.server) == 0);
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
