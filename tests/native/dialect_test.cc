// Dialects: finding them, their rules in order, and providers in the registry's spelling. What the
// rules make of a span is tested with the encoder (span_encoder_test.cc).
#include "edgespan/semconv/dialect.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/semconv/layer.h"
#include "edgespan/semconv/mapper.h"

namespace edgespan {
namespace {

TEST_CASE("dialect: found by name") {
  std::set<std::string> names;
  for (const Dialect& dialect : kDialects) {
    const std::string name(dialect.name.view());
    CHECK(FindDialect(name) == &dialect);
    CHECK(names.insert(name).second);
    CHECK((dialect.layers & 1u << kMastraLayer) != 0);
    CHECK(dialect.layers < 1u << kLayerCount);
  }
  CHECK(names.count("genai") == 1);
  for (const char* name : {"", "gena", "genaix", "GenAI", "mastra", "genai2", "-"}) {
    INFO(name);
    CHECK(FindDialect(name) == nullptr);
  }
}

bool IsVirtual(Scope scope) { return scope >= Scope::kEvery; }

TEST_CASE("dialect: every rule is sound") {
  std::vector<std::vector<Rule>> layers;
  for (const uint8_t* at : kLayers) {
    layers.emplace_back();
    for (Rule rule; Unpack(&at, &rule);) layers.back().push_back(rule);
    CHECK(layers.back().size() >= 2);
    for (const Rule& rule : layers.back()) {
      INFO("layer " << layers.size() - 1 << " rule " << rule.name.view());
      CHECK(rule.key < kFirstDynamicKey);
      CHECK(static_cast<uint32_t>(rule.scope) < kScopes);
      CHECK(rule.types < kTypeSetCount);
      CHECK(kTypeSets[rule.types] != 0);
      CHECK((rule.flags & (kOnRoot | kNotOnRoot)) != (kOnRoot | kNotOnRoot));
      const bool silent = rule.action == Action::kDrop || Goes(rule.action);
      CHECK(rule.name.view().empty() == silent);
      if (IsVirtual(rule.scope)) CHECK(rule.key == kKeyNone);
      // A constant and its like have something to say; nothing else has.
      const bool says = rule.action == Action::kConstant || rule.action == Action::kFigures ||
                        rule.action == Action::kCostJson;
      CHECK((rule.name.view().find('=') != std::string_view::npos) == says);
      // Entering must lead on, or the encoder would never come back.
      if (rule.action == Action::kEnter) CHECK(rule.enter > rule.scope);
      if (rule.action == Action::kAs) CHECK(IsVirtual(rule.enter));
      if (rule.unless_in != 0 || rule.unless_or != 0) CHECK(rule.unless != 0);
      // What becomes of members that no rule names must be something the encoder does there.
      if (rule.key == kKeyNone && !IsVirtual(rule.scope)) {
        CHECK((rule.action == Action::kDrop || rule.action == Action::kValue ||
               rule.action == Action::kFlat));
      }
    }
  }
  for (const Dialect& dialect : kDialects) {
    // A member's steps fit the Mapper, and at most one of them leads on, on any type.
    std::map<std::tuple<Scope, uint16_t, uint32_t, bool>, std::pair<uint32_t, uint32_t>> steps;
    for (uint32_t layer = 0; layer < kLayerCount; ++layer) {
      if ((dialect.layers >> layer & 1) == 0) continue;
      for (const Rule& rule : layers[layer]) {
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
    }
    for (const auto& [member, counts] : steps) {
      INFO(dialect.name.view() << " " << static_cast<int>(std::get<0>(member)) << " "
                               << (std::get<1>(member) != 0 ? SchemaName(std::get<1>(member)) : "")
                               << " " << std::get<2>(member));
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
