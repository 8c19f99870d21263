#include "edgespan/semconv/dialect.h"

#include "edgespan/base/utf.h"

namespace edgespan {

namespace {

// Aliases of providers (letters and digits, lower case) and the registry's value: pairs of words,
// every word but the last followed by a space. The first alias that fits wins: what many use comes
// first, and "azureaiinference" before "azure".
constexpr char kProviders[] =
    "openai openai anthropic anthropic googlevertex gcp.vertex_ai google gcp.gemini "
    "azureaiinference azure.ai.inference azureinference azure.ai.inference "
    "azure azure.ai.openai azureaiopenai azure.ai.openai azureopenai azure.ai.openai "
    "amazonbedrock aws.bedrock awsbedrock aws.bedrock bedrock aws.bedrock claude anthropic "
    "cohere cohere deepseek deepseek gcpgemini gcp.gemini gemini gcp.gemini "
    "gcpgenai gcp.gen_ai gcpvertexai gcp.vertex_ai googleai gcp.gen_ai googlegenai gcp.gen_ai "
    "googlegenerativeai gcp.gemini grok x_ai groq groq ibmwatsonxai ibm.watsonx.ai "
    "microsoftopenai azure.ai.openai mistral mistral_ai mistralai mistral_ai "
    "msopenai azure.ai.openai oai openai perplexity perplexity pplx perplexity "
    "vertex gcp.vertex_ai vertexai gcp.vertex_ai watsonx ibm.watsonx.ai "
    "watsonxai ibm.watsonx.ai xai x_ai xcomai x_ai ";

// The word that begins at *at; moves *at behind the space.
std::string_view Word(const char** at) {
  const char* const begin = *at;
  while (**at != ' ') ++*at;
  const size_t size = static_cast<size_t>(*at - begin);
  ++*at;
  return {begin, size};
}

// Whether the letters and digits of `text`, in lower case, spell `word`, up to the end or a dot
// ("openai.chat" spells "openai").
bool Spells(std::string_view text, std::string_view word) {
  size_t n = 0;
  for (char c : text) {
    if (n == word.size() && c == '.') return true;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) continue;
    if (n == word.size() || word[n] != c) return false;
    ++n;
  }
  return n == word.size();
}

}  // namespace

const Dialect* FindDialect(std::string_view name) {
  return SameText(name, kGenAi.name) ? &kGenAi : nullptr;
}

std::string_view CanonicalProvider(std::string_view provider) {
  for (const char* at = kProviders; *at != 0;) {
    const bool found = Spells(provider, Word(&at));
    const std::string_view name = Word(&at);
    if (found) return name;
  }
  return {};
}

}  // namespace edgespan
