#include "edgespan/semconv/dialect.h"

#include "edgespan/base/utf.h"
#include "edgespan/semconv/layer.h"
#include "edgespan/semconv/layers/genai.h"
#include "edgespan/semconv/layers/langfuse.h"
#include "edgespan/semconv/layers/mastra.h"
#include "edgespan/semconv/layers/openinference.h"
#include "edgespan/semconv/layers/overlays.h"

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

constexpr auto kPackedMastra = Pack<table::kMastra>();
constexpr auto kPackedGenAi = Pack<table::kGenAi>();
constexpr auto kPackedOpenInference = Pack<table::kOpenInference>();
constexpr auto kPackedLangfuse = Pack<table::kLangfuse>();
constexpr auto kPackedLemma = Pack<table::kLemma>();
constexpr auto kPackedLangSmith = Pack<table::kLangSmith>();
constexpr auto kPackedBraintrust = Pack<table::kBraintrust>();
constexpr auto kPackedLaminar = Pack<table::kLaminar>();
constexpr auto kPackedPostHog = Pack<table::kPostHog>();
constexpr auto kPackedDatadog = Pack<table::kDatadog>();
constexpr auto kPackedTraceloop = Pack<table::kTraceloop>();
constexpr auto kPackedSentry = Pack<table::kSentry>();
constexpr auto kPackedMlflow = Pack<table::kMlflow>();
constexpr auto kPackedAgnost = Pack<table::kAgnost>();

constexpr uint16_t Layers(Layer a) { return static_cast<uint16_t>(1u << kMastraLayer | 1u << a); }
constexpr uint16_t Layers(Layer a, Layer b, Layer c = kMastraLayer) {
  return static_cast<uint16_t>(Layers(a) | 1u << b | 1u << c);
}

}  // namespace

constinit const uint8_t* const kLayers[kLayerCount] = {
    kPackedMastra.bytes,  kPackedGenAi.bytes,     kPackedOpenInference.bytes, kPackedLangfuse.bytes,
    kPackedLemma.bytes,   kPackedLangSmith.bytes, kPackedBraintrust.bytes,    kPackedLaminar.bytes,
    kPackedPostHog.bytes, kPackedDatadog.bytes,   kPackedTraceloop.bytes,     kPackedSentry.bytes,
    kPackedMlflow.bytes,  kPackedAgnost.bytes,
};

// Whether to detach: receivers of LLM traces alone never see a parent that went elsewhere, and some
// show or keep only what has a root.
constinit const Dialect kDialects[kDialectCount] = {
    {"genai", Layers(kGenAiLayer), false, false},
    {"openinference", Layers(kOpenInferenceLayer), true, false},
    {"langfuse", Layers(kGenAiLayer, kLangfuseLayer), true, false},
    {"lemma", Layers(kGenAiLayer, kOpenInferenceLayer, kLemmaLayer), true, false},
    {"langsmith", Layers(kGenAiLayer, kLangSmithLayer), true, false},
    {"braintrust", Layers(kGenAiLayer, kBraintrustLayer), true, false},
    {"laminar", Layers(kGenAiLayer, kLaminarLayer), true, false},
    {"posthog", Layers(kGenAiLayer, kPostHogLayer), true, false},
    {"datadog", Layers(kGenAiLayer, kDatadogLayer), false, false},
    {"traceloop", Layers(kGenAiLayer, kTraceloopLayer), true, false},
    {"sentry", Layers(kGenAiLayer, kSentryLayer), false, true},
    {"mlflow", Layers(kGenAiLayer, kMlflowLayer), true, false},
    {"agnost", Layers(kGenAiLayer, kAgnostLayer), true, false},
};

const Dialect* FindDialect(std::string_view name) {
  for (const Dialect& dialect : kDialects) {
    if (SameText(name, dialect.name.view())) return &dialect;
  }
  return nullptr;
}

bool Unpack(const uint8_t** at, Rule* rule) {
  const uint8_t* in = *at;
  if (*in == 0) return false;
  const auto key = [](uint8_t packed) {
    return static_cast<uint16_t>(packed != 0 ? packed + kPackedKeyBase : kKeyNone);
  };
  rule->scope = static_cast<Scope>((in[0] & 15) - 1);
  rule->flags = in[0] >> 4;
  const bool has_unless = (in[1] & kHasUnless) != 0;
  rule->action = static_cast<Action>(in[1] & ~kHasUnless);
  rule->key = key(in[2]);
  rule->types = in[3];
  rule->enter = static_cast<Scope>(in[4]);
  const uint32_t size = Goes(rule->action) ? 0 : in[4];
  in += 5;
  rule->unless_in = rule->unless = rule->unless_or = kKeyNone;
  if (has_unless) {
    rule->unless_in = key(in[0]);
    rule->unless = key(in[1]);
    rule->unless_or = key(in[2]);
    in += 3;
  }
  rule->name = {reinterpret_cast<const char*>(in), size};
  *at = in + size;
  return true;
}

std::string_view OperationOf(TypeSet bits) {
  struct Operation {
    TypeSet types;
    Literal name;
  };
  static constexpr Operation kOperations[] = {
      {kModelCall, "chat"},
      {kToolCalls, "execute_tool"},
      {TypeBit(kTypeModelStep), "agent_step"},
      {TypeBit(kTypeRagEmbedding), "embeddings"},
      {TypeBit(kTypeAgentRun), "invoke_agent"},
      {TypeBit(kTypeWorkflowRun), "invoke_workflow"},
  };
  for (const Operation& o : kOperations) {
    if ((o.types & bits) != 0) return o.name.view();
  }
  return {};
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
