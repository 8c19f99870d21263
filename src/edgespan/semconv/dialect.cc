#include "edgespan/semconv/dialect.h"

namespace edgespan {

const Dialect* FindDialect(std::string_view name) {
  return name == kGenAi.name ? &kGenAi : nullptr;
}

void FindRules(const Dialect& dialect, Scope scope, uint16_t key, const Rule** begin,
               const Rule** end) {
  const uint32_t s = static_cast<uint32_t>(scope);
  const Rule* low = dialect.rules + dialect.starts[s];
  const Rule* const last = dialect.rules + dialect.starts[s + 1];
  const Rule* high = last;
  while (low < high) {
    const Rule* const middle = low + (high - low) / 2;
    if (middle->key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *begin = low;
  while (high < last && high->key == key) ++high;
  *end = high;
}

std::string_view CanonicalProvider(std::string_view provider) {
  // Letters and digits of the name, in lower case, then the registry's value of gen_ai.provider.name.
  static constexpr std::string_view kNames[][2] = {
      {"anthropic", "anthropic"},
      {"claude", "anthropic"},
      {"amazonbedrock", "aws.bedrock"},
      {"awsbedrock", "aws.bedrock"},
      {"bedrock", "aws.bedrock"},
      {"azureaiinference", "azure.ai.inference"},
      {"azureinference", "azure.ai.inference"},
      {"azure", "azure.ai.openai"},
      {"azureaiopenai", "azure.ai.openai"},
      {"azureopenai", "azure.ai.openai"},
      {"microsoftopenai", "azure.ai.openai"},
      {"msopenai", "azure.ai.openai"},
      {"cohere", "cohere"},
      {"deepseek", "deepseek"},
      {"gcpgemini", "gcp.gemini"},
      {"gemini", "gcp.gemini"},
      {"google", "gcp.gemini"},
      {"googlegenerativeai", "gcp.gemini"},
      {"gcpgenai", "gcp.gen_ai"},
      {"googleai", "gcp.gen_ai"},
      {"googlegenai", "gcp.gen_ai"},
      {"gcpvertexai", "gcp.vertex_ai"},
      {"googlevertex", "gcp.vertex_ai"},
      {"vertex", "gcp.vertex_ai"},
      {"vertexai", "gcp.vertex_ai"},
      {"groq", "groq"},
      {"ibmwatsonxai", "ibm.watsonx.ai"},
      {"watsonx", "ibm.watsonx.ai"},
      {"watsonxai", "ibm.watsonx.ai"},
      {"mistral", "mistral_ai"},
      {"mistralai", "mistral_ai"},
      {"oai", "openai"},
      {"openai", "openai"},
      {"perplexity", "perplexity"},
      {"pplx", "perplexity"},
      {"grok", "x_ai"},
      {"xai", "x_ai"},
      {"xcomai", "x_ai"},
  };
  // "google.vertex.chat": the longest run of dotted parts that is a known name.
  for (size_t size = provider.size(); size != 0 && size != std::string_view::npos;
       size = provider.rfind('.', size - 1)) {
    char folded[24];
    uint32_t n = 0;
    bool fits = true;
    for (char c : provider.substr(0, size)) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) continue;
      fits = n < sizeof folded;
      if (!fits) break;
      folded[n++] = c;
    }
    if (!fits) continue;
    for (const auto& entry : kNames) {
      if (entry[0] == std::string_view(folded, n)) return entry[1];
    }
  }
  return {};
}

}  // namespace edgespan
