// Dialects: how a Mastra span is told in the words of a convention. A dialect is data: layers of rules,
// each a table, read by one engine (semconv/mapper.h). The core has two layers, which the default
// dialect is made of; all others come from the host, as text (semconv/layer.h).
//
// A rule says what becomes of one member of the span: which attribute it turns into, on which span
// types. Every rule that matches a member applies, from the lowest layer up; a member without a
// matching rule is not lost: it gets the default name of its scope. So a table lists only where the
// convention has its own word, and an overlay only where a backend departs from its convention.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/lane.h"
#include "edgespan/base/status.h"
#include "edgespan/model/schema.h"

namespace edgespan {

// A set of span types, one bit each, from kFirstSpanType; plus the two kinds of model call.
using TypeSet = uint64_t;
constexpr TypeSet TypeBit(Key type) { return uint64_t{1} << (type - kFirstSpanType); }
// Of a span's type, which need not be in the schema: an empty set then.
TypeSet BitOf(uint16_t type);
constexpr TypeSet kAllTypes = ~uint64_t{0};
// The span that stands for one call of a model: model_inference, or model_generation where an older
// Mastra makes no inference spans. Set in place of the type's own bit.
constexpr TypeSet kModelCall = uint64_t{1} << kSpanTypeCount;
constexpr TypeSet kUnknownType = uint64_t{1} << (kSpanTypeCount + 1);
constexpr TypeSet kToolCalls = TypeBit(kTypeToolCall) | TypeBit(kTypeMcpToolCall) |
                               TypeBit(kTypeProviderToolCall) | TypeBit(kTypeClientToolCall);

// Types of SpanKind CLIENT and SERVER; all others are INTERNAL. The same in every dialect.
constexpr TypeSet kClientTypes =
    kModelCall | TypeBit(kTypeRagEmbedding) | TypeBit(kTypeMcpToolCall);
constexpr TypeSet kServerTypes = TypeBit(kTypeMcpServerRequest);

// A string literal with its length, small in tables.
struct Literal {
  const char* text = nullptr;
  uint32_t size = 0;

  constexpr Literal() = default;
  constexpr Literal(const char* begin, uint32_t bytes) : text(begin), size(bytes) {}
  template <uint32_t kSize>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is meant to stand for itself in tables.
  constexpr Literal(const char (&literal)[kSize]) : text(literal), size(kSize - 1) {}
  constexpr std::string_view view() const { return {text, size}; }
};

// Which object of the span a member stands in. The comment is the default name of its members; {k}
// is the key in snake case (in the metadata: as it is), {t} the span type.
enum class Scope : uint8_t {
  kSpan,           // mastra.{k}                             the span itself
  kAttributes,     // mastra.{t}.{k}                         .attributes
  kUsage,          // mastra.{t}.usage.{k}                   .attributes.usage
  kInputDetails,   // mastra.{t}.usage.input_details.{k}     .attributes.usage.inputDetails
  kOutputDetails,  // mastra.{t}.usage.output_details.{k}    .attributes.usage.outputDetails
  kParameters,     // mastra.{t}.parameters.{k}              .attributes.parameters, of a model call
  kOtherParameters,  // the same, of every other span
  kMetadata,         // mastra.metadata.{k}                    .metadata
  kLangfuse,         // mastra.metadata.langfuse.{k}           .metadata.langfuse, of a model call
  kPrompt,           // mastra.metadata.langfuse.prompt.{k}    .metadata.langfuse.prompt
  kError,            // error.{k}                              .errorInfo
  // Not objects; their rules have no key, and nothing happens where none applies.
  kEvery,    // rules of every span, whatever its members
  kSession,  // rules of the member that names the session (kAs)
  kUser,     // and of the one that names the user
};
constexpr uint32_t kScopes = 14;

enum class Action : uint8_t {
  kDrop,        // deliberately not sent (a credential, a live object)
  kEnter,       // members of this object, in scope `enter`
  kAs,          // the rules of scope `enter`, for this member
  kValue,       // a scalar in its own kind, a container as JSON text
  kJson,        // text: strings as they are, everything else as JSON
  kQuoted,      // JSON text, of strings too
  kFlat,        // a value; of an object, its members' under keys of their own: {name}.{member}
  kList,        // an array; a scalar becomes an array of one
  kCommaList,   // text: a list's strings with commas between them
  kMimeType,    // what kind of text kJson makes of it: "text/plain" or "application/json"
  kProvider,    // a provider name in the convention's spelling
  kParameters,  // an object as JSON, without headers and live objects
  // Of what went into a model and what came out (semconv/messages.h).
  kInputMessages,   // the GenAI convention's messages
  kOutputMessages,  //
  kInputIndexed,    // one attribute for each thing said: {name}{i}.message.content and so on
  kOutputIndexed,   //
  kInstructions,    // a system prompt, as the convention's parts
  kToolNames,       // names of tools, as tool definitions
  kQuestion,        // text: what the user said last
  kAnswer,          // text: what the model said
  // Of numbers and dates.
  kFirstChunk,  // seconds from the span's start to the first chunk
  kInSpan,      // the date of the first chunk, unless it lies before the span
  kCost,        // the estimated cost, where it is in US dollars
  kCostJson,    // the same as JSON: the name's text, the cost, "}"
  // These need no member.
  kFigures,    // token counts, as the name's text says (otlp/figures.h)
  kConstant,   // the name's text
  kOperation,  // gen_ai.operation.name
};
constexpr Action kLastAction = Action::kOperation;

// When a rule applies, and what it does to others.
enum RuleFlag : uint8_t {
  kOnRoot = 1,
  kNotOnRoot = 2,
  kInstead = 4,  // of what the layers below say of this member
  kExtra = 8,    // beside whatever the member becomes: does not count as a rule that names it
};

struct Rule {
  Scope scope;
  Action action;
  uint16_t key;                // kKeyNone: of every member that no other rule names
  uint8_t types;               // index into kTypeSets
  Scope enter = Scope::kSpan;  // for kEnter and kAs
  // Attribute name; one that begins with '.' continues "mastra.{t}". Of a rule without a key: what
  // stands before the member's key. Behind '=', what the action writes.
  Literal name = {};  // NOLINT(readability-redundant-member-init): tables leave it out
  // Does not apply when the span's member `unless_in` (0: the span itself) has one of these members.
  uint16_t unless_in = kKeyNone;
  uint16_t unless = kKeyNone;
  uint16_t unless_or = kKeyNone;
  uint8_t flags = 0;
  uint8_t layer = 0;  // set when the rule is read
};

constexpr Rule OnRoot(Rule rule) {
  rule.flags |= kOnRoot;
  return rule;
}
constexpr Rule NotOnRoot(Rule rule) {
  rule.flags |= kNotOnRoot;
  return rule;
}
constexpr Rule Instead(Rule rule) {
  rule.flags |= kInstead;
  return rule;
}
constexpr Rule Extra(Rule rule) {
  rule.flags |= kExtra;
  return rule;
}

// A dialect as the core keeps it: its rules, from the lowest layer up. All zero: none.
struct Dialect {
  // Reads a dialect: "genai", or the text of one (semconv/layer.h), of which it keeps a copy. Total:
  // what is neither is kBadConfig, and whatever was read is safe to carry out.
  Status Read(PageArena* arena, std::string_view given);
  void Free(PageArena* arena);
  std::string_view text() const { return {copy, bytes}; }

  const char* copy;  // of the text
  uint32_t bytes;
  uint32_t count;
  const Rule* rules;
  bool detach;  // whether a parent in another process is left out unless the host says otherwise
  bool strings_only;  // lists are JSON text
  // Spans are told as Mastra recorded them: nothing is renamed, completed from other spans or left out
  // because another span tells it better.
  bool verbatim;
  Lane lane;  // copy and rules
};

// gen_ai.operation.name of a model call, a tool call and so on; the span type itself where the
// convention has no word: the result is empty then.
std::string_view OperationOf(TypeSet bits);

// `provider` as the GenAI registry spells it (gen_ai.provider.name): "openai" for "openai.chat",
// known aliases mapped. The result is static, or empty where the registry has no name for it.
std::string_view CanonicalProvider(std::string_view provider);

}  // namespace edgespan
