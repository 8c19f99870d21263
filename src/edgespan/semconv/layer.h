// Layers: tables of rules, and the text that they are packed into at compile time. Text, because most of
// them belong to the host: a bundle carries those of the dialects that it imports, as strings, and hands
// them over when it opens an exporter.
#pragma once

#include <cstdint>
#include <string_view>

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

// A layer as text, one rule behind the other, each a row of numbers and its name:
//
//   scope  flags  action  key  types  [unless_in  unless  unless_or]  size  name
//
// A number n is the character U+0021 + n, in UTF-8: most are one printable letter. kPackedUnless among
// the flags says that the three in brackets are there; keys count from the last span type. In place of
// `size`, kEnter and kAs have the scope that they lead to.
//
//   dialect  = kDialectMark  flags  layer  (kNextLayer  layer)*
constexpr char kFirstNumber = '!';
constexpr uint32_t kPackedUnless = 16;    // beside RuleFlag
constexpr uint32_t kNextLayer = kScopes;  // in a scope's place
constexpr uint32_t kMaxName = 255;
constexpr uint32_t kMaxPrefix = 64;  // of names that something is put behind
constexpr char kDialectMark = ':';
// Of a dialect.
enum DialectFlag : uint32_t {
  kDetaches = 1,
  kStringsOnly = 2,
  kUponGenAi = 4,  // the core's own layer of that name lies below
  kVerbatim = 8,   // see Dialect
};

constexpr bool Goes(Action action) { return action == Action::kEnter || action == Action::kAs; }
// Scopes that are no objects: no member has a default there.
constexpr bool IsVirtual(Scope scope) { return scope >= Scope::kEvery; }
constexpr bool IsIndexed(Action action) {
  return action == Action::kInputIndexed || action == Action::kOutputIndexed;
}

template <uint32_t kSize>
struct PackedLayer {
  char text[kSize] = {};
  constexpr std::string_view view() const { return {text, kSize}; }
};

// Calls `put` with every byte of a rule's text.
template <typename Put>
constexpr void PackRule(const Rule& rule, Put put) {
  const auto number = [&put](uint32_t value) {
    value += kFirstNumber;
    if (value < 0x80) return put(static_cast<char>(value));
    put(static_cast<char>(0xc0 | value >> 6));
    put(static_cast<char>(0x80 | (value & 63)));
  };
  const auto key = [&number](uint16_t id) {
    if (id != kKeyNone && id <= kLastSpanType) __builtin_trap();  // does not compile
    number(id != kKeyNone ? id - uint32_t{kLastSpanType} : 0);
  };
  const uint32_t size = rule.name.size;
  if (size > kMaxName || (Goes(rule.action) && size != 0)) __builtin_trap();
  number(static_cast<uint32_t>(rule.scope));
  number(rule.flags | (rule.unless != 0 ? kPackedUnless : 0));
  number(static_cast<uint32_t>(rule.action));
  key(rule.key);
  number(rule.types);
  if (rule.unless != 0) {
    key(rule.unless_in);
    key(rule.unless);
    key(rule.unless_or);
  }
  number(Goes(rule.action) ? static_cast<uint32_t>(rule.enter) : size);
  for (uint32_t i = 0; i < size; ++i) put(rule.name.text[i]);
}

template <auto& kRules>
consteval auto Pack() {
  constexpr uint32_t kSize = [] {
    uint32_t size = 0;
    for (const Rule& rule : kRules) PackRule(rule, [&size](char) { ++size; });
    return size;
  }();
  PackedLayer<kSize> packed;
  char* out = packed.text;
  for (const Rule& rule : kRules) PackRule(rule, [&out](char c) { *out++ = c; });
  return packed;
}

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
