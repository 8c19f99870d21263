// Figures: what models used, of one call or of a whole run, and how a dialect's text tells it.
//
// Usage: add a call's usage, or a run's; write. Holds sums and nothing else. A figure is known once a
// call has told it, or what it is made of: what no call tells is not said to be zero.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/json_text.h"
#include "edgespan/model/record.h"
#include "edgespan/model/span_tree.h"
#include "edgespan/otlp/attributes.h"

namespace edgespan::otlp {

// The cost in a call's cost context, if that has one in US dollars; or nullptr.
const Node* CostInDollars(const PageArena& arena, const Node* cost_context);

class Figures {
 public:
  explicit Figures(const RecordContext& context) : context_(context) {}

  // The tokens that one call used.
  void AddUsage(const Node* usage);
  // The tokens and the cost of every call at and below `root`. `strays`: see IsModelCall().
  void AddRun(const TreeNode& root, bool strays);

  // The attribute that a kFigures rule says, if there is something to tell. In `text` a letter is a
  // figure: 'A' + its Figure. A letter alone makes a number, all else JSON, where a letter stands for its
  // figure with a comma behind it, the text in front of a figure that is unknown is left out with it,
  // a space ends what is written in any case.
  void Write(std::string_view name, std::string_view text, AttributeWriter* attributes);

 private:
  enum Figure : uint32_t {
    kInput,
    kOutput,
    kTotal,     // input and output
    kRead,      // of the input: from a cache
    kWritten,   // and into one
    kThought,   // of the output: reasoning
    kNewInput,  // the input without what a cache had or took
    kSaid,      // the output without reasoning
    kCost,      // in US dollars; of runs alone
    kCount,
  };

  void Add(Figure figure, const Node* number);
  // The figures that are made of others.
  void Derive();
  bool IsKnown(uint32_t figure) const { return (known_ >> figure & 1) != 0; }
  // Tokens as the record of a whole number.
  Node Tokens(uint32_t figure) const;
  void WriteJson(std::string_view text, Buffer* out) const;

  RecordContext context_;
  double sums_[kCount] = {};
  uint32_t known_ = 0;  // a bit for each
};

}  // namespace edgespan::otlp
