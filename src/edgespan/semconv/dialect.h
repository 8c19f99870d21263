// Dialects: how a Mastra span is told in the words of a convention. A dialect is data: a table of
// rules read by one engine (semconv/mapper.h). Adding a convention is adding a table.
//
// A rule says what becomes of one member of the span: which attribute it turns into, on which span
// types. Every rule that matches a member applies; a member without a matching rule is not lost: it
// gets the default name of its scope. So a table lists only where the convention has its own word.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/schema.h"

namespace edgespan {

// A set of span types, one bit each, from kFirstSpanType; plus the two kinds of model call.
using TypeSet = uint64_t;
constexpr TypeSet TypeBit(Key type) { return uint64_t{1} << (type - kFirstSpanType); }
constexpr TypeSet kAllTypes = ~uint64_t{0};
// The span that stands for one call of a model: model_inference, or model_generation where an older
// Mastra makes no inference spans. Set in place of the type's own bit.
constexpr TypeSet kModelCall = uint64_t{1} << kSpanTypeCount;
constexpr TypeSet kUnknownType = uint64_t{1} << (kSpanTypeCount + 1);
constexpr TypeSet kToolCalls = TypeBit(kTypeToolCall) | TypeBit(kTypeMcpToolCall) |
                               TypeBit(kTypeProviderToolCall) | TypeBit(kTypeClientToolCall);

// A string literal with its length, small in tables.
struct Literal {
  const char* text = nullptr;
  uint32_t size = 0;

  constexpr Literal() = default;
  template <uint32_t kSize>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is meant to stand for itself in tables.
  constexpr Literal(const char (&literal)[kSize]) : text(literal), size(kSize - 1) {}
  std::string_view view() const { return {text, size}; }
};

// Which object of the span a member stands in. The comment is the default name of its members; {k}
// is the key in snake case (in kMetadata: as it is), {t} the span type.
enum class Scope : uint8_t {
  kSpan,           // mastra.{k}                             the span itself
  kAttributes,     // mastra.{t}.{k}                         .attributes
  kUsage,          // mastra.{t}.usage.{k}                   .attributes.usage
  kInputDetails,   // mastra.{t}.usage.input_details.{k}     .attributes.usage.inputDetails
  kOutputDetails,  // mastra.{t}.usage.output_details.{k}    .attributes.usage.outputDetails
  kParameters,     // mastra.{t}.parameters.{k}              .attributes.parameters, of a model call
  kOtherParameters,  // the same, of every other span
  kMetadata,         // mastra.metadata.{k}                    .metadata
  kError,            // error.{k}                              .errorInfo
};
constexpr uint32_t kScopes = 9;

enum class Action : uint8_t {
  kDrop,            // deliberately not sent (a credential, a live object)
  kEnter,           // members of this object, in scope `enter`
  kValue,           // a scalar in its own kind, a container as JSON text
  kJson,            // text: strings as they are, everything else as JSON
  kList,            // an array; a scalar becomes an array of one
  kProvider,        // a provider name in the convention's spelling
  kInputMessages,   // what went into a model, as the convention's messages
  kOutputMessages,  // what came out
  kInstructions,    // a system prompt, as the convention's parts
  kToolNames,       // names of tools, as tool definitions
};

struct Rule {
  Scope scope;
  Action action;
  uint16_t key;
  uint8_t types;               // index into Dialect::type_sets
  Scope enter = Scope::kSpan;  // for kEnter
  // Attribute name; one that begins with '.' continues "mastra.{t}".
  Literal name = {};  // NOLINT(readability-redundant-member-init): tables leave it out
  // Does not apply when the span's member `unless_in` (0: the span itself) has the member `unless`.
  uint16_t unless_in = kKeyNone;
  uint16_t unless = kKeyNone;
};

// gen_ai.operation.name, or its like; the span type itself serves where none is listed.
struct Operation {
  TypeSet types = 0;
  Literal name = {};  // NOLINT(readability-redundant-member-init): tables leave it out
};

struct Dialect {
  std::string_view name;
  const TypeSet* type_sets;
  const Rule* rules;
  uint32_t rule_count;
  TypeSet client;  // types of SpanKind CLIENT; SERVER below; all others INTERNAL
  TypeSet server;
  const Operation* operations;  // ended by one without types
};

// The dialect called `name`, or nullptr.
const Dialect* FindDialect(std::string_view name);

// `provider` as the GenAI registry spells it (gen_ai.provider.name): "openai" for "openai.chat",
// known aliases mapped. The result is static, or empty where the registry has no name for it.
std::string_view CanonicalProvider(std::string_view provider);

extern const Dialect kGenAi;

}  // namespace edgespan
