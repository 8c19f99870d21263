// Dialects: finding them, their rules in order, and providers in the registry's spelling. What the
// rules make of a span is tested with the encoder (span_encoder_test.cc).
#include "edgespan/semconv/dialect.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "edgespan/semconv/mapper.h"

namespace edgespan {
namespace {

TEST_CASE("dialect: found by name") {
  CHECK(FindDialect("genai") == &kGenAi);
  for (const char* name : {"", "gena", "genaix", "GenAI", "openinference", "genai2", "-"}) {
    INFO(name);
    CHECK(FindDialect(name) == nullptr);
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
    // A member's steps fit the Mapper, and none stands behind an entry, on any type.
    for (uint32_t bit = 0; bit < kSpanTypeCount + 2; ++bit) {
      uint32_t steps = 0;
      bool enters = false;
      for (uint32_t k = 0; k < kGenAi.rule_count; ++k) {
        const Rule& other = kGenAi.rules[k];
        if (other.scope != rule.scope || other.key != rule.key) continue;
        if ((kGenAi.type_sets[other.types] >> bit & 1) == 0) continue;
        ++steps;
        enters |= other.action == Action::kEnter;
      }
      CHECK(steps <= Mapper::kMaxSteps);
      if (enters) CHECK(steps == 1);
    }
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
