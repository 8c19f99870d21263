// A plain reading of a dialect's rules: what a span of a type must say that has one member. Written
// apart from the code that applies them, so that the two can differ.
#pragma once

#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/model/keys.h"
#include "edgespan/semconv/dialect.h"
#include "edgespan/semconv/layer.h"
#include "tests/support/core_lab.h"

namespace edgespan::testing {

// A span type under its name, and the sets of types that rules count it to.
struct Type {
  std::string name;
  TypeSet bits;
};

// All there are, and one that is unknown. Without inferences a generation is the model call.
inline std::vector<Type> AllTypes(bool has_inference) {
  std::vector<Type> types;
  for (uint32_t key = kFirstSpanType; key <= kLastSpanType; ++key) {
    if (key == kTypeModelInference && !has_inference) continue;
    const bool call = key == uint32_t{has_inference ? kTypeModelInference : kTypeModelGeneration};
    types.push_back(
        {std::string(SchemaName(key)), call ? kModelCall : TypeBit(static_cast<Key>(key))});
  }
  types.push_back({"custom_type", kUnknownType});
  return types;
}

// The members around a scope's, from the span inwards: found in the tables themselves.
inline std::vector<uint16_t> PathTo(const std::vector<Rule>& rules, Scope scope) {
  if (scope == Scope::kSpan) return {};
  for (const Rule& rule : rules) {
    if (rule.action != Action::kEnter || rule.enter != scope) continue;
    std::vector<uint16_t> path = PathTo(rules, rule.scope);
    path.push_back(rule.key);
    return path;
  }
  FAIL("no rule enters scope " << static_cast<int>(scope));
  return {};
}
inline Json Wrap(const std::vector<uint16_t>& path, const Json& inner) {
  Json json = inner;
  for (size_t i = path.size(); i > 0; --i) {
    json = Json{{std::string(SchemaName(path[i - 1])), json}};
  }
  return json;
}

inline std::string Snake(std::string_view key) {
  std::string snake;
  for (const char c : key) {
    if (std::isupper(static_cast<unsigned char>(c)) && !snake.empty()) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

// A plain reading of a dialect's tables: what a span must say that has one member.
struct Reading {
  std::set<std::string> names;    // attributes that must be there
  std::set<std::string> fixed;    // those of them that do not hold the member's value
  std::set<std::string> figures;  // may be there: what they say depends on the value
  std::set<std::string> indexed;  // prefixes of attributes that may be there
};

class Reader {
 public:
  Reader(const std::vector<Rule>& rules, const Type& type, bool root)
      : rules_(rules), type_(type), root_(root) {}

  // The member `key` of `scope`; where that is entered, `path` is what lies within it.
  void Read(Scope scope, uint16_t key, const std::vector<uint16_t>& path, Reading* reading) const {
    const std::vector<Rule> rules = Applying(scope, key);
    bool named = scope >= Scope::kEvery;
    for (const Rule& rule : rules) named |= (rule.flags & kExtra) == 0;
    for (const Rule& rule : rules) {
      if (rule.action == Action::kEnter) {
        // What is no object is a value like any other.
        path.empty() ? Default(scope, key, reading)
                     : Read(rule.enter, path[0], {path.begin() + 1, path.end()}, reading);
      } else if (rule.action == Action::kAs) {
        Read(rule.enter, kKeyNone, {}, reading);
      } else if (!Goes(rule.action)) {
        Name(rule, Expand(rule), reading);
      }
    }
    if (!named) Default(scope, key, reading, path);
  }

 private:
  void Default(Scope scope, uint16_t key, Reading* reading,
               const std::vector<uint16_t>& path = {}) const {
    const std::string spelled(SchemaName(key));
    const std::vector<Rule> others = Applying(scope, kKeyNone);
    if (!others.empty()) {
      std::string name = std::string(others.back().name.view()) + spelled;
      if (others.back().action == Action::kFlat) {
        for (const uint16_t inner : path) name += "." + std::string(SchemaName(inner));
      }
      return Name(others.back(), name, reading);
    }
    const std::string mastra = "mastra." + type_.name;
    const std::string defaults[] = {
        "mastra.",
        mastra + ".",
        mastra + ".usage.",
        mastra + ".usage.input_details.",
        mastra + ".usage.output_details.",
        mastra + ".parameters.",
        mastra + ".parameters.",
        "mastra.metadata.",
        "mastra.metadata.langfuse.",
        "mastra.metadata.langfuse.prompt.",
        "error.",
    };
    const bool own =
        scope == Scope::kMetadata || scope == Scope::kLangfuse || scope == Scope::kPrompt;
    reading->names.insert(defaults[static_cast<uint32_t>(scope)] +
                          (own ? spelled : Snake(spelled)));
  }

  std::vector<Rule> Applying(Scope scope, uint16_t key) const {
    std::vector<Rule> applying;
    for (uint32_t layer = 1; layer <= rules_.back().layer; ++layer) {
      std::vector<Rule> own;
      bool instead = false;
      for (const Rule& rule : rules_) {
        if (rule.layer != layer || rule.scope != scope || rule.key != key) continue;
        if ((kTypeSets[rule.types] & type_.bits) == 0) continue;
        if ((rule.flags & (root_ ? kNotOnRoot : kOnRoot)) != 0) continue;
        instead |= (rule.flags & kInstead) != 0;
        own.push_back(rule);
      }
      if (instead) applying.clear();
      applying.insert(applying.end(), own.begin(), own.end());
    }
    return applying;
  }
  std::string Expand(const Rule& rule) const {
    const std::string name(rule.name.view());
    if (!name.empty() && name[0] == '.') return "mastra." + type_.name + name;
    return name.substr(0, name.find('='));
  }
  static void Name(const Rule& rule, const std::string& name, Reading* reading) {
    switch (rule.action) {
      case Action::kDrop:
        return;
      case Action::kFigures:
      case Action::kFirstChunk:
      case Action::kInSpan:
      case Action::kCost:
      case Action::kCostJson:
        reading->figures.insert(name);
        return;
      case Action::kInputIndexed:
      case Action::kOutputIndexed:
        reading->indexed.insert(name);
        return;
      case Action::kConstant:
      case Action::kOperation:
      case Action::kMimeType:
        reading->fixed.insert(name);
        [[fallthrough]];
      default:
        reading->names.insert(name);
    }
  }

  const std::vector<Rule>& rules_;
  const Type& type_;
  bool root_;
};

}  // namespace edgespan::testing
