// Layers: tables of rules, packed at compile time into a few bytes each. Read at first sight of a kind of
// member only (semconv/mapper.h), so that small matters more than fast.
#pragma once

#include <cstdint>

#include "edgespan/semconv/dialect.h"

namespace edgespan {

// Sets of span types that rules name, by index.
enum Types : uint8_t {
  kAny,
  kCall,
  kEmbed,
  kCallEmbed,
  kAgent,
  kCallAgent,
  kTools,
  kNotCall,
  kOthers,  // neither model nor tool calls
  kWorkflow,
  kStep,
  kMcp,
  kMcpRequest,
  kMcpBoth,
  kEvaluators,
  kRetrievers,
  kChains,  // none that OpenInference has a kind of its own for
  kChunk,
  kPlain,     // none that Langfuse or Traceloop has a kind of its own for
  kSteps,     // none that LangSmith has a kind of its own for
  kTasks,     // none that Braintrust has a kind of its own for
  kNotAgent,  // neither agents nor model calls
  kTypeSetCount,
};
constexpr TypeSet kWithKind = kModelCall | kToolCalls | TypeBit(kTypeAgentRun) |
                              TypeBit(kTypeRagEmbedding) | TypeBit(kTypeRagVectorOperation) |
                              TypeBit(kTypeScorerRun) | TypeBit(kTypeScorerStep) |
                              TypeBit(kTypeClassifierEvaluation);
constexpr TypeSet kTypeSets[kTypeSetCount] = {
    kAllTypes,
    kModelCall,
    TypeBit(kTypeRagEmbedding),
    kModelCall | TypeBit(kTypeRagEmbedding),
    TypeBit(kTypeAgentRun),
    kModelCall | TypeBit(kTypeAgentRun),
    kToolCalls,
    ~kModelCall,
    ~(kModelCall | kToolCalls),
    TypeBit(kTypeWorkflowRun),
    TypeBit(kTypeWorkflowStep),
    TypeBit(kTypeMcpToolCall),
    TypeBit(kTypeMcpServerRequest),
    TypeBit(kTypeMcpToolCall) | TypeBit(kTypeMcpServerRequest),
    TypeBit(kTypeScorerRun) | TypeBit(kTypeScorerStep) | TypeBit(kTypeClassifierEvaluation),
    TypeBit(kTypeRagVectorOperation),
    ~kWithKind,
    TypeBit(kTypeModelChunk),
    ~(kWithKind | TypeBit(kTypeWorkflowRun) | TypeBit(kTypeModelChunk)),
    ~(kModelCall | kToolCalls | TypeBit(kTypeRagEmbedding) | TypeBit(kTypeRagVectorOperation)),
    ~(kModelCall | kToolCalls | TypeBit(kTypeScorerRun) | TypeBit(kTypeScorerStep) |
      TypeBit(kTypeClassifierEvaluation)),
    ~(kModelCall | TypeBit(kTypeAgentRun)),
};

// A rule's bytes: scope + 1 and flags; action, and kHasUnless; key; types; size of the name (kEnter and
// kAs: the scope to enter); with kHasUnless three keys; the name. A zero ends the layer.
constexpr uint32_t kPackedKeyBase = kLastSpanType;  // packed keys fit a byte
constexpr uint8_t kHasUnless = 0x80;

template <uint32_t kSize>
struct PackedLayer {
  uint8_t bytes[kSize] = {};
};

constexpr uint8_t PackKey(uint16_t key) {
  if (key == kKeyNone) return 0;
  if (key <= kPackedKeyBase || key > kPackedKeyBase + 255) __builtin_trap();  // does not compile
  return static_cast<uint8_t>(key - kPackedKeyBase);
}
constexpr bool Goes(Action action) { return action == Action::kEnter || action == Action::kAs; }

template <auto& kRules>
consteval auto Pack() {
  constexpr uint32_t kSize = [] {
    uint32_t size = 1;
    for (const Rule& rule : kRules) size += 5 + (rule.unless != 0 ? 3u : 0u) + rule.name.size;
    return size;
  }();
  PackedLayer<kSize> packed;
  uint8_t* out = packed.bytes;
  for (const Rule& rule : kRules) {
    if (rule.name.size > 255 || (Goes(rule.action) && rule.name.size != 0)) __builtin_trap();
    *out++ =
        static_cast<uint8_t>((static_cast<uint32_t>(rule.scope) + 1) | uint32_t{rule.flags} << 4);
    *out++ = static_cast<uint8_t>(static_cast<uint32_t>(rule.action) |
                                  (rule.unless != 0 ? kHasUnless : 0u));
    *out++ = PackKey(rule.key);
    *out++ = rule.types;
    *out++ =
        Goes(rule.action) ? static_cast<uint8_t>(rule.enter) : static_cast<uint8_t>(rule.name.size);
    if (rule.unless != 0) {
      *out++ = PackKey(rule.unless_in);
      *out++ = PackKey(rule.unless);
      *out++ = PackKey(rule.unless_or);
    }
    for (uint32_t i = 0; i < rule.name.size; ++i) *out++ = static_cast<uint8_t>(rule.name.text[i]);
  }
  return packed;
}

// The rule at *at; moves *at behind it. False at the layer's end.
bool Unpack(const uint8_t** at, Rule* rule);

// From the lowest: kMastra is part of every dialect.
enum Layer : uint8_t {
  kMastraLayer,
  kGenAiLayer,
  kOpenInferenceLayer,
  kLangfuseLayer,
  kLemmaLayer,
  kLangSmithLayer,
  kBraintrustLayer,
  kLaminarLayer,
  kPostHogLayer,
  kDatadogLayer,
  kTraceloopLayer,
  kSentryLayer,
  kMlflowLayer,
  kAgnostLayer,
  kLayerCount,
};
extern const uint8_t* const kLayers[kLayerCount];

// What tables are written with.
namespace table {
constexpr Scope S = Scope::kSpan;
constexpr Scope A = Scope::kAttributes;
constexpr Scope U = Scope::kUsage;
constexpr Scope I = Scope::kInputDetails;
constexpr Scope O = Scope::kOutputDetails;
constexpr Scope P = Scope::kParameters;
constexpr Scope Q = Scope::kOtherParameters;
constexpr Scope M = Scope::kMetadata;
constexpr Scope L = Scope::kLangfuse;
constexpr Scope T = Scope::kPrompt;
constexpr Scope E = Scope::kError;
constexpr Scope Every = Scope::kEvery;
constexpr Scope Session = Scope::kSession;
constexpr Scope User = Scope::kUser;
using enum Action;
}  // namespace table

}  // namespace edgespan
