#include "edgespan/semconv/dialect.h"

namespace edgespan {

namespace {

// Aliases of providers (letters and digits, lower case) and the registry's value: pairs of words,
// every word but the last followed by a space.
constexpr char kProviders[] =
    "anthropic anthropic claude anthropic amazonbedrock aws.bedrock awsbedrock aws.bedrock "
    "bedrock aws.bedrock azureaiinference azure.ai.inference azureinference azure.ai.inference "
    "azure azure.ai.openai azureaiopenai azure.ai.openai azureopenai azure.ai.openai "
    "microsoftopenai azure.ai.openai msopenai azure.ai.openai cohere cohere deepseek deepseek "
    "gcpgemini gcp.gemini gemini gcp.gemini google gcp.gemini googlegenerativeai gcp.gemini "
    "gcpgenai gcp.gen_ai googleai gcp.gen_ai googlegenai gcp.gen_ai gcpvertexai gcp.vertex_ai "
    "googlevertex gcp.vertex_ai vertex gcp.vertex_ai vertexai gcp.vertex_ai groq groq "
    "ibmwatsonxai ibm.watsonx.ai watsonx ibm.watsonx.ai watsonxai ibm.watsonx.ai "
    "mistral mistral_ai mistralai mistral_ai oai openai openai openai perplexity perplexity "
    "pplx perplexity grok x_ai xai x_ai xcomai x_ai ";

// The word that begins at *at; moves *at behind the space.
std::string_view Word(const char** at) {
  const char* const begin = *at;
  while (**at != ' ') ++*at;
  const size_t size = static_cast<size_t>(*at - begin);
  ++*at;
  return {begin, size};
}

// Whether the letters and digits of `text`, in lower case, spell `word`.
bool Spells(std::string_view text, std::string_view word) {
  size_t n = 0;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) continue;
    if (n == word.size() || word[n++] != c) return false;
  }
  return n == word.size();
}

}  // namespace

const Dialect* FindDialect(std::string_view name) {
  return Spells(name, kGenAi.name) ? &kGenAi : nullptr;
}

RuleIndex::RuleIndex(const Dialect& dialect) {
  for (uint32_t i = dialect.rule_count; i > 0; --i) {
    const Rule& rule = dialect.rules[i - 1];
    first[static_cast<uint32_t>(rule.scope)][rule.key] = static_cast<uint8_t>(i);
  }
}

std::string_view CanonicalProvider(std::string_view provider) {
  // "google.vertex.chat": the longest run of dotted parts that is a known name.
  for (size_t size = provider.size(); size > 0; --size) {
    if (size < provider.size() && provider[size] != '.') continue;
    for (const char* at = kProviders; *at != 0;) {
      const bool found = Spells({provider.data(), size}, Word(&at));
      const std::string_view name = Word(&at);
      if (found) return name;
    }
  }
  return {};
}

}  // namespace edgespan
