#include "edgespan/semconv/dialect.h"

#include "edgespan/base/buffer.h"
#include "edgespan/base/utf.h"
#include "edgespan/semconv/layer.h"
#include "edgespan/semconv/layers/genai.h"
#include "edgespan/semconv/layers/mastra.h"

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

constexpr auto kMastraLayer = Pack<table::kMastra>();
constexpr auto kGenAiLayer = Pack<table::kGenAi>();

// Whether the encoder can carry the rule out, whatever the span.
bool IsSound(const Rule& rule) {
  if (Goes(rule.action)) {
    const bool is_object = rule.action == Action::kEnter;
    if (static_cast<uint32_t>(rule.enter) >= kScopes || IsVirtual(rule.enter) == is_object) {
      return false;
    }
  }
  if (IsIndexed(rule.action) && rule.name.size > kMaxPrefix) return false;
  if (IsVirtual(rule.scope)) {
    // Without a member, only what needs none.
    const bool alone = rule.action >= Action::kFigures;
    return rule.key == kKeyNone && !Goes(rule.action) && (rule.scope != Scope::kEvery || alone);
  }
  return rule.key != kKeyNone || (rule.name.size <= kMaxPrefix &&
                                  (rule.action == Action::kDrop || rule.action == Action::kValue ||
                                   rule.action == Action::kFlat || rule.action == Action::kQuoted));
}

// Appends the rules of layers at `to`, which has room for RoomFor() of them; nullptr if one is wrong.
constexpr uint32_t kLeastRule = 6;
uint32_t RoomFor(std::string_view text) { return static_cast<uint32_t>(text.size()) / kLeastRule; }
uint16_t KeyOf(uint32_t number) {
  return static_cast<uint16_t>(number != 0 ? number + kLastSpanType : uint32_t{kKeyNone});
}
Rule* ReadLayers(std::string_view text, uint8_t* layer, Rule* to) {
  // The numbers of a rule, in order, and the most that each may be.
  enum { kScope, kFlags, kAction, kKey, kTypes, kUnlessIn, kUnless, kUnlessOr, kSize, kNumbers };
  constexpr uint16_t kMostKey = kFirstDynamicKey - 1 - kLastSpanType;
  static constexpr uint16_t kMost[kNumbers] = {kNextLayer,
                                               2 * kPackedUnless - 1,
                                               static_cast<uint16_t>(kLastAction),
                                               kMostKey,
                                               kTypeSetCount - 1,
                                               kMostKey,
                                               kMostKey,
                                               kMostKey,
                                               kMaxName};
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  ++*layer;
  while (at != end) {
    uint32_t numbers[kNumbers] = {};
    for (uint32_t i = 0; i < kNumbers; ++i) {
      if (i == kUnlessIn && (numbers[kFlags] & kPackedUnless) == 0) i = kSize;
      if (at == end) return nullptr;
      uint32_t number = *at++;
      if (number >= 0xc0 && at != end) number = (number & 31) << 6 | (*at++ & 63);
      numbers[i] = number - kFirstNumber;
      if (numbers[i] > kMost[i]) return nullptr;
      if (numbers[kScope] == kNextLayer) break;
    }
    if (numbers[kScope] == kNextLayer) {
      ++*layer;
      continue;
    }
    Rule rule{};
    rule.scope = static_cast<Scope>(numbers[kScope]);
    rule.layer = *layer;
    rule.flags = numbers[kFlags] & (kPackedUnless - 1);
    rule.action = static_cast<Action>(numbers[kAction]);
    rule.types = static_cast<uint8_t>(numbers[kTypes]);
    rule.key = KeyOf(numbers[kKey]);
    rule.unless_in = KeyOf(numbers[kUnlessIn]);
    rule.unless = KeyOf(numbers[kUnless]);
    rule.unless_or = KeyOf(numbers[kUnlessOr]);
    uint32_t size = numbers[kSize];
    if (Goes(rule.action)) {
      rule.enter = static_cast<Scope>(size);
      size = 0;
    }
    if (size > static_cast<uint32_t>(end - at)) return nullptr;
    rule.name = {reinterpret_cast<const char*>(at), size};
    // Names stay as they are in bodies: printable, so that they are UTF-8 and need no escaping.
    for (; size != 0; --size, ++at) {
      if (*at < ' ' || *at > '~') return nullptr;
    }
    if (!IsSound(rule)) return nullptr;
    *to++ = rule;
  }
  return to;
}

}  // namespace

Status Dialect::Read(PageArena* arena, std::string_view given) {
  constexpr uint32_t kMost = 1u << 16;
  *this = Dialect{};
  uint32_t flags = kUponGenAi;
  std::string_view own;
  if (!SameText(given, "genai")) {
    if (given.size() < 2 || given.size() > kMost || given[0] != kDialectMark) {
      return Status::kBadConfig;
    }
    flags = static_cast<uint8_t>(given[1]) - uint32_t{kFirstNumber};
    if (flags >= 2 * kVerbatim) return Status::kBadConfig;
    own = {given.data() + 2, given.size() - 2};
  }
  const std::string_view genai = (flags & kUponGenAi) != 0 ? kGenAiLayer.view() : "";
  const uint32_t room = RoomFor(kMastraLayer.view()) + RoomFor(genai) + RoomFor(own);
  bytes = static_cast<uint32_t>(given.size());
  const uint32_t text_at = lane.Allocate(arena, bytes);
  const uint32_t rules_at = lane.Allocate(arena, room * sizeof(Rule));
  Status status = Status::kNoMemory;
  if (text_at != 0 && rules_at != 0) {
    CopyBytes(arena->At(text_at), given.data(), bytes);
    copy = arena->At<char>(text_at);
    Rule* const first = arena->At<Rule>(rules_at);
    uint8_t layer = 0;
    Rule* end = ReadLayers(kMastraLayer.view(), &layer, first);
    end = ReadLayers(genai, &layer, end);
    end = ReadLayers({copy + bytes - own.size(), own.size()}, &layer, end);
    if (end != nullptr) {
      rules = first;
      count = static_cast<uint32_t>(end - first);
      detach = (flags & kDetaches) != 0;
      strings_only = (flags & kStringsOnly) != 0;
      verbatim = (flags & kVerbatim) != 0;
      lane.TrimTo(arena, arena->OffsetOf(end));
      return Status::kOk;
    }
    status = Status::kBadConfig;
  }
  Free(arena);
  return status;
}

void Dialect::Free(PageArena* arena) {
  lane.Free(arena);
  *this = Dialect{};
}

[[gnu::noinline]] TypeSet BitOf(uint16_t type) {
  const bool known = type >= kFirstSpanType && type <= kLastSpanType;
  return known ? TypeBit(static_cast<Key>(type)) : 0;
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
